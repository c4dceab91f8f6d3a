#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <mortise/error.hpp>

#include "wasi/handle.hpp"
#include "wasi/host_mount.hpp"
#include "base/unique_fd.hpp"

namespace mortise::wasi {

/// A directory of the host. What it opens belongs to the same mount.
class HostDirectoryHandle final : public Directory {
public:
    HostDirectoryHandle(std::shared_ptr<HostMount> mount, base::UniqueFd fd) noexcept : mount_(std::move(mount)), fd_(std::move(fd)) {}

    Outcome<Stat> stat() override;
    Errno set_times(const Times& times) override;
    Errno sync() override;
    Errno datasync() override { return sync(); }

    Outcome<std::shared_ptr<Handle>> open(const OpenRequest& request) override;
    Outcome<Stat> stat_path(const std::string& path, Follow follow) override;
    Errno set_path_times(const std::string& path, Follow follow, const Times& times) override;
    Errno create_directory(const std::string& path) override;
    Errno remove_directory(const std::string& path) override;
    Errno unlink(const std::string& path) override;
    Errno symlink(const std::string& target, const std::string& path) override;
    Outcome<std::string> read_link(const std::string& path) override;
    Errno rename(const std::string& path, Directory& to, const std::string& to_path) override;
    Errno link(const std::string& path, Directory& to, const std::string& to_path) override;
    Errno read_entries(std::uint64_t cookie, EntrySink& sink) override;

private:
    Outcome<base::UniqueFd> open_fd(const std::string& path, int flags) const;
    Errno may_name_file(const std::string& path) const;
    Outcome<base::UniqueFd> open_writable(const OpenRequest& request, int flags);
    Outcome<base::UniqueFd> open_counted(const OpenRequest& request, int flags);
    Outcome<base::UniqueFd> open_read_only(const OpenRequest& request, int flags) const;
    Outcome<std::shared_ptr<Handle>> adopt(base::UniqueFd fd) const;
    Outcome<Parent> parent_of(const std::string& path) const;
    Outcome<Parent> parent_to_change(const std::string& path) const;
    Errno remove(const std::string& path, int flags);
    bool may_share_with(const HostDirectoryHandle& other) const noexcept;

    Errno find_entries(std::uint64_t cookie);
    Errno read_more();
    bool give(EntrySink& sink);

    std::shared_ptr<HostMount> mount_;
    base::UniqueFd fd_;

    // Entries as the kernel gave them, read ahead. Kept between calls, so that a reader who goes on where it stopped never
    // seeks: on some file systems a seek loses its place when entries were removed meanwhile.
    std::vector<std::byte> ahead_;
    std::size_t ahead_end_ = 0;
    std::size_t ahead_at_ = 0;
    std::uint64_t ahead_cookie_ = 0;  // the cookie with which the buffer begins
    bool ahead_valid_ = false;
};

/// Opens the host's directory that a sandbox names. Errors: `io`, naming it.
Result<std::shared_ptr<Handle>> open_host_directory(const std::string& host_path, std::shared_ptr<HostMount> mount);

}  // namespace mortise::wasi
