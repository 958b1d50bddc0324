// The BLAS that SciPy carries, by the function pointers of scipy.linalg.cython_blas; nothing is linked.
// All matrices here lie row by row; BLAS counts columns first, so it is asked for the transposed product.
#pragma once

#include "vec.hpp"

namespace chainrule {

template <class T>
using Gemm = void (*)(char*, char*, int*, int*, int*, T*, T*, int*, T*, int*, T*, T*, int*);

struct Blas {
    Gemm<float> sgemm = nullptr;
    Gemm<double> dgemm = nullptr;
    int (*get_threads)() = nullptr;   // of OpenBLAS, where it is one
    void (*set_threads)(int) = nullptr;
};

inline Blas& blas() {
    static Blas pointers;
    return pointers;
}

template <class T> inline Gemm<T> gemm() {
    if constexpr (sizeof(T) == 4) return blas().sgemm;
    else return blas().dgemm;
}

struct Operand {
    const void* data;
    Index step;
    bool transposed;
};

// C (m, n) = A (m, k) B (k, n) + beta C, each of A and B possibly given transposed
template <class T> void blas_multiply(Index m, Index n, Index k, Operand a, Operand b, T beta, T* c, Index c_step) {
    char ta = a.transposed ? 'T' : 'N', tb = b.transposed ? 'T' : 'N';
    int im = int(m), in = int(n), ik = int(k), lda = int(a.step), ldb = int(b.step), ldc = int(c_step);
    T one = 1;
    auto* pa = static_cast<T*>(const_cast<void*>(a.data));
    auto* pb = static_cast<T*>(const_cast<void*>(b.data));
    gemm<T>()(&tb, &ta, &in, &im, &ik, &one, pb, &ldb, pa, &lda, &beta, c, &ldc);
}

}  // namespace chainrule
