// Arrays of the engine: 64-byte aligned, rows padded to whole vectors, allocated once.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#include "vec.hpp"

namespace chainrule {

constexpr std::size_t cache_line = 64;

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
    // Zeros. calloc takes large ones from the system as they are and leaves the first touch to the threads that use them.
    explicit Buffer(Index count) : count_(count) {
        auto bytes = static_cast<std::size_t>(round_up(count * Index(sizeof(T)) + Index(cache_line), Index(cache_line)));
        block_ = std::calloc(bytes + cache_line, 1);
        if (!block_) throw std::bad_alloc();
        auto address = (reinterpret_cast<std::uintptr_t>(block_) + cache_line - 1) / cache_line * cache_line;
        data_ = reinterpret_cast<T*>(address);
    }
    Buffer(Buffer&& other) noexcept
        : block_(std::exchange(other.block_, nullptr)), data_(std::exchange(other.data_, nullptr)),
          count_(std::exchange(other.count_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        std::swap(block_, other.block_);
        std::swap(data_, other.data_);
        std::swap(count_, other.count_);
        return *this;
    }
    ~Buffer() { std::free(block_); }

    T* data() { return data_; }
    const T* data() const { return data_; }
    Index count() const { return count_; }

private:
    void* block_ = nullptr;
    T* data_ = nullptr;
    Index count_ = 0;
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
