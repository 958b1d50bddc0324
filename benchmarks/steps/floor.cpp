// The floor: the matrix products of training steps through a BLAS given by its function pointer; and the arithmetic
// peak, a loop of independent fused multiply-adds. Compiled by floor.py for the processor at hand.
#include <ctime>
#include <vector>

template <class T> using Gemm = void (*)(char*, char*, int*, int*, int*, T*, T*, int*, T*, int*, T*, T*, int*);

// F1, B2 and B3 of all layers, `steps` times; sizes n_0 .. n_L, batch N. Matrices row by row.
template <class T> void steps(void* pointer, const int* n, int depth, int N, int count) {
    auto gemm = reinterpret_cast<Gemm<T>>(pointer);
    static std::vector<std::vector<T>> a, d, W, G;
    a.assign(depth + 1, {}), d.assign(depth + 1, {}), W.assign(depth + 1, {}), G.assign(depth + 1, {});
    for (int l = 0; l <= depth; ++l) {
        a[l].assign(size_t(N) * n[l], T(0.01));
        d[l].assign(size_t(N) * n[l], T(0.01));
        if (l) W[l].assign(size_t(n[l]) * n[l - 1], T(0.01)), G[l] = W[l];
    }
    char no = 'N', yes = 'T';
    T one = 1, zero = 0;
    for (int s = 0; s < count; ++s) {
        for (int l = 1; l <= depth; ++l) {
            int out = n[l], in = n[l - 1];
            gemm(&yes, &no, &out, &N, &in, &one, W[l].data(), &in, a[l - 1].data(), &in, &zero, a[l].data(), &out);
        }
        for (int l = depth; l >= 1; --l) {
            int out = n[l], in = n[l - 1];
            gemm(&no, &yes, &in, &out, &N, &one, a[l - 1].data(), &in, d[l].data(), &out, &zero, G[l].data(), &in);
            if (l > 1) gemm(&no, &no, &in, &N, &out, &one, W[l].data(), &in, d[l].data(), &out, &zero, d[l - 1].data(), &in);
        }
    }
}

extern "C" void steps_float32(void* g, const int* n, int depth, int N, int count) { steps<float>(g, n, depth, N, count); }
extern "C" void steps_float64(void* g, const int* n, int depth, int N, int count) { steps<double>(g, n, depth, N, count); }

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
typedef float Lanes __attribute__((vector_size(BYTES)));

// The processor's time, which a busy machine does not stretch.
static double seconds_of_thread() {
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

// Operations a second of one core in float32.
extern "C" double peak_float32() {
    double best = 0;
    for (int round = 0; round < 20; ++round) {
        Lanes x0{}, x1{}, x2{}, x3{}, x4{}, x5{}, x6{}, x7{}, x8{}, x9{}, f = x0 + 0.999f, c = x0 + 0.1f;
        const long turns = 2000000;
        double start = seconds_of_thread();
        for (long i = 0; i < turns; ++i) {
            x0 = x0 * f + c, x1 = x1 * f + c, x2 = x2 * f + c, x3 = x3 * f + c, x4 = x4 * f + c;
            x5 = x5 * f + c, x6 = x6 * f + c, x7 = x7 * f + c, x8 = x8 * f + c, x9 = x9 * f + c;
            asm volatile("" : "+v"(x0), "+v"(x1), "+v"(x2), "+v"(x3), "+v"(x4), "+v"(x5), "+v"(x6), "+v"(x7), "+v"(x8), "+v"(x9));
        }
        double seconds = seconds_of_thread() - start;
        double rate = double(turns) * 10 * 2 * (BYTES / 4) / seconds;
        if (rate > best) best = rate;
    }
    return best;
}
