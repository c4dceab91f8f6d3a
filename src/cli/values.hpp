#pragma once

#include <string>

#include <mortise/value.hpp>

#include "cli/json.hpp"

namespace mortise::cli {

/// As outcomes have it: exact integers; NaN and infinities as strings; bytes, and text that is not UTF-8, as objects; a list as
/// an array; no value as null.
Json value_to_json(const Value& value);

/// For people: text and bytes as they are, numbers in decimal (floats with as few digits as bring them back), a list in
/// brackets, nothing for no value.
std::string value_to_text(const Value& value);

/// Text and bytes as hex digits, integers and bool as 0x..., floats in hex with a binary exponent.
std::string value_to_hex(const Value& value);

/// A value given as another kind of the same width, as Wasm does not tell signed from unsigned. Errors: `type_mismatch`.
Result<Value> as_kind(const Value& value, Kind kind);

}  // namespace mortise::cli
