#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <mortise/error.hpp>

namespace mortise::cli {

/// A count of bytes: digits, then nothing or one of B, KiB, MiB, GiB, TiB. Errors: `invalid_argument`.
Result<std::uint64_t> parse_size(std::string_view text);

/// A time above zero: digits, then one of ms, s, min, h. Errors: `invalid_argument`.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Decimal digits alone, up to 2^64-1. Errors: `invalid_argument`.
Result<std::uint64_t> parse_count(std::string_view text);

}  // namespace mortise::cli
