#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace mortise::wasi {

/// What one instance may still add below a directory. What it frees counts in its favour, but never beyond what it was given.
class Quota {
public:
    Quota() = default;
    Quota(std::optional<std::uint64_t> bytes, std::optional<std::uint64_t> files) noexcept : bytes_(bytes), files_(files) {}

    bool counts_bytes() const noexcept { return bytes_.has_value(); }
    bool counts_files() const noexcept { return files_.has_value(); }
    bool counts() const noexcept { return counts_bytes() || counts_files(); }

    /// Bytes that may still be added; the largest number without a quota.
    std::uint64_t bytes_left() const noexcept { return bytes_ ? *bytes_ - std::min(*bytes_, bytes_used_) : UINT64_MAX; }
    bool file_left() const noexcept { return !files_ || files_used_ < *files_; }

    void resized(std::uint64_t before, std::uint64_t after) noexcept {
        if (after > before) {
            const std::uint64_t added = after - before;
            bytes_used_ += std::min(added, UINT64_MAX - bytes_used_);
        } else {
            bytes_used_ -= std::min(bytes_used_, before - after);
        }
    }
    void add_file() noexcept { ++files_used_; }
    void remove_file() noexcept { files_used_ -= std::min<std::uint64_t>(files_used_, 1); }

    std::uint64_t bytes_used() const noexcept { return bytes_used_; }
    std::uint64_t files_used() const noexcept { return files_used_; }

private:
    std::optional<std::uint64_t> bytes_;
    std::optional<std::uint64_t> files_;
    std::uint64_t bytes_used_ = 0;
    std::uint64_t files_used_ = 0;
};

}  // namespace mortise::wasi
