// The first layer on rows of a CSR matrix. F1 adds rows of W^T; for B3 the entries of the batch are sorted by columns, so
// that the gradient of a block of columns is summed in registers and written once, by any thread, always in the same order.
#pragma once

#include <algorithm>

#include "dropout.hpp"
#include "plan.hpp"
#include "team.hpp"

namespace chainrule {

// Hands on the columns of a matrix of at most S rows and S columns as vectors, S being the length of one.
template <class T, class Store>
void turn_square(const T* from, Index step, Index rows, Index columns, Store store) {
    constexpr Index S = Vec<T>::size;
    packet::PacketBlock<typename Vec<T>::Packet, int(S)> block;
    for (Index i = 0; i < S; ++i) {
        const T* row = from + i * step;
        block.packet[i] = i >= rows ? Vec<T>(T(0)).p : columns >= S ? Vec<T>::load(row).p : Vec<T>::load(row, columns).p;
    }
    packet::ptranspose(block);
    for (Index k = 0; k < std::min(columns, S); ++k) store(k, Vec<T>(block.packet[k]));
}

// The rows of one pass, thinned out by dropout where that is on.
template <class T>
struct SparseRows {
    const Sparse<T>& matrix;
    Selection rows;
    Index width;
    bool masked;
    Mask32<T> mask;
    Index place;  // of the first row in the batch

    // work(column, value) for row i
    template <class F> void each(Index i, F work) {
        Index row = rows.row(i), end = matrix.start(row + 1);
        for (Index k = matrix.start(row); k < end; ++k) {
            Index column = matrix.column(k);
            T value = matrix.values[k];
            if (masked) value *= mask(std::uint64_t((place + i) * width + column));
            work(column, value);
        }
    }
};

template <class T>
class SparseLayer {
    using V = Vec<T>;
    static constexpr Index S = V::size;
    static constexpr Index task_weights = 1 << 15;  // of W that a task has

public:
    SparseLayer() = default;
    SparseLayer(Index in, Index out) : in_(in), out_(out), turned_(in, out) {}

    // Columns of W are divided into tasks, for packing and for the gradient.
    Index tasks() const { return (in_ + columns() - 1) / columns(); }
    std::pair<Index, Index> task(Index number) const {
        return {number * columns(), std::min(in_, (number + 1) * columns())};
    }

    void pack(const T* W, Index number) {
        auto [first, last] = task(number);
        for (Index j = 0; j < out_; j += S) {
            for (Index c = first; c < last; c += S) {
                turn_square(W + j * in_ + c, in_, std::min(S, out_ - j), last - c,
                            [&](Index k, V column) { column.store(turned_.row(c + k) + j); });
            }
        }
    }

    // z = b + sum over the row's entries of value * row of W^T
    void multiply(SparseRows<T> rows, Index begin, Index end, const T* bias, T* z, Index step, Worker worker) {
        for (Index i = begin; i < end; ++i, z += step) {
            if (i % 8 == 7) worker.look();
            for (Index j = 0; j < out_; j += S) V::aligned(bias + j).store(z + j);
            rows.each(i, [&](Index column, T value) {
                const T* w = turned_.row(column);
                for (Index j = 0; j < out_; j += S) fma(V(value), V::aligned(w + j), V::aligned(z + j)).store(z + j);  // F1
            });
        }
    }

    // Before the tasks of a gradient: the entries of all rows by columns (counting sort), and room for each thread.
    void sort(SparseRows<T> rows, int threads) {
        if (int(scratch_.size()) < threads) scratch_.resize(std::size_t(threads));
        starts_.assign(std::size_t(in_ + 2), 0);
        for (Index i = 0; i < rows.rows.count; ++i) {
            Index row = rows.rows.row(i), end = rows.matrix.start(row + 1);
            for (Index k = rows.matrix.start(row); k < end; ++k) ++starts_[std::size_t(rows.matrix.column(k) + 2)];
        }
        for (std::size_t c = 2; c < starts_.size(); ++c) starts_[c] += starts_[c - 1];
        if (entries_.size() < std::size_t(starts_.back())) entries_.resize(std::size_t(starts_.back()));
        for (Index i = 0; i < rows.rows.count; ++i) {
            rows.each(i, [&](Index column, T value) {
                Index& end = starts_[std::size_t(column + 1)];
                entries_[std::size_t(end++)] = {int(i), value};
            });
        }
    }

    // Columns of G = delta^T X of one task, added to what is there or put there.
    void gradient(Index number, int thread, const T* delta, Index step, T* G, bool accumulate) {
        Matrix<T>& scratch = scratch_[std::size_t(thread)];
        if (!scratch) scratch = Matrix<T>(S, out_);
        auto [first, last] = task(number);
        for (Index c = first; c < last; c += S) {
            Index count = std::min(S, last - c);
            if (accumulate && start(c) == start(c + count)) continue;
            for (Index k = 0; k < count; ++k) column_sum(c + k, delta, step, scratch.row(k));
            for (Index j = 0; j < out_; j += S) {
                auto put = [&](Index k, V sum) {
                    T* to = G + (j + k) * in_ + c;
                    if (count < S) (accumulate ? sum + V::load(to, count) : sum).store(to, count);
                    else (accumulate ? sum + V::load(to) : sum).store(to);  // B3
                };
                turn_square<T>(scratch.row(0) + j, scratch.step, count, std::min(S, out_ - j), put);
            }
        }
    }

private:
    struct Entry { int row; T value; };

    Index in_ = 0, out_ = 0;
    Matrix<T> turned_;              // W^T, rows padded
    std::vector<Index> starts_;     // column c's entries are starts_[c] .. starts_[c + 1]
    std::vector<Entry> entries_;
    std::vector<Matrix<T>> scratch_;  // S rows for each thread

    Index columns() const { return std::max(S, round_up(task_weights / out_, S)); }
    Index start(Index column) const { return starts_[std::size_t(column)]; }

    // sum over the column's entries of value * delta of their row, four vectors at a time
    void column_sum(Index column, const T* delta, Index step, T* to) const {
        const Entry *begin = entries_.data() + start(column), *end = entries_.data() + start(column + 1);
        Index j = 0;
        for (; j + 4 * S <= round_up(out_, S); j += 4 * S) sum_vectors<4>(begin, end, delta + j, step, to + j);
        for (; j < out_; j += S) sum_vectors<1>(begin, end, delta + j, step, to + j);
    }

    template <int n> static void sum_vectors(const Entry* entry, const Entry* end, const T* delta, Index step, T* to) {
        V sum[n];
        for (V& part : sum) part = V(T(0));
        for (; entry < end; ++entry) {
            const T* d = delta + entry->row * step;
            for (int v = 0; v < n; ++v) sum[v] = fma(V(entry->value), V::aligned(d + v * S), sum[v]);
        }
        for (int v = 0; v < n; ++v) sum[v].store(to + v * S);
    }
};

}  // namespace chainrule
