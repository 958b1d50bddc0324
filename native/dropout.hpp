// Dropout masks from Philox4x64-10 (Salmon et al. 2011): the numbers of chainrule.engine.dropout, from any element on.
#pragma once

#include <cstdint>

#include "vec.hpp"

#if defined(_MSC_VER)
#include <intrin.h>
#endif

namespace chainrule {

inline void multiply_wide(std::uint64_t x, std::uint64_t y, std::uint64_t& high, std::uint64_t& low) {
#if defined(_MSC_VER)
    low = _umul128(x, y, &high);
#else
    auto product = static_cast<unsigned __int128>(x) * y;
    high = static_cast<std::uint64_t>(product >> 64);
    low = static_cast<std::uint64_t>(product);
#endif
}

struct Philox {
    std::uint64_t seed, layer, step;

    // Block c of the stream: four words, with counter (c, layer, step, 0) and key (seed, 0).
    void block(std::uint64_t c, std::uint64_t out[4]) const {
        std::uint64_t x[4] = {c, layer, step, 0}, key[2] = {seed, 0};
        for (int round = 0; round < 10; ++round) {
            std::uint64_t high0, low0, high1, low1;
            multiply_wide(0xD2E7470EE14C6C93u, x[0], high0, low0);
            multiply_wide(0xCA5A826395121157u, x[2], high1, low1);
            x[0] = high1 ^ x[1] ^ key[0];
            x[1] = low1;
            x[2] = high0 ^ x[3] ^ key[1];
            x[3] = low0;
            key[0] += 0x9E3779B97F4A7C15u;
            key[1] += 0xBB67AE8584CAA73Bu;
        }
        for (int i = 0; i < 4; ++i) out[i] = x[i];
    }
};

// The factors of one layer in one update: 0 or 1 / (1 - rate), element by element in any order.
template <class T>
class Mask32 {
public:
    Mask32(Philox stream, double rate)
        : stream_(stream), threshold_(static_cast<std::uint32_t>(rate * 4294967296.0)), kept_(T(1.0 / (1.0 - rate))) {}

    T operator()(std::uint64_t element) {
        std::uint64_t block = element / 8;
        if (block != current_) {
            stream_.block(block + 1, words_);
            current_ = block;
        }
        std::uint64_t word = words_[element % 8 / 2];
        auto number = static_cast<std::uint32_t>(element % 2 ? word >> 32 : word);
        return number >= threshold_ ? kept_ : T(0);
    }

private:
    Philox stream_;
    std::uint32_t threshold_;
    T kept_;
    std::uint64_t current_ = ~std::uint64_t(0);
    std::uint64_t words_[4] = {};
};

}  // namespace chainrule
