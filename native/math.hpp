// Exponentials and their kin on whole vectors, stable for arguments of any size and letting NaN through.
#pragma once

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

// Functions that Eigen has no vectors for, lane by lane.
template <class T, class F> inline Vec<T> each(Vec<T> x, F function) {
    alignas(64) T lane[Vec<T>::size];
    packet::pstore(lane, x.p);
    for (T& value : lane) value = function(value);
    return Vec<T>::aligned(lane);
}

template <class T> inline Vec<T> erf(Vec<T> x) { return each(x, [](T v) { return std::erf(v); }); }
template <class T> inline Vec<T> sin(Vec<T> x) { return each(x, [](T v) { return std::sin(v); }); }
template <class T> inline Vec<T> cos(Vec<T> x) { return each(x, [](T v) { return std::cos(v); }); }

}  // namespace chainrule
