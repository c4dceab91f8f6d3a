#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mortise/abi_info.hpp>
#include <mortise/code_cache.hpp>
#include <mortise/engine_info.hpp>
#include <mortise/engine_options.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>
#include <mortise/inspection.hpp>
#include <mortise/plugin.hpp>

namespace mortise {

namespace detail {
class RuntimeState;
}

/// Settings of a Runtime.
struct RuntimeOptions {
    /// Which engine, one of `Runtime::engines`, or `wasm-c-api:PATH` for a shared library with the standard `wasm.h`. Empty:
    /// the first that this build has, Wasmtime in a usual one.
    std::string engine;

    /// The engine's own choices: compiler, pooling.
    EngineOptions engine_options{};

    /// The period of the clock that deadlines are measured by; 1 ms to 1 s, what lies outside is taken as the nearer of the two.
    /// 10 ms costs 0.2 % of a core, and lets a call overrun by up to a tick or two. The clock's thread is started by the first
    /// instance and sleeps while none lives.
    std::chrono::milliseconds tick{10};

    /// Bytes of guest stack of every plugin, 64 KiB to the engine's `max_stack_bytes` (2 MiB unless raised). An engine fixes it for all; a plugin's `Limits::stack_bytes` may
    /// only be lower.
    std::size_t stack_bytes = std::size_t{512} << 10;

    /// Keeps compiled code between processes. Empty, no cache: a library does not write to its user's folders, nor load machine
    /// code from there, unless it is told to. A cache that cannot be used (another owner, full disk, read-only) fails nothing:
    /// modules are compiled, and the observer hears of it.
    std::optional<CodeCacheOptions> code_cache{};

    /// Hears of what happens in plugins that have no observer of their own. Null: nobody.
    std::shared_ptr<Observer> observer{};
};

/// An engine with its settings. Cheap to copy; all copies are the same Runtime. Any thread may use it. The engine is made when
/// the first plugin is loaded. In a child after `fork` the clock's thread is gone: time limits of a Runtime made before it do not act
/// there, so make a new one.
class MORTISE_API Runtime {
public:
    Runtime(const Runtime&) = default;   // moving is copying: there is no empty one
    Runtime& operator=(const Runtime&) = default;

    /// Never fails: options that no engine can keep are reported by the first `load`.
    explicit Runtime(RuntimeOptions options = {});

    /// Loads a plugin from a file: `.wasm`, an ABI's container, what `compile` made, or the text format where the engine reads it.
    /// Errors: `not_found`, `io`; all load codes; `invalid_argument` (options); `memory_limit` (it declares more than `Limits`).
    /// Compiling takes milliseconds to seconds, cannot be interrupted and is bounded by `LoadLimits` alone.
    Result<Plugin> load(const std::filesystem::path& file, PluginOptions options = {}) const;

    /// Loads a plugin from memory.
    Result<Plugin> load_bytes(BytesView bytes, PluginOptions options = {}) const;

    /// Compiles a plugin without linking or running it; imports that nobody provides are no error here. The result is a file
    /// with module and compiled code that `load` takes in its place and need not compile. It is bound to engine, version and
    /// processor, and to those of `options` that code depends on (time limits, fuel, stack, ABI): elsewhere it is compiled again,
    /// with a warning. `load` refuses it (`denied`) unless this user made it with the same code cache, or the one who
    /// loads it says that it is trusted (`PluginOptions::trust_compiled_code`); made without a usable cache, which is a warning, it needs
    /// that trust everywhere. Errors: all load codes but `missing_import`.
    Result<Bytes> compile(BytesView bytes, PluginOptions options = {}) const;

    /// Compiles a plugin likewise, into the code cache alone, where `load` finds it. Errors: those of `compile`; `invalid_argument` (the
    /// Runtime has no cache), `denied`, `io` (the cache cannot be used, or cannot keep the code).
    Result<void> compile_into_cache(BytesView bytes, PluginOptions options = {}) const;

    /// Bytes that `load` reads of a file which begins like this: `LoadLimits::module_bytes`, and 16 times as many and 1 MiB for what
    /// `compile` made. The module in it may have `module_bytes`.
    static std::uint64_t most_file_bytes(BytesView start, const LoadLimits& limits = {}) noexcept;

    /// Reads a plugin's bytes without compiling or running them: `abi` says whose container they may be in, empty: anybody's. Errors:
    /// `malformed_module`, `unsupported`, as loading has them.
    Result<Inspection> inspect(BytesView bytes, const std::string& abi = {}, const LoadLimits& limits = {}) const;

    /// Whether the engine can run the module: compiles it and drops the result. Imports are not looked at, but those that no host
    /// can provide. Errors: all load codes that an engine gives, most of all `unsupported`, naming what it lacks.
    Result<void> can_run(BytesView bytes, const std::string& abi = {}, const LoadLimits& limits = {}) const;

    /// The engine in use. Errors: `not_found` (no such engine in this build), `invalid_argument` (engine options), `unsupported`,
    /// `io`.
    Result<EngineInfo> engine() const;

    /// The engines and ABIs of this build, the default first.
    static std::vector<EngineInfo> engines();
    static std::vector<AbiInfo> abis();

private:
    std::shared_ptr<detail::RuntimeState> state_;
};

/// The version of mortise, e.g. `0.1.0`.
MORTISE_API std::string_view version() noexcept;

}  // namespace mortise
