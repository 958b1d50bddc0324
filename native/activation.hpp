// The activations by their number in chainrule.network.activation.ACTIVATIONS: value (F2), pullback (B2) and logarithms.
#pragma once

#include "math.hpp"

namespace chainrule {

constexpr int custom = -1;

enum class Sigma : int {
    identity, relu, leaky_relu, elu, selu, gelu, gelu_tanh, silu, mish, softplus, softsign, tanh, sigmoid,
    hard_sigmoid, exp, gaussian, sine, squared_relu, softmax, count
};

// An entry is f(z, p) and df(z, a, p), where p is its parameter; `from_value` says that df needs no z.
namespace sigma {

struct Relu {
    static constexpr bool from_value = true;
    template <class V, class T> static V f(V z, T) { return positive_part(z); }
    template <class V, class T> static V df(V, V a, T) { return where(V(T(0)) < a, V(T(1))); }
};
struct LeakyRelu {
    static constexpr bool from_value = false;
    template <class V, class T> static V f(V z, T p) { return select(V(T(0)) < z, z, V(p) * z); }
    template <class V, class T> static V df(V z, V, T p) { return select(V(T(0)) < z, V(T(1)), V(p)); }
};
struct Elu {
    static constexpr bool from_value = false;
    template <class V, class T> static V f(V z, T p) { return positive_part(z) + V(p) * expm1(negative_part(z)); }
    template <class V, class T> static V df(V z, V a, T p) { return select(V(T(0)) < z, V(T(1)), a + V(p)); }
};
struct Selu {
    static constexpr bool from_value = false;
    static constexpr double scale = 1.0507009873554805, alpha = 1.6732632423543772;  // Klambauer et al. 2017, (14)
    template <class V, class T> static V f(V z, T) {
        return V(T(scale)) * (positive_part(z) + V(T(alpha)) * expm1(negative_part(z)));
    }
    template <class V, class T> static V df(V z, V a, T) {
        return select(V(T(0)) < z, V(T(scale)), a + V(T(scale * alpha)));
    }
};
struct Gelu {
    static constexpr bool from_value = false;
    static constexpr double density = 0.39894228040143268;  // 1 / sqrt(2 pi)
    template <class V, class T> static V f(V z, T) { return z * normal(z).phi; }
    template <class V, class T> static V df(V z, V, T) {
        auto [phi, bell] = normal(z);
        return phi + z * bell * V(T(density));
    }
};
struct GeluTanh {  // Hendrycks and Gimpel 2016
    static constexpr bool from_value = false;
    static constexpr double root = 0.79788456080286536, cubic = 0.044715;
    template <class V, class T> static V inner(V z, T) { return tanh(V(T(root)) * (z + V(T(cubic)) * z * z * z)); }
    template <class V, class T> static V f(V z, T p) { return V(T(0.5)) * z * (V(T(1)) + inner(z, p)); }
    template <class V, class T> static V df(V z, V, T p) {
        V t = inner(z, p), one(T(1)), half(T(0.5));
        return half * (one + t) + half * z * (one - t * t) * V(T(root)) * (one + V(T(3 * cubic)) * z * z);
    }
};
struct Silu {
    static constexpr bool from_value = false;
    template <class V, class T> static V f(V z, T) { return z * sigmoid(z); }
    template <class V, class T> static V df(V z, V a, T) {
        V s = sigmoid(z);
        return s + a * (V(T(1)) - s);
    }
};
struct Mish {
    static constexpr bool from_value = false;
    template <class V, class T> static V f(V z, T) { return z * tanh(softplus(z)); }
    template <class V, class T> static V df(V z, V, T) {
        V t = tanh(softplus(z));
        return t + z * (V(T(1)) - t * t) * sigmoid(z);
    }
};
struct Softplus {
    static constexpr bool from_value = false;
    template <class V, class T> static V f(V z, T) { return softplus(z); }
    template <class V, class T> static V df(V z, V, T) { return sigmoid(z); }
};
struct Softsign {
    static constexpr bool from_value = false;
    template <class V, class T> static V f(V z, T) { return z / (V(T(1)) + abs(z)); }
    template <class V, class T> static V df(V z, V, T) {
        V d = V(T(1)) / (V(T(1)) + abs(z));
        return d * d;
    }
};
struct Tanh {
    static constexpr bool from_value = true;
    template <class V, class T> static V f(V z, T) { return tanh(z); }
    template <class V, class T> static V df(V, V a, T) { return V(T(1)) - a * a; }
};
struct Sigmoid {
    static constexpr bool from_value = true;
    template <class V, class T> static V f(V z, T) { return sigmoid(z); }
    template <class V, class T> static V df(V, V a, T) { return a * (V(T(1)) - a); }
};
struct HardSigmoid {
    static constexpr bool from_value = false;
    template <class V, class T> static V f(V z, T) {
        V line = z * V(T(1.0 / 6)) + V(T(0.5));
        return select(z <= V(T(-3)), V(T(0)), select(V(T(3)) <= z, V(T(1)), line));
    }
    template <class V, class T> static V df(V z, V, T) {
        return where(V(T(-3)) < z, where(z < V(T(3)), V(T(1.0 / 6))));
    }
};
struct Exp {
    static constexpr bool from_value = true;
    template <class V, class T> static V f(V z, T) { return exp(z); }
    template <class V, class T> static V df(V, V a, T) { return a; }
};
struct Gaussian {
    static constexpr bool from_value = false;
    template <class V, class T> static V f(V z, T) { return exp_of_negative(-z * z); }
    template <class V, class T> static V df(V z, V a, T) { return V(T(-2)) * z * a; }
};
struct Sine {
    static constexpr bool from_value = false;
    template <class V, class T> static V f(V z, T p) { return sin(V(p) * z); }
    template <class V, class T> static V df(V z, V, T p) { return V(p) * cos(V(p) * z); }
};
struct SquaredRelu {
    static constexpr bool from_value = false;
    template <class V, class T> static V f(V z, T) {
        V part = positive_part(z);
        return part * part;
    }
    template <class V, class T> static V df(V z, V, T) { return V(T(2)) * positive_part(z); }
};

// Calls visitor with the entry of that number; identity and softmax are no elementwise work and are met elsewhere.
template <class F> void visit(Sigma code, F visitor) {
    switch (code) {
        case Sigma::relu: return visitor(Relu());
        case Sigma::leaky_relu: return visitor(LeakyRelu());
        case Sigma::elu: return visitor(Elu());
        case Sigma::selu: return visitor(Selu());
        case Sigma::gelu: return visitor(Gelu());
        case Sigma::gelu_tanh: return visitor(GeluTanh());
        case Sigma::silu: return visitor(Silu());
        case Sigma::mish: return visitor(Mish());
        case Sigma::softplus: return visitor(Softplus());
        case Sigma::softsign: return visitor(Softsign());
        case Sigma::tanh: return visitor(Tanh());
        case Sigma::sigmoid: return visitor(Sigmoid());
        case Sigma::hard_sigmoid: return visitor(HardSigmoid());
        case Sigma::exp: return visitor(Exp());
        case Sigma::gaussian: return visitor(Gaussian());
        case Sigma::sine: return visitor(Sine());
        case Sigma::squared_relu: return visitor(SquaredRelu());
        default: return;
    }
}

inline bool from_value(Sigma code) {
    bool answer = true;  // identity and softmax
    visit(code, [&](auto entry) { answer = decltype(entry)::from_value; });
    return answer;
}

}  // namespace sigma

// One activation as a layer has it.
template <class T>
struct Activation {
    int code = 0;
    T parameter = 0;

    bool is_custom() const { return code == custom; }
    bool is_identity() const { return code == int(Sigma::identity); }
    bool is_softmax() const { return code == int(Sigma::softmax); }
    bool keeps_z() const { return is_custom() || !sigma::from_value(Sigma(code)); }
};

// Rows of a batch: `width` numbers used of `step`.
struct Rows {
    Index count, width, step;
    Index numbers() const { return count * step; }
};

template <class T> inline Mask<T> used_lanes(Index column, Index width) {
    return Vec<T>::lanes() < Vec<T>(T(width - column));
}

// a = exp(z - max z) / sum exp(z - max z) along the row
template <class T> void softmax_row(const T* z, T* a, Index width) {
    using V = Vec<T>;
    V top(-infinity<T>), total(T(0));
    for (Index j = 0; j < width; j += V::size) {
        top = max(top, select(used_lanes<T>(j, width), V::aligned(z + j), V(-infinity<T>)));
    }
    V shift(largest(top));
    for (Index j = 0; j < width; j += V::size) {
        V e = where(used_lanes<T>(j, width), exp_of_negative(V::aligned(z + j) - shift));
        e.store(a + j);
        total += e;
    }
    V scale(T(1) / sum(total));
    for (Index j = 0; j < width; j += V::size) (V::aligned(a + j) * scale).store(a + j);
}

// g <- a (g - sum a g) along the row
template <class T> void softmax_row_pullback(const T* a, T* g, Index width) {
    using V = Vec<T>;
    V total(T(0));
    for (Index j = 0; j < width; j += V::size) {
        total += where(used_lanes<T>(j, width), V::aligned(a + j) * V::aligned(g + j));
    }
    V along(sum(total));
    for (Index j = 0; j < width; j += V::size) (V::aligned(a + j) * (V::aligned(g + j) - along)).store(g + j);
}

// F2: a = sigma(z); z and a may be the same memory
template <class T> void apply(const Activation<T>& activation, const T* z, T* a, Rows rows) {
    using V = Vec<T>;
    if (activation.is_softmax()) {
        for (Index i = 0; i < rows.count; ++i) softmax_row(z + i * rows.step, a + i * rows.step, rows.width);
    } else if (activation.is_identity()) {
        if (a != z) std::memcpy(a, z, sizeof(T) * static_cast<std::size_t>(rows.numbers()));
    } else {
        sigma::visit(Sigma(activation.code), [&](auto entry) {
            for (Index j = 0; j < rows.numbers(); j += V::size) {
                entry.f(V::aligned(z + j), activation.parameter).store(a + j);
            }
        });
    }
}

// B2: g <- g * sigma'(z), or the row-wise pullback
template <class T> void pull_back(const Activation<T>& activation, const T* z, const T* a, T* g, Rows rows) {
    using V = Vec<T>;
    if (activation.is_softmax()) {
        for (Index i = 0; i < rows.count; ++i) softmax_row_pullback(a + i * rows.step, g + i * rows.step, rows.width);
    } else if (!activation.is_identity()) {
        sigma::visit(Sigma(activation.code), [&](auto entry) {
            for (Index j = 0; j < rows.numbers(); j += V::size) {
                V slope = entry.df(V::aligned(z + j), V::aligned(a + j), activation.parameter);
                (V::aligned(g + j) * slope).store(g + j);
            }
        });
    }
}

}  // namespace chainrule
