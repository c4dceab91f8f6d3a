#include <mortise/code_cache.hpp>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "trust/code_cache.hpp"
#include "trust/private_folder.hpp"

namespace mortise {

namespace {

// Whoever looks at a cache must not make one. Nothing: the user's own is not there yet.
Result<std::optional<trust::CodeCache>> open(const CodeCacheOptions& options) {
    std::filesystem::path folder = options.folder;
    if (folder.empty()) {
        auto own = default_code_cache_folder();
        if (!own) return fail(std::move(own).error());
        folder = *std::move(own);
    }
    std::error_code unreadable;   // left to opening it
    const bool there = std::filesystem::exists(folder, unreadable) || unreadable;
    if (there) {
        // Its privacy first: what is in somebody else's folder says nothing.
        if (auto opened = trust::PrivateFolder::open(folder); !opened) return fail(std::move(opened).error());
    }
    if (there && (std::filesystem::exists(folder / "secret", unreadable) || unreadable)) {
        auto cache = trust::CodeCache::open(folder, options.most_bytes);
        if (!cache) return fail(std::move(cache).error());
        return std::optional(*std::move(cache));
    }
    if (options.folder.empty()) return std::optional<trust::CodeCache>();
    return fail(ErrorCode::not_found, folder.string() + (there ? " is no code cache" : ": no such folder"));
}

}  // namespace

Result<std::filesystem::path> default_code_cache_folder() {
    // As the XDG base directory specification has it, relative paths are to be ignored.
    const auto variable = [](const char* name) -> std::filesystem::path {
        const char* text = std::getenv(name);
        std::filesystem::path path(text != nullptr ? text : "");
        return path.is_absolute() ? path : std::filesystem::path();
    };
    if (const auto cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache / "mortise" / "code";
    if (const auto home = variable("HOME"); !home.empty()) return home / ".cache" / "mortise" / "code";
    return fail(ErrorCode::not_found, "neither XDG_CACHE_HOME nor HOME names a folder for the compiled-code cache");
}

Result<std::vector<CachedCode>> list_code_cache(const CodeCacheOptions& options) {
    auto cache = open(options);
    if (!cache) return fail(std::move(cache).error());
    if (!*cache) return std::vector<CachedCode>();
    auto entries = (*cache)->list();
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
    auto cache = open(options);
    if (!cache) return fail(std::move(cache).error());
    if (!*cache) return ClearedCode();
    auto cleared = (*cache)->clear();
    if (!cleared) return fail(std::move(cleared).error());
    return ClearedCode{cleared->entries, cleared->bytes};
}

}  // namespace mortise
