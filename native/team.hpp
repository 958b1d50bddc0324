// A few threads that live for one call and take the numbered tasks of one phase after another. Which thread takes a
// task is left to chance; what a task computes depends on its number alone, so no result depends on the threads.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <system_error>
#include <thread>
#include <vector>

#include "vec.hpp"

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace chainrule {

inline void pause() {
#if defined(__x86_64__) || defined(_M_X64)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// A new thread begins on the processor of the one that made it, and the kernel may leave both there for long, because
// they often wait for each other. So each keeps away from the processor that the caller was on.
inline int current_processor() {
#if defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

inline void keep_away_from([[maybe_unused]] int processor) {
#if defined(__linux__)
    cpu_set_t allowed;
    if (processor < 0 || processor >= CPU_SETSIZE || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    CPU_CLR(processor, &allowed);
    if (CPU_COUNT(&allowed) > 0) sched_setaffinity(0, sizeof allowed, &allowed);
#endif
}

struct Interrupted {};

class Team {
public:
    using Clock = std::chrono::steady_clock;

    // `interrupted` is asked by the calling thread between tasks and within long ones, at most every 50 ms.
    Team(int threads, std::function<bool()> interrupted) : interrupted_(std::move(interrupted)), asked_(Clock::now()) {
        const int caller = threads > 1 ? current_processor() : -1;
        for (int i = 1; i < threads; ++i) {
            try {
                workers_.emplace_back([this, i, caller] {
                    keep_away_from(caller);
                    work(i);
                });
            } catch (const std::system_error&) {  // no more threads are to be had: fewer do the same
                break;
            }
        }
    }
    Team(const Team&) = delete;
    ~Team() {
        stop_ = true;
        begin_phase();
        for (auto& worker : workers_) worker.join();
    }

    int size() const { return int(workers_.size()) + 1; }

    // task(number, thread) for every number below count; `to_the_end`: whatever happens meanwhile
    template <class F> void run(Index count, F&& task, bool to_the_end = false) {
        if (workers_.empty() || count == 1) {
            for (Index i = 0; i < count; ++i) {
                task(i, 0);
                // the clock takes longer than the tasks of a small network
                if (i % few == few - 1 && !to_the_end) look(0);
            }
            return;
        }
        std::function<void(Index, int)> shared = std::ref(task);
        task_ = &shared;
        count_ = count;
        to_the_end_ = to_the_end;
        next_.store(0, std::memory_order_relaxed);
        busy_.store(int(workers_.size()), std::memory_order_relaxed);
        begin_phase();
        take(0);
        for (int spins = 0; busy_.load(std::memory_order_acquire) != 0; ++spins) {
            if (spins < patience) pause();
            else std::this_thread::yield();
        }
        if (stopped_.load(std::memory_order_relaxed)) throw Interrupted();
    }

    // Ends the call, on whatever thread, once the caller has been interrupted; the team is of no use after it.
    void look(int thread) {
        if (thread == 0 && overdue() && interrupted_()) stopped_.store(true, std::memory_order_relaxed);
        if (stopped_.load(std::memory_order_relaxed)) throw Interrupted();
    }

private:
    static constexpr Index few = 8;
    static constexpr int patience = 4000;  // turns of waiting, some tens of microseconds, before a thread lies down

    bool overdue() {
        if (!interrupted_) return false;
        auto now = Clock::now();
        if (now - asked_ < std::chrono::milliseconds(50)) return false;
        asked_ = now;
        return true;
    }

    void begin_phase() {
        phase_.fetch_add(1, std::memory_order_release);
        phase_.notify_all();
    }

    void take(int thread) {
        try {
            for (Index i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count_;) {
                (*task_)(i, thread);
                if (!to_the_end_) look(thread);
            }
        } catch (const Interrupted&) {  // each thread finds out by itself
        }
    }

    void work(int thread) {
        for (int seen = 0;;) {
            int phase = phase_.load(std::memory_order_acquire);
            for (int spins = 0; phase == seen; phase = phase_.load(std::memory_order_acquire)) {
                if (++spins < patience) pause();
                else phase_.wait(seen, std::memory_order_acquire);
            }
            seen = phase;
            if (stop_) return;
            take(thread);
            busy_.fetch_sub(1, std::memory_order_release);
        }
    }

    std::function<bool()> interrupted_;
    Clock::time_point asked_;
    std::vector<std::thread> workers_;
    const std::function<void(Index, int)>* task_ = nullptr;
    Index count_ = 0;
    bool to_the_end_ = false;
    alignas(64) std::atomic<int> phase_{0};
    alignas(64) std::atomic<Index> next_{0};
    alignas(64) std::atomic<int> busy_{0};
    std::atomic<bool> stop_{false}, stopped_{false};
};

// The thread that works on a task, as the task sees it.
struct Worker {
    Team& team;
    int thread;
    void look() const { team.look(thread); }
};

}  // namespace chainrule
