// The losses by their number in chainrule.network.loss.LOSSES, and the three roads of chainrule.network.head from z to
// the value (J) and delta_L (B1).
#pragma once

#include <vector>

#include "activation.hpp"

namespace chainrule {

enum class LossCode : int {
    squared_error, half_squared_error, mean_squared_error, half_mean_squared_error, binary_cross_entropy,
    categorical_cross_entropy, absolute_error, huber, log_cosh, quantile, poisson, gamma, hinge, focal, gaussian_nll,
    kl_divergence, count
};

template <class T>
struct Loss {
    int code = 0;
    T scale = 1;               // factor, and 1 / n_L where the outputs are averaged
    std::vector<T> parameters;
    Index targets = 0;         // columns of T

    bool is(LossCode which) const { return code == int(which); }
    bool is_custom() const { return code == custom; }
    T parameter(std::size_t i) const { return i < parameters.size() ? parameters[i] : T(0); }
};

enum class Road { cancelled, logarithms, chain, python };

template <class T> Road road(const Activation<T>& sigma, const Loss<T>& loss) {
    if (sigma.is_custom() || loss.is_custom()) return Road::python;
    bool sigmoid = sigma.code == int(Sigma::sigmoid);
    if (sigmoid && loss.is(LossCode::binary_cross_entropy)) return Road::cancelled;
    if (sigma.is_softmax() && loss.is(LossCode::categorical_cross_entropy)) return Road::cancelled;
    switch (LossCode(loss.code)) {
        case LossCode::binary_cross_entropy: case LossCode::categorical_cross_entropy: case LossCode::poisson:
        case LossCode::gamma: case LossCode::focal: case LossCode::kl_divergence: return Road::logarithms;
        default: return Road::chain;
    }
}

// Losses of f: term(f, y) and slope(f, y); p is the parameter, or the level of the output for quantile.
namespace loss {

struct Squared {
    template <class V, class T> static V term(V f, V y, V) { return (f - y) * (f - y); }
    template <class V, class T> static V slope(V f, V y, V) { return V(T(2)) * (f - y); }
};
struct Absolute {
    template <class V, class T> static V term(V f, V y, V) { return abs(f - y); }
    template <class V, class T> static V slope(V f, V y, V) { return sign(f - y); }
};
struct Huber {
    template <class V, class T> static V term(V f, V y, V d) {
        V size = abs(f - y);
        return select(size <= d, size * size * V(T(0.5)), d * (size - V(T(0.5)) * d));
    }
    template <class V, class T> static V slope(V f, V y, V d) {
        V r = f - y;
        return select(abs(r) <= d, r, d * sign(r));
    }
};
struct LogCosh {
    // |r| + log1p(exp(-2 |r|)) - log 2; below 1, where that cancels, log1p(2 sinh(r/2)^2)
    template <class V, class T> static V term(V f, V y, V) {
        V size = abs(f - y), one(T(1));
        auto small = size < one;
        V e = expm1(V(T(0.5)) * size), sinh = V(T(0.5)) * (e + e / (e + one));
        V inside = select(small, V(T(2)) * sinh * sinh, exp_of_negative(V(T(-2)) * size));
        return select(small, V(T(0)), size - V(T(0.69314718055994531))) + log1p(inside);
    }
    template <class V, class T> static V slope(V f, V y, V) { return tanh(f - y); }
};
struct Quantile {
    template <class V, class T> static V term(V f, V y, V q) {
        V r = y - f;
        return select(V(T(0)) < r, q * r, (q - V(T(1))) * r);
    }
    template <class V, class T> static V slope(V f, V y, V q) {
        V r = y - f, zero(T(0));
        return select(r < zero, V(T(1)) - q, select(r == zero, zero, -q));
    }
};
struct Hinge {
    template <class V, class T> static V term(V f, V y, V) { return positive_part(V(T(1)) - y * f); }
    template <class V, class T> static V slope(V f, V y, V) { return where(V(T(0)) < V(T(1)) - y * f, -y); }
};

// Losses of u = log f and v = log(1 - f), with their slopes in both.
struct Pair { double p0, p1; };
struct BinaryCrossEntropy {
    static constexpr bool colog = true;
    template <class V, class T> static V term(V u, V v, V y, Pair) { return -(y * u + (V(T(1)) - y) * v); }
    template <class V, class T> static V slope_u(V, V, V y, Pair) { return -y; }
    template <class V, class T> static V slope_v(V, V, V y, Pair) { return y - V(T(1)); }
};
struct CategoricalCrossEntropy {
    static constexpr bool colog = false;
    template <class V, class T> static V term(V u, V, V y, Pair) { return -y * u; }
    template <class V, class T> static V slope_u(V, V, V y, Pair) { return -y; }
    template <class V, class T> static V slope_v(V, V, V, Pair) { return V(T(0)); }
};
struct Poisson {
    static constexpr bool colog = false;
    template <class V, class T> static V term(V u, V, V y, Pair) { return exp(u) - y * u; }
    template <class V, class T> static V slope_u(V u, V, V y, Pair) { return exp(u) - y; }
    template <class V, class T> static V slope_v(V, V, V, Pair) { return V(T(0)); }
};
struct Gamma {
    static constexpr bool colog = false;
    template <class V, class T> static V term(V u, V, V y, Pair) { return y * exp(-u) + u; }
    template <class V, class T> static V slope_u(V u, V, V y, Pair) { return V(T(1)) - y * exp(-u); }
    template <class V, class T> static V slope_v(V, V, V, Pair) { return V(T(0)); }
};
struct Focal {  // Lin et al. 2017, (5); p0 = gamma, p1 = alpha
    static constexpr bool colog = true;
    template <class V, class T> static V hit(V v, V y, Pair p) { return V(T(p.p1)) * y * exp(V(T(p.p0)) * v); }
    template <class V, class T> static V miss(V u, V y, Pair p) {
        return V(T(1 - p.p1)) * (V(T(1)) - y) * exp(V(T(p.p0)) * u);
    }
    template <class V, class T> static V term(V u, V v, V y, Pair p) {
        return -(hit<V, T>(v, y, p) * u) - miss<V, T>(u, y, p) * v;
    }
    template <class V, class T> static V slope_u(V u, V v, V y, Pair p) {
        return -hit<V, T>(v, y, p) - V(T(p.p0)) * miss<V, T>(u, y, p) * v;
    }
    template <class V, class T> static V slope_v(V u, V v, V y, Pair p) {
        return -miss<V, T>(u, y, p) - V(T(p.p0)) * hit<V, T>(v, y, p) * u;
    }
};
struct FocalOnSoftmax {
    static constexpr bool colog = true;
    template <class V, class T> static V term(V u, V v, V y, Pair p) { return -(Focal::hit<V, T>(v, y, p) * u); }
    template <class V, class T> static V slope_u(V, V v, V y, Pair p) { return -Focal::hit<V, T>(v, y, p); }
    template <class V, class T> static V slope_v(V u, V v, V y, Pair p) {
        return -(V(T(p.p0)) * Focal::hit<V, T>(v, y, p) * u);
    }
};
struct KlDivergence {
    static constexpr bool colog = false;
    template <class V, class T> static V term(V u, V, V y, Pair) {
        return y * (log(select(V(T(0)) < y, y, V(T(1)))) - u);  // 0 where y = 0
    }
    template <class V, class T> static V slope_u(V, V, V y, Pair) { return -y; }
    template <class V, class T> static V slope_v(V, V, V, Pair) { return V(T(0)); }
};

template <class F> void visit_chain(LossCode code, F visitor) {
    switch (code) {
        case LossCode::absolute_error: return visitor(Absolute());
        case LossCode::huber: return visitor(Huber());
        case LossCode::log_cosh: return visitor(LogCosh());
        case LossCode::quantile: return visitor(Quantile());
        case LossCode::hinge: return visitor(Hinge());
        default: return visitor(Squared());
    }
}

template <class F> void visit_logarithms(LossCode code, bool softmax, F visitor) {
    switch (code) {
        case LossCode::binary_cross_entropy: return visitor(BinaryCrossEntropy());
        case LossCode::poisson: return visitor(Poisson());
        case LossCode::gamma: return visitor(Gamma());
        case LossCode::kl_divergence: return visitor(KlDivergence());
        case LossCode::focal: return softmax ? visitor(FocalOnSoftmax()) : visitor(Focal());
        default: return visitor(CategoricalCrossEntropy());
    }
}

}  // namespace loss
}  // namespace chainrule
