#pragma once

#include <time.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include <mortise/pool.hpp>

namespace mortise::detail {

class PoolState;

/// Longer than any process lives, and short enough to be added to a time.
inline constexpr std::chrono::milliseconds kForever = std::chrono::hours(24 * 365);

/// Milliseconds are all that idle times need: the coarse clock costs a fifth of the exact one.
inline std::int64_t coarse_now() noexcept {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec * 1'000 + now.tv_nsec / 1'000'000;
}

/// An instance and the pool that it goes back to. The pool lives as long as its instances; `PoolState::retire` ends that circle.
struct PooledInstance {
    Instance instance;
    std::shared_ptr<PoolState> pool;
    PooledInstance* next = nullptr;   // among those on their way out
};

/// What is behind a Pool. Idle instances lie in places, each on a cache line of its own, where threads take and leave them by one
/// atomic exchange as long as `slow_` is 0. It counts the reasons for the slow way: callers that look for an instance under the lock,
/// waiters, drains, a close. Who takes the slow way counts first and looks into the places then; who leaves an instance does so first
/// and looks at `slow_` then. Both in one total order (sequential consistency): an instance is never left lying beside a waiter.
class PoolState : public std::enable_shared_from_this<PoolState> {
public:
    PoolState(Plugin plugin, PoolOptions options);
    ~PoolState();

    Result<void> fill();
    Result<Lease> acquire(std::chrono::milliseconds wait);
    static void give_back(PooledInstance* item, bool usable) noexcept;
    void shrink() noexcept;
    void close() noexcept;
    bool drain(std::chrono::milliseconds wait);

    /// No handle of the pool is left: closes it, and nothing of it stays but leases and what they hold.
    void retire() noexcept;
    PoolStatistics statistics() const;
    const Plugin& plugin() const noexcept { return plugin_; }
    const PoolOptions& options() const noexcept { return options_; }

private:
    using Item = std::unique_ptr<PooledInstance>;
    using Time = std::chrono::steady_clock::time_point;
    struct alignas(64) Place {
        std::atomic<PooledInstance*> item{nullptr};
        std::atomic<std::int64_t> since{0};      // when it was left here, by the coarse clock
        std::atomic<std::uint64_t> leases{0};    // by threads of this number
        std::atomic<std::uint32_t> leaving{0};   // threads of this number that are in `leave_plainly`
    };
    // One caller in `acquire`; lives on its stack. Woken with an instance, with leave to make one, or because of a close.
    struct Waiter {
        std::condition_variable wake;
        Item item;
        bool may_make = false;
        bool served = false;
        Waiter* next = nullptr;
    };
    // Those who wait, in the order of their coming. Links of their own: nothing here may fail for want of memory.
    class Line {
    public:
        bool empty() const noexcept { return first_ == nullptr; }
        std::size_t size() const noexcept;
        void add(Waiter& waiter) noexcept;
        void remove(const Waiter& waiter) noexcept;
        Waiter* take_first() noexcept;                   // null if nobody waits

    private:
        Waiter* first_ = nullptr;
        Waiter* last_ = nullptr;
    };
    // Instances on their way out, likewise; `drop` must follow. Their places are free once they are gone, not before.
    class Outgoing {
    public:
        void add(Item item) noexcept;
        Item take() noexcept;                            // null if there is none

    private:
        PooledInstance* first_ = nullptr;
    };
    class Slowly;
    class Unfilled;

    Result<Item> make_one();
    Result<Item> make_in_place();
    Result<Item> acquire_slowly(std::chrono::milliseconds wait);
    Result<Lease> lease(Item item, std::size_t first);
    Result<void> prepared(Item& item);                   // by the hook
    Result<void> told_by_hook(Instance& instance) const;
    bool made_ready(Instance& instance) noexcept;        // for its next lease, where it is not kept as it is
    Item take_idle(std::size_t first) noexcept;
    bool leave_idle(PooledInstance* item) noexcept;
    bool leave_plainly(Item& item) noexcept;             // false: the item is the caller's still, and the slow way is to be taken
    void serve_waiters() noexcept;
    void drop(Outgoing& outgoing) noexcept;              // without the lock
    std::size_t idle_count() const noexcept;

    // All of these with the lock held.
    Result<void> wait_in_line(std::unique_lock<std::mutex>& lock, Time until, Item& item);
    void serve_waiters(Outgoing& outgoing) noexcept;
    std::size_t staying() const noexcept { return existing_ - outgoing_; }
    void free_place() noexcept;                          // an instance is gone: its place is somebody else's
    void take_stale(Outgoing& outgoing) noexcept;
    void start_tidying() noexcept;
    void tidy();                                         // what the thread does

    const Plugin plugin_;
    const PoolOptions options_;
    const std::size_t place_count_;
    const std::unique_ptr<Place[]> places_;

    alignas(64) std::atomic<std::uint32_t> slow_{0};    // read by every call, seldom written: no other writes on its line
    alignas(64) mutable std::mutex mutex_;               // guards all below
    std::condition_variable all_back_;
    Line waiting_;
    std::size_t existing_ = 0;                           // instances idle, leased, being made, prepared or dropped
    std::size_t outgoing_ = 0;                           // being dropped, of those
    bool closed_ = false;
    PoolStatistics counted_;
    bool ending_ = false;
    std::condition_variable tidy_wake_;
    bool tidier_rests_ = false;                          // there is nothing that it may drop one day
    std::thread tidier_;
};

}  // namespace mortise::detail
