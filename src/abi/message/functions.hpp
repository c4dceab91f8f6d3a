#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include <mortise/host_functions.hpp>

#include "abi/message/calls.hpp"
#include "base/text.hpp"

namespace mortise::abi::message {

/// Through which import a host function was called, for errors and events: what `HostImport::function` points to.
struct Site {
    std::string_view module, name;
};

/// @name Imports that move bytes between guest memory and the innermost call
/// `function` is a `Site`. Without a call in progress they do nothing and lengths are 0. A range that is not all inside the
/// memory ends the guest's call with `bad_pointer`, nothing written; of an empty range the pointer is not looked at.
/// @{
using engine::Stop;
Stop request(const void* function, engine::Store&, engine::Caller, engine::RawValue*) noexcept;            ///< (op_ptr, ptr)
Stop response(const void* function, engine::Store&, engine::Caller, engine::RawValue*) noexcept;           ///< (ptr, len)
Stop error(const void* function, engine::Store&, engine::Caller, engine::RawValue*) noexcept;              ///< (ptr, len)
Stop host_response_len(const void* function, engine::Store&, engine::Caller, engine::RawValue*) noexcept;  ///< () -> len
Stop host_response(const void* function, engine::Store&, engine::Caller, engine::RawValue*) noexcept;      ///< (ptr)
Stop host_error_len(const void* function, engine::Store&, engine::Caller, engine::RawValue*) noexcept;     ///< () -> len
Stop host_error(const void* function, engine::Store&, engine::Caller, engine::RawValue*) noexcept;         ///< (ptr)
Stop log(const void* function, engine::Store&, engine::Caller, engine::RawValue*) noexcept;                ///< (ptr, len)
/// @}

/// What the parts of a host call are called, for errors: pairs of pointer and length, one after the other.
template <std::size_t N>
using Fields = std::array<std::string_view, N>;

/// @name Ends of a call whose guest gave a range that cannot be taken; `at` and `size` are what it gave
/// @{
Stop bad_pointer(Calls& calls, const Site& site, std::string_view field, std::uint32_t at, std::uint32_t size) noexcept;
Stop too_long(Calls& calls, const Site& site, std::string_view field, std::uint32_t size) noexcept;
Stop stop_of_exception(Calls& calls) noexcept;
/// @}

/// Copies the parts of a host call one after the other into the frame's argument buffer, or ends the guest's call:
/// `bad_pointer` if one is not inside memory, `output_limit` if one is longer than an output may be. All are checked before
/// anything is allocated.
template <std::size_t N>
Stop take_arguments(Calls& calls, Frame& frame, const Site& site, const Fields<N>& fields, const engine::RawValue* slots) noexcept {
    const engine::GuestMemory memory = calls.memory();
    const std::uint64_t limit = calls.output_limit();
    const auto at = [slots](std::size_t i) { return static_cast<std::uint32_t>(slots[2 * i].i32); };
    const auto size = [slots](std::size_t i) { return static_cast<std::uint32_t>(slots[2 * i + 1].i32); };
    std::uint64_t total = 0;  // of a few lengths of 32 bits each
    for (std::size_t i = 0; i < N; ++i) {
        if (!memory.contains(at(i), size(i))) [[unlikely]] return bad_pointer(calls, site, fields[i], at(i), size(i));
        if (size(i) > limit) [[unlikely]] return too_long(calls, site, fields[i], size(i));
        total += size(i);
    }
    if (frame.arguments.size() < total) [[unlikely]] {
        try {
            frame.arguments.resize(static_cast<std::size_t>(total));
        } catch (...) {
            return stop_of_exception(calls);
        }
    }
    std::byte* out = frame.arguments.data();
    for (std::size_t i = 0; i < N; ++i) {
        const auto bytes = *memory.bytes(at(i), size(i));
        if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
        out += bytes.size();
    }
    return Stop::done;
}

/// The end of a host call: what its handler left becomes the answer that the guest reads (1, or 0 with an error text), and the
/// observer hears of it. An error of code `host_abort` ends the guest's call instead.
Stop finish_host_call(Calls& calls, Frame& frame, const HostCall& call, Result<void> outcome, engine::RawValue* slots) noexcept;

/// Runs `handler(call, reply)`, a `Result<void>` that may throw, and finishes the host call with its outcome. The handler may
/// call into the guest again: `frame` stays, views into guest memory do not.
template <class Handler>
Stop answer_host_call(Calls& calls, Frame& frame, HostCall& call, engine::RawValue* slots, Handler&& handler) noexcept {
    call.instance_id = calls.session().instance_id;
    call.instance_ = calls.session().handle;
    const auto outcome = [&]() -> Result<void> {
        try {
            return handler(call, frame.host_response);
        } catch (...) {
            return fail(detail::error_of_exception());
        }
    };
    return finish_host_call(calls, frame, call, outcome(), slots);
}

/// True if the bytes are ASCII alone: the quick answer to whether they are UTF-8.
inline bool is_ascii(BytesView bytes) noexcept {
    std::uint64_t seen = 0;
    std::size_t at = 0;
    for (; bytes.size() - at >= sizeof seen; at += sizeof seen) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data() + at, sizeof word);
        seen |= word;
    }
    for (; at < bytes.size(); ++at) seen |= std::to_integer<std::uint64_t>(bytes[at]);
    return (seen & 0x8080808080808080u) == 0;
}

}  // namespace mortise::abi::message
