#include "host/clock.hpp"

#include <algorithm>
#include <utility>

namespace mortise::host {

namespace {

// Idle ticks before the thread parks: instances that come and go do not wake it each time.
constexpr int kIdleTicks = 50;

}  // namespace

Clock::Clock(std::chrono::milliseconds period, std::function<void()> on_tick)
    : period_(std::clamp(period, std::chrono::milliseconds(1), std::chrono::milliseconds(1000))),
      on_tick_(std::move(on_tick)),
      start_(std::chrono::steady_clock::now()) {}

Clock::~Clock() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

std::uint64_t Clock::ticks(std::chrono::milliseconds duration) const noexcept {
    const auto wanted = std::max<std::int64_t>(0, duration.count());
    const auto period = period_.count();
    return static_cast<std::uint64_t>(wanted / period + (wanted % period != 0 ? 1 : 0)) + 1;
}

void Clock::enter() {
    living_.fetch_add(1, std::memory_order_seq_cst);
    if (ticking_.load(std::memory_order_seq_cst)) return;
    try {
        const std::lock_guard lock(mutex_);
        if (ticking_.load(std::memory_order_relaxed)) return;
        publish();  // the clock stood still: nobody may be armed by an old time
        if (!thread_.joinable()) thread_ = std::thread(&Clock::run, this);
        ticking_.store(true, std::memory_order_seq_cst);
    } catch (...) {
        leave();
        throw;
    }
    wake_.notify_one();
}

void Clock::leave() noexcept { living_.fetch_sub(1, std::memory_order_acq_rel); }

void Clock::publish() noexcept {
    const auto passed = std::chrono::steady_clock::now() - start_;
    now_.store(static_cast<std::uint64_t>(passed / period_), std::memory_order_relaxed);
}

void Clock::run() {
    std::unique_lock lock(mutex_);
    int idle = 0;
    while (!ending_) {
        wake_.wait_for(lock, period_, [this] { return ending_; });
        if (ending_) return;
        publish();
        on_tick_();
        idle = living_.load(std::memory_order_acquire) == 0 ? idle + 1 : 0;
        if (idle < kIdleTicks) continue;
        idle = 0;
        // Either an `enter` sees that the clock no longer ticks, or it is seen here.
        ticking_.store(false, std::memory_order_seq_cst);
        if (living_.load(std::memory_order_seq_cst) != 0) ticking_.store(true, std::memory_order_seq_cst);
        else wake_.wait(lock, [this] { return ending_ || ticking_.load(std::memory_order_relaxed); });
    }
}

}  // namespace mortise::host
