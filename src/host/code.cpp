#include "host/code.hpp"

#include <cstring>
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

// The cache, or null: then it is off, or somebody was told why it is of no use.
const trust::CodeCache* cache_of(RuntimeState& runtime, Observer* observer) {
    const auto& cache = runtime.code_cache();
    if (!cache) return nullptr;
    if (*cache) return &**cache;
    warn(observer, because("there is no compiled-code cache", cache->error()));
    return nullptr;
}

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

Result<std::shared_ptr<engine::Module>> find_code(RuntimeState& runtime, const CodeRequest& request, const std::string& key) {
    std::shared_ptr<engine::Module> none;
    if (key.empty()) return none;
    if (request.offered != nullptr && request.offered->key == key) {
        if (auto code = load(request, request.offered->code)) return code;
        else warn(request.observer, because("the compiled code in the file is of no use, it is compiled again", code.error()));
    } else if (request.offered != nullptr) {
        warn(request.observer, "the compiled code in the file is for another engine, processor or other options; it is compiled again");
    }
    const auto* cache = cache_of(runtime, request.observer);
    if (cache == nullptr) return none;
    auto found = cache->find(key);
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

Result<std::shared_ptr<engine::Module>> obtain_code(RuntimeState& runtime, const CodeRequest& request) {
    // Without anyone who could have the code, not even the key is made: hashing costs.
    const bool may_have = request.offered != nullptr || runtime.code_cache();
    const std::string key = may_have ? code_key(request) : std::string();
    auto known = find_code(runtime, request, key);
    if (!known || *known) return known;
    auto made = request.engine.compile(request.source, request.options);
    if (!made || key.empty()) return made;
    const auto& cache = runtime.code_cache();
    if (!cache || !*cache) return made;
    auto code = (*made)->compiled_code();
    if (!code) return made;
    if (auto kept = (*cache)->store(key, *code); !kept) {
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
    const auto* cache = cache_of(runtime, observer);
    const trust::Secret nobodys;
    return trust::seal(kArtefactKind, key, content, cache != nullptr ? cache->secret() : nobodys);
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
        const auto* cache = cache_of(runtime, observer);
        if (cache == nullptr || !sealed->authentic(cache->secret())) {
            return fail(ErrorCode::denied, "compiled code is machine code, and this user's code cache did not make it (or there is "
                                           "none in use); load the module itself, or say that the file is trusted");
        }
    }
    const auto at = static_cast<std::size_t>(size);
    return Artefact{rest.first(at), {std::string(sealed->name), copy_bytes(rest.subspan(at))}};
}

}  // namespace mortise::detail
