// Mini-batches one after another: chainrule.engine.protocol's Session.run, and J with its gradient over all rows.
#pragma once

#include <optional>

#include "descent.hpp"
#include "machine.hpp"

namespace chainrule {

// What is minimised and how; the data outlive it.
template <class T>
struct Job {
    Data<T> data;
    Rule rule;
    Index batch_size = 1;
    double l1 = 0, l2 = 0;
    bool penalty_per_weight = false;
    double clip_norm = 0, clip_value = 0;  // 0: none
    std::vector<double> dropout;
    std::uint64_t seed = 0;
};

// theta and what belongs to it; the caller's memory.
template <class T>
struct Parameters {
    T *theta, *gradient;
    T *first = nullptr, *second = nullptr, *product = nullptr;  // the state of the update rule
};

// What one call did. The three vectors are the caller's, with room for every mini-batch of the call.
struct Report {
    double *objectives, *weights, *norms;
    Index batches = 0, updates = 0;
    Index non_finite = -1;
    bool interrupted = false;
};

template <class T> double weight_of(const Data<T>& data, Selection rows) {
    if (!data.weights) return double(rows.count);
    double total = 0;
    for (Index i = 0; i < rows.count; ++i) total += double(data.weights[rows.row(i)]);
    return total;
}

template <class T> double exact_norm(const T* g, Index count) {
    double total = 0;
    for (Index i = 0; i < count; ++i) total += double(g[i]) * double(g[i]);
    return std::sqrt(total);
}

struct Evaluated { double value, norm; };

// J and g of some rows, by chunks; the penalty is added with the last one.
template <class T>
Evaluated evaluate(Machine<T>& machine, const Data<T>& data, Selection rows, typename Machine<T>::Batch batch,
                   Penalty<T> penalty, T* g, Team& team, const Hooks<T>& hooks) {
    double value = 0;
    typename Machine<T>::Sums sums;
    for (Index begin = 0; begin < rows.count; begin += machine.capacity()) {
        Index end = std::min(rows.count, begin + machine.capacity());
        batch.place = begin;
        value += machine.pass(data, rows.part(begin, end), batch, team, hooks);
        if (g) sums = machine.gradient(data, g, begin > 0, end == rows.count, penalty, team);
    }
    return {value + sums.penalty, std::sqrt(sums.squares)};
}

template <class T>
class Session {
public:
    using Purpose = typename Machine<T>::Purpose;

    Session(const Plan<T>& plan, Job<T> job, std::uint64_t updates)
        : updates(updates), job_(std::move(job)),
          machine_(plan, job_.batch_size, Purpose::train, job_.dropout, bool(job_.data.sparse)) {}

    std::uint64_t updates;

    const Job<T>& job() const { return job_; }
    Machine<T>& machine() { return machine_; }

    Report run(const std::int64_t* order, Index first, Index count, const double* rates, Parameters<T> p, Team& team,
               const Hooks<T>& hooks, const std::function<void(double, std::uint64_t)>& custom_rule, Report report) {
        try {
            for (Index k = first; k < first + count; ++k) {
                Index begin = k * job_.batch_size, end = std::min(begin + job_.batch_size, job_.data.n_samples);
                if (!step({order, begin, end - begin}, rates[report.updates], p, team, hooks, custom_rule, report)) {
                    report.non_finite = k;
                    return report;
                }
                ++report.batches;
                if (report.batches % between_checks() == 0) team.look(0);
            }
        } catch (const Interrupted&) {
            report.interrupted = true;
        }
        return report;
    }

private:
    // Looking at the clock costs as much as a hundredth of the shortest mini-batch.
    Index between_checks() const { return machine_.operations(job_.batch_size) < 1e6 && job_.dropout.empty() ? 64 : 1; }

    bool step(Selection rows, double rate, Parameters<T> p, Team& team, const Hooks<T>& hooks,
              const std::function<void(double, std::uint64_t)>& custom_rule, Report& report) {
        double weight = weight_of(job_.data, rows);
        if (weight == 0) return true;
        double share = job_.penalty_per_weight ? weight : 1;
        Penalty<T> penalty{T(job_.l1 / share), T(job_.l2 / share)};
        machine_.prepare(p.theta, team);
        auto [value, norm] = evaluate<T>(machine_, job_.data, rows, {weight, 0, job_.seed, updates + 1, !job_.dropout.empty()},
                                         penalty, p.gradient, team, hooks);
        Index n = machine_.plan().n_parameters;
        if (!(norm > least_norm && norm < largest_norm)) norm = exact_norm(p.gradient, n);
        if (!std::isfinite(value) || !std::isfinite(norm)) return false;
        ++updates;
        Index next = rows.first + rows.count;
        machine_.fetch(job_.data, {rows.order, next, std::min(rows.count, job_.data.n_samples - next)});
        descend(rate, norm, p, team, custom_rule);
        report.objectives[report.updates] = value;
        report.weights[report.updates] = weight;
        report.norms[report.updates] = norm;
        ++report.updates;
        return true;
    }

    void descend(double rate, double norm, Parameters<T> p, Team& team,
                 const std::function<void(double, std::uint64_t)>& custom_rule) {
        Clip<T> clip;
        if (job_.clip_norm > 0 && norm > job_.clip_norm) clip.factor = T(job_.clip_norm / norm);
        if (job_.clip_value > 0) clip.bound = T(job_.clip_value);
        Index n = machine_.plan().n_parameters;
        if (job_.rule.is_custom()) {
            if (clip.active()) clip_alone(p.gradient, n, clip);
            return custom_rule(rate, updates);
        }
        Descent<T> descent{p.theta, p.gradient, p.first, p.second,
                           step_of<T>(job_.rule, rate, double(updates), p.product), clip};
        constexpr Index block = 16384;
        team.run((n + block - 1) / block, [&](Index i, int) {
            update(job_.rule, descent, i * block, std::min(n, (i + 1) * block));
        }, true);  // theta is never left half updated
    }

    static void clip_alone(T* g, Index n, Clip<T> clip) {
        for (Index i = 0; i < n; ++i) g[i] = std::min(std::max(g[i] * clip.factor, -clip.bound), clip.bound);
    }

    // beyond these the squares of float32 have lost digits
    static constexpr double least_norm = 1e-15, largest_norm = 1e18;

    Job<T> job_;
    Machine<T> machine_;

};

}  // namespace chainrule
