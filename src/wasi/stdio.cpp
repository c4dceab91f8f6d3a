#include "wasi/stdio.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "wasi/host_mount.hpp"
#include "wasi/stream_io.hpp"

namespace mortise::wasi {

namespace {

constexpr std::size_t kMostHeld = std::size_t{1} << 20;

Wait wait_of(const Transfer& transfer) noexcept {
    return (transfer.flags & fdflags::nonblock) != 0 ? Wait::no : Wait::yes;
}

}  // namespace

Outcome<std::size_t> BytesInput::read(const Patience&, std::span<const iovec> buffers, const Transfer& transfer) {
    if (transfer.offset) return refuse(Errno::spipe);
    std::size_t total = 0;
    for (const iovec& buffer : buffers) {
        const std::size_t count = std::min(buffer.iov_len, bytes_.size() - at_);
        if (count == 0) continue;
        std::memcpy(buffer.iov_base, bytes_.data() + at_, count);
        at_ += count;
        total += count;
    }
    return total;
}

FileType InheritedStream::type() const noexcept {
    struct stat stat{};
    if (::fstat(fd_, &stat) != 0) return FileType::unknown;
    // Only a terminal is told apart: what else this process's streams are is not the guest's business.
    return S_ISCHR(stat.st_mode) && ::isatty(fd_) == 1 ? FileType::character_device : FileType::unknown;
}

Outcome<std::size_t> InheritedStream::read(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) {
    if (transfer.offset) return refuse(Errno::spipe);
    return read_stream(fd_, patience, buffers, wait_of(transfer));
}

Outcome<std::size_t> InheritedStream::write(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) {
    if (transfer.offset) return refuse(Errno::spipe);
    return write_stream(fd_, patience, buffers, wait_of(transfer));
}

Handle::Readable InheritedStream::readable() { return stream_readable(fd_); }

Outcome<std::size_t> CapturedOutput::write(const Patience&, std::span<const iovec> buffers, const Transfer& transfer) {
    if (transfer.offset) return refuse(Errno::spipe);
    std::size_t total = 0;
    for (const iovec& buffer : buffers) {
        take(BytesView(static_cast<const std::byte*>(buffer.iov_base), buffer.iov_len));
        total += buffer.iov_len;
    }
    return total;
}

bool HeldOutput::hold(const std::shared_ptr<Handle>& to, BytesView bytes) {
    if (bytes.empty()) return true;
    const std::size_t size = sizeof(Part) + bytes.size();   // many small parts are no cheaper than a large one
    if (size > kMostHeld - size_) return false;
    parts_.push_back({to, copy_bytes(bytes)});
    size_ += size;
    return true;
}

void HeldOutput::release(const Patience& patience) {
    for (Part& part : std::exchange(parts_, {})) {
        const iovec buffer{part.bytes.data(), part.bytes.size()};
        (void)part.to->write(patience, std::span(&buffer, 1), {});
    }
}

Outcome<std::size_t> HoldingOutput::write(const Patience&, std::span<const iovec> buffers, const Transfer& transfer) {
    if (transfer.offset) return refuse(Errno::spipe);
    std::size_t total = 0;
    for (const iovec& buffer : buffers) {
        if (!held_.hold(real_, BytesView(static_cast<const std::byte*>(buffer.iov_base), buffer.iov_len))) {
            (void)rehearsal_.allows(engine::Effect::long_output);
            return refuse(Errno::nospc);
        }
        total += buffer.iov_len;
    }
    return total;
}

void LineOutput::emit() {
    // Out of the member first: the function may run the guest, which may write more.
    const std::string line = std::exchange(line_, {});
    lines_(line);
}

void LineOutput::take(BytesView bytes) {
    std::string_view text = text_of(bytes);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::size_t room = most_ - line_.size();
        const std::size_t count = std::min(end, room);
        line_ += text.substr(0, count);
        text.remove_prefix(count);
        const bool complete = count == end && !text.empty();
        if (complete) text.remove_prefix(1);
        // The end of a line that was handed over in parts is no line of its own.
        if ((complete && !(cut_ && line_.empty())) || line_.size() >= most_) emit();
        if (complete || line_.empty()) cut_ = !complete;
    }
}

void LineOutput::flush() {
    if (!line_.empty()) emit();
}

}  // namespace mortise::wasi
