#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <mortise/error.hpp>
#include <mortise/export.hpp>

namespace mortise {

/// Compiled code kept in a folder, so that a module is compiled once for all processes of a user. Compiled code is machine
/// code, and loading it is running it: the folder must be the user's alone (its owner and mode are checked), and each entry
/// bears a mark that only who has the secret beside the entries can make. What is damaged, forged or made by another version
/// is compiled again.
struct CodeCacheOptions {
    /// The folder; made with mode 0700 if it is not there. Empty: `default_code_cache_folder()`.
    std::filesystem::path folder{};

    /// Bytes of all entries together, seals included; what was not used for longest goes first. 512 MiB: some hundred large plugins.
    std::uint64_t most_bytes = std::uint64_t{512} << 20;
};

/// `$XDG_CACHE_HOME/mortise/code`, else `$HOME/.cache/mortise/code`. Errors: `not_found` if neither variable is an absolute path, if what
/// it names is another user's (a home kept by `sudo`), or if the home is not there or cannot be written to.
MORTISE_API Result<std::filesystem::path> default_code_cache_folder();

/// One entry of a code cache.
struct CachedCode {
    std::string name;         ///< 64 hex digits
    std::string engine;       ///< name and version of the engine that made it; empty where `authentic` is false
    std::uint64_t bytes = 0;
    std::chrono::system_clock::time_point used;   ///< to the minute
    bool authentic = true;    ///< false: damaged or somebody else's; it is never loaded
};

/// All entries, the one used last first; changes nothing, and makes no folder. Errors: `denied` (not the user's own), `io`, `not_found` (no
/// cache there).
MORTISE_API Result<std::vector<CachedCode>> list_code_cache(const CodeCacheOptions& options = {});

struct ClearedCode {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
};

/// Drops all entries and what killed processes left; safe while others use the cache. A secret that cannot be used, as others may read
/// it, goes too: the next use makes a new one. Errors: as `list_code_cache`; `io` also if something cannot be dropped.
MORTISE_API Result<ClearedCode> clear_code_cache(const CodeCacheOptions& options = {});

}  // namespace mortise
