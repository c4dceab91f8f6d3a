#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include <mortise/error.hpp>
#include <mortise/module_info.hpp>
#include <mortise/value.hpp>

#include "cli/json.hpp"

namespace mortise::cli {

/// What an argument is to become: a kind, as `--types` says; a Wasm type, as the module says, where integers may have
/// either sign; or nothing, and its form decides.
using Wanted = std::variant<std::monostate, Kind, ValType>;

/// The value of an argument written on the command line. Without a wanted type: digits are an integer (i32 if it fits, else i64,
/// else u64), digits with a point or an exponent f64, "true" and "false" bool, anything else text. Floats are decimal or hex, nan
/// or inf. Bytes are the text's own, unless it is a JSON object like a payload. `number` counts arguments from 1, for
/// errors. Errors: `invalid_argument`, `type_mismatch`.
Result<Value> value_of_text(std::string_view text, const Wanted& wanted, std::size_t number);

/// The value of an argument in a request: the same rules by JSON type; an object like a payload is bytes, and a float may be a
/// string such as "nan".
Result<Value> value_of_json(const Json& json, const Wanted& wanted, std::size_t number);

}  // namespace mortise::cli
