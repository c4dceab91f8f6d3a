#include <mortise/code_cache.hpp>

#include <cstdlib>
#include <utility>

#include "trust/code_cache.hpp"

namespace mortise {

namespace {

Result<trust::CodeCache> open(const CodeCacheOptions& options) {
    if (!options.folder.empty()) return trust::CodeCache::open(options.folder, options.most_bytes);
    auto folder = default_code_cache_folder();
    if (!folder) return fail(std::move(folder).error());
    return trust::CodeCache::open(*folder, options.most_bytes);
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
    auto entries = cache->list();
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
    auto cleared = cache->clear();
    if (!cleared) return fail(std::move(cleared).error());
    return ClearedCode{cleared->entries, cleared->bytes};
}

}  // namespace mortise
