#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <mortise/abi/w3bstream_services.hpp>

namespace mortise::abi::w3bstream {

/// Reads RFC 3339 and what databases write: `T` or a blank between date and time, up to nine digits of fractions, `Z`, an offset
/// or nothing (UTC) at the end; a date alone; a time alone (of the year 0). Nothing if it is none of these. With `strict` RFC 3339 alone.
std::optional<SqlTime> parse_time(std::string_view text, bool strict);

/// RFC 3339 in UTC, with a fraction of as many digits as it needs.
std::string format_time(const SqlTime& time);

}  // namespace mortise::abi::w3bstream
