// The head: from z_L, a_L and the targets to the sum of share * loss and to delta_L = share * dloss/dz (B1, J).
#pragma once

#include "loss.hpp"

namespace chainrule {

// What one shard of a batch brings to the head. Rows are padded; share[i] is w_i / sum w.
template <class T>
struct HeadRows {
    Rows rows;
    const T *z, *a, *t, *share;
    T *delta, *u, *v;  // u and v: room for the logarithms
};

template <class T> class HeadWork {
    using V = Vec<T>;

public:
    HeadWork(const Activation<T>& sigma, const Loss<T>& loss) : sigma_(sigma), loss_(loss), road_(road(sigma, loss)) {}

    // Whether F2 of the last layer must have been done before.
    bool needs_activation() const { return road_ != Road::cancelled; }
    Road which() const { return road_; }

    double run(const HeadRows<T>& h) const {
        switch (road_) {
            case Road::cancelled: return sigma_.is_softmax() ? softmax_categorical(h) : sigmoid_binary(h);
            case Road::logarithms: return through_logarithms(h);
            default: return through_chain(h);
        }
    }

private:
    const Activation<T>& sigma_;
    const Loss<T>& loss_;
    Road road_;

    template <class F> static void each_vector(const HeadRows<T>& h, F work) {
        for (Index i = 0; i < h.rows.count; ++i) {
            V share(h.share[i]);
            for (Index j = 0; j < h.rows.width; j += V::size) {
                work(i, j, i * h.rows.step + j, share, used_lanes<T>(j, h.rows.width));
            }
        }
    }

    // delta = a - t; the value from z, where no logarithm of a probability exists
    double sigmoid_binary(const HeadRows<T>& h) const {
        V total(T(0));
        each_vector(h, [&](Index, Index, Index at, V share, Mask<T> used) {
            V z = V::aligned(h.z + at), t = V::aligned(h.t + at);
            total += share * where(used, softplus(z) - t * z);
            (share * (sigmoid(z) - t)).store(h.delta + at);  // B1
        });
        return double(sum(total));
    }

    // delta = a sum t - t; the value is sum t (log sum exp z - z)
    double softmax_categorical(const HeadRows<T>& h) const {
        double value = 0;
        Index i = 0;
        for (; h.rows.width <= V::size && i + V::size <= h.rows.count; i += V::size) value += softmax_block_head(h, i);
        for (; i < h.rows.count; ++i) {
            Index at = i * h.rows.step;
            value += double(h.share[i]) * softmax_row_head(h.z + at, h.t + at, h.delta + at, h.rows.width, h.share[i]);
        }
        return value;
    }

    // As many narrow rows as a vector has lanes, turned so that a lane is a row: no sums within vectors, one logarithm
    // and one division for all of them.
    static double softmax_block_head(const HeadRows<T>& h, Index first) {
        using Block = packet::PacketBlock<typename V::Packet, int(V::size)>;
        constexpr Index S = V::size;
        const Index n = h.rows.width, at = first * h.rows.step;
        Block z, t;
        for (Index i = 0; i < S; ++i) z.packet[i] = V::aligned(h.z + at + i * h.rows.step).p;
        for (Index i = 0; i < S; ++i) t.packet[i] = V::aligned(h.t + at + i * h.rows.step).p;
        packet::ptranspose(z);
        packet::ptranspose(t);
        V top(z.packet[0]), total(T(0)), mass(T(0)), cross(T(0)), share = V::load(h.share + first);
        for (Index j = 1; j < n; ++j) top = max(top, V(z.packet[j]));
        for (Index j = 0; j < n; ++j) {
            V away = V(z.packet[j]) - top, e = exp_of_negative(away), y(t.packet[j]);
            z.packet[j] = e.p;
            total += e;
            mass += y;
            cross += y * away;
        }
        V scale = share * mass / total;
        for (Index j = 0; j < n; ++j) z.packet[j] = (V(z.packet[j]) * scale - share * V(t.packet[j])).p;  // B1
        packet::ptranspose(z);
        for (Index i = 0; i < S; ++i) V(z.packet[i]).store(h.delta + at + i * h.rows.step);
        return double(sum(share * (mass * log(total) - cross)));
    }

    static double softmax_row_head(const T* z, const T* t, T* delta, Index width, T share) {
        V top(-infinity<T>);
        for (Index j = 0; j < width; j += V::size) {
            top = max(top, select(used_lanes<T>(j, width), V::aligned(z + j), V(-infinity<T>)));
        }
        T shift = largest(top);
        V total(T(0)), mass(T(0)), cross(T(0));
        for (Index j = 0; j < width; j += V::size) {
            Mask<T> used = used_lanes<T>(j, width);
            V away = V::aligned(z + j) - V(shift), y = where(used, V::aligned(t + j));
            V e = where(used, exp_of_negative(away));
            e.store(delta + j);
            total += e;
            mass += y;
            cross += y * where(used, away);
        }
        T all = sum(total), weight = sum(mass);
        V scale(share * weight / all), minus(share);
        for (Index j = 0; j < width; j += V::size) {
            (V::aligned(delta + j) * scale - minus * V::aligned(t + j)).store(delta + j);  // B1
        }
        return double(weight * std::log(all) - sum(cross));
    }

    double through_chain(const HeadRows<T>& h) const {
        double value = loss_.is(LossCode::gaussian_nll) ? gaussian_nll(h) : slopes_in_f(h);
        pull_back(sigma_, h.z, h.a, h.delta, h.rows);  // B1
        return value;
    }

    double slopes_in_f(const HeadRows<T>& h) const {
        V total(T(0));
        V parameter(loss_.parameter(0));
        bool levels = loss_.is(LossCode::quantile);
        loss::visit_chain(LossCode(loss_.code), [&](auto entry) {
            using Entry = decltype(entry);
            each_vector(h, [&](Index, Index j, Index at, V share, Mask<T> used) {
                V f = V::aligned(h.a + at), y = V::aligned(h.t + at), p = levels ? level(j) : parameter;
                V weight = share * V(loss_.scale);
                total += weight * where(used, Entry::template term<V, T>(f, y, p));
                (weight * Entry::template slope<V, T>(f, y, p)).store(h.delta + at);
            });
        });
        return double(sum(total));
    }

    V level(Index column) const {  // the levels repeat along the outputs; without any it is the median
        alignas(64) T lane[V::size];
        auto count = static_cast<Index>(loss_.parameters.size());
        for (Index k = 0; k < V::size; ++k) {
            lane[k] = count ? loss_.parameters[static_cast<std::size_t>((column + k) % count)] : T(0.5);
        }
        return V::aligned(lane);
    }

    // 1/2 (v + (y - m)^2 exp(-v)), m in the first half of the outputs, v in the second
    double gaussian_nll(const HeadRows<T>& h) const {
        Index half = h.rows.width / 2;
        double value = 0;
        for (Index i = 0; i < h.rows.count; ++i) {
            const T *f = h.a + i * h.rows.step, *y = h.t + i * h.rows.step;
            T* d = h.delta + i * h.rows.step;
            T weight = h.share[i] * loss_.scale, row = 0;
            for (Index j = 0; j < half; ++j) {
                T r = y[j] - f[j], precision = std::exp(-f[half + j]);
                row += (f[half + j] + r * r * precision) / 2;
                d[j] = -weight * r * precision;
                d[half + j] = weight * (1 - r * r * precision) / 2;
            }
            value += double(weight * row);
        }
        return value;
    }

    double through_logarithms(const HeadRows<T>& h) const {
        V total(T(0));
        loss::Pair p{double(loss_.parameter(0)), double(loss_.parameter(1))};
        loss::visit_logarithms(LossCode(loss_.code), sigma_.is_softmax(), [&](auto entry) {
            using Entry = decltype(entry);
            logarithms(h, Entry::colog);
            each_vector(h, [&](Index, Index, Index at, V share, Mask<T> used) {
                V u = V::aligned(h.u + at), v = V::aligned(h.v + at), y = V::aligned(h.t + at);
                V weight = share * V(loss_.scale);
                total += weight * where(used, Entry::template term<V, T>(u, v, y, p));
                (weight * where(used, Entry::template slope_u<V, T>(u, v, y, p))).store(h.u + at);
                if (Entry::colog) (weight * where(used, Entry::template slope_v<V, T>(u, v, y, p))).store(h.v + at);
            });
            pull_back_logarithms(h, Entry::colog);
        });
        return double(sum(total));
    }

    // u = log f, v = log(1 - f), from z
    void logarithms(const HeadRows<T>& h, bool colog) const {
        if (sigma_.is_softmax()) return softmax_logarithms(h, colog);
        constexpr T tail = -36;  // below it log(1 + e^z) is e^z to the last digit, and its logarithm z
        each_vector(h, [&](Index, Index, Index at, V, Mask<T>) {
            V z = V::aligned(h.z + at), a = V::aligned(h.a + at), u;
            switch (Sigma(sigma_.code)) {
                case Sigma::sigmoid: u = log_sigmoid(z); break;
                case Sigma::gaussian: u = -z * z; break;
                case Sigma::softplus: u = select(z < V(tail), z, log(select(z < V(tail), V(T(1)), a))); break;
                default: u = z;  // exp
            }
            u.store(h.u + at);
            if (colog) log_sigmoid(-z).store(h.v + at);
        });
    }

    void pull_back_logarithms(const HeadRows<T>& h, bool colog) const {
        if (sigma_.is_softmax()) return softmax_pull_back_logarithms(h, colog);
        constexpr T tail = -36;
        each_vector(h, [&](Index, Index, Index at, V, Mask<T>) {
            V z = V::aligned(h.z + at), a = V::aligned(h.a + at), g = V::aligned(h.u + at), d;
            switch (Sigma(sigma_.code)) {
                case Sigma::sigmoid: d = g * sigmoid(-z); break;
                case Sigma::gaussian: d = V(T(-2)) * z * g; break;
                case Sigma::softplus:
                    d = g * select(z < V(tail), V(T(1)), sigmoid(z) / select(z < V(tail), V(T(1)), a));
                    break;
                default: d = g;  // exp
            }
            if (colog) d = d - V::aligned(h.v + at) * a;
            d.store(h.delta + at);  // B1
        });
    }

    // log a_i = z_i - log sum exp z;  log(1 - a_i) = log sum_{j != i} exp z_j - log sum exp z
    void softmax_logarithms(const HeadRows<T>& h, bool colog) const {
        Index n = h.rows.width;
        for (Index i = 0; i < h.rows.count; ++i) {
            const T* z = h.z + i * h.rows.step;
            T *u = h.u + i * h.rows.step, *v = h.v + i * h.rows.step;
            T all = log_sum_exp(z, n, -1);
            for (Index j = 0; j < n; ++j) {
                u[j] = z[j] - all;
                if (colog) v[j] = log_sum_exp(z, n, j) - all;
            }
        }
    }

    // d_j = g_j - a_j sum g, and for log(1 - a): sum_i g_i (q_ij - a_j), q_i the softmax without i
    void softmax_pull_back_logarithms(const HeadRows<T>& h, bool colog) const {
        Index n = h.rows.width;
        for (Index i = 0; i < h.rows.count; ++i) {
            Index at = i * h.rows.step;
            const T *z = h.z + at, *a = h.a + at, *gu = h.u + at, *gv = h.v + at;
            T* d = h.delta + at;
            T along = 0;
            for (Index j = 0; j < n; ++j) along += gu[j] + (colog ? gv[j] : T(0));
            for (Index j = 0; j < n; ++j) d[j] = gu[j] - a[j] * along;
            if (!colog) continue;
            for (Index k = 0; k < n; ++k) {
                T others = log_sum_exp(z, n, k);
                for (Index j = 0; j < n; ++j) {
                    if (j != k) d[j] += gv[k] * std::exp(z[j] - others);
                }
            }
        }
    }

    static T log_sum_exp(const T* z, Index n, Index without) {
        T top = -infinity<T>, total = 0;
        for (Index j = 0; j < n; ++j) {
            if (j != without && !(z[j] <= top)) top = z[j];
        }
        for (Index j = 0; j < n; ++j) {
            if (j != without) total += std::exp(z[j] - top);
        }
        return top + std::log(total);
    }
};

}  // namespace chainrule
