#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::cli {

/// The text fit for one line of a terminal: control characters escaped, ill-formed UTF-8 replaced. Guests write error texts.
std::string one_line(std::string_view text);

/// The text in double quotes, on one line, cut after about 80 bytes.
std::string in_quotes(std::string_view text);

/// The text without blanks and tabs at its ends.
std::string_view trimmed(std::string_view text) noexcept;

/// The parts between separators; one empty part for an empty text.
std::vector<std::string_view> split(std::string_view text, char separator);

/// "a, b, c".
std::string joined(std::span<const std::string_view> items);

/// The candidate that the word was probably meant to be; empty if none is near.
std::string_view nearest(std::string_view word, std::span<const std::string> candidates);

/// A count with its noun: "1 byte", "3 bytes".
std::string counted(std::size_t count, std::string_view noun);

}  // namespace mortise::cli
