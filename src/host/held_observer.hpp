#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <mortise/observer.hpp>

namespace mortise::detail {

/// Keeps what a guest says until it is known whether that counts. Calls to the host are reported at once: they did happen.
/// Bounded: a guest may log without end. One thread.
class HeldObserver final : public Observer {
public:
    explicit HeldObserver(std::shared_ptr<Observer> real) noexcept : real_(std::move(real)) {}

    void guest_log(std::uint64_t instance, LogLevel level, std::string_view text) override;
    void guest_output(std::uint64_t instance, Stream stream, BytesView bytes) override;
    void warning(std::uint64_t instance, std::string_view text) override;
    void host_call(const HostCallEvent& event) override { real_->host_call(event); }

    /// More was said than there is room for, and not all was kept.
    bool full() const noexcept { return full_; }

    /// Hands it on, in its order.
    void release() noexcept;

private:
    struct Warning {};
    struct Said {
        std::uint64_t instance = 0;
        std::variant<LogLevel, Stream, Warning> how;
        std::string text;
    };
    void hold(Said said);
    void tell(const Said& said);

    const std::shared_ptr<Observer> real_;
    std::vector<Said> said_;
    std::size_t size_ = 0;
    bool full_ = false;
};

}  // namespace mortise::detail
