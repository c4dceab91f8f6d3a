#include "host/code.hpp"

#include <sys/stat.h>

#include <cstring>
#include <new>
#include <utility>

#include "trust/code_cache.hpp"
#include "trust/digest.hpp"
#include "trust/seal.hpp"

namespace mortise::detail {

namespace {

constexpr std::string_view kArtefactKind = "mortise compiled plugin 1\n";

std::string because(std::string_view text, const Error& error) { return std::string(text) + ": " + error.message(); }

Result<std::shared_ptr<engine::Module>> load(const CodeRequest& request, BytesView code) {
    const auto& source = request.source;
    return request.engine.load({source.info, code, source.imports, source.import_names}, request.options);
}

// Null where it is off or of no use.
const trust::CodeCache* usable(const RuntimeState::CodeCache& cache) noexcept { return cache && *cache ? &**cache : nullptr; }

}  // namespace

void warn(Observer* observer, std::string_view text) noexcept {
    if (observer == nullptr) return;
    try {
        observer->warning(0, text);
    } catch (...) {  // an observer never fails anybody
    }
}

std::string code_key(const CodeRequest& request) {
    const EngineInfo& info = request.engine.info();
    if (!info.capabilities.compiled_code) return {};
    const std::string settings = request.engine.code_key(request.options);
    if (settings.empty()) return {};
    return info.name + " " + info.version + "\nsettings " + settings + "\nmodule " + trust::sha256_hex(request.source.bytes) + "\n";
}

void warn_without_cache(RuntimeState& runtime, Observer* observer) {
    const auto cache = runtime.code_cache();
    if (cache && !*cache) warn(observer, because("there is no compiled-code cache", cache->error()));
}

namespace {

Result<std::shared_ptr<engine::Module>> find_in_cache(const trust::CodeCache& cache, const CodeRequest& request, const std::string& key) {
    std::shared_ptr<engine::Module> none;
    auto found = cache.find(key);
    if (!found) {
        warn(request.observer, because("compiled code cannot be taken from the cache, it is compiled again", found.error()));
        return none;
    }
    if (!*found) return none;
    auto code = load(request, (*found)->code());
    if (code) return code;
    warn(request.observer, because("compiled code from the cache is of no use, it is compiled again", code.error()));
    return none;
}

Result<void> keep(RuntimeState& runtime, const std::string& key, engine::Module& made) {
    auto cache = runtime.code_cache();
    if (!cache) return {};
    if (!*cache) return fail(cache->error());
    auto code = made.compiled_code();
    if (!code) return fail(std::move(code).error());
    auto kept = (*cache)->store(key, *code);
    if (kept || kept.error().code() != ErrorCode::not_found) return kept;
    cache = runtime.reopen_code_cache(cache);   // somebody deleted the folder
    return (*cache)->store(key, *code);
}

Result<void> keep_as_memory_allows(RuntimeState& runtime, const std::string& key, engine::Module& made) {
    try {
        return keep(runtime, key, made);
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::io, "the host is out of memory");
    }
}

}  // namespace

Result<std::shared_ptr<engine::Module>> find_code(RuntimeState& runtime, const CodeRequest& request, const std::string& key) {
    std::shared_ptr<engine::Module> none;
    if (key.empty()) {
        if (request.offered != nullptr) {
            warn(request.observer, "the engine takes no compiled code; that in the file is of no use, it is compiled again");
        }
        return none;
    }
    if (request.offered != nullptr && request.offered->key == key) {
        if (auto code = load(request, request.offered->code)) return code;
        else warn(request.observer, because("the compiled code in the file is of no use, it is compiled again", code.error()));
    } else if (request.offered != nullptr) {
        warn(request.observer, "the compiled code in the file is for another engine, processor or other options; it is compiled again");
    }
    const auto cache = runtime.code_cache();
    if (usable(cache) == nullptr) return none;
    try {
        return find_in_cache(**cache, request, key);
    } catch (const std::bad_alloc&) {
        warn(request.observer, "there is no memory for compiled code from the cache, it is compiled again");
        return none;
    }
}

Result<std::shared_ptr<engine::Module>> obtain_code(RuntimeState& runtime, const CodeRequest& request) {
    // Without anyone who could have the code, not even the key is made: hashing costs.
    const auto cache = runtime.code_cache();
    const std::string key = request.offered != nullptr || cache ? code_key(request) : std::string();
    auto known = find_code(runtime, request, key);
    if (!known || *known) return known;
    if (request.must_keep && cache && !*cache) return fail(cache->error());   // before it takes its time
    auto made = request.engine.compile(request.source, request.options);
    if (!made || key.empty() || (usable(cache) == nullptr && !request.must_keep)) return made;
    if (auto kept = keep_as_memory_allows(runtime, key, **made); !kept) {
        if (request.must_keep) return fail(std::move(kept).error());
        warn(request.observer, because("compiled code cannot be kept in the cache", kept.error()));
    }
    return made;
}

Bytes make_artefact(RuntimeState& runtime, std::string_view key, BytesView wasm, BytesView code, Observer* observer) {
    const std::uint64_t size = wasm.size();
    Bytes content;
    content.reserve(sizeof(size) + wasm.size() + code.size());
    const auto size_bytes = std::as_bytes(std::span(&size, 1));
    content.insert(content.end(), size_bytes.begin(), size_bytes.end());
    content.insert(content.end(), wasm.begin(), wasm.end());
    content.insert(content.end(), code.begin(), code.end());
    const auto opened = runtime.code_cache();
    if (const auto* cache = usable(opened)) return trust::seal(kArtefactKind, key, content, cache->secret());
    warn(observer, "there is no code cache that could vouch for the compiled plugin: it loads only where somebody says that it is trusted");
    return trust::seal(kArtefactKind, key, content, trust::Secret());
}

Result<std::optional<Artefact>> open_artefact(RuntimeState& runtime, BytesView bytes, Trust trust, Observer* observer) {
    if (!trust::looks_sealed(kArtefactKind, bytes)) return std::optional<Artefact>();
    const auto sealed = trust::take_apart(kArtefactKind, bytes);
    std::uint64_t size = 0;
    const auto damaged = [] { return fail(ErrorCode::malformed_module, "the compiled plugin is damaged or cut off"); };
    if (!sealed || sealed->content.size() < sizeof(size)) return damaged();
    std::memcpy(&size, sealed->content.data(), sizeof(size));
    const auto rest = sealed->content.subspan(sizeof(size));
    if (size > rest.size()) return damaged();
    if (trust == Trust::sealed_by_us) {
        const auto opened = runtime.code_cache();
        const auto* cache = usable(opened);
        if (cache == nullptr) warn_without_cache(runtime, observer);
        if (cache == nullptr || !sealed->authentic(cache->secret())) {
            return fail(ErrorCode::denied, "compiled code is machine code, and this user's code cache did not make it (or there is "
                                           "none in use); load the module itself, or say that the file is trusted");
        }
    }
    const auto at = static_cast<std::size_t>(size);
    return Artefact{rest.first(at), {std::string(sealed->name), copy_bytes(rest.subspan(at))}};
}

std::uint64_t most_file_bytes(BytesView start, std::uint64_t module_bytes) noexcept {
    if (!trust::looks_sealed(kArtefactKind, start)) return module_bytes;
    constexpr std::uint64_t kCodeForWasm = 16;   // bytes; a dozen were seen
    constexpr std::uint64_t kLeast = std::uint64_t{1} << 20;
    return module_bytes > (UINT64_MAX - kLeast) / kCodeForWasm ? UINT64_MAX : module_bytes * kCodeForWasm + kLeast;
}

Result<void> check_grants(RuntimeState& runtime, const Sandbox& sandbox) {
    if (sandbox.directories.empty()) return {};
    const auto opened = runtime.code_cache();
    const auto* cache = usable(opened);
    if (cache == nullptr) return {};
    for (const auto& directory : sandbox.directories) {
        struct stat status {};
        if (::stat(directory.host_path.c_str(), &status) != 0) continue;   // the instance's start says so
        if (!cache->folder().is_in(status.st_dev, status.st_ino)) continue;
        return fail(ErrorCode::denied, "the guest's directory " + directory.host_path + " has the compiled-code cache in it, " +
                                           cache->folder().path().string() + ": a guest that reads the secret there can make machine "
                                           "code that this user runs; use another cache folder, or none");
    }
    return {};
}

}  // namespace mortise::detail
