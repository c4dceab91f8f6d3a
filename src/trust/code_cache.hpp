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
    /// Opens the folder, and makes the secret where there is none yet. Errors: as `PrivateFolder::open` and `read`.
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

    /// The code of that key, or nothing. Errors: `denied` (somebody else's entry, or one whose mark is wrong), `io`: the
    /// entry is of no use, and `store` replaces it.
    Result<std::optional<Found>> find(std::string_view key) const;

    /// Keeps code, and drops what was not used for longest where all would be more than the cache may hold. Errors: `io`; also
    /// for code that is larger than the whole cache may be.
    Result<void> store(std::string_view key, BytesView code) const;

    struct Entry {
        std::string name;    ///< 64 hex digits
        std::string key;     ///< empty where the entry cannot be read or is not authentic
        std::uint64_t bytes = 0;
        std::int64_t used_ns = 0;   ///< since 1970
    };

    /// All entries, the one used last first.
    Result<std::vector<Entry>> list() const;

    struct Cleared {
        std::uint64_t entries = 0;
        std::uint64_t bytes = 0;
    };

    /// Drops all entries. The secret stays.
    Result<Cleared> clear() const;

    const Secret& secret() const noexcept { return *secret_; }
    const std::filesystem::path& folder() const noexcept { return folder_.path(); }

private:
    CodeCache(PrivateFolder folder, std::unique_ptr<Secret> secret, std::uint64_t most_bytes) noexcept
        : folder_(std::move(folder)), secret_(std::move(secret)), most_bytes_(most_bytes) {}
    void make_room(const std::string& newest) const;

    PrivateFolder folder_;
    std::unique_ptr<Secret> secret_;
    std::uint64_t most_bytes_;
};

}  // namespace mortise::trust
