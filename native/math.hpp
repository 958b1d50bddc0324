// Exponentials and their kin on whole vectors, stable for arguments of any size and letting NaN through.
#pragma once

#include <array>
#include <cmath>
#include <limits>

#include "vec.hpp"

namespace chainrule {

template <class T> constexpr T infinity = std::numeric_limits<T>::infinity();
template <class T> constexpr bool is_float = sizeof(T) == 4;

// What Eigen's exponential gives, without the ends: for arguments that cannot overflow.
template <class T> inline Vec<T> exp_of_negative(Vec<T> x) {
    constexpr T vanishing = is_float<T> ? T(-87) : T(-707);
    Vec<T> y = packet::pexp(x.p);
    return select(x < Vec<T>(vanishing), Vec<T>(T(0)), select(x == x, y, x));
}

template <class T> inline Vec<T> exp(Vec<T> x) {
    constexpr T overflow = is_float<T> ? T(88.72283) : T(709.782712893384);
    return select(Vec<T>(overflow) < x, Vec<T>(infinity<T>), exp_of_negative(x));
}

template <class T> inline Vec<T> log(Vec<T> x) {
    Vec<T> y = packet::plog(x.p);
    return select(x == x, y, x);
}

template <class T> inline Vec<T> log1p(Vec<T> x) {
    // log(u) x / (u - 1) with u = 1 + x: the rounding of u cancels (Kahan; Goldberg 1991, theorem 4)
    Vec<T> u = Vec<T>(T(1)) + x;
    return select(u == Vec<T>(T(1)), x, log(u) * (x / (u - Vec<T>(T(1)))));
}

template <class T, int N> constexpr T inverse_factorial() {
    T product = 1;
    for (int i = 2; i <= N; ++i) product *= T(i);
    return T(1) / product;
}

// expm1(x) / x for |x| <= 1/2 by its Taylor series; the first term left out is below 2^-54 (2^-25) of the sum.
template <class T, int N> inline Vec<T> expm1_series(Vec<T> x) {
    constexpr int last = is_float<T> ? 8 : 15;
    if constexpr (N == last) return Vec<T>(inverse_factorial<T, last>());
    else return fma(x, expm1_series<T, N + 1>(x), Vec<T>(inverse_factorial<T, N>()));
}

template <class T> inline Vec<T> expm1(Vec<T> x) {
    return select(abs(x) <= Vec<T>(T(0.5)), x * expm1_series<T, 1>(x), exp(x) - Vec<T>(T(1)));
}

template <class T> inline Vec<T> tanh(Vec<T> x) {
    if constexpr (is_float<T>) {
        return select(x == x, Vec<T>(packet::ptanh(x.p)), x);
    } else {
        Vec<T> twice = T(2) * abs(x);
        Vec<T> bounded = select(Vec<T>(T(40)) < twice, Vec<T>(T(40)), twice);  // tanh(20) is 1 to the last digit
        Vec<T> e = expm1(bounded);
        Vec<T> y = e / (e + Vec<T>(T(2)));
        return select(x < Vec<T>(T(0)), -y, y);
    }
}

template <class T> inline Vec<T> sigmoid(Vec<T> x) {
    Vec<T> decay = exp_of_negative(-abs(x));
    return select(Vec<T>(T(0)) < x, Vec<T>(T(1)), decay) / (Vec<T>(T(1)) + decay);
}

template <class T> inline Vec<T> softplus(Vec<T> x) { return positive_part(x) + log1p(exp_of_negative(-abs(x))); }
template <class T> inline Vec<T> log_sigmoid(Vec<T> x) { return -softplus(-x); }
template <class T> inline Vec<T> sign(Vec<T> x) {
    return where(Vec<T>(T(0)) < x, Vec<T>(T(1))) - where(x < Vec<T>(T(0)), Vec<T>(T(1)));
}

// c_0 + c_1 x + ... by Horner's rule
template <class T, std::size_t N> inline Vec<T> polynomial(const std::array<double, N>& c, Vec<T> x) {
    Vec<T> y{T(c[N - 1])};
    for (std::size_t i = N - 1; i-- > 0;) y = fma(y, x, Vec<T>(T(c[i])));
    return y;
}

// The normal distribution function and its bell: Phi(z) = (1 + erf(z / sqrt 2)) / 2 and exp(-z^2 / 2).
template <class T> struct Normal { Vec<T> phi, bell; };

// Phi(-x) = exp(-x^2 / 2) w q(w), w = 1 / (x + c), for x >= 0: the form of Shepherd and Laframboise 1981. The polynomials
// q interpolate at the Chebyshev points of 0 <= x <= X and were worked out in 40 digits; |error of Phi| < 3e-17 (float64)
// and < 2.6e-8 (float32), beyond X too. Their argument is s = slope w + offset, which runs from -1 to 1.
template <class T> inline Normal<T> normal(Vec<T> z) {
    constexpr auto q = [] {
        if constexpr (is_float<T>) {
            return std::array{1.095773647,    0.6090484462,     0.2314637014,    0.0572114469,
                              0.007116811491, -0.0003876762797, -0.000226479109};
        } else {
            return std::array{1.10314633609312352,     0.756975902609289643,    0.404695737215251412,
                              0.168606299730466805,    0.053369062715546857,    0.0119095106026164404,
                              0.00144057668741698964,  -8.03322837369743986e-5, -6.07985969650456041e-5,
                              -4.45934405138601212e-6, 1.94594240375038108e-6,  3.0169403831325605e-7,
                              -7.25351983671758323e-8, -1.43283112976359852e-8, 3.43220866649618111e-9,
                              5.23563586566534942e-10, -1.57662781703198585e-10};
        }
    }();
    constexpr double c = is_float<T> ? 4 : 5, X = is_float<T> ? 5.5 : 8.5;
    constexpr double low = 1 / (X + c), high = 1 / c, slope = 2 / (high - low), offset = -(high + low) / (high - low);
    Vec<T> bell = exp_of_negative(Vec<T>(T(-0.5)) * z * z);
    Vec<T> w = Vec<T>(T(1)) / (abs(z) + Vec<T>(T(c)));
    Vec<T> tail = bell * w * polynomial(q, fma(w, Vec<T>(T(slope)), Vec<T>(T(offset))));
    return {select(z < Vec<T>(T(0)), tail, Vec<T>(T(1)) - tail), bell};
}

// The whole number next to x, ties to even, for |x| < 2^22 (2^51): beyond 2^23 (2^52) there are no fractions.
template <class T> inline Vec<T> nearest(Vec<T> x) {
    Vec<T> wide(is_float<T> ? T(0x1.8p23) : T(0x1.8p52));
    return (x + wide) - wide;
}

// sin(r) / r and cos(r) in r^2 by Taylor; for |r| <= pi / 4 the first terms left out are below 2^-54 (2^-25).
template <class T, int first> inline Vec<T> circle_series(Vec<T> square) {
    constexpr auto c = [] {
        std::array<double, is_float<T> ? 6 : 9> terms{};
        double term = 1, n = first;
        for (double& entry : terms) entry = term, term /= -(n + 1) * (n + 2), n += 2;
        return terms;
    }();
    return polynomial(c, square);
}

template <class T, class F> inline Vec<T> each(Vec<T> x, F function) {
    alignas(64) T lane[Vec<T>::size];
    packet::pstore(lane, x.p);
    for (T& value : lane) value = function(value);
    return Vec<T>::aligned(lane);
}

// sin(x + quarter pi / 2). x = k pi/2 + r with pi/2 in three parts, the first two so short that their products with k
// are exact (Cody and Waite 1980); sin and cos of r, |r| <= pi/4, change places and signs with k + quarter modulo 4.
// Lanes beyond the reach of that, and those that are no numbers, go to the C library.
template <class T, int quarter> inline Vec<T> circle(Vec<T> x) {
    constexpr T reach = is_float<T> ? T(8192) : T(1 << 20);
    constexpr T part1 = is_float<T> ? T(0x1.92p0) : T(0x1.921fb544p0);
    constexpr T part2 = is_float<T> ? T(0x1.fb4p-12) : T(0x1.0b4611a6p-34);
    constexpr T part3 = is_float<T> ? T(0x1.4442d2p-24) : T(0x1.3198a2e037073p-69);
    using V = Vec<T>;
    const V one(T(1)), half(T(0.5));
    if (sum(select(abs(x) <= V(reach), V(T(0)), one)) != 0) {
        return each(x, [](T v) { return quarter ? std::cos(v) : std::sin(v); });
    }
    V k = nearest(x * V(T(0.63661977236758134))), r = fma(k, V(-part3), fma(k, V(-part2), fma(k, V(-part1), x)));
    V turn = k + V(T(quarter)), odd = abs(turn - V(T(2)) * nearest(half * turn));
    V phase = turn - V(T(4)) * nearest(V(T(0.25)) * turn);  // sine falls below 0 for -2, -1 and 2, not for 0 and 1
    V square = r * r, y = select(half < odd, circle_series<T, 0>(square), r * circle_series<T, 1>(square));
    return select(abs(phase - half) < one, y, -y);
}
template <class T> inline Vec<T> sin(Vec<T> x) { return circle<T, 0>(x); }
template <class T> inline Vec<T> cos(Vec<T> x) { return circle<T, 1>(x); }

}  // namespace chainrule
