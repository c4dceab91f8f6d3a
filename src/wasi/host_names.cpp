// Of HostDirectoryHandle: what makes, removes and moves names.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "wasi/host_directory.hpp"

namespace mortise::wasi {

namespace {

Errno last_errno() noexcept { return errno_from_host(errno); }

std::string without_slash(const Parent& at) { return at.slash ? at.name.substr(0, at.name.size() - 1) : at.name; }

bool stat_name(const Parent& at, struct stat& stat) noexcept {
    const std::string name = without_slash(at);
    if (name == "." || name == "..") return false;
    return ::fstatat(at.directory, name.c_str(), &stat, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace

Outcome<Parent> HostDirectoryHandle::parent_of(const std::string& path) const {
    return parent_beneath(mount_->resolver, fd_.get(), path);
}

Outcome<Parent> HostDirectoryHandle::parent_to_change(const std::string& path) const {
    auto parent = parent_of(path);
    if (parent && !mount_->writable()) return refuse(Errno::rofs);
    return parent;
}

Errno HostDirectoryHandle::create_directory(const std::string& path) {
    const auto at = parent_to_change(path);
    if (!at) return at.error();
    struct stat existing{};
    if (!mount_->quota.file_left()) return stat_name(*at, existing) ? Errno::exist : Errno::dquot;
    if (::mkdirat(at->directory, at->name.c_str(), 0777) != 0) return last_errno();
    mount_->quota.add_file();
    return Errno::success;
}

Errno HostDirectoryHandle::remove(const std::string& path, int flags) {
    const auto at = parent_to_change(path);
    if (!at) return at.error();
    struct stat before{};
    if (mount_->quota.counts()) stat_name(*at, before);
    if (::unlinkat(at->directory, at->name.c_str(), flags) != 0) return last_errno();
    mount_->name_removed(before);
    return Errno::success;
}

Errno HostDirectoryHandle::remove_directory(const std::string& path) { return remove(path, AT_REMOVEDIR); }

Errno HostDirectoryHandle::unlink(const std::string& path) { return remove(path, 0); }

Errno HostDirectoryHandle::symlink(const std::string& target, const std::string& path) {
    const auto at = parent_to_change(path);
    if (!at) return at.error();
    struct stat existing{};
    // POSIX has a slash mean a directory; Linux says "exists" for anything.
    if (at->slash && stat_name(*at, existing) && !S_ISDIR(existing.st_mode)) return Errno::notdir;
    if (!mount_->quota.file_left()) return stat_name(*at, existing) ? Errno::exist : Errno::dquot;
    if (::symlinkat(target.c_str(), at->directory, at->name.c_str()) != 0) return last_errno();
    mount_->quota.add_file();
    return Errno::success;
}

// Names may move between two preopened directories, unless that would mix up what each may hold, or give write access to
// a file that was opened for reading only.
bool HostDirectoryHandle::may_share_with(const HostDirectoryHandle& other) const noexcept {
    if (mount_ == other.mount_) return true;
    return mount_->writable() && other.mount_->writable() && !mount_->quota.counts() && !other.mount_->quota.counts();
}

Errno HostDirectoryHandle::rename(const std::string& path, Directory& to, const std::string& to_path) {
    auto* target = dynamic_cast<HostDirectoryHandle*>(&to);
    if (target == nullptr) return Errno::xdev;
    const auto from_at = parent_to_change(path);
    if (!from_at) return from_at.error();
    const auto to_at = target->parent_to_change(to_path);
    if (!to_at) return to_at.error();
    if (!may_share_with(*target)) return Errno::xdev;
    struct stat moved{};
    struct stat replaced{};
    bool replaces = false;
    if (mount_->quota.counts()) {
        // Renaming one of a file's names to another removes neither.
        replaces = stat_name(*to_at, replaced) && stat_name(*from_at, moved) &&
                   (moved.st_ino != replaced.st_ino || moved.st_dev != replaced.st_dev);
    }
    if (::renameat(from_at->directory, from_at->name.c_str(), to_at->directory, to_at->name.c_str()) != 0) return last_errno();
    if (replaces) mount_->name_removed(replaced);
    return Errno::success;
}

Errno HostDirectoryHandle::link(const std::string& path, Directory& to, const std::string& to_path) {
    auto* target = dynamic_cast<HostDirectoryHandle*>(&to);
    if (target == nullptr) return Errno::xdev;
    const auto from_at = parent_of(path);
    if (!from_at) return from_at.error();
    if (from_at->slash) {
        // linkat would follow a link that a slash is behind. What is meant is a directory, and those have no other names.
        const auto stat = stat_path(path, Follow::no);
        return stat ? Errno::perm : stat.error();
    }
    const auto to_at = target->parent_to_change(to_path);
    if (!to_at) return to_at.error();
    if (!may_share_with(*target)) return Errno::xdev;
    struct stat existing{};
    if (!mount_->quota.file_left()) return stat_name(*to_at, existing) ? Errno::exist : Errno::dquot;
    if (::linkat(from_at->directory, from_at->name.c_str(), to_at->directory, to_at->name.c_str(), 0) != 0) return last_errno();
    mount_->quota.add_file();
    return Errno::success;
}

}  // namespace mortise::wasi
