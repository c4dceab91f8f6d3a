#pragma once

#include <string_view>

#include <mortise/error.hpp>

namespace mortise::cli {

/// Writes `mortise: WHAT: WHY (HINT)` to stderr, on one line whatever is in the texts. Empty parts are left out.
void print_error(std::string_view what, std::string_view why, std::string_view hint = {});

/// Likewise for an error, with the guest's own words and the hint that helps most people. Gives the exit status.
int report(std::string_view what, const Error& error, std::string_view hint = {});

/// The error as it stands in such a line: message, the guest's words, trap, where.
std::string describe_in_line(const Error& error);

/// Writes a line to stderr that is no error: a guest's log.
void print_note(std::string_view kind, std::string_view text);

}  // namespace mortise::cli
