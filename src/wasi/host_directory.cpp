#include "wasi/host_directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/text.hpp"
#include "wasi/host_file.hpp"
#include "wasi/path.hpp"

namespace mortise::wasi {

namespace {

Errno last_errno() noexcept { return errno_from_host(errno); }

// Sets the times of whatever an O_PATH descriptor stands for, a symbolic link itself included.
Errno set_times_of_path(int fd, const Times& times) noexcept {
    const HostTimes host = host_times(times);
    if (::utimensat(fd, "", host.times, AT_EMPTY_PATH) == 0) return Errno::success;
    if (errno != EINVAL && errno != ENOENT) return last_errno();
    char path[40];  // kernels before 5.8
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return ::utimensat(AT_FDCWD, path, host.times, 0) == 0 ? Errno::success : last_errno();
}

bool is_directory(const base::UniqueFd& fd) noexcept {
    struct stat stat{};
    return ::fstat(fd.get(), &stat) == 0 && S_ISDIR(stat.st_mode);
}

int access_flags(const OpenRequest& request) noexcept {
    if (request.write) return request.read ? O_RDWR : O_WRONLY;
    return O_RDONLY;
}

}  // namespace

Result<std::shared_ptr<Handle>> open_host_directory(const std::string& host_path, std::shared_ptr<HostMount> mount) {
    base::UniqueFd fd(::open(host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) {
        return fail(ErrorCode::io, base::concat("cannot open directory ", base::quoted(host_path), " for the sandbox: ",
                                                std::generic_category().message(errno)));
    }
    return std::make_shared<HostDirectoryHandle>(std::move(mount), std::move(fd));
}

Outcome<Stat> HostDirectoryHandle::stat() {
    struct stat stat{};
    if (::fstat(fd_.get(), &stat) != 0) return refuse(last_errno());
    return stat_of_host(stat);
}

Errno HostDirectoryHandle::set_times(const Times& times) {
    if (!mount_->writable()) return Errno::rofs;
    return ::futimens(fd_.get(), host_times(times).times) == 0 ? Errno::success : last_errno();
}

Errno HostDirectoryHandle::sync() { return ::fsync(fd_.get()) == 0 ? Errno::success : last_errno(); }

Outcome<base::UniqueFd> HostDirectoryHandle::open_fd(const std::string& path, int flags) const {
    return open_beneath(mount_->resolver, fd_.get(), path, flags, 0666);
}

Outcome<std::shared_ptr<Handle>> HostDirectoryHandle::open(const OpenRequest& request) {
    // O_NONBLOCK: opening a named pipe must not wait for its other end. It means nothing to files and directories.
    int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    if (request.follow == Follow::no) flags |= O_NOFOLLOW;
    if ((request.oflags & oflags::directory) != 0) flags |= O_DIRECTORY;
    if ((request.oflags & oflags::creat) != 0) {
        if (const Errno error = may_name_file(request.path); error != Errno::success) return refuse(error);
    }
    auto fd = mount_->writable() ? open_writable(request, flags | access_flags(request)) : open_read_only(request, flags);
    if (!fd) return refuse(fd.error());
    return adopt(*std::move(fd));
}

// As Linux has it: no file is made under a name that ends with a slash, whatever is there.
Errno HostDirectoryHandle::may_name_file(const std::string& path) const {
    const Leaf leaf = leaf_of(path);
    if (!leaf.slash || leaf.name == "." || leaf.name == "..") return Errno::success;
    const auto parent = parent_of(path);
    return parent ? Errno::isdir : parent.error();
}

Outcome<base::UniqueFd> HostDirectoryHandle::open_writable(const OpenRequest& request, int flags) {
    if ((request.oflags & oflags::creat) != 0) flags |= O_CREAT;
    if ((request.oflags & oflags::excl) != 0) flags |= O_EXCL;
    if ((request.oflags & oflags::trunc) != 0) flags |= O_TRUNC;
    if (!mount_->quota.counts()) return open_fd(request.path, flags);

    std::uint64_t before = 0;
    if ((flags & O_TRUNC) != 0) {
        const auto stat = stat_path(request.path, request.follow);
        if (stat && stat->type == FileType::regular_file) before = stat->size;
    }
    auto fd = (flags & O_CREAT) != 0 ? open_counted(request, flags) : open_fd(request.path, flags);
    if (fd) mount_->quota.resized(before, 0);
    return fd;
}

// Opens with O_CREAT and notices whether that made a new file.
Outcome<base::UniqueFd> HostDirectoryHandle::open_counted(const OpenRequest& request, int flags) {
    if ((flags & O_EXCL) == 0) {
        auto existing = open_fd(request.path, flags & ~O_CREAT);
        if (existing && is_directory(*existing)) return refuse(Errno::isdir);
        if (existing || existing.error() != Errno::noent) return existing;
    }
    if (!mount_->quota.file_left()) {
        const auto existing = stat_path(request.path, Follow::no);
        return refuse(existing ? Errno::exist : Errno::dquot);
    }
    auto created = open_fd(request.path, flags | O_EXCL);
    // Not created, yet not there either: a link to nothing, through which O_CREAT alone makes a file.
    if (!created && created.error() == Errno::exist && (flags & O_EXCL) == 0) created = open_fd(request.path, flags);
    if (created) mount_->quota.add_file();
    return created;
}

// As a read-only file system has it: what is there can be opened for reading, whatever else is asked for is `rofs`.
Outcome<base::UniqueFd> HostDirectoryHandle::open_read_only(const OpenRequest& request, int flags) const {
    const bool creates = (request.oflags & oflags::creat) != 0;
    auto fd = open_fd(request.path, flags | O_RDONLY);
    if (!fd && creates && fd.error() == Errno::noent) {
        const auto parent = parent_of(request.path);
        return refuse(parent ? Errno::rofs : parent.error());
    }
    if (!fd) return fd;
    if (creates && (request.oflags & oflags::excl) != 0) return refuse(Errno::exist);
    const bool changes = request.write || (request.oflags & oflags::trunc) != 0;
    if ((creates || changes) && is_directory(*fd)) return refuse(Errno::isdir);
    if (changes) return refuse(Errno::rofs);
    return fd;
}

Outcome<std::shared_ptr<Handle>> HostDirectoryHandle::adopt(base::UniqueFd fd) const {
    struct stat stat{};
    if (::fstat(fd.get(), &stat) != 0) return refuse(last_errno());
    if (S_ISDIR(stat.st_mode)) return std::make_shared<HostDirectoryHandle>(mount_, std::move(fd));
    if (S_ISREG(stat.st_mode)) return std::make_shared<HostFile>(mount_, std::move(fd), stat);
    return std::make_shared<HostStream>(mount_, std::move(fd), type_of_mode(stat.st_mode));
}

Outcome<Stat> HostDirectoryHandle::stat_path(const std::string& path, Follow follow) {
    auto fd = open_fd(path, O_PATH | (follow == Follow::no ? O_NOFOLLOW : 0));
    if (!fd) return refuse(fd.error());
    struct stat stat{};
    if (::fstat(fd->get(), &stat) != 0) return refuse(last_errno());
    return stat_of_host(stat);
}

Errno HostDirectoryHandle::set_path_times(const std::string& path, Follow follow, const Times& times) {
    auto fd = open_fd(path, O_PATH | (follow == Follow::no ? O_NOFOLLOW : 0));
    if (!fd) return fd.error();
    if (!mount_->writable()) return Errno::rofs;
    return set_times_of_path(fd->get(), times);
}

Outcome<std::string> HostDirectoryHandle::read_link(const std::string& path) {
    auto fd = open_fd(path, O_PATH | O_NOFOLLOW);
    if (!fd) return refuse(fd.error());
    std::string target(kPathBytes, '\0');
    const ssize_t size = ::readlinkat(fd->get(), "", target.data(), target.size());
    if (size < 0) return refuse(errno == ENOENT ? Errno::inval : last_errno());  // ENOENT: it is no link
    target.resize(static_cast<std::size_t>(size));
    // Where an absolute link leads is the host's business; nothing can be reached through it.
    if (!target.empty() && target.front() == '/') return refuse(Errno::perm);
    return target;
}

}  // namespace mortise::wasi
