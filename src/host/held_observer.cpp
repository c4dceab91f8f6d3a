#include "host/held_observer.hpp"

#include <utility>

namespace mortise::detail {

namespace {

constexpr std::size_t kMostHeld = std::size_t{1} << 20;

}  // namespace

void HeldObserver::guest_log(std::uint64_t instance, LogLevel level, std::string_view text) {
    hold({instance, level, std::string(text)});
}

void HeldObserver::guest_output(std::uint64_t instance, Stream stream, BytesView bytes) {
    hold({instance, stream, std::string(text_of(bytes))});
}

void HeldObserver::warning(std::uint64_t instance, std::string_view text) { hold({instance, Warning{}, std::string(text)}); }

void HeldObserver::hold(Said said) {
    const std::size_t size = sizeof(Said) + said.text.size();   // an empty line takes room, too
    full_ = full_ || size > kMostHeld - size_;
    if (full_) return;
    size_ += size;
    said_.push_back(std::move(said));
}

void HeldObserver::tell(const Said& said) {
    if (const auto* level = std::get_if<LogLevel>(&said.how)) real_->guest_log(said.instance, *level, said.text);
    else if (const auto* stream = std::get_if<Stream>(&said.how)) real_->guest_output(said.instance, *stream, bytes_of(said.text));
    else real_->warning(said.instance, said.text);
}

void HeldObserver::release() noexcept {
    for (const Said& said : std::exchange(said_, {})) {
        try {
            tell(said);
        } catch (...) {  // an observer never fails a guest
        }
    }
}

}  // namespace mortise::detail
