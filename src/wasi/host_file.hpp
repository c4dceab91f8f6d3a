#pragma once

#include <memory>

#include "wasi/handle.hpp"
#include "wasi/host_mount.hpp"
#include "base/unique_fd.hpp"

namespace mortise::wasi {

/// A regular file of the host.
class HostFile final : public Handle {
public:
    HostFile(std::shared_ptr<HostMount> mount, base::UniqueFd fd, const struct stat& stat);
    ~HostFile() override;

    FileType type() const noexcept override { return FileType::regular_file; }
    Outcome<Stat> stat() override;
    Errno set_times(const Times& times) override;
    Outcome<std::size_t> read(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) override;
    Outcome<std::size_t> write(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) override;
    Outcome<std::uint64_t> seek(std::int64_t offset, Whence whence) override;
    Errno set_size(std::uint64_t size) override;
    Errno allocate(std::uint64_t offset, std::uint64_t length) override;
    Errno advise(std::uint64_t offset, std::uint64_t length, std::uint8_t advice) override;
    Errno sync() override;
    Errno datasync() override;
    Readable readable() override;

private:
    bool counted() const noexcept { return mount_->quota.counts_bytes(); }
    std::uint64_t size() const noexcept;
    Errno may_reach(std::uint64_t before, std::uint64_t end) const noexcept;
    Outcome<std::uint64_t> room(std::uint64_t before, const Transfer& transfer) const;

    std::shared_ptr<HostMount> mount_;
    base::UniqueFd fd_;
    std::pair<std::uint64_t, std::uint64_t> key_;
};

/// Anything of the host's that is no regular file or directory: a named pipe, a device. Opened without waiting for its other
/// end; reads and writes wait no longer than the call may take.
class HostStream final : public Handle {
public:
    HostStream(std::shared_ptr<HostMount> mount, base::UniqueFd fd, FileType type) noexcept
        : mount_(std::move(mount)), fd_(std::move(fd)), type_(type) {}

    FileType type() const noexcept override { return type_; }
    Outcome<Stat> stat() override;
    Errno set_times(const Times& times) override;
    Outcome<std::size_t> read(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) override;
    Outcome<std::size_t> write(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) override;
    int waits_on() const noexcept override { return fd_.get(); }
    Readable readable() override;

private:
    std::shared_ptr<HostMount> mount_;
    base::UniqueFd fd_;
    FileType type_;
};

}  // namespace mortise::wasi
