#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <mortise/bytes.hpp>
#include <mortise/export.hpp>

namespace mortise::codec {

/// The bytes in base64: the standard alphabet of RFC 4648, padded.
MORTISE_API std::string base64_encode(BytesView bytes);

/// The bytes of a base64 text; nothing if it is none. Takes the standard alphabet, padded or not; spare bits in the last symbol
/// may be anything, as several encoders leave them. White space is not taken.
MORTISE_API std::optional<Bytes> base64_decode(std::string_view text);

}  // namespace mortise::codec
