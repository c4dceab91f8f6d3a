#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>
#include <mortise/value.hpp>

#include "cli/host_file.hpp"

namespace mortise::cli {

/// The text with ${0}, ${1} and so on replaced by the arguments, and ${input} by the one of index `input`, numbers as decimal text.
/// What stands for an argument that there is not becomes nothing; any other "$" stays.
std::string fill_in(std::string_view pattern, std::span<const ValueView> arguments, std::size_t input = 0);

/// What an entry answers to a call with these arguments (for a message the payload as one), as a value of this kind. `input` is the
/// index of the argument that is echoed. Errors: `host_function_failed` with the entry's own text, or with what does not fit.
Result<Value> reply_value(const HostEntry& entry, std::span<const ValueView> arguments, Kind result, std::size_t input = 0);

/// Likewise as bytes, in place of what is in `reply`. False: no response.
Result<bool> reply_bytes(const HostEntry& entry, std::span<const ValueView> arguments, Bytes& reply);

}  // namespace mortise::cli
