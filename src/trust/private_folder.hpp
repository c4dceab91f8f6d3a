#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>

namespace mortise::trust {

/// A folder that nobody but its user may write to, held open: whoever renames or replaces a folder above it changes
/// nothing. All its files are regular ones of the same user, none is reached through a symbolic link. Any thread.
class PrivateFolder {
public:
    /// Opens the folder; makes it, and what is missing above it, with mode 0700. Errors: `denied` (another user's, or others may
    /// write to it), `io`.
    static Result<PrivateFolder> open(const std::filesystem::path& folder);

    PrivateFolder(PrivateFolder&& other) noexcept;
    PrivateFolder& operator=(PrivateFolder&&) = delete;
    ~PrivateFolder();

    struct File {
        std::string name;
        std::uint64_t bytes = 0;
        std::int64_t used_ns = 0;   ///< since 1970: when it was last written or touched
    };

    enum class Reading : std::uint8_t {
        use,     ///< notes that it was used, at most once a minute
        look,    ///< leaves its time alone
        secret,  ///< likewise; refused if others may read it
    };

    /// The whole of a file; nothing if there is none. Errors: `denied` (a link, another user's, open to others), `io` (also
    /// longer than `most`).
    Result<std::optional<Bytes>> read(const std::string& name, std::uint64_t most, Reading how) const;

    /// Writes a file whole or not at all, whatever happens meanwhile: written beside it, synced, renamed over it. Mode 0600.
    Result<void> write(const std::string& name, BytesView content) const;

    /// Likewise, unless there is one already; true if it was written.
    Result<bool> write_new(const std::string& name, BytesView content) const;

    /// True if there was such a file and it is gone.
    bool remove(const std::string& name) const noexcept;

    /// All regular files, in no order. Those that a writer left behind when it was killed are removed, once they are old.
    Result<std::vector<File>> list() const;

    const std::filesystem::path& path() const noexcept { return path_; }

private:
    PrivateFolder(std::filesystem::path path, int fd) noexcept : path_(std::move(path)), fd_(fd) {}
    Result<std::string> write_temporary(BytesView content) const;

    std::filesystem::path path_;
    int fd_ = -1;
};

}  // namespace mortise::trust
