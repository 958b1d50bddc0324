// What a network is to the engine, what rows it is given, and what Python does for it in between.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "loss.hpp"
#include "memory.hpp"

namespace chainrule {

template <class T>
struct LayerPlan {
    Index in, out;
    Index weights, biases;  // where they begin in theta; biases -1 without
    Activation<T> sigma;
};

template <class T>
struct Plan {
    Activation<T> input;
    std::vector<LayerPlan<T>> layers;
    Loss<T> loss;
    Index n_parameters = 0;

    Index depth() const { return Index(layers.size()); }
    Index width(Index l) const { return l == 0 ? layers[0].in : layers[std::size_t(l - 1)].out; }
    const Activation<T>& sigma(Index l) const { return l == 0 ? input : layers[std::size_t(l - 1)].sigma; }
    const LayerPlan<T>& layer(Index l) const { return layers[std::size_t(l - 1)]; }  // l = 1 .. L
    bool calls_python() const {
        for (Index l = 0; l <= depth(); ++l) {
            if (sigma(l).is_custom()) return true;
        }
        return loss.is_custom();
    }
};

// Rows of a CSR matrix; SciPy's indices have 32 or 64 bits.
template <class T>
struct Sparse {
    const T* values = nullptr;
    const void *columns = nullptr, *starts = nullptr;
    bool wide = false;

    explicit operator bool() const { return starts != nullptr; }
    Index column(Index k) const { return at(columns, k); }
    Index start(Index row) const { return at(starts, row); }

private:
    Index at(const void* from, Index k) const {
        return wide ? Index(static_cast<const std::int64_t*>(from)[k]) : Index(static_cast<const std::int32_t*>(from)[k]);
    }
};

template <class T>
struct Data {
    Index n_samples = 0;
    const T* X = nullptr;  // (n_samples, n_0), contiguous, unless sparse
    Sparse<T> sparse;
    const T* targets = nullptr;
    const T* weights = nullptr;  // null: 1 each
};

// Rows of one pass: those of `order`, or from `first` on.
struct Selection {
    const std::int64_t* order;
    Index first, count;
    Index row(Index i) const { return order ? Index(order[first + i]) : first + i; }
    Selection part(Index begin, Index end) const { return {order, first + begin, end - begin}; }
};

// A matrix as Python is shown it.
template <class T>
struct View {
    T* data;
    Index rows, width, step;
};

// Custom functions: each is called once for a batch, by the thread that entered the engine.
template <class T>
struct Hooks {
    std::function<void(Index l, View<T> z, View<T> a)> activate;
    std::function<void(Index l, View<T> z, View<T> a, View<T> g)> pull_back;
    // writes dloss/dz of each sample into delta and its loss into losses
    std::function<void(View<T> z, View<T> a, View<T> t, View<T> delta, View<T> losses)> head;
    std::function<bool()> interrupted;
};

}  // namespace chainrule
