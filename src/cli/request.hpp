#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>

#include "cli/json.hpp"
#include "cli/kinds.hpp"

namespace mortise::cli {

/// A call as a line of `--jsonl` asks for it, before it is known which ABI it meets.
struct Request {
    std::string name{};
    std::optional<Json> arguments{};            ///< an array
    std::optional<Signature> types{};
    std::optional<Bytes> payload{};
    bool fresh = false;                       ///< in a sandbox of its own
    std::optional<std::int64_t> gas{};          ///< aspect: EVM gas; whether it may be so much is the ABI's to say
    std::optional<std::uint32_t> resource{};    ///< W3bstream: "rid"
    std::vector<std::pair<std::uint32_t, Bytes>> resources{};   ///< W3bstream: further ones
    bool reset_state = false;                 ///< W3bstream: forget the key-value state before the call
    std::optional<Bytes> accumulator{};       ///< dataflow: the first input of a function of two
};

/// The bytes of the longest line.
inline constexpr std::size_t kLongestLine = std::size_t{256} << 20;

/// Reads a request. Errors: `invalid_argument`, naming the member.
Result<Request> parse_request(std::string_view line);

}  // namespace mortise::cli
