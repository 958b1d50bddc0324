// Arrays of the engine: 64-byte aligned, rows padded to whole vectors, allocated once.
#pragma once

#include <cstdlib>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "vec.hpp"

namespace chainrule {

constexpr std::size_t cache_line = 64, huge_page = std::size_t(1) << 21;

inline Index round_up(Index count, Index unit) { return (count + unit - 1) / unit * unit; }

// Numbers from one row to the next: whole vectors, and never a multiple of 1024 bytes, because rows that far apart
// fall into the same few sets of the first cache.
template <class T> inline Index stride(Index width) {
    Index padded = round_up(width, Vec<T>::size);
    bool collides = padded * Index(sizeof(T)) % 1024 == 0;
    return collides ? padded + Vec<T>::size : padded;
}

template <class T>
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(Index count) : count_(count) {
        auto bytes = static_cast<std::size_t>(round_up(count * Index(sizeof(T)) + Index(cache_line), Index(cache_line)));
        if (bytes >= huge_page) align_ = std::align_val_t(huge_page);
        data_ = static_cast<T*>(::operator new(bytes, align_));
#if defined(__linux__)
        // Pages of 2 MB: a first touch and a walk down a column then cost a five hundredth of what they cost with 4 kB.
        if (bytes >= huge_page) madvise(static_cast<void*>(data_), bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
        std::memset(static_cast<void*>(data_), 0, bytes);
    }
    Buffer(Buffer&& other) noexcept { swap(other); }
    Buffer& operator=(Buffer&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Buffer() { ::operator delete(data_, align_); }

    T* data() { return data_; }
    const T* data() const { return data_; }
    Index count() const { return count_; }

private:
    void swap(Buffer& other) {
        std::swap(data_, other.data_);
        std::swap(count_, other.count_);
        std::swap(align_, other.align_);
    }

    T* data_ = nullptr;
    Index count_ = 0;
    std::align_val_t align_{cache_line};
};

// A matrix with padded rows; row i begins at row(i).
template <class T>
struct Matrix {
    Buffer<T> buffer;
    Index width = 0, step = 0;

    Matrix() = default;
    Matrix(Index rows, Index columns) : buffer(rows * stride<T>(columns)), width(columns), step(stride<T>(columns)) {}
    T* row(Index i) { return buffer.data() + i * step; }
    const T* row(Index i) const { return buffer.data() + i * step; }
    explicit operator bool() const { return buffer.count() > 0; }
};

}  // namespace chainrule
