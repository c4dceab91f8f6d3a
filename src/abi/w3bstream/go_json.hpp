#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <mortise/abi/w3bstream_services.hpp>

namespace mortise::abi::w3bstream {

// JSON as Go's encoder writes it, which applets were built against: `<`, `>`, `&` and the line separators escaped, ill-formed UTF-8
// replaced, floats in its own form.

void append_json(std::string& out, std::string_view text);
void append_json(std::string& out, std::int64_t number);

/// False, with nothing appended, for NaN and infinities: JSON has none.
bool append_json(std::string& out, double number);

/// {"Time": RFC 3339 with what nanoseconds there are, "Valid": bool}.
void append_json(std::string& out, const SqlTime& time);

}  // namespace mortise::abi::w3bstream
