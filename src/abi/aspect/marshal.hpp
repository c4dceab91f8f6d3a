#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>
#include <mortise/value.hpp>

#include "engine/guest_memory.hpp"

namespace mortise::abi::aspect {

/// What stands before each value: its type and how many bytes follow. Little-endian, unaligned.
struct Header {
    static constexpr std::uint64_t kSize = 6;
    std::int16_t type = 0;
    std::int32_t length = 0;
};

/// The type number of a kind that can cross; nothing for one that cannot.
std::optional<std::int16_t> type_of(Kind kind) noexcept;

/// The kind of a type number that can cross; nothing for one that cannot.
std::optional<Kind> kind_of(std::int16_t type) noexcept;

/// Bytes of a value that can cross, header included.
std::uint64_t encoded_size(const ValueView& value) noexcept;

/// Writes header and body into exactly `encoded_size` bytes. The body's length must fit into 31 bits.
void encode(const ValueView& value, std::span<std::byte> out) noexcept;

/// Errors: `decode` if the header is not inside memory, or the length is below 0.
Result<Header> read_header(const engine::GuestMemory& memory, std::uint32_t address);

/// The value behind a header that was read there: text and bytes are views into the guest's memory. Errors: `decode` if the
/// type cannot cross, the body is not inside memory or too short. Longer bodies of numbers are fine.
Result<ValueView> read_body(const engine::GuestMemory& memory, std::uint32_t address, Header header);

}  // namespace mortise::abi::aspect
