#pragma once

#include <optional>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>

namespace mortise::abi::aspect {

/// The module inside the chain's container of deployed code; nothing if the bytes are no container. Errors: `unsupported` (the
/// compression), `malformed_module` (checksum, compressed data), `unsupported` if the module is larger than `most` bytes.
Result<std::optional<Bytes>> unwrap(BytesView bytes, std::uint64_t most);

}  // namespace mortise::abi::aspect
