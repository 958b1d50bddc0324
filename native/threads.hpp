// How many threads a call may use: never more than the processors of this process, and none that has no work.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

#include "blas.hpp"

namespace chainrule {

inline int positive(const char* text) {
    int number = text ? std::atoi(text) : 0;
    return number > 0 ? number : 0;
}

inline int processors_by_affinity() {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
    return std::max(1u, std::thread::hardware_concurrency());
}

// The quota of a cgroup, in processors rounded up; 0 without one.
inline int processors_by_quota() {
    std::ifstream second("/sys/fs/cgroup/cpu.max");
    std::string quota;
    double period = 0;
    if (second >> quota >> period && quota != "max" && period > 0) return int((std::atof(quota.c_str()) + period - 1) / period);
    std::ifstream first_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), first_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    double limit = 0;
    if (first_quota >> limit && first_period >> period && limit > 0 && period > 0) return int((limit + period - 1) / period);
    return 0;
}

// CHAINRULE_NUM_THREADS decides; else the processors, and OMP_NUM_THREADS (which joblib sets in its workers) if lower.
inline int processors() {
    if (int wanted = positive(std::getenv("CHAINRULE_NUM_THREADS"))) return wanted;
    static const int quota = processors_by_quota();
    int found = processors_by_affinity();
    if (quota > 0) found = std::min(found, quota);
    if (int wanted = positive(std::getenv("OMP_NUM_THREADS"))) found = std::min(found, wanted);
    return found;
}

// Calls under way share the processors; the results do not depend on how many a call gets.
class Share {
public:
    Share() : others_(active().fetch_add(1)) {}
    ~Share() { active().fetch_sub(1); }
    Share(const Share&) = delete;
    int threads(double operations) const {
        constexpr double worth = 1.5e7;  // floating-point operations between two meetings that pay for a thread
        int useful = operations < 2 * worth ? 1 : int(std::min(operations / worth, 64.0));
        return useful == 1 ? 1 : std::max(1, std::min(useful, processors() / (others_ + 1)));
    }

private:
    static std::atomic<int>& active() {
        static std::atomic<int> count{0};
        return count;
    }
    int others_;
};

// OpenBLAS does its part on one thread while the engine runs; the last call to end gives its threads back.
class QuietBlas {
public:
    explicit QuietBlas(bool used) : used_(used && blas().set_threads && blas().get_threads) {
        if (!used_) return;
        auto lock = std::lock_guard(mutex());
        if (inside()++ == 0) before() = blas().get_threads(), blas().set_threads(1);
    }
    ~QuietBlas() {
        if (!used_) return;
        auto lock = std::lock_guard(mutex());
        if (--inside() == 0) blas().set_threads(before());
    }
    QuietBlas(const QuietBlas&) = delete;

private:
    static std::mutex& mutex() {
        static std::mutex m;
        return m;
    }
    static int& inside() {
        static int count = 0;
        return count;
    }
    static int& before() {
        static int threads = 1;
        return threads;
    }
    bool used_;
};

}  // namespace chainrule
