#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <mortise/detail/raw.hpp>

#include "engine/guest_memory.hpp"

namespace mortise::abi {

/// A string of an AssemblyScript guest as UTF-8: UTF-16LE at `pointer`, its length in bytes in the u32 before it. Unpaired
/// surrogates become U+FFFD; text beyond about 64 KiB is cut, since it only serves messages. Nothing if the pointer is 0 or the
/// string is not all inside memory.
std::optional<std::string> read_assemblyscript_string(const engine::GuestMemory& memory, std::uint32_t pointer);

/// What an AssemblyScript guest said with `env.abort(message, file, line, column)`. Strings that cannot be read are absent: they
/// must not hide the abort.
struct AbortReason {
    std::optional<std::string> message;
    std::optional<std::string> file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    /// `MSG at FILE:LINE:COL`, without the parts that are absent.
    std::string text() const;
};

/// Reads the four arguments of `env.abort`, each an i32.
AbortReason read_abort(const engine::GuestMemory& memory, const engine::RawValue* slots);

}  // namespace mortise::abi
