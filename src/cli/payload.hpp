#pragma once

#include <string>
#include <string_view>

#include <mortise/bytes.hpp>
#include <mortise/codec.hpp>
#include <mortise/error.hpp>

#include "cli/json.hpp"

namespace mortise::cli {

/// The bytes that an object of one member says: "text", "hex", "base64", "json" (the value as JSON text without white space) or
/// "msgpack" (the value as MessagePack). What outcomes have, "base64" with the same bytes as "text" beside it, is taken
/// too. `what` names the object in errors. Errors: `invalid_argument`.
Result<Bytes> parse_payload(const Json& json, std::string_view what);

/// {"base64": ...}, with "text" beside it where the bytes are UTF-8.
Json bytes_to_json(BytesView bytes);

std::string to_hex(BytesView bytes);

/// Hex digits in either case, an even number of them. Errors: `invalid_argument`.
Result<Bytes> parse_hex(std::string_view text);

/// The bounds for JSON and MessagePack that the command converts: those of the longest request.
inline constexpr codec::DecodeOptions kCodecLimits{
    .max_depth = 64, .max_elements = 16'000'000, .max_bytes = std::uint64_t{256} << 20};

}  // namespace mortise::cli
