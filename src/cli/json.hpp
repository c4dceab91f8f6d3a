#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <mortise/error.hpp>

namespace mortise::cli {

/// JSON with its members in their order and 64-bit integers exact.
using Json = nlohmann::ordered_json;

/// Bounds of a text that may be hostile: beyond one of them reading fails.
struct JsonLimits {
    std::uint32_t depth = 64;               ///< containers inside each other; printing and copying recurse as deep
    std::uint64_t values = 16'000'000;      ///< everything in it; bounds what a short text can make of memory
};

/// What becomes of integers beyond 64 bits.
enum class LongIntegers : std::uint8_t {
    refused,
    kept,   ///< their digits, for `long_integer`: a double may be wanted
};

/// Reads a JSON text. Beside what is no JSON it refuses what could not be handed on exactly: repeated keys in an object and
/// integers beyond 64 bits. Errors: `invalid_argument`, with the byte where it went wrong.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {}, LongIntegers long_integers = LongIntegers::refused);

/// True of any JSON text, whatever its depth, its keys and its numbers.
bool is_json(std::string_view text);

/// The digits of an integer beyond 64 bits that was kept.
std::optional<std::string_view> long_integer(const Json& json) noexcept;

/// The first of them in it, at any depth: such a tree cannot be printed as what it was.
std::optional<std::string_view> find_long_integer(const Json& json) noexcept;

/// On one line; never fails.
std::string to_line(const Json& json);

/// What a JSON value is, for error texts: "a string", "an array".
std::string_view kind_of_json(const Json& json) noexcept;

}  // namespace mortise::cli
