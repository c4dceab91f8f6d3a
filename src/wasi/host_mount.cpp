#include "wasi/host_mount.hpp"

#include <fcntl.h>
#include <sys/resource.h>

namespace mortise::wasi {

namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;

std::uint64_t nanoseconds(const timespec& time) noexcept {
    if (time.tv_sec < 0) return 0;  // preview 1 has no times before 1970
    const auto seconds = static_cast<std::uint64_t>(time.tv_sec);
    if (seconds >= UINT64_MAX / kNanosecondsPerSecond) return UINT64_MAX;
    return seconds * kNanosecondsPerSecond + static_cast<std::uint64_t>(time.tv_nsec);
}

timespec host_time(const TimeChange& change) noexcept {
    switch (change.how) {
        case TimeChange::How::now: return {0, UTIME_NOW};
        case TimeChange::How::set:
            return {static_cast<time_t>(change.nanoseconds / kNanosecondsPerSecond),
                    static_cast<long>(change.nanoseconds % kNanosecondsPerSecond)};
        case TimeChange::How::keep: break;
    }
    return {0, UTIME_OMIT};
}

}  // namespace

void HostMount::name_removed(const struct stat& before) noexcept {
    if (!quota.counts()) return;
    quota.remove_file();
    const bool last = before.st_nlink <= 1 && !open_files.contains({before.st_dev, before.st_ino});
    if (S_ISREG(before.st_mode) && last) quota.resized(static_cast<std::uint64_t>(before.st_size), 0);
}

std::uint64_t largest_host_file() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
    return limit.rlim_cur;
}

FileType type_of_mode(mode_t mode) noexcept {
    if (S_ISREG(mode)) return FileType::regular_file;
    if (S_ISDIR(mode)) return FileType::directory;
    if (S_ISLNK(mode)) return FileType::symbolic_link;
    if (S_ISCHR(mode)) return FileType::character_device;
    if (S_ISBLK(mode)) return FileType::block_device;
    if (S_ISSOCK(mode)) return FileType::socket_stream;
    return FileType::unknown;
}

Stat stat_of_host(const struct stat& host) noexcept {
    Stat stat;
    stat.device = host.st_dev;
    stat.inode = host.st_ino;
    stat.type = type_of_mode(host.st_mode);
    stat.links = host.st_nlink;
    stat.size = static_cast<std::uint64_t>(host.st_size);
    stat.accessed = nanoseconds(host.st_atim);
    stat.modified = nanoseconds(host.st_mtim);
    stat.changed = nanoseconds(host.st_ctim);
    return stat;
}

HostTimes host_times(const Times& times) noexcept { return {{host_time(times.accessed), host_time(times.modified)}}; }

}  // namespace mortise::wasi
