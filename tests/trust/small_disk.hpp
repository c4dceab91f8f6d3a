#pragma once

#include <filesystem>

#include <sys/mount.h>

namespace mortise::trust {

/// A file system of 64 KiB at a folder as long as it lives, where this user may mount one.
class SmallDisk {
public:
    explicit SmallDisk(std::filesystem::path at)
        : at_(std::move(at)), there_(::mount("tmpfs", at_.c_str(), "tmpfs", 0, kOptions) == 0) {}
    ~SmallDisk() {
        if (there_) ::umount2(at_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    bool there() const noexcept { return there_; }
    bool make_read_only() const noexcept { return ::mount(nullptr, at_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, kOptions) == 0; }

private:
    static constexpr const char* kOptions = "size=64k,mode=700";
    const std::filesystem::path at_;
    const bool there_;
};

}  // namespace mortise::trust
