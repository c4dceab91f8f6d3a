#pragma once

#include <cstdint>
#include <string>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>
#include <mortise/limits.hpp>

namespace mortise::cli {

/// A file's content. Errors: `not_found`, `invalid_argument` (a directory, or more than
/// `limit` bytes), `io`. The message does not name the file.
Result<Bytes> read_file(const std::string& path, std::uint64_t limit);

/// A module, or a file with one and its code: what stdin has where `path` is "-", else the file's content. Errors: as those.
Result<Bytes> read_module_file(const std::string& path, const LoadLimits& limits = {});

/// Writes a new file's content, or that of one that is there, which changes whole or not at all; what is no regular file is
/// written to. Errors: `io`.
Result<void> write_file(const std::string& path, BytesView content);

/// Everything from stdin. Errors: `io`, `invalid_argument` (more than `limit` bytes).
Result<Bytes> read_standard_input(std::uint64_t limit);

}  // namespace mortise::cli
