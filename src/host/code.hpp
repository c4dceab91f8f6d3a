#pragma once

#include <memory>
#include <optional>
#include <string>

#include <mortise/bytes.hpp>
#include <mortise/observer.hpp>

#include "engine/engine.hpp"
#include "host/runtime_state.hpp"

namespace mortise::detail {

/// Compiled code that came with a module, trusted by the time it stands here.
struct OfferedCode {
    std::string key;
    Bytes code;
};

/// A module that is to become code. `source.bytes` is the Wasm as the engine gets it.
struct CodeRequest {
    engine::Engine& engine;
    const engine::ModuleSource& source;
    const engine::CompileOptions& options;
    Observer* observer = nullptr;
    const OfferedCode* offered = nullptr;
};

/// What compiled code of a module depends on, as the key of caches: engine, version, processor, settings, and every byte of what
/// is compiled. Empty where the engine saves no code.
std::string code_key(const CodeRequest& request);

/// The module's code: what was offered, what the code cache has, or compiled, and then kept in the cache. Whatever is wrong
/// with the first two ends in a warning, never in an error. Errors: as `Engine::compile`.
Result<std::shared_ptr<engine::Module>> obtain_code(RuntimeState& runtime, const CodeRequest& request);

/// As `obtain_code`, but nothing if it would have to compile.
Result<std::shared_ptr<engine::Module>> find_code(RuntimeState& runtime, const CodeRequest& request, const std::string& key);

/// A file with a module and its code, sealed with the cache's secret, or with one that nobody has where there is no cache.
Bytes make_artefact(RuntimeState& runtime, std::string_view key, BytesView wasm, BytesView code, Observer* observer);

struct Artefact {
    BytesView wasm;   ///< into the file
    OfferedCode code;
};

/// What `make_artefact` made, taken apart; nothing if the bytes are no such file. Errors: `malformed_module`; `denied` unless this
/// user's cache sealed it, or `trusted`.
enum class Trust : std::uint8_t { sealed_by_us, anybody };
Result<std::optional<Artefact>> open_artefact(RuntimeState& runtime, BytesView bytes, Trust trust, Observer* observer);

/// Tells an observer, if there is one. Never fails.
void warn(Observer* observer, std::string_view text) noexcept;

}  // namespace mortise::detail
