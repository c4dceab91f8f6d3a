#include "abi/message/assemblyscript_imports.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "abi/assemblyscript.hpp"
#include "abi/message/calls.hpp"
#include "base/text.hpp"

namespace mortise::abi::message {

using engine::RawValue;
using engine::Stop;
using engine::StopInfo;
using engine::Store;

namespace {

constexpr std::int32_t kAbortStatus = 255;

// What the guest said, with something in every place: a string that cannot be read hides neither the abort nor its line.
std::string abort_text(const AbortReason& reason) {
    const auto part = [](const std::optional<std::string>& text, std::string_view otherwise) {
        return text && !text->empty() ? std::string_view(*text) : otherwise;
    };
    return base::concat(part(reason.message, "abort"), " at ", part(reason.file, "?"), ':', reason.line, ':', reason.column);
}

Stop stop_by_abort(Store& store, const RawValue* slots, Stop why) noexcept {
    try {
        Calls& calls = Calls::of(store);
        const AbortReason reason = read_abort(calls.memory(), slots);
        const std::string text = abort_text(reason);
        Frame* frame = calls.top();
        std::string& kept = frame != nullptr ? frame->error : calls.stray_error();
        if (frame != nullptr) frame->touched = true;
        // What waPC keeps is told with its place; of what exits the guest's own words alone, the place is in the error.
        if (kept.empty()) kept = why == Stop::exit ? reason.message.value_or("") : text;
        StopInfo info;
        info.trap = TrapKind::unreachable;
        info.exit_status = kAbortStatus;
        info.text = base::concat("the guest aborted: ", text);
        return store.stop_with(why, std::move(info));
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

}  // namespace

Stop abort_with_trap(const void*, Store& store, engine::Caller, RawValue* slots) noexcept {
    return stop_by_abort(store, slots, Stop::trap);
}

Stop abort_with_exit(const void*, Store& store, engine::Caller, RawValue* slots) noexcept {
    return stop_by_abort(store, slots, Stop::exit);
}

Stop trace(const void*, Store& store, engine::Caller, RawValue* slots) noexcept {
    constexpr std::int32_t kNumbers = 5;
    try {
        Calls& calls = Calls::of(store);
        const auto message = read_assemblyscript_string(calls.memory(), static_cast<std::uint32_t>(slots[0].i32));
        std::string line = message.value_or("");
        const auto count = static_cast<std::size_t>(std::clamp(slots[1].i32, 0, kNumbers));
        for (std::size_t i = 0; i < count; ++i) {
            std::array<char, 32> digits;
            const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), slots[2 + i].f64).ptr;
            line += i == 0 ? " " : ", ";
            line.append(digits.data(), end);
        }
        calls.session().log(LogLevel::trace, line);
    } catch (...) {  // a log line never fails a guest
    }
    return Stop::done;
}

Stop seed(const void*, Store& store, engine::Caller, RawValue* slots) noexcept {
    constexpr int kMantissaBits = 53;
    try {
        const std::uint64_t bits = Calls::of(store).session().random_bits() >> (64 - kMantissaBits);
        slots[0].f64 = static_cast<double>(bits) / static_cast<double>(std::uint64_t{1} << kMantissaBits);
        return Stop::done;
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

}  // namespace mortise::abi::message
