#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>

#include "trust/private_folder.hpp"
#include "trust/seal.hpp"

namespace mortise::trust {

/// Compiled code of one user on one machine, kept in a folder from process to process. Entries go by everything that the code
/// depends on, which the caller puts into the key's text. An entry counts only if this user's secret, a file beside the
/// entries, made its mark: whoever can write to the folder without being the user can take entries away, and no more.
/// Any thread, and any number of processes at once: entries are written whole and never changed.
class CodeCache {
public:
    /// Bytes that a key may have.
    static constexpr std::size_t kLongestKey = 2048;

    /// Opens the folder, and makes the secret where there is none yet. Errors: as `PrivateFolder::open` and `find`.
    static Result<CodeCache> open(const std::filesystem::path& folder, std::uint64_t most_bytes);

    /// Code from an entry, read and checked whole before anyone sees it.
    class Found {
    public:
        explicit Found(Bytes file, BytesView code) noexcept : file_(std::move(file)), code_(code) {}
        BytesView code() const noexcept { return code_; }

    private:
        Bytes file_;       // moving it moves no bytes
        BytesView code_;
    };

    /// The code of that key, or nothing. Errors: `denied` (somebody else's entry, or one that is damaged or whose mark is wrong),
    /// `io`: the entry is of no use, and `store` replaces it.
    Result<std::optional<Found>> find(std::string_view key) const;

    /// Keeps code, and drops what was not used for longest where all would be more than the cache may hold. Errors: `io`, also
    /// for what is larger than the whole cache may be; `not_found`: the folder was deleted, and another must be opened.
    Result<void> store(std::string_view key, BytesView code) const;

    struct Entry {
        std::string name;    ///< 64 hex digits
        std::string key;     ///< empty where the entry cannot be read or is not authentic
        std::uint64_t bytes = 0;
        std::int64_t used_ns = 0;   ///< since 1970
    };

    /// All entries, the one used last first; changes nothing.
    Result<std::vector<Entry>> list() const { return list_in(folder_, secret_.get(), most_bytes_); }

    /// Likewise for a folder that need not be a usable cache; makes none. Entries above `most_bytes` are not read. Errors: as
    /// `PrivateFolder::open`; `not_found` (no cache there).
    static Result<std::vector<Entry>> look(const std::filesystem::path& folder, std::uint64_t most_bytes);

    struct Cleared {
        std::uint64_t entries = 0;
        std::uint64_t bytes = 0;
    };

    /// Drops all entries and what killed writers left; needs no secret. The secret stays, unless it is of no use. Errors: as
    /// `look`; `io` (something cannot be removed).
    static Result<Cleared> clear(const std::filesystem::path& folder);

    const Secret& secret() const noexcept { return *secret_; }
    const PrivateFolder& folder() const noexcept { return folder_; }

private:
    CodeCache(PrivateFolder folder, std::unique_ptr<Secret> secret, std::uint64_t most_bytes) noexcept
        : folder_(std::move(folder)), secret_(std::move(secret)), most_bytes_(most_bytes) {}
    static Result<std::vector<Entry>> list_in(const PrivateFolder& folder, const Secret* secret, std::uint64_t most_bytes);
    void make_room(const std::string& newest) const;

    PrivateFolder folder_;
    std::unique_ptr<Secret> secret_;
    std::uint64_t most_bytes_;
};

}  // namespace mortise::trust
