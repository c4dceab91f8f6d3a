#pragma once

#include <cstdint>

#include <mortise/error.hpp>
#include <mortise/sandbox.hpp>

namespace mortise::wasi {

/// The clocks that a guest reads, in nanoseconds.
class Clocks {
public:
    explicit Clocks(Clock clock) : clock_(std::move(clock)) {}

    /// `invalid_argument` for a fixed clock that would run backwards.
    static Result<void> check(const Clock& clock);

    /// One reading by the guest; a fixed clock moves on by its step.
    std::uint64_t read(ClockId id);

    /// The time without a reading. A supplied clock is not asked: its latest answer counts.
    std::uint64_t peek(ClockId id) const;

    std::uint64_t resolution(ClockId id) const noexcept;

    /// True if a wait moves the clock instead of taking time.
    bool fixed() const noexcept { return std::holds_alternative<FixedClock>(clock_); }
    bool supplied() const noexcept { return std::holds_alternative<ClockFunction>(clock_); }

    /// Moves a fixed clock on.
    void advance(std::uint64_t nanoseconds) noexcept;

private:
    Clock clock_;
    std::uint64_t elapsed_ = 0;               // of a fixed clock
    std::uint64_t latest_[2] = {0, 0};        // answers of a supplied clock
};

}  // namespace mortise::wasi
