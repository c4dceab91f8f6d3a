#pragma once

#include <cstdint>
#include <expected>
#include <optional>

namespace mortise::wasi {

/// Error numbers of WASI preview 1 (the same in wasi_unstable), those that this implementation gives.
enum class Errno : std::uint16_t {
    success = 0,
    acces = 2,
    again = 6,
    badf = 8,
    busy = 10,
    dquot = 19,
    exist = 20,
    fault = 21,
    fbig = 22,
    ilseq = 25,
    intr = 27,
    inval = 28,
    io = 29,
    isdir = 31,
    loop = 32,
    mfile = 33,
    mlink = 34,
    nametoolong = 37,
    nfile = 41,
    nodev = 43,
    noent = 44,
    nomem = 48,
    nospc = 51,
    nosys = 52,
    notdir = 54,
    notempty = 55,
    notsock = 57,
    notsup = 58,
    notty = 59,
    nxio = 60,
    overflow = 61,
    perm = 63,
    pipe = 64,
    rofs = 69,
    spipe = 70,
    stale = 72,
    txtbsy = 74,
    xdev = 75,
    notcapable = 76,
};

/// A value, or the error number that the guest gets.
template <class T>
using Outcome = std::expected<T, Errno>;

inline std::unexpected<Errno> refuse(Errno error) noexcept { return std::unexpected(error); }

/// The error number for one of the operating system's (`errno`).
Errno errno_from_host(int error) noexcept;

enum class FileType : std::uint8_t {
    unknown = 0,
    block_device = 1,
    character_device = 2,
    directory = 3,
    regular_file = 4,
    socket_dgram = 5,
    socket_stream = 6,
    symbolic_link = 7,
};

/// What a descriptor may be used for; bits of preview 1's `rights`.
using Rights = std::uint64_t;
namespace rights {
inline constexpr Rights fd_datasync = 1u << 0;
inline constexpr Rights fd_read = 1u << 1;
inline constexpr Rights fd_seek = 1u << 2;
inline constexpr Rights fd_fdstat_set_flags = 1u << 3;
inline constexpr Rights fd_sync = 1u << 4;
inline constexpr Rights fd_tell = 1u << 5;
inline constexpr Rights fd_write = 1u << 6;
inline constexpr Rights fd_advise = 1u << 7;
inline constexpr Rights fd_allocate = 1u << 8;
inline constexpr Rights path_create_directory = 1u << 9;
inline constexpr Rights path_create_file = 1u << 10;
inline constexpr Rights path_link_source = 1u << 11;
inline constexpr Rights path_link_target = 1u << 12;
inline constexpr Rights path_open = 1u << 13;
inline constexpr Rights fd_readdir = 1u << 14;
inline constexpr Rights path_readlink = 1u << 15;
inline constexpr Rights path_rename_source = 1u << 16;
inline constexpr Rights path_rename_target = 1u << 17;
inline constexpr Rights path_filestat_get = 1u << 18;
inline constexpr Rights path_filestat_set_size = 1u << 19;
inline constexpr Rights path_filestat_set_times = 1u << 20;
inline constexpr Rights fd_filestat_get = 1u << 21;
inline constexpr Rights fd_filestat_set_size = 1u << 22;
inline constexpr Rights fd_filestat_set_times = 1u << 23;
inline constexpr Rights path_symlink = 1u << 24;
inline constexpr Rights path_remove_directory = 1u << 25;
inline constexpr Rights path_unlink_file = 1u << 26;
inline constexpr Rights poll_fd_readwrite = 1u << 27;
inline constexpr Rights sock_shutdown = 1u << 28;
inline constexpr Rights sock_accept = 1u << 29;

inline constexpr Rights all = (1u << 30) - 1;

/// What can be done with a regular file, a directory, a stream of bytes. Rights that do not apply to what was opened are
/// left out of its descriptor, as preview 1 allows.
inline constexpr Rights of_file = fd_datasync | fd_read | fd_seek | fd_fdstat_set_flags | fd_sync | fd_tell | fd_write |
                                  fd_advise | fd_allocate | fd_filestat_get | fd_filestat_set_size |
                                  fd_filestat_set_times | poll_fd_readwrite;
inline constexpr Rights of_directory =
    fd_fdstat_set_flags | fd_sync | fd_datasync | fd_advise | path_create_directory | path_create_file |
    path_link_source | path_link_target | path_open | fd_readdir | path_readlink | path_rename_source |
    path_rename_target | path_filestat_get | path_filestat_set_size | path_filestat_set_times | fd_filestat_get |
    fd_filestat_set_times | path_symlink | path_remove_directory | path_unlink_file | poll_fd_readwrite;
inline constexpr Rights of_stream =
    fd_datasync | fd_read | fd_write | fd_fdstat_set_flags | fd_sync | fd_filestat_get | poll_fd_readwrite;
}  // namespace rights

/// Flags of an open descriptor.
namespace fdflags {
inline constexpr std::uint16_t append = 1, dsync = 2, nonblock = 4, rsync = 8, sync = 16, all = 31;
}
/// How `path_open` opens.
namespace oflags {
inline constexpr std::uint16_t creat = 1, directory = 2, excl = 4, trunc = 8, all = 15;
}
/// Which times to change and how.
namespace fstflags {
inline constexpr std::uint16_t atim = 1, atim_now = 2, mtim = 4, mtim_now = 8, all = 15;
}

/// Whether the last component of a path is followed where it is a symbolic link.
enum class Follow : std::uint8_t { no, yes };

enum class Whence : std::uint8_t { set, current, end };

/// What is known of a file. Times are nanoseconds since 1970.
struct Stat {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    FileType type = FileType::unknown;
    std::uint64_t links = 1;
    std::uint64_t size = 0;
    std::uint64_t accessed = 0;
    std::uint64_t modified = 0;
    std::uint64_t changed = 0;
};

/// What to do with one of a file's times.
struct TimeChange {
    enum class How : std::uint8_t { keep, now, set } how = How::keep;
    std::uint64_t nanoseconds = 0;
};
struct Times {
    TimeChange accessed;
    TimeChange modified;
};

/// Which of the two versions of the interface a guest was made for. They differ in whence, filestat and subscription.
enum class Version : std::uint8_t { preview1, unstable };

}  // namespace mortise::wasi
