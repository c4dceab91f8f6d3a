#include "wasi/clocks.hpp"

#include <algorithm>
#include <ctime>

namespace mortise::wasi {

namespace {

std::uint64_t count(std::chrono::nanoseconds time) noexcept {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
}

std::uint64_t add(std::uint64_t a, std::uint64_t b) noexcept { return a + std::min(b, UINT64_MAX - a); }

clockid_t host_clock(ClockId id) noexcept { return id == ClockId::realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC; }

std::uint64_t nanoseconds(const timespec& time) noexcept {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

Result<void> Clocks::check(const Clock& clock) {
    const auto* fixed = std::get_if<FixedClock>(&clock);
    if (fixed != nullptr && (fixed->step.count() < 0 || fixed->start.count() < 0)) {
        return fail(ErrorCode::invalid_argument, "FixedClock: start and step must not be negative");
    }
    const auto* supplied = std::get_if<ClockFunction>(&clock);
    if (supplied != nullptr && !*supplied) return fail(ErrorCode::invalid_argument, "Sandbox::clock is an empty function");
    return {};
}

std::uint64_t Clocks::peek(ClockId id) const {
    if (const auto* fixed = std::get_if<FixedClock>(&clock_)) {
        return id == ClockId::realtime ? add(count(fixed->start), elapsed_) : elapsed_;
    }
    if (supplied()) return latest_[static_cast<std::size_t>(id)];
    timespec time{};
    ::clock_gettime(host_clock(id), &time);
    return nanoseconds(time);
}

std::uint64_t Clocks::read(ClockId id) {
    if (const auto* supplied = std::get_if<ClockFunction>(&clock_)) {
        return latest_[static_cast<std::size_t>(id)] = count((*supplied)(id));
    }
    const std::uint64_t now = peek(id);
    if (const auto* fixed = std::get_if<FixedClock>(&clock_)) advance(count(fixed->step));
    return now;
}

std::uint64_t Clocks::resolution(ClockId id) const noexcept {
    if (const auto* fixed = std::get_if<FixedClock>(&clock_)) return std::max<std::uint64_t>(count(fixed->step), 1);
    timespec resolution{};
    if (supplied() || ::clock_getres(host_clock(id), &resolution) != 0) return 1;
    return std::max<std::uint64_t>(nanoseconds(resolution), 1);
}

void Clocks::advance(std::uint64_t nanoseconds) noexcept { elapsed_ = add(elapsed_, nanoseconds); }

}  // namespace mortise::wasi
