#include "wasi/memory_file.hpp"

#include <algorithm>
#include <cstring>

#include "base/checked.hpp"

namespace mortise::wasi {

Errno MemoryFile::set_times(const Times& times) {
    if (!tree_->writable()) return Errno::rofs;
    MemoryTree::apply(times, *node_, tree_->now());
    return Errno::success;
}

Outcome<std::size_t> MemoryFile::read(const Patience&, std::span<const iovec> buffers, const Transfer& transfer) {
    std::uint64_t at = transfer.offset.value_or(position_);
    std::size_t total = 0;
    for (const iovec& buffer : buffers) {
        const std::uint64_t left = at < node_->data.size() ? node_->data.size() - at : 0;
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.iov_len));
        if (count == 0) continue;
        std::memcpy(buffer.iov_base, node_->data.data() + at, count);
        at += count;
        total += count;
    }
    if (!transfer.offset) position_ = at;
    node_->accessed = tree_->now();
    return total;
}

Outcome<std::size_t> MemoryFile::write(const Patience&, std::span<const iovec> buffers, const Transfer& transfer) {
    const bool appends = (transfer.flags & fdflags::append) != 0 && !transfer.offset;
    std::uint64_t at = appends ? node_->data.size() : transfer.offset.value_or(position_);
    std::uint64_t wanted = 0;
    for (const iovec& buffer : buffers) wanted += buffer.iov_len;
    if (wanted == 0) return 0;
    // As much of it as the quota has room for, from `at` on.
    const std::uint64_t end_of_room = base::checked_add<std::uint64_t>(node_->data.size(), tree_->bytes_left()).value_or(UINT64_MAX);
    if (at >= end_of_room) return refuse(Errno::nospc);
    std::uint64_t left = std::min(wanted, end_of_room - at);
    const std::uint64_t end = at + left;
    if (end > node_->data.size()) {
        if (const Errno error = tree_->resize(*node_, end); error != Errno::success) return refuse(error);
    }
    const auto total = static_cast<std::size_t>(left);
    for (const iovec& buffer : buffers) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.iov_len));
        if (count == 0) continue;
        std::memcpy(node_->data.data() + at, buffer.iov_base, count);
        at += count;
        left -= count;
    }
    if (!transfer.offset) position_ = at;
    node_->modified = node_->changed = tree_->now();
    return total;
}

Outcome<std::uint64_t> MemoryFile::seek(std::int64_t offset, Whence whence) {
    std::uint64_t from = 0;
    if (whence == Whence::current) from = position_;
    if (whence == Whence::end) from = node_->data.size();
    const auto at = base::checked_add(static_cast<std::int64_t>(from), offset);
    if (!at || *at < 0) return refuse(Errno::inval);
    position_ = static_cast<std::uint64_t>(*at);
    return position_;
}

Errno MemoryFile::set_size(std::uint64_t size) {
    if (!tree_->writable()) return Errno::rofs;
    return tree_->resize(*node_, size);
}

Errno MemoryFile::allocate(std::uint64_t offset, std::uint64_t length) {
    if (!tree_->writable()) return Errno::rofs;
    if (length == 0) return Errno::inval;
    const auto end = base::checked_add(offset, length);
    if (!end) return Errno::fbig;
    return *end > node_->data.size() ? tree_->resize(*node_, *end) : Errno::success;
}

Errno MemoryFile::advise(std::uint64_t offset, std::uint64_t length, std::uint8_t) {
    return offset > INT64_MAX || length > INT64_MAX ? Errno::inval : Errno::success;
}

Handle::Readable MemoryFile::readable() {
    const std::uint64_t size = node_->data.size();
    return {position_ < size ? size - position_ : 0, false};
}

}  // namespace mortise::wasi
