// Matrix products. A tile of C, M rows of V vectors, stays in registers while the kernel walks along the inner
// dimension: per step V loads of B and M broadcasts of A feed M V fused multiply-adds. B lies in panels of two vectors'
// width, packed so that a walk reads memory in order; panels are zero beyond the matrix.
#pragma once

#include <array>
#include <utility>

#include "blas.hpp"
#include "memory.hpp"

#if defined(__GNUC__)
#define CHAINRULE_UNROLL _Pragma("GCC unroll 32")
#else
#define CHAINRULE_UNROLL
#endif

namespace chainrule {

#if defined(EIGEN_VECTORIZE_AVX512) || defined(__aarch64__)
constexpr int tile_rows = 14;  // 28 accumulators, two vectors of B, one broadcast: 31 of 32 registers
#else
constexpr int tile_rows = 6;   // 12 accumulators, two vectors of B, one broadcast: 15 of 16 registers
#endif

template <class T> constexpr Index panel_width = 2 * Vec<T>::size;

enum class Start { zero, bias, accumulate };

// One tile. `a` walks with step_k from one k to the next and with step_i from one row to the next, one of them 1.
template <class T>
struct Tile {
    Index inner;
    const T* a;
    Index step;  // the one that is not 1
    const T* b;
    Index b_step;
    T* c;
    Index c_step;
    Start start;
    const T* bias;
    Index last;  // numbers of C in the last vector, all of them if 0
    T* squares = nullptr;  // one vector, to which the squares of C are added lane by lane
};

template <class T, int M, int V, bool by_columns>
void multiply_tile(const Tile<T>& given) {
    using Packet = Vec<T>;
    constexpr Index S = Packet::size;
    const Tile<T> tile = given;  // in registers: the stores below might change what the reference shows
    Packet acc[M][V];
    auto each = [&](auto work) {
        CHAINRULE_UNROLL
        for (int i = 0; i < M; ++i) {
            CHAINRULE_UNROLL
            for (int v = 0; v < V; ++v) work(acc[i][v], tile.c + i * tile.c_step + v * S, v);
        }
    };
    if (tile.start == Start::bias) each([&](Packet& sum, T*, int v) { sum = Packet::load(tile.bias + v * S); });
    else each([](Packet& sum, T*, int) { sum = Packet(T(0)); });
    const T *a = tile.a, *b = tile.b;
    for (Index k = tile.inner; k > 0; --k) {
        Packet row[V];
        CHAINRULE_UNROLL
        for (int v = 0; v < V; ++v) row[v] = Packet::load(b + v * S);
        CHAINRULE_UNROLL
        for (int i = 0; i < M; ++i) {
            Packet factor(by_columns ? a[i] : a[i * tile.step]);
            CHAINRULE_UNROLL
            for (int v = 0; v < V; ++v) acc[i][v] = fma(factor, row[v], acc[i][v]);
        }
        b += tile.b_step;
        a += by_columns ? tile.step : 1;
    }
    const bool partial = tile.last != 0;
    if (tile.start == Start::accumulate) {
        each([&](Packet& sum, const T* to, int v) {
            sum += partial && v == V - 1 ? Packet::load(to, tile.last) : Packet::load(to);
        });
    }
    if (tile.squares) {
        const auto used = Packet::lanes() < Packet(T(partial ? tile.last : S));
        Packet part[4] = {Packet::load(tile.squares), Packet(T(0)), Packet(T(0)), Packet(T(0))};
        CHAINRULE_UNROLL
        for (int i = 0; i < M * V; ++i) {
            const int v = i % V;  // beyond `last` lies what sigma makes of the padding
            Packet sum = v == V - 1 ? where(used, acc[i / V][v]) : acc[i / V][v];
            part[i % 4] = fma(sum, sum, part[i % 4]);
        }
        ((part[0] + part[1]) + (part[2] + part[3])).store(tile.squares);
    }
    if (partial) each([&](Packet& sum, T* to, int v) { v == V - 1 ? sum.store(to, tile.last) : sum.store(to); });
    else each([](Packet& sum, T* to, int) { sum.store(to); });
}

template <class T> using TileKernel = void (*)(const Tile<T>&);

template <class T, int V, bool by_columns, std::size_t... I>
constexpr std::array<TileKernel<T>, sizeof...(I)> tile_kernels(std::index_sequence<I...>) {
    return {multiply_tile<T, int(I) + 1, V, by_columns>...};
}

template <class T, bool by_columns> TileKernel<T> tile_kernel(Index rows, Index vectors) {
    static constexpr auto one = tile_kernels<T, 1, by_columns>(std::make_index_sequence<tile_rows>());
    static constexpr auto two = tile_kernels<T, 2, by_columns>(std::make_index_sequence<tile_rows>());
    return (vectors == 1 ? one : two)[static_cast<std::size_t>(rows - 1)];
}

// Panels of a matrix with `columns` columns and `inner` rows.
template <class T>
struct Panels {
    Buffer<T> buffer;
    Index inner = 0, columns = 0;

    Panels() = default;
    Panels(Index inner_, Index columns_)
        : buffer(inner_ * round_up(columns_, Vec<T>::size)), inner(inner_), columns(columns_) {}
    Index count() const { return (columns + panel_width<T> - 1) / panel_width<T>; }
    Index vectors(Index p) const { return columns - p * panel_width<T> > Vec<T>::size ? 2 : 1; }
    T* panel(Index p) { return buffer.data() + p * panel_width<T> * inner; }
    const T* panel(Index p) const { return buffer.data() + p * panel_width<T> * inner; }
};

// Panel p of W^T, W being (columns, inner) and contiguous: vectors of W are turned by blocks.
template <class T> void pack_transposed(const T* W, Panels<T>& to, Index p) {
    using Packet = typename Vec<T>::Packet;
    constexpr Index S = Vec<T>::size;
    Index width = to.vectors(p) * S;
    T* panel = to.panel(p);
    for (Index v = 0; v < width; v += S) {
        Index first = p * panel_width<T> + v, rows = std::min<Index>(S, to.columns - first);
        for (Index k = 0; k < to.inner; k += S) {
            Index depth = std::min<Index>(S, to.inner - k);
            packet::PacketBlock<Packet, int(S)> block;
            for (Index i = 0; i < S; ++i) {
                const T* from = W + (first + i) * to.inner + k;
                block.packet[i] = i >= rows ? Vec<T>(T(0)).p : depth == S ? Vec<T>::load(from).p : Vec<T>::load(from, depth).p;
            }
            packet::ptranspose(block);
            for (Index i = 0; i < depth; ++i) packet::pstore(panel + (k + i) * width + v, block.packet[i]);
        }
    }
}

// Panel p of a matrix (inner, columns) whose rows lie `step` apart.
template <class T> void pack_rows(const T* from, Index step, Panels<T>& to, Index p, Index inner) {
    constexpr Index S = Vec<T>::size;
    Index width = to.vectors(p) * S, first = p * panel_width<T>, used = std::min(width, to.columns - first);
    T* panel = to.panel(p);
    for (Index k = 0; k < inner; ++k, panel += width, from += step) {
        for (Index v = 0; v < width; v += S) {
            Index left = used - v;
            (left >= S ? Vec<T>::load(from + first + v) : Vec<T>::load(from + first + v, left)).store(panel + v);
        }
    }
}

struct PanelRange { Index first, last; };

template <class T> void multiply_row(const T* a, const Panels<T>& b, PanelRange range, const T* bias, T* c);

// C = A B (+ bias), A (rows, inner) row by row, B in panels, of which a range, rows of C padded: F1 and B2
template <class T>
void multiply(Index rows, const T* a, Index a_step, const Panels<T>& b, PanelRange range, const T* bias, T* c, Index c_step) {
    if (rows == 1) return multiply_row(a, b, range, bias, c);
    constexpr Index S = Vec<T>::size;
    Index tiles = (rows + tile_rows - 1) / tile_rows;
    for (Index p = range.first; p < range.last; ++p) {
        Index vectors = b.vectors(p), column = p * panel_width<T>;
        for (Index t = 0; t < tiles; ++t) {
            Index i = rows * t / tiles, end = rows * (t + 1) / tiles;  // tiles of nearly equal height
            Tile<T> tile{b.inner, a + i * a_step, a_step, b.panel(p), vectors * S, c + i * c_step + column, c_step,
                         bias ? Start::bias : Start::zero, bias ? bias + column : nullptr, 0};
            tile_kernel<T, false>(end - i, vectors)(tile);
        }
    }
}

// One row: the sums of four panels side by side hide the latency of the additions.
template <class T> void multiply_row(const T* a, const Panels<T>& b, PanelRange range, const T* bias, T* c) {
    using V = Vec<T>;
    constexpr Index S = V::size, group = 4;
    Index p = range.first;
    for (; p + group <= std::min(range.last, b.columns / panel_width<T>); p += group) {
        V acc[group][2];
        const T* from[group];
        for (Index q = 0; q < group; ++q) {
            from[q] = b.panel(p + q);
            for (Index v = 0; v < 2; ++v) acc[q][v] = bias ? V::load(bias + (p + q) * panel_width<T> + v * S) : V(T(0));
        }
        for (Index k = 0; k < b.inner; ++k) {
            V factor(a[k]);
            CHAINRULE_UNROLL
            for (Index q = 0; q < group; ++q) {
                acc[q][0] = fma(factor, V::aligned(from[q] + k * 2 * S), acc[q][0]);
                acc[q][1] = fma(factor, V::aligned(from[q] + k * 2 * S + S), acc[q][1]);
            }
        }
        for (Index q = 0; q < group; ++q) {
            for (Index v = 0; v < 2; ++v) acc[q][v].store(c + (p + q) * panel_width<T> + v * S);
        }
    }
    for (; p < range.last; ++p) {
        Index vectors = b.vectors(p), column = p * panel_width<T>;
        Tile<T> tile{b.inner, a, 1, b.panel(p), vectors * S, c + column, 0,
                     bias ? Start::bias : Start::zero, bias ? bias + column : nullptr, 0};
        tile_kernel<T, true>(1, vectors)(tile);
    }
}

// Columns of the delta that one tile of B3 takes lie together, row after row: tile t of a (rows, n) matrix begins at
// rows * first column. A walk down `rows` then reads memory in order, where rows of a wide matrix are a page apart.
template <class T> void pack_columns(const Matrix<T>& from, Index n, Index rows, Index begin, Index end, T* to) {
    Index tiles = (n + tile_rows - 1) / tile_rows;
    for (Index i = begin; i < end; ++i) {
        const T* row = from.row(i);
        for (Index t = 0; t < tiles; ++t) {
            Index j = n * t / tiles, width = n * (t + 1) / tiles - j;
            std::memcpy(to + rows * j + i * width, row + j, sizeof(T) * std::size_t(width));
        }
    }
}

// Columns first .. first + width of G = delta^T A, delta (rows, n), G (n, g_step) contiguous: B3
template <class T>
struct OuterProduct {
    Index rows;
    const T* delta;
    Index delta_step, n;  // a step of 0: as pack_columns leaves it
    const T* a;      // already at column `first`
    Index a_step, width;
    T* g;            // already at column `first`
    Index g_step;
    bool accumulate;
    T* squares = nullptr;
};

template <class T> void multiply_outer(const OuterProduct<T>& o) {
    constexpr Index S = Vec<T>::size;
    Index tiles = (o.n + tile_rows - 1) / tile_rows, vectors = o.width > S ? 2 : 1;
    for (Index t = 0; t < tiles; ++t) {
        Index j = o.n * t / tiles, end = o.n * (t + 1) / tiles;
        const bool packed = o.delta_step == 0;
        Tile<T> tile{o.rows, o.delta + (packed ? o.rows * j : j), packed ? end - j : o.delta_step, o.a, o.a_step, o.g + j * o.g_step, o.g_step,
                     o.accumulate ? Start::accumulate : Start::zero, nullptr, o.width % S, o.squares};
        tile_kernel<T, true>(end - j, vectors)(tile);
    }
}

}  // namespace chainrule
