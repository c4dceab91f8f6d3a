#pragma once

#include <string>
#include <string_view>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>

namespace mortise::cli {

/// Opens what the caller closed of stdin, stdout and stderr, so that no file of ours gets their numbers: reading from and
/// writing to such a one fails. Also lets a write to a closed pipe, or beyond the limit on files, fail instead of ending the process.
void prepare_standard_streams() noexcept;

/// Writes all of it to stdout at once, unbuffered. Errors: `io` (full disk, closed pipe).
Result<void> write_to_stdout(std::string_view text);

/// Writes to stderr as far as that is possible.
void write_to_stderr(std::string_view text) noexcept;

/// Prints the text and gives the exit status: 0, or that of a stdout that cannot be written to, reported.
int print(std::string_view text);

/// True if stdout is a terminal that wants colour.
bool colour_wanted() noexcept;

}  // namespace mortise::cli
