#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <mortise/error.hpp>

#include "cli/outcome.hpp"

namespace mortise::cli {

/// How `call` prints a result: `--output`.
enum class Output : std::uint8_t { text, hex, json, raw };

Result<Output> parse_output(std::string_view name);

/// An outcome's value or payload as it is printed, with a line end except for `raw`; nothing for no value and no response.
/// Text that is no text is given as hex, and `shown_as_hex` set.
std::string result_text(const Outcome& outcome, Output output, bool& shown_as_hex);

}  // namespace mortise::cli
