#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace mortise::base {

inline void append_part(std::string& out, std::string_view part) { out += part; }
inline void append_part(std::string& out, char part) { out += part; }
template <std::integral T>
void append_part(std::string& out, T part) {
    out += std::to_string(part);
}

/// One text of several: strings as they are, integers in decimal.
template <class... Parts>
std::string concat(const Parts&... parts) {
    std::string out;
    (append_part(out, parts), ...);
    return out;
}

/// A number in hexadecimal with its prefix, e.g. `0x1f`.
std::string hex(std::uint64_t number);

/// A text for a message: in double quotes, control characters, quotes and backslashes escaped, ill-formed UTF-8
/// replaced, and cut to about `most` bytes with `...` at the end, since names come from guests.
std::string quoted(std::string_view text, std::size_t most = 200);

}  // namespace mortise::base
