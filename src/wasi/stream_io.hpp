#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "wasi/handle.hpp"
#include "wasi/types.hpp"

namespace mortise::wasi {

/// Whether a call waits until it can do something. `no`: it answers `again` instead.
enum class Wait : std::uint8_t { yes, no };

/// Reads from a descriptor that may make us wait (a pipe, a terminal), but no longer than patience lasts (`intr`).
Outcome<std::size_t> read_stream(int fd, const Patience& patience, std::span<const iovec> buffers, Wait wait);

/// Writes likewise; short where patience ends midway. A reader that is gone is `pipe`, never a signal.
Outcome<std::size_t> write_stream(int fd, const Patience& patience, std::span<const iovec> buffers, Wait wait);

/// Bytes that such a descriptor has to read, and whether its other end is gone.
Handle::Readable stream_readable(int fd) noexcept;

}  // namespace mortise::wasi
