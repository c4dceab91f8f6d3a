#pragma once

#include <chrono>

namespace mortise::abi {

/// Where the time of one observed instance goes. Its clock is looked at whenever control passes between host and guest, which costs
/// more than a plain call: instances that nobody observes have none. One thread at a time, like its instance.
class Timing {
public:
    enum class In { guest, host, elsewhere };

    /// An outermost call begins or ends.
    void begin() noexcept {
        in_ = In::guest;
        since_ = Clock::now();
    }
    void end() noexcept { pass_to(In::elsewhere); }

    /// What passes from now on is spent there; elsewhere is not counted.
    void pass_to(In in) noexcept {
        const auto now = Clock::now();
        if (in_ == In::guest) guest_ += now - since_;
        else if (in_ == In::host) host_ += now - since_;
        in_ = in;
        since_ = now;
    }

    std::chrono::nanoseconds guest() const noexcept { return guest_; }
    std::chrono::nanoseconds host() const noexcept { return host_; }

private:
    using Clock = std::chrono::steady_clock;

    In in_ = In::elsewhere;
    Clock::time_point since_{};
    std::chrono::nanoseconds guest_{0}, host_{0};
};

}  // namespace mortise::abi
