#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <utility>

#include <mortise/sandbox.hpp>

#include "wasi/host_path.hpp"
#include "wasi/quota.hpp"
#include "wasi/types.hpp"

namespace mortise::wasi {

/// One preopened host directory: what may be done below it. Shared by everything that was opened through it.
struct HostMount {
    Resolver resolver = Resolver::kernel;
    Access access = Access::read_only;
    Quota quota;
    std::uint64_t largest_file = UINT64_MAX;  ///< RLIMIT_FSIZE: going beyond it would kill the process by a signal

    /// How often each file is open, by device and inode: a removed file's bytes come free when the last one is closed.
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint32_t> open_files;

    bool writable() const noexcept { return access == Access::read_write; }

    /// Notes that a name of this file was removed.
    void name_removed(const struct stat& before) noexcept;
};

/// RLIMIT_FSIZE of this process.
std::uint64_t largest_host_file() noexcept;

Stat stat_of_host(const struct stat& host) noexcept;
FileType type_of_mode(mode_t mode) noexcept;

/// For utimensat and futimens: atime, then mtime.
struct HostTimes {
    timespec times[2];
};
HostTimes host_times(const Times& times) noexcept;

}  // namespace mortise::wasi
