#include <mortise/code_cache.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust/code_cache.hpp"

namespace mortise {

namespace {

Result<std::filesystem::path> folder_of(const CodeCacheOptions& options) {
    if (!options.folder.empty()) return options.folder;
    return default_code_cache_folder();
}

// An absolute path, as the XDG base directory specification wants it; empty otherwise. Programs that run with more rights than
// their user take no folder from that user.
std::filesystem::path variable(const char* name) {
    const char* text = ::secure_getenv(name);
    std::filesystem::path path(text != nullptr ? text : "");
    return path.is_absolute() ? path : std::filesystem::path();
}

// A folder that there is, of somebody else's, is not one to leave files in: they would be in that user's way, as after sudo.
bool is_somebody_elses(const std::filesystem::path& folder) noexcept {
    struct stat status {};
    return ::stat(folder.c_str(), &status) == 0 && status.st_uid != ::geteuid();
}

bool is_there(const std::filesystem::path& path) noexcept { return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_EACCESS) == 0; }

// The part of its path that is there already can be written to.
bool can_be_made(std::filesystem::path folder) {
    while (!is_there(folder) && folder.has_relative_path()) folder = folder.parent_path();
    return ::faccessat(AT_FDCWD, folder.c_str(), W_OK, AT_EACCESS) == 0;
}

}  // namespace

Result<std::filesystem::path> default_code_cache_folder() {
    const auto no_folder = [](std::string why) { return fail(ErrorCode::not_found, std::move(why)); };
    if (const auto cache = variable("XDG_CACHE_HOME"); !cache.empty()) {
        if (is_somebody_elses(cache)) return no_folder(cache.string() + " (XDG_CACHE_HOME) is not this user's own");
        return cache / "mortise" / "code";
    }
    const auto home = variable("HOME");
    if (home.empty()) return no_folder("neither XDG_CACHE_HOME nor HOME names a folder for the compiled-code cache");
    std::error_code unreadable;
    if (!std::filesystem::is_directory(home, unreadable)) return no_folder(home.string() + " (HOME) is no folder");
    if (is_somebody_elses(home)) return no_folder(home.string() + " (HOME) is not this user's own");
    auto folder = home / ".cache" / "mortise" / "code";
    if (!is_there(folder) && !can_be_made(folder)) return no_folder(home.string() + " (HOME) cannot be written to");
    return folder;
}

Result<std::vector<CachedCode>> list_code_cache(const CodeCacheOptions& options) {
    const auto folder = folder_of(options);
    if (!folder) return fail(folder.error());
    // Entries that a cache with a larger limit left are good all the same.
    auto entries = trust::CodeCache::look(*folder, std::max(options.most_bytes, CodeCacheOptions().most_bytes));
    if (!entries && entries.error().code() == ErrorCode::not_found && options.folder.empty()) return std::vector<CachedCode>();
    if (!entries) return fail(std::move(entries).error());
    std::vector<CachedCode> out;
    for (auto& entry : *entries) {
        CachedCode code;
        code.name = std::move(entry.name);
        code.engine = entry.key.substr(0, entry.key.find('\n'));
        code.bytes = entry.bytes;
        code.used = std::chrono::system_clock::time_point(
            std::chrono::duration_cast<std::chrono::system_clock::duration>(std::chrono::nanoseconds(entry.used_ns)));
        code.authentic = !entry.key.empty();
        out.push_back(std::move(code));
    }
    return out;
}

Result<ClearedCode> clear_code_cache(const CodeCacheOptions& options) {
    const auto folder = folder_of(options);
    if (!folder) return fail(folder.error());
    const auto cleared = trust::CodeCache::clear(*folder);
    if (!cleared && cleared.error().code() == ErrorCode::not_found && options.folder.empty()) return ClearedCode();
    if (!cleared) return fail(cleared.error());
    return ClearedCode{cleared->entries, cleared->bytes};
}

}  // namespace mortise
