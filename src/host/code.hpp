#pragma once

#include <memory>
#include <optional>
#include <string>

#include <mortise/bytes.hpp>
#include <mortise/observer.hpp>
#include <mortise/plugin.hpp>

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
    bool must_keep = false;   ///< code that cannot be kept in the cache is an error
};

/// What compiled code of a module depends on, as the key of caches: engine, version, processor, settings, and every byte of what
/// is compiled. Empty where the engine saves no code.
std::string code_key(const CodeRequest& request);

/// Tells why the code cache is of no use, if it is to be there and is not; once for each plugin.
void warn_without_cache(RuntimeState& runtime, Observer* observer);

/// The module's code: what was offered, what the code cache has, or compiled, and then kept in the cache. Whatever is wrong
/// with the first two, and with keeping it unless it must be, ends in a warning, never in an error. Errors: as `Engine::compile`.
Result<std::shared_ptr<engine::Module>> obtain_code(RuntimeState& runtime, const CodeRequest& request);

/// As `obtain_code`, but nothing if it would have to compile.
Result<std::shared_ptr<engine::Module>> find_code(RuntimeState& runtime, const CodeRequest& request, const std::string& key);

/// A file with a module and its code, sealed with the cache's secret, or with one that nobody has where there is no cache: the
/// observer hears of that.
Bytes make_artefact(RuntimeState& runtime, std::string_view key, BytesView wasm, BytesView code, Observer* observer);

struct Artefact {
    BytesView wasm;   ///< into the file
    OfferedCode code;
};

/// What `make_artefact` made, taken apart; nothing if the bytes are no such file. Errors: `malformed_module`; `denied` unless this
/// user's cache sealed it, or `trusted`.
enum class Trust : std::uint8_t { sealed_by_us, anybody };
Result<std::optional<Artefact>> open_artefact(RuntimeState& runtime, BytesView bytes, Trust trust, Observer* observer);

/// Bytes that a plugin's file may have which begins like this; see `Runtime::most_file_bytes`.
std::uint64_t most_file_bytes(BytesView start, std::uint64_t module_bytes) noexcept;

/// Refuses directories in which a guest would find the cache's secret, with which it could make code. Errors: `denied`.
Result<void> check_grants(RuntimeState& runtime, const Sandbox& sandbox);

/// As `compile_plugin`, into the cache. Errors as `Runtime::compile_into_cache`.
Result<void> compile_into_cache(std::shared_ptr<RuntimeState> runtime, BytesView bytes, PluginOptions options);

/// Tells an observer, if there is one. Never fails.
void warn(Observer* observer, std::string_view text) noexcept;

}  // namespace mortise::detail
