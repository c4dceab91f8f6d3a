#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>

#include "base/unique_fd.hpp"

struct stat;

namespace mortise::trust {

/// The time now, as times of files are told here: nanoseconds since 1970, and what is outside of the range is its end.
std::int64_t now_ns() noexcept;

/// A regular file of the user's own, held open. Any thread.
class PrivateFile {
public:
    std::uint64_t size() const noexcept { return size_; }

    /// Its first bytes, as many as there are. Errors: `io`.
    Result<std::size_t> read_start(std::span<std::byte> into) const;

    /// The whole of it. Errors: `io`; also longer than `most`, or than there is memory for.
    Result<Bytes> read(std::uint64_t most) const;

    /// Notes that it was used, at most once a minute.
    void note_use() const noexcept;

    /// Waits until no other process holds it locked, and holds it as long as it is open. Where the file system has no locks it does
    /// nothing.
    void lock() const noexcept;

private:
    friend class PrivateFolder;
    PrivateFile(std::filesystem::path path, base::UniqueFd fd, const struct stat& status) noexcept;

    std::filesystem::path path_;
    base::UniqueFd fd_;
    std::uint64_t size_;
    std::int64_t used_ns_;
    std::uint64_t device_;
    std::uint64_t number_;
};

/// A folder that nobody but its user may write to, held open: whoever renames or replaces a folder above it changes
/// nothing. All its files are regular ones of the same user, none is reached through a symbolic link. Any thread.
class PrivateFolder {
public:
    enum class Missing : std::uint8_t { is_made, is_error };

    /// Opens the folder; makes it, and what is missing above it, with mode 0700. Errors: `denied` (another user's, others may
    /// write to it, a link), `not_found` (`is_error`: no such folder), `io`.
    static Result<PrivateFolder> open(const std::filesystem::path& folder, Missing missing = Missing::is_made);

    struct File {
        std::string name;
        std::uint64_t bytes = 0;
        std::int64_t used_ns = 0;   ///< when it was last written or touched
    };

    enum class Others : std::uint8_t { may_read, may_nothing };

    /// A file; nothing if there is none. Errors: `denied` (a link or no regular file, another user's, open to others), `io`.
    Result<std::optional<PrivateFile>> find(const std::string& name, Others others = Others::may_read) const;

    /// True if the name still stands for that file.
    bool is_still(const std::string& name, const PrivateFile& file) const noexcept;

    /// Writes a file whole or not at all, whatever happens meanwhile: written beside it, synced, renamed over it. Mode 0600.
    /// Errors: `not_found` (the folder was deleted), `io`.
    Result<void> write(const std::string& name, BytesView content) const;

    /// Likewise, unless there is one already; true if it was written.
    Result<bool> write_new(const std::string& name, BytesView content) const;

    /// True if there was such a file; it is gone then. Errors: `io`.
    Result<bool> remove(const std::string& name) const;

    /// Sets the time of its last use to now.
    void touch(const std::string& name) const noexcept;

    /// All regular files, in no order, but those that are being written.
    Result<std::vector<File>> list() const;

    /// Removes what writers left behind when they were killed. Errors: `io`.
    Result<void> remove_abandoned() const;

    /// True if the directory with these numbers (`stat`) is this folder, or one above it.
    bool is_in(std::uint64_t device, std::uint64_t number) const noexcept;

    const std::filesystem::path& path() const noexcept { return path_; }

private:
    struct Temporary;
    PrivateFolder(std::filesystem::path path, base::UniqueFd fd) noexcept : path_(std::move(path)), fd_(std::move(fd)) {}
    Result<Temporary> write_temporary(BytesView content) const;
    Result<std::vector<std::string>> names() const;
    Result<bool> remove_if_abandoned(const std::string& name) const;

    std::filesystem::path path_;
    base::UniqueFd fd_;
};

}  // namespace mortise::trust
