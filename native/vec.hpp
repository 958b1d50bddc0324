// One machine vector of T with the arithmetic of a number: Eigen's packets, so the same text serves SSE2, AVX2,
// AVX-512 and NEON. Comparisons give a Mask; on AVX-512 that is a mask register, elsewhere a vector of set bits.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstring>

namespace chainrule {

namespace packet = Eigen::internal;

using Index = std::ptrdiff_t;

template <class T>
struct Vec {
    using Packet = typename packet::packet_traits<T>::type;
    static constexpr Index size = packet::packet_traits<T>::size;

    Packet p;

    Vec() = default;
    Vec(Packet given) : p(given) {}
    Vec(T number) : p(packet::pset1<Packet>(number)) {}

    static Vec aligned(const T* from) { return packet::pload<Packet>(from); }
    static Vec load(const T* from) { return packet::ploadu<Packet>(from); }
    static Vec load(const T* from, Index count);  // the first `count` numbers, 0 behind them
    static Vec lanes() { return packet::plset<Packet>(T(0)); }  // 0, 1, 2, ...

    void store(T* to) const { packet::pstoreu(to, p); }
    void store(T* to, Index count) const;

    friend Vec operator+(Vec x, Vec y) { return packet::padd(x.p, y.p); }
    friend Vec operator-(Vec x, Vec y) { return packet::psub(x.p, y.p); }
    friend Vec operator*(Vec x, Vec y) { return packet::pmul(x.p, y.p); }
    friend Vec operator/(Vec x, Vec y) { return packet::pdiv(x.p, y.p); }
    friend Vec operator-(Vec x) { return packet::pnegate(x.p); }
    Vec& operator+=(Vec y) { return *this = *this + y; }
    Vec& operator*=(Vec y) { return *this = *this * y; }
};

// Loads and stores of the first `count` lanes touch no memory beyond them.
#if defined(EIGEN_VECTORIZE_AVX512)

inline unsigned first_lanes(Index count) { return (1u << count) - 1; }
template <> inline Vec<float> Vec<float>::load(const float* from, Index count) {
    return _mm512_maskz_loadu_ps(__mmask16(first_lanes(count)), from);
}
template <> inline Vec<double> Vec<double>::load(const double* from, Index count) {
    return _mm512_maskz_loadu_pd(__mmask8(first_lanes(count)), from);
}
template <> inline void Vec<float>::store(float* to, Index count) const {
    _mm512_mask_storeu_ps(to, __mmask16(first_lanes(count)), p);
}
template <> inline void Vec<double>::store(double* to, Index count) const {
    _mm512_mask_storeu_pd(to, __mmask8(first_lanes(count)), p);
}

#elif defined(EIGEN_VECTORIZE_AVX2)

inline __m256i first_floats(Index count) {
    alignas(64) static constexpr int window[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(window + 8 - count));
}
inline __m256i first_doubles(Index count) {
    alignas(64) static constexpr long long window[8] = {-1, -1, -1, -1};
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(window + 4 - count));
}
template <> inline Vec<float> Vec<float>::load(const float* from, Index count) {
    return _mm256_maskload_ps(from, first_floats(count));
}
template <> inline Vec<double> Vec<double>::load(const double* from, Index count) {
    return _mm256_maskload_pd(from, first_doubles(count));
}
template <> inline void Vec<float>::store(float* to, Index count) const { _mm256_maskstore_ps(to, first_floats(count), p); }
template <> inline void Vec<double>::store(double* to, Index count) const { _mm256_maskstore_pd(to, first_doubles(count), p); }

#else

template <class T> inline Vec<T> Vec<T>::load(const T* from, Index count) {
    alignas(64) T buffer[size] = {};
    for (Index i = 0; i < count; ++i) buffer[i] = from[i];
    return aligned(buffer);
}
template <class T> inline void Vec<T>::store(T* to, Index count) const {
    alignas(64) T buffer[size];
    packet::pstore(buffer, p);
    for (Index i = 0; i < count; ++i) to[i] = buffer[i];
}

#endif

// A row into padded memory; what lies behind it there becomes 0.
template <class T> inline void copy_row(const T* from, T* to, Index count) {
    Index j = 0;
    for (; j + Vec<T>::size <= count; j += Vec<T>::size) Vec<T>::load(from + j).store(to + j);
    if (j < count) Vec<T>::load(from + j, count - j).store(to + j);
}

template <class T> inline Vec<T> fma(Vec<T> x, Vec<T> y, Vec<T> z) { return packet::pmadd(x.p, y.p, z.p); }
template <class T> inline Vec<T> abs(Vec<T> x) { return packet::pabs(x.p); }
template <class T> inline Vec<T> sqrt(Vec<T> x) { return packet::psqrt(x.p); }
template <class T> inline T sum(Vec<T> x) { return packet::predux(x.p); }
template <class T> inline T largest(Vec<T> x) { return packet::predux_max(x.p); }

#if defined(EIGEN_VECTORIZE_AVX512)

template <class T> struct MaskOf;
template <> struct MaskOf<float> { using type = __mmask16; };
template <> struct MaskOf<double> { using type = __mmask8; };
template <class T> using Mask = typename MaskOf<T>::type;

inline Mask<float> operator<(Vec<float> x, Vec<float> y) { return _mm512_cmp_ps_mask(x.p, y.p, _CMP_LT_OQ); }
inline Mask<double> operator<(Vec<double> x, Vec<double> y) { return _mm512_cmp_pd_mask(x.p, y.p, _CMP_LT_OQ); }
inline Mask<float> operator==(Vec<float> x, Vec<float> y) { return _mm512_cmp_ps_mask(x.p, y.p, _CMP_EQ_OQ); }
inline Mask<double> operator==(Vec<double> x, Vec<double> y) { return _mm512_cmp_pd_mask(x.p, y.p, _CMP_EQ_OQ); }
inline Mask<float> operator<=(Vec<float> x, Vec<float> y) { return _mm512_cmp_ps_mask(x.p, y.p, _CMP_LE_OQ); }
inline Mask<double> operator<=(Vec<double> x, Vec<double> y) { return _mm512_cmp_pd_mask(x.p, y.p, _CMP_LE_OQ); }
inline Vec<float> select(Mask<float> m, Vec<float> x, Vec<float> y) { return _mm512_mask_blend_ps(m, y.p, x.p); }
inline Vec<double> select(Mask<double> m, Vec<double> x, Vec<double> y) { return _mm512_mask_blend_pd(m, y.p, x.p); }
inline Vec<float> where(Mask<float> m, Vec<float> x) { return _mm512_maskz_mov_ps(m, x.p); }
inline Vec<double> where(Mask<double> m, Vec<double> x) { return _mm512_maskz_mov_pd(m, x.p); }

#else

template <class T> struct Mask { typename Vec<T>::Packet p; };

template <class T> inline Mask<T> operator<(Vec<T> x, Vec<T> y) { return {packet::pcmp_lt(x.p, y.p)}; }
template <class T> inline Mask<T> operator==(Vec<T> x, Vec<T> y) { return {packet::pcmp_eq(x.p, y.p)}; }
template <class T> inline Mask<T> operator<=(Vec<T> x, Vec<T> y) { return {packet::pcmp_le(x.p, y.p)}; }
template <class T> inline Vec<T> select(Mask<T> m, Vec<T> x, Vec<T> y) { return packet::pselect(m.p, x.p, y.p); }
template <class T> inline Vec<T> where(Mask<T> m, Vec<T> x) { return packet::pand(m.p, x.p); }

#endif

// max and min that let NaN through, as NumPy's do
template <class T> inline Vec<T> max(Vec<T> x, Vec<T> y) { return select(y < x, x, select(x <= y, y, x + y)); }
template <class T> inline Vec<T> min(Vec<T> x, Vec<T> y) { return select(x < y, x, select(y <= x, y, x + y)); }
template <class T> inline Vec<T> positive_part(Vec<T> x) { return select(x <= Vec<T>(T(0)), Vec<T>(T(0)), x); }
template <class T> inline Vec<T> negative_part(Vec<T> x) { return select(Vec<T>(T(0)) <= x, Vec<T>(T(0)), x); }

}  // namespace chainrule
