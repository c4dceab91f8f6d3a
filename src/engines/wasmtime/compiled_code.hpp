#pragma once

#include <cstdint>
#include <string_view>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>

namespace mortise::engines::wasmtime {

/// A fast 64-bit sum that notices damage; no protection against intent.
std::uint64_t checksum(BytesView bytes) noexcept;

/// Compiled code as it leaves the engine: what the vendor saves, behind a header with its `code_key` and a checksum,
/// because the vendor does not notice damaged machine code.
Bytes wrap_code(std::string_view key, BytesView code);

/// The vendor's part. Errors: `malformed_module` (not compiled code, cut off, damaged), `unsupported` (made by another
/// version, for another processor or with other settings).
Result<BytesView> unwrap_code(std::string_view key, BytesView wrapped);

}  // namespace mortise::engines::wasmtime
