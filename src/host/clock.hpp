#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace mortise::host {

/// The Runtime's coarse clock: one thread that publishes ticks and tells the engine about each, parked while nobody lives.
/// Arming a deadline costs one load of `now` and one addition, never a system call.
class Clock {
public:
    Clock(std::chrono::milliseconds period, std::function<void()> on_tick);
    ~Clock();
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;

    /// Ticks so far; stands still while parked.
    const std::atomic<std::uint64_t>& now() const noexcept { return now_; }

    /// A duration in ticks, rounded up, and one more since the current tick is already partly over.
    std::uint64_t ticks(std::chrono::milliseconds duration) const noexcept;

    /// Who lives needs ticks. Both are cheap while others live too; any thread. `enter` returns with the clock running and not
    /// behind. Throws std::system_error if the thread cannot be started; the next `enter` tries again.
    void enter();
    void leave() noexcept;

private:
    void run();
    void publish() noexcept;

    const std::chrono::milliseconds period_;
    const std::function<void()> on_tick_;
    const std::chrono::steady_clock::time_point start_;
    alignas(64) std::atomic<std::uint64_t> now_{0};    // read by every call: no other writes on its cache line
    alignas(64) std::atomic<std::uint64_t> living_{0};
    std::atomic<bool> ticking_{false};                  // written under mutex_; false while parked
    std::mutex mutex_;                                  // guards ending_
    std::condition_variable wake_;
    bool ending_ = false;
    std::thread thread_;                                // started by the first `enter`
};

/// A life on the clock, from construction to destruction.
class Living {
public:
    explicit Living(Clock& clock) : clock_(&clock) { clock.enter(); }
    ~Living() { clock_->leave(); }
    Living(const Living&) = delete;
    Living& operator=(const Living&) = delete;

private:
    Clock* clock_;
};

}  // namespace mortise::host
