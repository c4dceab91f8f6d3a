#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <mortise/pool.hpp>

namespace mortise::detail {

/// What is behind a Pool. One lock guards the lists; instances are made, dropped and prepared outside it.
class PoolState : public std::enable_shared_from_this<PoolState> {
public:
    PoolState(Plugin plugin, PoolOptions options);
    ~PoolState();

    Result<void> fill();
    Result<Lease> acquire(std::chrono::milliseconds wait);
    void give_back(std::unique_ptr<Instance> instance, bool usable) noexcept;
    void shrink() noexcept;
    void close() noexcept;
    bool drain(std::chrono::milliseconds wait);
    PoolStatistics statistics() const;
    const Plugin& plugin() const noexcept { return plugin_; }
    const PoolOptions& options() const noexcept { return options_; }

private:
    using Time = std::chrono::steady_clock::time_point;
    struct Idle {
        std::unique_ptr<Instance> instance;
        Time since;
    };
    // One caller in `acquire`; lives on its stack. Woken with an instance, with leave to make one, or because of a close.
    struct Waiter {
        std::condition_variable wake;
        std::unique_ptr<Instance> instance;
        bool may_make = false;
        bool served = false;
    };

    Result<std::unique_ptr<Instance>> make_one();
    Result<Lease> lease(std::unique_ptr<Instance> instance);
    Result<void> wait_in_line(std::unique_lock<std::mutex>& lock, Time until, std::unique_ptr<Instance>& instance);
    bool made_ready(Instance& instance) noexcept;        // for its next lease, as the options say
    void start_tidying() noexcept;                       // with the lock held
    void tidy();                                         // what the thread does
    void free_place() noexcept;                          // a leased instance is gone: its place is somebody else's
    std::vector<Idle> take_stale(Time now) noexcept;     // with the lock held

    const Plugin plugin_;
    const PoolOptions options_;

    mutable std::mutex mutex_;               // guards all below
    std::condition_variable all_back_;
    std::deque<Idle> idle_;                  // the most recently used last: it is the warmest
    std::list<Waiter*> waiting_;             // in the order of their coming
    std::size_t leased_ = 0;                 // places in use: leased, being made or prepared
    bool closed_ = false;
    bool ending_ = false;
    std::condition_variable tidy_wake_;
    bool tidier_rests_ = false;              // it waits for something to become idle
    std::thread tidier_;                     // never holds the pool: whoever lets go of it last joins this thread
    PoolStatistics counted_;
};

}  // namespace mortise::detail
