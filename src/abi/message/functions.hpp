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

/// Bytes of guest memory that the guest named, and what they are, for errors.
struct Range {
    std::string_view field;
    std::uint32_t at = 0;
    std::uint32_t size = 0;
};

/// Copies the ranges one after the other into the frame's argument buffer, or ends the call: `bad_pointer` if one is not
/// inside memory, `output_limit` if one is longer than an output may be. All are checked before anything is allocated.
Stop take_arguments(Calls& calls, Frame& frame, const Site& site, std::span<const Range> ranges) noexcept;

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
