#include "wasi/stream_io.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/no_write_signals.hpp"

namespace mortise::wasi {

namespace {

// A pipe that polls as writable takes this much without making the writer wait.
constexpr std::size_t kAtOnce = 4096;

// `success` when the descriptor is ready.
Errno await(int fd, short events, const Patience& patience, Wait wait) noexcept {
    for (;;) {
        pollfd polled{fd, events, 0};
        const int ready = ::poll(&polled, 1, wait == Wait::yes ? kWaitSliceMilliseconds : 0);
        if (ready > 0) return Errno::success;
        if (ready < 0 && errno != EINTR) return errno_from_host(errno);
        if (wait == Wait::no && ready == 0) return Errno::again;
        if (patience.over()) return Errno::intr;
    }
}

bool is_regular(int fd) noexcept {
    struct stat stat{};
    return ::fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode);
}

}  // namespace

Outcome<std::size_t> read_stream(int fd, const Patience& patience, std::span<const iovec> buffers, Wait wait) {
    for (;;) {
        if (const Errno error = await(fd, POLLIN, patience, wait); error != Errno::success) return refuse(error);
        const ssize_t count = ::readv(fd, buffers.data(), static_cast<int>(buffers.size()));
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR && errno != EAGAIN) return refuse(errno_from_host(errno));
        if (wait == Wait::no) return refuse(Errno::again);
        if (patience.over()) return refuse(Errno::intr);
    }
}

Outcome<std::size_t> write_stream(int fd, const Patience& patience, std::span<const iovec> buffers, Wait wait) {
    const bool regular = is_regular(fd);
    std::size_t written = 0;
    for (const iovec& buffer : buffers) {
        std::size_t at = 0;
        while (at < buffer.iov_len) {
            if (const Errno error = await(fd, POLLOUT, patience, wait); error != Errno::success) {
                if (written > 0) return written;
                return refuse(error);
            }
            const std::size_t count = regular ? buffer.iov_len - at : std::min(buffer.iov_len - at, kAtOnce);
            ssize_t done = 0;
            int error = 0;
            {
                const base::NoWriteSignals guard;   // a guest must not be able to end its host
                done = ::write(fd, static_cast<const std::byte*>(buffer.iov_base) + at, count);
                error = errno;
            }
            if (done < 0 && (error == EINTR || (error == EAGAIN && wait == Wait::yes))) {
                if (patience.over()) return written > 0 ? Outcome<std::size_t>(written) : refuse(Errno::intr);
                continue;
            }
            if (done < 0) return written > 0 ? Outcome<std::size_t>(written) : refuse(errno_from_host(error));
            at += static_cast<std::size_t>(done);
            written += static_cast<std::size_t>(done);
        }
    }
    return written;
}

Handle::Readable stream_readable(int fd) noexcept {
    int bytes = 0;
    if (::ioctl(fd, FIONREAD, &bytes) != 0 || bytes < 0) bytes = 0;
    pollfd polled{fd, POLLIN, 0};
    ::poll(&polled, 1, 0);
    const bool gone = (polled.revents & POLLHUP) != 0;
    return {static_cast<std::uint64_t>(bytes), bytes == 0 && gone};
}

}  // namespace mortise::wasi
