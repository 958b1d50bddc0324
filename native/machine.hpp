// The network at work on a chunk of rows: packed weights, one set of buffers, and the equations F1 to B4 as tasks.
//
// Rows are split into shards; each shard goes forward through all layers, through the head and back on its own. Then
// the gradient is taken panel by panel over all rows of the chunk. Both divisions follow from the shapes alone.
#pragma once

#include <algorithm>
#include <memory>

#include "head.hpp"
#include "product.hpp"
#include "sparse.hpp"
#include "team.hpp"

namespace chainrule {

#if defined(EIGEN_VECTORIZE_AVX2) || defined(EIGEN_VECTORIZE_AVX512)
constexpr bool own_products = true;
#else
constexpr bool own_products = false;  // large products go to BLAS, which finds the processor's instructions itself
#endif
constexpr Index blas_from = 1 << 16;  // multiply-adds of a product from which a call of BLAS pays

constexpr Index chunk_rows = 1024;        // of a pass; a longer one is taken in chunks
constexpr double shard_operations = 1e7;  // that a shard has at least, unless it would be longer than `shard_rows`
constexpr Index shard_rows = 128, least_shard_rows = 64;
constexpr Index heavy_weights = 1 << 21;  // bytes of theta that the second cache cannot hold: fewer and longer shards read them less often
constexpr double task_operations = 4e6;   // of a task of the gradient
constexpr Index most_fetched = 1 << 16;    // bytes of the next mini-batch's inputs that are asked for ahead
constexpr double look_operations = 1e8;   // of a part of a product, after which the caller's interruption is asked for
constexpr double least_looked_at = 1e6;   // operations of a product that one look is nothing to
constexpr Index packing_from = 1 << 15;   // bytes of inputs from which a panel of them is packed
constexpr Index columns_from = 1 << 20;   // bytes of a layer's delta from which its columns are packed

// The penalties of a batch, already divided by its weight where that is wanted.
template <class T> struct Penalty { T l1 = 0, l2 = 0; explicit operator bool() const { return l1 != 0 || l2 != 0; } };

template <class T>
class Machine {
    using V = Vec<T>;
    static constexpr Index S = V::size;

public:
    enum class Purpose { predict, objective, train };

    Machine(const Plan<T>& plan, Index rows, Purpose purpose, std::vector<double> dropout, bool sparse)
        : plan_(plan), purpose_(purpose), sparse_(sparse), dropout_(std::move(dropout)),
          head_(plan.sigma(plan.depth()), plan.loss),
          capacity_(plan.calls_python() ? rows : std::min(rows, chunk_rows)), layers_(std::size_t(plan.depth() + 1)) {
        for (Index l = 0; l <= plan.depth(); ++l) allocate(l);
        if (purpose == Purpose::predict) return;
        Index width = plan.width(plan.depth());
        targets_ = Matrix<T>(capacity_, width);
        share_ = Buffer<T>(capacity_);
        losses_ = Buffer<T>(capacity_);
        if (head_.which() == Road::logarithms) u_ = Matrix<T>(capacity_, width), v_ = Matrix<T>(capacity_, width);
    }

    Index capacity() const { return capacity_; }
    const Plan<T>& plan() const { return plan_; }
    // Floating-point operations of a forward pass.
    double operations(Index rows) const { return 2.0 * double(rows) * double(plan_.n_parameters); }

    // Packs theta for the passes that follow.
    void prepare(const T* theta, Team& team) {
        theta_ = theta;
        Index count = 0;
        for (Index l = 1; l <= plan_.depth(); ++l) count += packing_tasks(l);
        team.run(count, [&](Index task, int) {
            Index l = 1;
            for (; task >= packing_tasks(l); ++l) task -= packing_tasks(l);
            pack(l, task);
        });
    }

    Index shards(Index rows) const {
        if (plan_.calls_python()) return 1;
        bool heavy = plan_.n_parameters * Index(sizeof(T)) > heavy_weights && rows >= 4 * shard_rows;
        Index longest = std::max<Index>(1, rows / (heavy ? shard_rows : least_shard_rows)), least = (rows + shard_rows - 1) / shard_rows;
        auto wanted = Index(operations(rows) * (purpose_ == Purpose::train ? 3 : 1) / shard_operations);
        return std::max(least, std::min(wanted, longest));
    }

    // Forward only; writes a_L into out (rows, n_L), contiguous.
    void predict(const Data<T>& data, Selection rows, T* out, Team& team, const Hooks<T>& hooks) {
        Index n = shards(rows.count), width = plan_.width(plan_.depth());
        team.run(n, [&](Index s, int thread) {
            Index begin = rows.count * s / n, end = rows.count * (s + 1) / n;
            forward(data, rows, begin, end, {team, thread}, hooks);
            activate_output(begin, end, hooks);
            for (Index i = begin; i < end; ++i) {
                std::memcpy(out + i * width, layer(plan_.depth()).a.row(i), sizeof(T) * std::size_t(width));
            }
        });
    }

    // Asks for rows that the next mini-batch will gather, where they are few enough to wait in the second cache.
    void fetch(const Data<T>& data, Selection rows) const {
        Index width = plan_.width(0), targets = plan_.loss.targets;
        if (!rows.order || sparse_ || rows.count * width * Index(sizeof(T)) > most_fetched) return;
        for (Index i = 0; i < rows.count; ++i) {
            fetch_row(data.X + rows.row(i) * width, width);
            fetch_row(data.targets + rows.row(i) * targets, targets);
        }
    }

    // What a chunk of a batch is part of.
    struct Batch {
        double weight;          // sum of the weights of the whole batch
        Index place;            // of the chunk's first row in the batch
        std::uint64_t seed, step;  // of the dropout masks
        bool masked;
    };

    // Forward, head and, when training, back to delta_1; the sum of share * loss.
    double pass(const Data<T>& data, Selection rows, const Batch& batch, Team& team, const Hooks<T>& hooks) {
        Index n = shards(rows.count);
        values_.assign(std::size_t(n), 0.0);
        batch_ = batch;
        rows_ = rows;
        team.run(n, [&](Index s, int thread) {
            Index begin = rows.count * s / n, end = rows.count * (s + 1) / n;
            forward(data, rows, begin, end, {team, thread}, hooks);
            values_[std::size_t(s)] = head(data, rows, begin, end, hooks);
            if (purpose_ == Purpose::train) backward(begin, end, {team, thread}, hooks);
            for (Index l = 1; l <= plan_.depth(); ++l) {
                Layer& at = layer(l);
                if (at.columns.count()) pack_columns(at.delta, at.delta.width, rows.count, begin, end, at.columns.data());
            }
        });
        double value = 0;
        for (double part : values_) value += part;
        return value;
    }

    // What the gradient's tasks bring together: the sum of squares of g, and the penalty.
    struct Sums { double squares = 0, penalty = 0; };

    // B3 and B4 of the chunk that `pass` has seen, added to g or put there; `finish` adds the penalty and sums up.
    Sums gradient(const Data<T>& data, T* g, bool accumulate, bool finish, Penalty<T> penalty, Team& team) {
        Index count = 0;
        for (Index l = 1; l <= plan_.depth(); ++l) count += gradient_tasks(l);
        sums_.assign(std::size_t(count), Sums());
        if (Index(scratch_.size()) < team.size()) scratch_.resize(std::size_t(team.size()));
        if (sparse_) sparse_layer_.sort(sparse_rows(data, rows_), team.size());
        team.run(count, [&](Index task, int thread) {
            Index l = 1, number = task;
            for (; number >= gradient_tasks(l); ++l) number -= gradient_tasks(l);
            Sums& sums = sums_[std::size_t(task)];
            alignas(cache_line) T squares[V::size] = {};
            bool alone = finish && !penalty && !by_product(l);  // the tiles see the last of g, and sum up its squares
            if (is_sparse(l)) sparse_gradient(number, g, accumulate, thread);
            else dense_gradient(l, number, g, accumulate, scratch_[std::size_t(thread)], alone ? squares : nullptr);
            if (alone) sums.squares += double(sum(V::aligned(squares)));
            else if (finish) finish_weights(l, number, g, penalty, sums);
            if (number == 0) bias_gradient(l, g, accumulate, finish, sums);
        });
        Sums all;
        for (const Sums& part : sums_) all.squares += part.squares, all.penalty += part.penalty;
        return all;
    }

private:
    struct Layer {
        Matrix<T> z, a, fed, mask, delta;  // z only where it is needed beside a, fed and mask only with dropout
        Panels<T> forward, backward;       // W^T and W, by panels
        Buffer<T> bias;
        Buffer<T> columns;                 // delta by columns of tiles, where it is long to walk
        bool by_blas = false;
    };

    Layer& layer(Index l) { return layers_[std::size_t(l)]; }
    double rate(Index l) const { return l < Index(dropout_.size()) ? dropout_[std::size_t(l)] : 0.0; }
    bool drops(Index l) const { return purpose_ == Purpose::train && rate(l) > 0; }
    // what layer l hands to the next one
    T* fed(Index l, Index i) { return drops(l) ? layer(l).fed.row(i) : layer(l).a.row(i); }
    Index step(Index l) { return layer(l).a.step; }
    // z_l lies in a_l itself where nobody asks for it later
    T* z(Index l, Index i) { return layer(l).z ? layer(l).z.row(i) : layer(l).a.row(i); }
    Rows rows_of(Index l, Index count) { return {count, plan_.width(l), step(l)}; }
    bool is_sparse(Index l) const { return sparse_ && l == 1; }
    SparseRows<T> sparse_rows(const Data<T>& data, Selection rows) const {
        Mask32<T> mask({batch_.seed, 0, batch_.step}, rate(0));
        return {data.sparse, rows, plan_.width(0), drops(0) && batch_.masked, mask, batch_.place};
    }

    void allocate(Index l) {
        Layer& at = layer(l);
        Index width = plan_.width(l);
        bool last = l == plan_.depth(), train = purpose_ == Purpose::train;
        if (l > 0 || !sparse_) at.a = Matrix<T>(capacity_, width);
        const Activation<T>& sigma = plan_.sigma(l);
        bool own_z = sigma.is_custom() || (train && sigma.keeps_z()) ||
                     (last && purpose_ != Purpose::predict && !sigma.is_identity() && head_.which() != Road::cancelled);
        if (own_z && (l > 0 || sigma.is_custom())) at.z = Matrix<T>(capacity_, width);
        if (drops(l) && !(sparse_ && l == 0)) at.fed = Matrix<T>(capacity_, width), at.mask = Matrix<T>(capacity_, width);
        if (l == 0) return;
        if (purpose_ != Purpose::predict) at.delta = Matrix<T>(capacity_, width);
        const LayerPlan<T>& plan = plan_.layer(l);
        at.by_blas = !own_products && gemm<T>() && plan.in * plan.out * capacity_ >= blas_from;
        at.bias = Buffer<T>(round_up(plan.out, 2 * S));
        if (is_sparse(l)) {
            sparse_layer_ = SparseLayer<T>(plan.in, plan.out);
        } else if (!at.by_blas) {
            at.forward = Panels<T>(plan.in, plan.out);
            if (train && l > 1) at.backward = Panels<T>(plan.out, plan.in);
            bool far = capacity_ * plan.out * Index(sizeof(T)) >= columns_from && plan.in >= 8 * panel_width<T>;
            if (train && far) at.columns = Buffer<T>(capacity_ * plan.out);
        }
    }

    // ---- packing

    Index packing_tasks(Index l) {
        return 1 + (is_sparse(l) ? sparse_layer_.tasks() : layer(l).forward.count() + layer(l).backward.count());
    }

    void pack(Index l, Index task) {
        Layer& at = layer(l);
        const LayerPlan<T>& plan = plan_.layer(l);
        const T* W = theta_ + plan.weights;
        if (task == 0) {
            if (plan.biases >= 0) std::memcpy(at.bias.data(), theta_ + plan.biases, sizeof(T) * std::size_t(plan.out));
        } else if (is_sparse(l)) {
            sparse_layer_.pack(W, task - 1);
        } else if (--task; task < at.forward.count()) {
            pack_transposed(W, at.forward, task);
        } else {
            pack_rows(W, plan.in, at.backward, task - at.forward.count(), plan.out);
        }
    }

    // ---- forward

    void forward(const Data<T>& data, Selection rows, Index begin, Index end, Worker worker, const Hooks<T>& hooks) {
        if (!sparse_) gather_inputs(data, rows, begin, end, hooks);
        for (Index l = 1; l <= plan_.depth(); ++l) {
            if (is_sparse(l)) sparse_product(data, rows, begin, end, worker);
            else product(l, begin, end, worker);                                            // F1
            if (l < plan_.depth()) {
                activate(l, begin, end, hooks);                                             // F2
                if (drops(l) && batch_.masked) drop(l, begin, end);
            }
        }
    }

    void gather_inputs(const Data<T>& data, Selection rows, Index begin, Index end, const Hooks<T>& hooks) {
        Index width = plan_.width(0);
        for (Index i = begin; i < end; ++i) {
            if (rows.order && i + 8 < rows.count) fetch_row(data.X + rows.row(i + 8) * width, width);
            copy_row(data.X + rows.row(i) * width, z(0, i), width);
        }
        activate(0, begin, end, hooks);
        if (drops(0) && batch_.masked) drop(0, begin, end);
    }

    // Asks for the beginning of a row that will be read soon; the processor follows a longer one by itself.
    static void fetch_row(const T* row, Index width) {
#if defined(__GNUC__)
        constexpr Index line = Index(cache_line / sizeof(T));
        const Index last = std::min(width, 8 * line) - 1;
        for (Index j = 0; j < last; j += line) __builtin_prefetch(row + j);
        __builtin_prefetch(row + last);  // a row need not begin where a line does
#endif
    }

    // A product by panels of its columns, part(first, last), with a look after each part.
    template <class F> static void by_parts(Index rows, Index inner, Index columns, Worker worker, F part) {
        Index panels = (columns + panel_width<T> - 1) / panel_width<T>;
        double one = 2.0 * double(rows) * double(inner) * double(panel_width<T>);
        Index each = std::max<Index>(1, Index(look_operations / one));
        for (Index first = 0; first < panels; first += each) {
            part(first, std::min(panels, first + each));
            if (one * double(panels) >= least_looked_at) worker.look();
        }
    }

    void product(Index l, Index begin, Index end, Worker worker) {
        Layer& at = layer(l);
        const LayerPlan<T>& plan = plan_.layer(l);
        const T* a = fed(l - 1, begin);
        Index count = end - begin, a_step = step(l - 1);
        by_parts(count, plan.in, plan.out, worker, [&](Index first, Index last) {
            if (!at.by_blas) return multiply(count, a, a_step, at.forward, {first, last}, at.bias.data(), z(l, begin), at.a.step);
            Index column = first * panel_width<T>, width = std::min(plan.out, last * panel_width<T>) - column;
            const T* bias = at.bias.data() + column;
            for (Index i = begin; i < end; ++i) std::memcpy(z(l, i) + column, bias, sizeof(T) * std::size_t(width));
            blas_multiply<T>(count, width, plan.in, {a, a_step, false}, {theta_ + plan.weights + column * plan.in, plan.in, true},
                             T(1), z(l, begin) + column, at.a.step);
        });
    }

    void sparse_product(const Data<T>& data, Selection rows, Index begin, Index end, Worker worker) {
        sparse_layer_.multiply(sparse_rows(data, rows), begin, end, layer(1).bias.data(), z(1, begin), step(1), worker);
    }

    void activate(Index l, Index begin, Index end, const Hooks<T>& hooks) {
        Layer& at = layer(l);
        const Activation<T>& sigma = plan_.sigma(l);
        Index width = plan_.width(l);
        if (sigma.is_custom()) {
            hooks.activate(l, {z(l, begin), end - begin, width, at.a.step}, {at.a.row(begin), end - begin, width, at.a.step});
        } else {
            apply(sigma, static_cast<const T*>(z(l, begin)), at.a.row(begin), rows_of(l, end - begin));
        }
    }

    void activate_output(Index begin, Index end, const Hooks<T>& hooks) { activate(plan_.depth(), begin, end, hooks); }

    void drop(Index l, Index begin, Index end) {
        Layer& at = layer(l);
        Index width = plan_.width(l);
        Mask32<T> mask({batch_.seed, std::uint64_t(l), batch_.step}, rate(l));
        for (Index i = begin; i < end; ++i) {
            T *m = at.mask.row(i), *to = at.fed.row(i);
            const T* a = at.a.row(i);
            for (Index j = 0; j < width; ++j) {
                m[j] = mask(std::uint64_t((batch_.place + i) * width + j));
                to[j] = m[j] * a[j];
            }
        }
    }

    // ---- head and backward

    double head(const Data<T>& data, Selection rows, Index begin, Index end, const Hooks<T>& hooks) {
        Index L = plan_.depth(), count = end - begin;
        gather_targets(data, rows, begin, end);
        Layer& at = layer(L);
        if (head_.needs_activation()) activate_output(begin, end, hooks);
        if (head_.which() == Road::python) return head_by_python(begin, end, hooks);
        return head_.run({rows_of(L, count), z(L, begin), at.a.row(begin), targets_.row(begin), share_.data() + begin,
                          at.delta.row(begin), u_.row(begin), v_.row(begin)});
    }

    double head_by_python(Index begin, Index end, const Hooks<T>& hooks) {
        Index L = plan_.depth(), count = end - begin, width = plan_.width(L), step = layer(L).a.step;
        hooks.head({z(L, begin), count, width, step}, {layer(L).a.row(begin), count, width, step},
                   {targets_.row(begin), count, plan_.loss.targets, targets_.step}, {layer(L).delta.row(begin), count, width, step},
                   {losses_.data() + begin, count, 1, 1});
        double value = 0;
        for (Index i = begin; i < end; ++i) {
            value += double(share_.data()[i] * losses_.data()[i]);
            V share(share_.data()[i]);
            T* d = layer(L).delta.row(i);
            for (Index j = 0; j < width; j += S) (V::aligned(d + j) * share).store(d + j);  // B1
        }
        return value;
    }

    // Targets of the chunk, one for each output: smoothed, or repeated where several outputs belong to one target.
    void gather_targets(const Data<T>& data, Selection rows, Index begin, Index end) {
        const Loss<T>& loss = plan_.loss;
        Index width = plan_.width(plan_.depth()), targets = loss.targets;
        bool binary = loss.is(LossCode::binary_cross_entropy), categorical = loss.is(LossCode::categorical_cross_entropy);
        T smooth = binary || categorical ? loss.parameter(0) : T(0);
        Index each = loss.is(LossCode::quantile) ? width / targets : 1;
        const T equal = T(1 / batch_.weight);
        for (Index i = begin; i < end; ++i) {
            if (rows.order && i + 8 < rows.count) fetch_row(data.targets + rows.row(i + 8) * targets, targets);
            Index row = rows.row(i);
            const T* from = data.targets + row * targets;
            T* to = targets_.row(i);
            if (each > 1) for (Index j = 0; j < width; ++j) to[j] = from[j / each];
            else copy_row(from, to, targets);
            if (smooth != 0) {
                T floor = smooth / (binary ? T(2) : T(targets));
                for (Index j = 0; j < targets; ++j) to[j] = (1 - smooth) * to[j] + floor;
            }
            share_.data()[i] = data.weights ? T(double(data.weights[row]) / batch_.weight) : equal;
        }
    }

    void backward(Index begin, Index end, Worker worker, const Hooks<T>& hooks) {
        for (Index l = plan_.depth() - 1; l >= 1; --l) {
            Layer &at = layer(l), &next = layer(l + 1);
            const LayerPlan<T>& plan = plan_.layer(l + 1);
            Index count = end - begin;
            T* d = at.delta.row(begin);
            const T* from = next.delta.row(begin);
            by_parts(count, plan.out, plan.in, worker, [&](Index first, Index last) {
                if (!next.by_blas) return multiply<T>(count, from, next.delta.step, next.backward, {first, last}, nullptr, d, at.delta.step);
                Index column = first * panel_width<T>, width = std::min(plan.in, last * panel_width<T>) - column;
                blas_multiply<T>(count, width, plan.out, {from, next.delta.step, false}, {theta_ + plan.weights + column, plan.in, false},
                                 T(0), d + column, at.delta.step);
            });
            if (drops(l) && batch_.masked) {
                const T* m = at.mask.row(begin);
                for (Index j = 0; j < count * at.delta.step; j += S) (V::aligned(d + j) * V::aligned(m + j)).store(d + j);
            }
            const Activation<T>& sigma = plan_.sigma(l);
            if (sigma.is_custom()) {
                hooks.pull_back(l, {z(l, begin), count, at.z.width, at.z.step}, {at.a.row(begin), count, at.a.width, at.a.step},
                                {d, count, at.delta.width, at.delta.step});
            } else {
                pull_back(sigma, static_cast<const T*>(z(l, begin)), at.a.row(begin), d, rows_of(l, count));  // B2
            }
        }
    }

    // ---- gradient

    Index panels_per_task(Index l) const {
        const LayerPlan<T>& plan = plan_.layer(l);
        double one = 2.0 * double(capacity_) * double(plan.out) * double(panel_width<T>);
        return std::max<Index>(1, Index(task_operations / one));
    }

    Index gradient_tasks(Index l) {
        if (is_sparse(l)) return sparse_layer_.tasks();
        Index panels = (plan_.layer(l).in + panel_width<T> - 1) / panel_width<T>, group = panels_per_task(l);
        return (panels + group - 1) / group;
    }

    std::pair<Index, Index> task_columns(Index l, Index number) {
        Index in = plan_.layer(l).in, each = panels_per_task(l) * panel_width<T>;
        if (is_sparse(l)) return sparse_layer_.task(number);
        return {number * each, std::min(in, (number + 1) * each)};
    }

    // whether the gradient of layer l is no work of our own tiles
    bool by_product(Index l) { return layer(l).by_blas || is_sparse(l); }

    void dense_gradient(Index l, Index number, T* g, bool accumulate, Panels<T>& scratch, T* squares) {
        const LayerPlan<T>& plan = plan_.layer(l);
        Layer &at = layer(l), &before = layer(l - 1);
        auto [first, last] = task_columns(l, number);
        T* G = g + plan.weights;
        if (at.by_blas) {
            blas_multiply<T>(plan.out, last - first, rows_.count, {at.delta.row(0), at.delta.step, true},
                             {fed(l - 1, 0) + first, before.a.step, false}, T(accumulate), G + first, plan.in);
            return;
        }
        bool pack = rows_.count * before.a.step * Index(sizeof(T)) >= packing_from && plan.out > 2 * tile_rows;
        if (pack && scratch.inner < rows_.count) scratch = Panels<T>(capacity_, panel_width<T>);
        for (Index column = first; column < last; column += panel_width<T>) {
            Index width = std::min(panel_width<T>, last - column);
            const T* a = fed(l - 1, 0) + column;
            Index a_step = before.a.step;
            if (pack) {
                a_step = width > S ? 2 * S : S;
                T* to = scratch.buffer.data();
                for (Index i = 0; i < rows_.count; ++i, to += a_step, a += before.a.step) {
                    V::aligned(a).store(to);
                    if (width > S) V::aligned(a + S).store(to + S);
                }
                a = scratch.buffer.data();
            }
            bool columns = at.columns.count() > 0;
            multiply_outer<T>({rows_.count, columns ? at.columns.data() : at.delta.row(0), columns ? 0 : at.delta.step, plan.out, a, a_step, width, G + column,
                               plan.in, accumulate, squares});  // B3
        }
    }

    void sparse_gradient(Index number, T* g, bool accumulate, int thread) {
        const Matrix<T>& delta = layer(1).delta;
        sparse_layer_.gradient(number, thread, delta.row(0), delta.step, g + plan_.layer(1).weights, accumulate);
    }

    // The penalty's part, and the sum of squares, of the columns of one task.
    void finish_weights(Index l, Index number, T* g, Penalty<T> penalty, Sums& sums) {
        const LayerPlan<T>& plan = plan_.layer(l);
        auto [first, last] = task_columns(l, number);
        double squares = 0, cost = 0;
        for (Index j = 0; j < plan.out; ++j) {
            T* G = g + plan.weights + j * plan.in;
            if (penalty) cost += penalize(theta_ + plan.weights + j * plan.in, G, first, last, penalty);
            squares += squares_of(G + first, last - first);
        }
        sums.squares += squares;
        sums.penalty += cost;
    }

    // g += l1 sign(W) + l2 W; returns l1 |W| + l2/2 W^2
    static double penalize(const T* W, T* G, Index first, Index last, Penalty<T> penalty) {
        V size(T(0)), square(T(0)), l1(penalty.l1), l2(penalty.l2);
        auto add = [&](V w, V gradient) {
            size += abs(w);
            square += w * w;
            return gradient + l1 * sign(w) + l2 * w;
        };
        Index k = first;
        for (; k + S <= last; k += S) add(V::load(W + k), V::load(G + k)).store(G + k);
        if (Index left = last - k; left > 0) add(V::load(W + k, left), V::load(G + k, left)).store(G + k, left);
        return double(penalty.l1) * double(sum(size)) + double(penalty.l2) / 2 * double(sum(square));
    }

    static double squares_of(const T* g, Index count) {
        V total(T(0));
        Index k = 0;
        for (; k + S <= count; k += S) {
            V x = V::load(g + k);
            total = fma(x, x, total);
        }
        if (k < count) {
            V x = V::load(g + k, count - k);
            total = fma(x, x, total);
        }
        return double(sum(total));
    }

    void bias_gradient(Index l, T* g, bool accumulate, bool finish, Sums& sums) {
        const LayerPlan<T>& plan = plan_.layer(l);
        if (plan.biases < 0) return;
        Layer& at = layer(l);
        T* G = g + plan.biases;
        const Index step = at.delta.step;
        for (Index j = 0; j < plan.out; j += S) {
            V part[4] = {V(T(0)), V(T(0)), V(T(0)), V(T(0))};  // four sums hide the latency of an addition
            const T* d = at.delta.row(0) + j;
            Index i = 0;
            for (; i + 4 <= rows_.count; i += 4, d += 4 * step) {
                for (int q = 0; q < 4; ++q) part[q] += V::aligned(d + q * step);
            }
            for (; i < rows_.count; ++i, d += step) part[0] += V::aligned(d);
            V total = (part[0] + part[1]) + (part[2] + part[3]);
            Index used = std::min(S, plan.out - j);
            if (accumulate) total += V::load(G + j, used);
            total.store(G + j, used);  // B4
        }
        if (finish) sums.squares += squares_of(G, plan.out);
    }

    const Plan<T>& plan_;
    Purpose purpose_;
    bool sparse_;
    std::vector<double> dropout_;
    HeadWork<T> head_;
    Index capacity_;
    std::vector<Layer> layers_;
    SparseLayer<T> sparse_layer_;
    Matrix<T> targets_, u_, v_;
    Buffer<T> share_, losses_;
    const T* theta_ = nullptr;
    Batch batch_{1, 0, 0, 0, false};
    Selection rows_{nullptr, 0, 0};
    std::vector<double> values_;
    std::vector<Sums> sums_;
    std::vector<Panels<T>> scratch_;
};

}  // namespace chainrule
