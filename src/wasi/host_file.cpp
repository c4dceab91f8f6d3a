#include "wasi/host_file.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/checked.hpp"
#include "wasi/stream_io.hpp"

namespace mortise::wasi {

namespace {

// Synchronous and appending writes are asked for one by one, so that a guest can change those flags at any time, and so that
// a positioned write does not append, as it would on Linux through a descriptor opened with O_APPEND.
ssize_t write_at(int fd, std::span<const iovec> buffers, const Transfer& transfer) noexcept {
    int flags = 0;
    if ((transfer.flags & fdflags::append) != 0 && !transfer.offset) flags |= RWF_APPEND;
    if ((transfer.flags & (fdflags::sync | fdflags::rsync)) != 0) flags |= RWF_SYNC;
    if ((transfer.flags & fdflags::dsync) != 0) flags |= RWF_DSYNC;
    const off_t at = transfer.offset ? static_cast<off_t>(*transfer.offset) : -1;
    const int count = static_cast<int>(buffers.size());
    ssize_t done = ::pwritev2(fd, buffers.data(), count, at, flags);
    if (done >= 0 || flags == 0 || (errno != EOPNOTSUPP && errno != ENOSYS)) return done;
    if ((flags & RWF_APPEND) != 0 && ::lseek(fd, 0, SEEK_END) < 0) return -1;
    done = transfer.offset ? ::pwritev(fd, buffers.data(), count, at) : ::writev(fd, buffers.data(), count);
    if (done > 0 && (flags & (RWF_SYNC | RWF_DSYNC)) != 0 && ::fsync(fd) != 0) return -1;
    return done;
}

constexpr std::size_t kBuffers = 64;
struct Clipped {
    std::array<iovec, kBuffers> buffers;
    std::size_t count = 0;
};

// The first `most` bytes of the buffers.
Clipped clip(std::span<const iovec> buffers, std::uint64_t most) noexcept {
    Clipped clipped;
    for (const iovec& buffer : buffers) {
        if (most == 0 || clipped.count == clipped.buffers.size()) break;
        iovec& next = clipped.buffers[clipped.count++];
        next = buffer;
        next.iov_len = std::min<std::uint64_t>(buffer.iov_len, most);
        most -= next.iov_len;
    }
    return clipped;
}

Errno times_through(int fd, const HostMount& mount, const Times& times) noexcept {
    if (!mount.writable()) return Errno::rofs;
    return ::futimens(fd, host_times(times).times) == 0 ? Errno::success : errno_from_host(errno);
}

Outcome<Stat> stat_through(int fd) noexcept {
    struct stat stat{};
    if (::fstat(fd, &stat) != 0) return refuse(errno_from_host(errno));
    return stat_of_host(stat);
}

Wait wait_of(const Transfer& transfer) noexcept {
    return (transfer.flags & fdflags::nonblock) != 0 ? Wait::no : Wait::yes;
}

}  // namespace

HostFile::HostFile(std::shared_ptr<HostMount> mount, base::UniqueFd fd, const struct stat& stat)
    : mount_(std::move(mount)), fd_(std::move(fd)), key_(stat.st_dev, stat.st_ino) {
    if (counted()) ++mount_->open_files[key_];
}

HostFile::~HostFile() {
    if (!counted()) return;
    const auto open = mount_->open_files.find(key_);
    if (open == mount_->open_files.end() || --open->second > 0) return;
    mount_->open_files.erase(open);
    struct stat stat{};
    if (::fstat(fd_.get(), &stat) == 0 && stat.st_nlink == 0) mount_->quota.resized(static_cast<std::uint64_t>(stat.st_size), 0);
}

std::uint64_t HostFile::size() const noexcept {
    struct stat stat{};
    return ::fstat(fd_.get(), &stat) == 0 ? static_cast<std::uint64_t>(stat.st_size) : 0;
}

Outcome<Stat> HostFile::stat() { return stat_through(fd_.get()); }

Errno HostFile::set_times(const Times& times) { return times_through(fd_.get(), *mount_, times); }

Outcome<std::size_t> HostFile::read(const Patience&, std::span<const iovec> buffers, const Transfer& transfer) {
    const int count = static_cast<int>(buffers.size());
    const ssize_t done = transfer.offset ? ::preadv(fd_.get(), buffers.data(), count, static_cast<off_t>(*transfer.offset))
                                         : ::readv(fd_.get(), buffers.data(), count);
    if (done < 0) return refuse(errno_from_host(errno));
    return static_cast<std::size_t>(done);
}

// How many bytes a write may have, given the file's size before it.
Outcome<std::uint64_t> HostFile::room(std::uint64_t before, const Transfer& transfer) const {
    std::uint64_t at = before;
    if (transfer.offset) {
        at = *transfer.offset;
    } else if ((transfer.flags & fdflags::append) == 0) {
        const off_t position = ::lseek(fd_.get(), 0, SEEK_CUR);
        if (position < 0) return refuse(errno_from_host(errno));
        at = static_cast<std::uint64_t>(position);
    }
    if (at >= mount_->largest_file) return refuse(Errno::fbig);
    const std::uint64_t quota_end = base::checked_add(before, mount_->quota.bytes_left()).value_or(UINT64_MAX);
    if (at >= quota_end) return refuse(Errno::dquot);
    return std::min(quota_end, mount_->largest_file) - at;
}

Outcome<std::size_t> HostFile::write(const Patience&, std::span<const iovec> buffers, const Transfer& transfer) {
    ssize_t done = 0;
    if (!counted() && mount_->largest_file == UINT64_MAX) {
        done = write_at(fd_.get(), buffers, transfer);
    } else {
        std::uint64_t wanted = 0;
        for (const iovec& buffer : buffers) wanted += buffer.iov_len;
        if (wanted == 0) return 0;
        const std::uint64_t before = size();
        const auto most = room(before, transfer);
        if (!most) return refuse(most.error());
        const Clipped clipped = clip(buffers, *most);
        done = write_at(fd_.get(), std::span(clipped.buffers).first(clipped.count), transfer);
        const int error = errno;
        if (counted()) mount_->quota.resized(before, size());
        errno = error;
    }
    if (done < 0) return refuse(errno_from_host(errno));
    return static_cast<std::size_t>(done);
}

Outcome<std::uint64_t> HostFile::seek(std::int64_t offset, Whence whence) {
    const int from = whence == Whence::set ? SEEK_SET : whence == Whence::current ? SEEK_CUR : SEEK_END;
    const off_t at = ::lseek(fd_.get(), offset, from);
    if (at < 0) return refuse(errno_from_host(errno));
    return static_cast<std::uint64_t>(at);
}

Errno HostFile::may_reach(std::uint64_t before, std::uint64_t end) const noexcept {
    if (!mount_->writable()) return Errno::rofs;
    if (end > static_cast<std::uint64_t>(INT64_MAX) || end > mount_->largest_file) return Errno::fbig;
    if (end > before && end - before > mount_->quota.bytes_left()) return Errno::dquot;
    return Errno::success;
}

Errno HostFile::set_size(std::uint64_t wanted) {
    const std::uint64_t before = size();
    if (const Errno error = may_reach(before, wanted); error != Errno::success) return error;
    if (::ftruncate(fd_.get(), static_cast<off_t>(wanted)) != 0) return errno_from_host(errno);
    mount_->quota.resized(before, wanted);
    return Errno::success;
}

Errno HostFile::allocate(std::uint64_t offset, std::uint64_t length) {
    if (length == 0) return Errno::inval;
    const auto end = base::checked_add(offset, length);
    if (!end) return Errno::fbig;
    const std::uint64_t before = size();
    if (const Errno error = may_reach(before, *end); error != Errno::success) return error;
    if (::fallocate(fd_.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(length)) != 0) return errno_from_host(errno);
    mount_->quota.resized(before, size());
    return Errno::success;
}

Errno HostFile::advise(std::uint64_t offset, std::uint64_t length, std::uint8_t advice) {
    static constexpr std::array kAdvice = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                           POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
    if (offset > INT64_MAX || length > INT64_MAX) return Errno::inval;
    return errno_from_host(::posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(length), kAdvice.at(advice)));
}

Errno HostFile::sync() { return ::fsync(fd_.get()) == 0 ? Errno::success : errno_from_host(errno); }

Errno HostFile::datasync() { return ::fdatasync(fd_.get()) == 0 ? Errno::success : errno_from_host(errno); }

Handle::Readable HostFile::readable() {
    const std::uint64_t end = size();
    const off_t at = ::lseek(fd_.get(), 0, SEEK_CUR);
    const std::uint64_t from = at < 0 ? 0 : static_cast<std::uint64_t>(at);
    return {end > from ? end - from : 0, false};
}

Outcome<Stat> HostStream::stat() { return stat_through(fd_.get()); }

Errno HostStream::set_times(const Times& times) { return times_through(fd_.get(), *mount_, times); }

Outcome<std::size_t> HostStream::read(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) {
    if (transfer.offset) return refuse(Errno::spipe);
    return read_stream(fd_.get(), patience, buffers, wait_of(transfer));
}

Outcome<std::size_t> HostStream::write(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) {
    if (transfer.offset) return refuse(Errno::spipe);
    return write_stream(fd_.get(), patience, buffers, wait_of(transfer));
}

Handle::Readable HostStream::readable() { return stream_readable(fd_.get()); }

}  // namespace mortise::wasi
