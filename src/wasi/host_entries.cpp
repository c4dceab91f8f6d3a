// Of HostDirectoryHandle: reading its entries.

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <mortise/bytes.hpp>

#include "wasi/host_directory.hpp"

namespace mortise::wasi {

namespace {

constexpr std::size_t kAheadBytes = 16 * 1024;

// struct linux_dirent64: inode, cookie of the next entry, record length, type, name with its NUL.
constexpr std::size_t kNameAt = 19;

struct RawEntry {
    std::uint64_t inode = 0;
    std::uint64_t next = 0;
    std::uint16_t length = 0;
    std::uint8_t type = 0;
    const char* name = nullptr;
};

RawEntry raw_entry(const std::byte* at) noexcept {
    RawEntry entry;
    std::memcpy(&entry.inode, at, 8);
    std::memcpy(&entry.next, at + 8, 8);
    std::memcpy(&entry.length, at + 16, 2);
    std::memcpy(&entry.type, at + 18, 1);
    entry.name = reinterpret_cast<const char*>(at + kNameAt);
    return entry;
}

FileType type_of_entry(int directory, const RawEntry& entry) noexcept {
    switch (entry.type) {
        case DT_REG: return FileType::regular_file;
        case DT_DIR: return FileType::directory;
        case DT_LNK: return FileType::symbolic_link;
        case DT_CHR: return FileType::character_device;
        case DT_BLK: return FileType::block_device;
        case DT_SOCK: return FileType::socket_stream;
        case DT_FIFO: return FileType::unknown;
        default: break;  // DT_UNKNOWN: this file system does not tell
    }
    struct stat stat{};
    if (::fstatat(directory, entry.name, &stat, AT_SYMLINK_NOFOLLOW) != 0) return FileType::unknown;
    return type_of_mode(stat.st_mode);
}

}  // namespace

// Fills the buffer with what comes next; empty at the end.
Errno HostDirectoryHandle::read_more() {
    if (ahead_.empty()) ahead_.resize(kAheadBytes);
    const auto count = ::syscall(SYS_getdents64, fd_.get(), ahead_.data(), ahead_.size());
    if (count < 0) {
        ahead_valid_ = false;
        return errno_from_host(errno);
    }
    ahead_at_ = 0;
    ahead_end_ = static_cast<std::size_t>(count);
    return Errno::success;
}

// Makes the buffer stand at the entry that `cookie` names.
Errno HostDirectoryHandle::find_entries(std::uint64_t cookie) {
    if (cookie > static_cast<std::uint64_t>(INT64_MAX)) return Errno::inval;
    if (ahead_valid_ && cookie != 0) {
        ahead_at_ = 0;
        if (cookie == ahead_cookie_) return Errno::success;
        while (ahead_at_ < ahead_end_) {
            const RawEntry entry = raw_entry(ahead_.data() + ahead_at_);
            ahead_at_ += entry.length;
            if (entry.next == cookie) return Errno::success;
        }
    }
    ahead_valid_ = false;
    if (::lseek(fd_.get(), static_cast<off_t>(cookie), SEEK_SET) < 0) return errno_from_host(errno);
    if (const Errno error = read_more(); error != Errno::success) return error;
    ahead_cookie_ = cookie;
    ahead_valid_ = true;
    return Errno::success;
}

bool HostDirectoryHandle::give(EntrySink& sink) {
    const RawEntry raw = raw_entry(ahead_.data() + ahead_at_);
    if (!is_utf8(raw.name)) {   // no guest can name it
        ahead_at_ += raw.length;
        return true;
    }
    DirectoryEntry entry;
    entry.next = raw.next;
    entry.inode = raw.inode;
    entry.type = type_of_entry(fd_.get(), raw);
    entry.name = raw.name;
    if (entry.name == "..") {
        // What is above may be outside.
        const auto self = stat();
        entry.inode = self ? self->inode : 0;
    }
    if (!sink.take(entry)) return false;
    ahead_at_ += raw.length;
    return true;
}

Errno HostDirectoryHandle::read_entries(std::uint64_t cookie, EntrySink& sink) {
    if (const Errno error = find_entries(cookie); error != Errno::success) return error;
    std::uint64_t last = cookie;
    for (;;) {
        while (ahead_at_ < ahead_end_) {
            last = raw_entry(ahead_.data() + ahead_at_).next;
            if (!give(sink)) return Errno::success;
        }
        if (ahead_end_ == 0) return Errno::success;
        if (const Errno error = read_more(); error != Errno::success) return error;
        ahead_cookie_ = last;
    }
}

}  // namespace mortise::wasi
