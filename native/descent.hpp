// The update rules of chainrule.descent, each one pass over theta, the gradient and the state (U).
#pragma once

#include <algorithm>
#include <vector>

#include "math.hpp"

namespace chainrule {

enum class RuleCode : int { sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, nadam, count };

struct Rule {
    int code = 0;
    std::vector<double> parameters;  // the fields of the Python class in their order, without the learning rate
    bool is_custom() const { return code < 0; }
    double at(std::size_t i) const { return parameters[i]; }
};

// The numbers of one update, worked out once in double precision.
template <class T>
struct Step {
    T rate = 0, epsilon = 0, keep = 0, take = 0, keep_squares = 0, take_squares = 0, shrink = 1, ahead = 0, now = 0;
};

template <class T> Step<T> averages(const Rule& rule, double rate, double step, bool epsilon_hat) {
    double beta1 = rule.at(0), beta2 = rule.at(1), root = std::sqrt(1 - std::pow(beta2, step));
    Step<T> s;
    s.keep = T(beta1);
    s.take = T(1 - beta1);
    s.keep_squares = T(beta2);
    s.take_squares = T(1 - beta2);
    s.epsilon = T(rule.at(2) * (epsilon_hat ? 1 : root));
    s.rate = T(rate * root / (1 - std::pow(beta1, step)));
    return s;
}

// `product` is NAdam's mu_1 ... mu_t, moved on by one.
template <class T> Step<T> step_of(const Rule& rule, double rate, double step, T* product) {
    Step<T> s;
    s.rate = T(rate);
    switch (RuleCode(rule.code)) {
        case RuleCode::momentum: case RuleCode::nesterov: s.keep = T(rule.at(0)); break;
        case RuleCode::adagrad: s.epsilon = T(rule.at(0)); break;
        case RuleCode::rmsprop:
            s.keep_squares = T(rule.at(0));
            s.take_squares = T(1 - rule.at(0));
            s.epsilon = T(rule.at(1));
            break;
        case RuleCode::adam: return averages<T>(rule, rate, step, rule.at(3) != 0);
        case RuleCode::adamw:
            s = averages<T>(rule, rate, step, false);
            s.shrink = T(1 - rate * rule.at(3));
            break;
        case RuleCode::nadam: {
            auto mu = [&](double t) { return rule.at(0) * (1 - 0.5 * std::pow(0.96, t * rule.at(3))); };
            double now = mu(step), ahead = mu(step + 1), running = double(*product) * now;
            *product = T(running);
            s = averages<T>(rule, rate, step, false);
            s.rate = T(rate * std::sqrt(1 - std::pow(rule.at(1), step)));
            s.ahead = T(ahead / (1 - running * ahead));
            s.now = T((1 - now) / (1 - running));
            break;
        }
        default: break;
    }
    return s;
}

namespace rule {

struct Sgd {
    template <class V, class T> static void update(V& theta, V g, V&, V&, const Step<T>& s) {
        theta = theta - V(s.rate) * g;
    }
};
struct Momentum {
    template <class V, class T> static void update(V& theta, V g, V& velocity, V&, const Step<T>& s) {
        velocity = V(s.keep) * velocity - V(s.rate) * g;
        theta += velocity;
    }
};
struct Nesterov {
    template <class V, class T> static void update(V& theta, V g, V& velocity, V&, const Step<T>& s) {
        V change = V(s.rate) * g;
        velocity = V(s.keep) * velocity - change;
        theta += V(s.keep) * velocity - change;
    }
};
struct AdaGrad {
    template <class V, class T> static void update(V& theta, V g, V& squares, V&, const Step<T>& s) {
        squares += g * g;
        theta = theta - V(s.rate) * g / (sqrt(squares) + V(s.epsilon));
    }
};
struct RmsProp {
    template <class V, class T> static void update(V& theta, V g, V& squares, V&, const Step<T>& s) {
        squares = fma(V(s.keep_squares), squares, V(s.take_squares) * g * g);
        theta = theta - V(s.rate) * g / (sqrt(squares) + V(s.epsilon));
    }
};
template <class V, class T> void average(V g, V& m, V& v, const Step<T>& s) {
    m = fma(V(s.keep), m, V(s.take) * g);
    v = fma(V(s.keep_squares), v, V(s.take_squares) * g * g);
}
struct Adam {  // shrink is 1 but for AdamW
    template <class V, class T> static void update(V& theta, V g, V& m, V& v, const Step<T>& s) {
        average(g, m, v, s);
        theta = V(s.shrink) * theta - V(s.rate) * m / (sqrt(v) + V(s.epsilon));
    }
};
struct NAdam {
    template <class V, class T> static void update(V& theta, V g, V& m, V& v, const Step<T>& s) {
        average(g, m, v, s);
        V look = fma(V(s.ahead), m, V(s.now) * g);
        theta = theta - V(s.rate) * look / (sqrt(v) + V(s.epsilon));
    }
};

template <class F> void visit(RuleCode code, F visitor) {
    switch (code) {
        case RuleCode::sgd: return visitor(Sgd());
        case RuleCode::momentum: return visitor(Momentum());
        case RuleCode::nesterov: return visitor(Nesterov());
        case RuleCode::adagrad: return visitor(AdaGrad());
        case RuleCode::rmsprop: return visitor(RmsProp());
        case RuleCode::nadam: return visitor(NAdam());
        default: return visitor(Adam());
    }
}

}  // namespace rule

// How the gradient is clipped: times `factor`, then into [-bound, bound].
template <class T>
struct Clip {
    T factor = 1, bound = infinity<T>;
    bool active() const { return factor != T(1) || bound != infinity<T>; }
};

// theta, g and the state from begin to end
template <class T>
struct Descent {
    T *theta, *gradient, *first, *second;  // first and second: the state, as far as the rule has one
    Step<T> step;
    Clip<T> clip;
};

template <class T, int states, class Entry>
void update_block(const Descent<T>& d, Index begin, Index end) {
    using V = Vec<T>;
    const Step<T> step = d.step;
    const bool clipped = d.clip.active();
    auto one = [&](Index i, auto load, auto store) {
        V theta = load(d.theta + i), g = load(d.gradient + i), s0, s1;
        if (states > 0) s0 = load(d.first + i);
        if (states > 1) s1 = load(d.second + i);
        if (clipped) {
            V bound(d.clip.bound);
            g = min(max(g * V(d.clip.factor), -bound), bound);
            store(d.gradient + i, g);
        }
        Entry::template update<V, T>(theta, g, s0, s1, step);
        store(d.theta + i, theta);
        if (states > 0) store(d.first + i, s0);
        if (states > 1) store(d.second + i, s1);
    };
    Index i = begin;
    for (; i + V::size <= end; i += V::size) {
        one(i, [](const T* p) { return V::load(p); }, [](T* p, V x) { x.store(p); });
    }
    if (Index left = end - i; left > 0) {
        one(i, [left](const T* p) { return V::load(p, left); }, [left](T* p, V x) { x.store(p, left); });
    }
}

template <class T> void update(const Rule& rule, const Descent<T>& d, Index begin, Index end) {
    rule::visit(RuleCode(rule.code), [&](auto entry) {
        using Entry = decltype(entry);
        if constexpr (std::is_same_v<Entry, rule::Sgd>) update_block<T, 0, Entry>(d, begin, end);
        else if constexpr (std::is_same_v<Entry, rule::Adam> || std::is_same_v<Entry, rule::NAdam>)
            update_block<T, 2, Entry>(d, begin, end);
        else update_block<T, 1, Entry>(d, begin, end);
    });
}

}  // namespace chainrule
