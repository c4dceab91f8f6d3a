#pragma once

#include <string>
#include <string_view>

#include <mortise/bytes.hpp>

namespace mortise::trust {

/// SHA-256 as 64 lower-case hex digits.
std::string sha256_hex(BytesView bytes);

/// True if both are the same hex digits in either case, compared in a time that does not depend on where they differ.
bool same_hex(std::string_view a, std::string_view b) noexcept;

}  // namespace mortise::trust
