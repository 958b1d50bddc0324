// Compiled twice, for float32 and for float64: CHAINRULE_REAL is the type, CHAINRULE_NAME its name.
#include "bindings.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "threads.hpp"
#include "training.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace chainrule {
namespace CHAINRULE_NAME {  // nanobind tells classes apart by their full names

using T = CHAINRULE_REAL;
using Vector = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using ConstVector = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using ConstMatrix = nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Longs = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Doubles = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Book = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;  // objectives, weights, norms
using Entry = std::pair<int, std::vector<double>>;  // number in the table (-1: custom) and parameters

[[noreturn]] void refuse(const std::string& message) { throw nb::value_error(message.c_str()); }

void check_number(const char* table, int number, int count) {
    if (number < custom || number >= count) refuse(std::string(table) + " number " + std::to_string(number) + " is not known");
}

Activation<T> activation_of(const Entry& entry) {
    check_number("activation", entry.first, int(Sigma::count));
    return {entry.first, entry.second.empty() ? T(0) : T(entry.second[0])};
}

// The network as Python describes it, with the functions that Python brings along.
struct Net {
    Plan<T> plan;
    nb::object activate, pull_back, head;

    Net(const std::vector<Index>& sizes, const std::vector<Entry>& activations, bool bias, const Entry& loss, double scale,
        Index targets, nb::object activate_, nb::object pull_back_, nb::object head_)
        : activate(std::move(activate_)), pull_back(std::move(pull_back_)), head(std::move(head_)) {
        check_sizes(sizes, activations.size(), loss, targets);
        plan.input = activation_of(activations[0]);
        for (std::size_t l = 1; l < sizes.size(); ++l) {
            Index weights = plan.n_parameters, biases = weights + sizes[l] * sizes[l - 1];
            plan.layers.push_back({sizes[l - 1], sizes[l], weights, bias ? biases : -1, activation_of(activations[l])});
            plan.n_parameters = biases + (bias ? sizes[l] : 0);
        }
        plan.loss = {loss.first, T(scale), {loss.second.begin(), loss.second.end()}, targets};
    }

    static void check_sizes(const std::vector<Index>& sizes, std::size_t activations, const Entry& loss, Index targets) {
        constexpr Index most = Index(1) << 30;
        if (sizes.size() < 2 || activations != sizes.size()) refuse("a network needs two sizes or more, and an activation for each");
        for (Index size : sizes) {
            if (size < 1 || size > most) refuse("a layer has " + std::to_string(size) + " units");
        }
        check_number("loss", loss.first, int(LossCode::count));
        bool pairs = loss.first == int(LossCode::gaussian_nll), levels = loss.first == int(LossCode::quantile);
        Index width = sizes.back();
        bool fits = targets >= 1 && (pairs ? width == 2 * targets : levels ? width % targets == 0 : targets <= width);
        if (!fits) refuse(std::to_string(width) + " outputs do not fit " + std::to_string(targets) + " targets");
    }

    Hooks<T> hooks() const {
        Hooks<T> h;
        h.interrupted = [] {
            nb::gil_scoped_acquire gil;
            return PyErr_CheckSignals() != 0;
        };
        if (!plan.calls_python()) return h;
        auto shown = [](View<T> v) {
            std::size_t shape[2] = {std::size_t(v.rows), std::size_t(v.width)};
            std::int64_t strides[2] = {std::int64_t(v.step), 1};
            return nb::cast(nb::ndarray<nb::numpy, T>(v.data, 2, shape, nb::handle(), strides), nb::rv_policy::reference);
        };
        h.activate = [this, shown](Index l, View<T> z, View<T> a) {
            nb::gil_scoped_acquire gil;
            activate(l, shown(z), shown(a));
        };
        h.pull_back = [this, shown](Index l, View<T> z, View<T> a, View<T> g) {
            nb::gil_scoped_acquire gil;
            pull_back(l, shown(z), shown(a), shown(g));
        };
        h.head = [this, shown](View<T> z, View<T> a, View<T> t, View<T> delta, View<T> losses) {
            nb::gil_scoped_acquire gil;
            head(shown(z), shown(a), shown(t), shown(delta), shown(losses));
        };
        return h;
    }

    void check_theta(std::size_t size, const char* what) const {
        if (Index(size) != plan.n_parameters) {
            refuse(std::string(what) + " has " + std::to_string(size) + " numbers, the network " +
                   std::to_string(plan.n_parameters) + " parameters");
        }
    }
};

// X, T and the weights, with the Python objects that keep them alive. X is an array or (values, columns, starts).
struct Rowset {
    Data<T> data;
    nb::object keep_x, keep_t, keep_w;

    Rowset(const Net& net, nb::object X, nb::object targets, nb::object weights) : keep_x(X), keep_t(targets), keep_w(weights) {
        Index width = net.plan.width(0);
        if (nb::isinstance<nb::tuple>(X)) read_sparse(nb::cast<nb::tuple>(X), net);
        else read_dense(X, width);
        if (!targets.is_none()) {
            auto t = cast<ConstMatrix>(targets, "T");
            expect("T", t, data.n_samples, net.plan.loss.targets);
            data.targets = t.data();
        }
        if (!weights.is_none()) {
            auto w = cast<ConstVector>(weights, "sample_weight");
            if (Index(w.shape(0)) != data.n_samples) refuse("sample_weight has another length than X");
            data.weights = w.data();
        }
    }

private:
    template <class A> static A cast(nb::object given, const char* name) {
        A array;
        if (!nb::try_cast<A>(given, array, false)) {
            refuse(std::string(name) + " must be a C-contiguous array of " + (sizeof(T) == 4 ? "float32" : "float64"));
        }
        return array;
    }
    static void expect(const char* name, const ConstMatrix& array, Index rows, Index columns) {
        if (Index(array.shape(0)) == rows && Index(array.shape(1)) == columns) return;
        refuse(std::string(name) + " has shape (" + std::to_string(array.shape(0)) + ", " + std::to_string(array.shape(1)) +
               "), expected (" + std::to_string(rows) + ", " + std::to_string(columns) + ")");
    }
    void read_dense(nb::object X, Index width) {
        auto x = cast<ConstMatrix>(X, "X");
        data.n_samples = Index(x.shape(0));
        expect("X", x, data.n_samples, width);
        data.X = x.data();
    }
    void read_sparse(nb::tuple parts, const Net& net) {
        if (parts.size() != 3) refuse("a sparse X is (data, indices, indptr)");
        const Index width = net.plan.width(0);
        using Any = nb::ndarray<nb::ro, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
        auto values = cast<ConstVector>(parts[0], "X.data");
        auto columns = cast<Any>(parts[1], "X.indices"), starts = cast<Any>(parts[2], "X.indptr");
        data.sparse = {values.data(), columns.data(), starts.data(), columns.dtype() == nb::dtype<std::int64_t>()};
        if (columns.dtype() != starts.dtype() || (!data.sparse.wide && columns.dtype() != nb::dtype<std::int32_t>())) {
            refuse("the indices of a sparse X must be int32 or int64, both of the same");
        }
        if (!net.plan.input.is_identity()) refuse("a sparse X cannot pass through an activation on the input");
        if (starts.shape(0) < 1) refuse("the row starts of a sparse X are empty");
        data.n_samples = Index(starts.shape(0)) - 1;
        Index stored = Index(std::min(values.shape(0), columns.shape(0)));
        for (Index i = 0; i < data.n_samples; ++i) {
            Index from = data.sparse.start(i), to = data.sparse.start(i + 1);
            if (from < 0 || to < from || to > stored) refuse("the row starts of a sparse X do not rise from 0 to the number of entries");
        }
        for (Index k = 0; k < stored; ++k) {
            if (data.sparse.column(k) < 0 || data.sparse.column(k) >= width) {
                refuse("a sparse X has an entry in column " + std::to_string(data.sparse.column(k)) + " of " + std::to_string(width));
            }
        }
    }
};

T* pointer(nb::dict state, const char* name, std::size_t size) {
    if (!state.contains(name)) return nullptr;
    Vector array;
    if (!nb::try_cast<Vector>(state[name], array, false) || array.shape(0) != size) {
        refuse(std::string("state[\"") + name + "\"] must be a writable, contiguous vector of " + std::to_string(size) +
               (sizeof(T) == 4 ? " float32" : " float64"));
    }
    return array.data();
}

T* needed(nb::dict state, const char* name, std::size_t size) {
    T* found = pointer(state, name, size);
    if (!found) refuse(std::string("the state of the update rule lacks \"") + name + '"');
    return found;
}

struct PySession {
    Net& net;
    Rowset rows;
    Session<T> session;
    nb::object custom_rule;
    int most_threads;

    PySession(Net& net_, nb::object X, nb::object targets, nb::object weights, const Entry& rule, Index batch_size, double l1,
              double l2, bool penalty_per_weight, double clip_norm, double clip_value, std::vector<double> dropout,
              std::uint64_t seed, std::uint64_t updates, nb::object custom_rule_, int most_threads_)
        : net(net_), rows(net_, X, targets, weights),
          session(net_.plan, checked({rows.data, {rule.first, rule.second}, batch_size, l1, l2, penalty_per_weight, clip_norm,
                                      clip_value, std::move(dropout), seed}, net_.plan.depth()), updates),
          custom_rule(std::move(custom_rule_)), most_threads(most_threads_) {
    }

    nb::tuple run(nb::object order, Index first, Index count, Doubles rates, Vector theta, Vector gradient, nb::dict state,
                  Book book) {
        const Job<T>& job = session.job();
        Index n = job.data.n_samples, batches = (n + job.batch_size - 1) / job.batch_size;
        if (first < 0 || count < 0 || first + count > batches) {
            refuse("mini-batches " + std::to_string(first) + " to " + std::to_string(first + count) + " of " +
                   std::to_string(batches) + " were asked for");
        }
        if (Index(rates.shape(0)) < count) refuse("there are fewer learning rates than mini-batches");
        if (book.shape(0) != 3 || Index(book.shape(1)) < count) refuse("the book has no room for the call");
        net.check_theta(theta.shape(0), "theta");
        net.check_theta(gradient.shape(0), "the gradient");
        const std::int64_t* indices = nullptr;
        Longs held;
        if (!order.is_none()) {
            if (!nb::try_cast<Longs>(order, held, false) || Index(held.shape(0)) != n) {
                refuse("order must be a contiguous int64 vector with one entry for each row of X");
            }
            indices = held.data();
            for (Index i = first * job.batch_size; i < std::min(n, (first + count) * job.batch_size); ++i) {
                if (indices[i] < 0 || indices[i] >= n) refuse("order holds " + std::to_string(indices[i]) + ", but X has " + std::to_string(n) + " rows");
            }
        }
        auto column = [&](std::size_t i) { return book.data() + i * book.shape(1); };
        Report r = run_without_gil(indices, first, count, rates.data(), parameters(theta, gradient, state),
                                   {column(0), column(1), column(2)});
        if (r.interrupted) throw nb::python_error();
        return nb::make_tuple(r.batches, r.updates, r.non_finite < 0 ? nb::none() : nb::object(nb::int_(r.non_finite)));
    }

private:
    static Job<T> checked(Job<T> job, Index depth) {
        constexpr std::size_t parameters[] = {0, 1, 1, 1, 2, 4, 4, 4};  // of each rule, in the order of RuleCode
        static_assert(std::size(parameters) == std::size_t(RuleCode::count));
        check_number("update rule", job.rule.code, int(RuleCode::count));
        if (!job.rule.is_custom() && job.rule.parameters.size() != parameters[job.rule.code]) {
            refuse("update rule number " + std::to_string(job.rule.code) + " does not take " +
                   std::to_string(job.rule.parameters.size()) + " parameters");
        }
        if (!job.data.targets) refuse("training needs T");
        if (job.batch_size < 1 || job.batch_size > std::max<Index>(1, job.data.n_samples)) {
            refuse("mini-batches of " + std::to_string(job.batch_size) + " rows were asked for; X has " + std::to_string(job.data.n_samples));
        }
        if (Index(job.dropout.size()) > depth) refuse("there are more dropout rates than layers");
        for (double rate : job.dropout) {
            if (!(rate >= 0 && rate < 1)) refuse("a dropout rate is " + std::to_string(rate) + ", expected 0 <= rate < 1");
        }
        return job;
    }

    Parameters<T> parameters(Vector& theta, Vector& gradient, nb::dict state) {
        std::size_t n = theta.shape(0);
        Parameters<T> p{theta.data(), gradient.data()};
        switch (RuleCode(session.job().rule.code)) {
            case RuleCode::momentum: case RuleCode::nesterov: p.first = needed(state, "velocity", n); break;
            case RuleCode::adagrad: case RuleCode::rmsprop: p.first = needed(state, "squares", n); break;
            case RuleCode::nadam: p.product = needed(state, "product", 1); [[fallthrough]];
            case RuleCode::adam: case RuleCode::adamw:
                p.first = needed(state, "m", n);
                p.second = needed(state, "v", n);
                break;
            default: break;
        }
        return p;
    }

    Report run_without_gil(const std::int64_t* order, Index first, Index count, const double* rates, Parameters<T> p, Report report) {
        Hooks<T> hooks = net.hooks();
        auto rule = [this](double rate, std::uint64_t step) {
            nb::gil_scoped_acquire gil;
            custom_rule(rate, step);
        };
        nb::gil_scoped_release release;
        Share share;
        QuietBlas quiet(!own_products);
        int threads = share.threads(3 * session.machine().operations(std::min(session.job().batch_size, session.job().data.n_samples)));
        Team team(most_threads > 0 ? std::min(most_threads, threads) : threads, hooks.interrupted);
        return session.run(order, first, count, rates, p, team, hooks, rule, report);
    }
};

// J, and g where it is asked for, over all rows.
double evaluate_all(Net& net, nb::object X, nb::object targets, nb::object weights, ConstVector theta, double l1, double l2,
                    nb::object gradient) {
    Rowset rows(net, X, targets, weights);
    if (!rows.data.targets) refuse("J needs T");
    net.check_theta(theta.shape(0), "theta");
    T* g = nullptr;
    if (!gradient.is_none()) {
        auto array = nb::cast<Vector>(gradient);
        net.check_theta(array.shape(0), "the gradient");
        g = array.data();
    }
    Hooks<T> hooks = net.hooks();
    bool interrupted = false;
    double value = 0;
    {
        nb::gil_scoped_release release;
        Share share;
        QuietBlas quiet(!own_products);
        Selection all{nullptr, 0, rows.data.n_samples};
        Machine<T> machine(net.plan, all.count, g ? Machine<T>::Purpose::train : Machine<T>::Purpose::objective, {}, bool(rows.data.sparse));
        Team team(share.threads((g ? 3 : 1) * machine.operations(machine.capacity())), hooks.interrupted);
        try {
            machine.prepare(theta.data(), team);
            value = evaluate<T>(machine, rows.data, all, {weight_of(rows.data, all), 0, 0, 0, false}, {T(l1), T(l2)}, g, team, hooks).value;
        } catch (const Interrupted&) {
            interrupted = true;
        }
    }
    if (interrupted) throw nb::python_error();
    return value;
}

// Weights packed once, buffers kept: predictions at the least possible cost. Not for two threads at once.
struct Predictor {
    Net& net;
    bool sparse;  // what it is given
    std::unique_ptr<Machine<T>> machine;
    std::vector<T> theta;

    Predictor(Net& net_, ConstVector theta_, Index rows, bool sparse_)
        : net(net_), sparse(sparse_),
          machine(new Machine<T>(net_.plan, std::max<Index>(1, rows), Machine<T>::Purpose::predict, {}, sparse_)) {
        net.check_theta(theta_.shape(0), "theta");
        const T* from = theta_.data();
        if (!own_products) theta.assign(from, from + theta_.shape(0)), from = theta.data();  // BLAS reads theta itself
        with_gil_or_without(machine->operations(1), [&](int threads, const Hooks<T>& hooks) {
            Team team(threads, hooks.interrupted);
            machine->prepare(from, team);
        });
    }

    void into(ConstMatrix X, nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu> out) {
        Index rows = Index(X.shape(0));
        if (Index(X.shape(1)) != net.plan.width(0) || Index(out.shape(0)) != rows || Index(out.shape(1)) != net.plan.width(net.plan.depth())) {
            refuse("X or out does not fit the network");
        }
        Data<T> data;
        data.n_samples = rows;
        data.X = X.data();
        work(data, out.data());
    }

    void rows_into(nb::object X, nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu> out) {
        Rowset rows(net, X, nb::none(), nb::none());
        if (Index(out.shape(0)) != rows.data.n_samples || Index(out.shape(1)) != net.plan.width(net.plan.depth())) refuse("out does not fit the network");
        work(rows.data, out.data());
    }

private:
    void work(const Data<T>& data, T* out) {
        if (bool(data.sparse) != sparse) refuse(sparse ? "X must be sparse here" : "X must not be sparse here");
        with_gil_or_without(machine->operations(data.n_samples),
                            [&](int threads, const Hooks<T>& hooks) { chunks(data, out, threads, hooks); });
    }

    // work(threads, hooks); so little of it that letting go of the interpreter would cost more is done at once
    template <class F> void with_gil_or_without(double operations, F work) {
        if (operations < 1e6 && !net.plan.calls_python()) return work(1, Hooks<T>());
        Hooks<T> hooks = net.hooks();
        bool interrupted = false;
        {
            nb::gil_scoped_release release;
            Share share;
            QuietBlas quiet(!own_products);
            try {
                work(share.threads(operations), hooks);
            } catch (const Interrupted&) {
                interrupted = true;
            }
        }
        if (interrupted) throw nb::python_error();
    }

    void chunks(const Data<T>& data, T* out, int threads, const Hooks<T>& hooks) {
        Team team(threads, hooks.interrupted);
        Index width = net.plan.width(net.plan.depth());
        for (Index begin = 0; begin < data.n_samples; begin += machine->capacity()) {
            Index count = std::min(machine->capacity(), data.n_samples - begin);
            machine->predict(data, {nullptr, begin, count}, out + begin * width, team, hooks);
            team.look(0);
        }
    }
};

void bind(nb::module_& m, const std::string& suffix) {
    nb::class_<Net>(m, ("Net" + suffix).c_str())
        .def(nb::init<const std::vector<Index>&, const std::vector<Entry>&, bool, const Entry&, double, Index, nb::object, nb::object, nb::object>(),
             "sizes"_a, "activations"_a, "bias"_a, "loss"_a, "scale"_a, "targets"_a, "activate"_a.none(), "pull_back"_a.none(), "head"_a.none())
        .def("evaluate", &evaluate_all, "X"_a, "T"_a, "sample_weight"_a.none(), "theta"_a, "l1"_a, "l2"_a, "gradient"_a.none());
    nb::class_<PySession>(m, ("Session" + suffix).c_str())
        .def(nb::init<Net&, nb::object, nb::object, nb::object, const Entry&, Index, double, double, bool, double, double,
                      std::vector<double>, std::uint64_t, std::uint64_t, nb::object, int>(),
             nb::keep_alive<1, 2>(), "net"_a, "X"_a, "T"_a, "sample_weight"_a.none(), "rule"_a, "batch_size"_a, "l1"_a, "l2"_a,
             "penalty_per_weight"_a, "clip_norm"_a, "clip_value"_a, "dropout"_a, "seed"_a, "updates"_a, "custom_rule"_a.none(), "threads"_a)
        .def("run", &PySession::run, "order"_a.none(), "first_batch"_a, "n_batches"_a, "learning_rates"_a, "theta"_a.noconvert(),
             "gradient"_a.noconvert(), "state"_a, "book"_a.noconvert())
        .def_prop_rw("updates", [](PySession& s) { return s.session.updates; }, [](PySession& s, std::uint64_t n) { s.session.updates = n; });
    nb::class_<Predictor>(m, ("Predictor" + suffix).c_str())
        .def(nb::init<Net&, ConstVector, Index, bool>(), nb::keep_alive<1, 2>(), "net"_a, "theta"_a, "rows"_a, "sparse"_a)
        .def("into", &Predictor::into, "X"_a.noconvert(), "out"_a.noconvert())
        .def("rows_into", &Predictor::rows_into, "X"_a, "out"_a.noconvert());
}

}  // namespace CHAINRULE_NAME
}  // namespace chainrule
