#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>

#include "cli/json.hpp"
#include "cli/kinds.hpp"

namespace mortise::cli {

/// Which calls of a guest an entry takes: those that agree with every member it has.
struct HostMatch {
    std::optional<std::string> module;
    std::optional<std::string> name;
    std::optional<std::string> binding;
    std::optional<std::string> space;       ///< "namespace"
    std::optional<std::string> operation;
};

/// Replies.
struct EchoReply {};                        ///< the payload or the first argument
struct NoReply {};                          ///< null: no value, no response
struct TextReply { std::string text; };     ///< with ${input}, ${0}, ${1}, ... to be filled in
struct BytesReply { Bytes bytes; };
struct ValueReply { Json value; };
struct ErrorReply { std::string text; };
using HostReply = std::variant<EchoReply, NoReply, TextReply, BytesReply, ValueReply, ErrorReply>;

/// One entry of a host file.
struct HostEntry {
    std::size_t number = 0;                 ///< from 1, for errors
    HostMatch match;
    std::optional<Signature> types;         ///< at most one result
    HostReply reply;
    std::optional<std::uint64_t> gas;       ///< aspect: the static rule, in Wasm gas
};

using HostFile = std::vector<HostEntry>;

/// Reads a host file's text. Errors: `invalid_argument`, naming the entry and what is wrong with it.
Result<HostFile> parse_host_file(std::string_view text);

/// `what` of an entry's errors: "entry 3".
std::string entry_name(const HostEntry& entry);

}  // namespace mortise::cli
