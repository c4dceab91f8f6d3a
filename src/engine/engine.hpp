#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/engine_info.hpp>
#include <mortise/error.hpp>
#include <mortise/module_info.hpp>

#include "engine/store.hpp"

namespace mortise::engine {

/// What a vendor engine fixes for all code that one of its engine objects compiles. An `Engine` keeps one vendor object for
/// each set of options in use and makes it on demand.
struct CompileOptions {
    bool interrupt = true;            ///< checks for deadline and interrupt in the code
    bool fuel = false;                ///< counts fuel in the code
    bool baseline_compiler = false;   ///< compile fast rather than well, where there are two compilers
    bool simd = true;
    bool bulk_memory = true;
    bool reference_types = true;
    bool multi_value = true;
    bool floats = true;               ///< advisory: validators above refuse floats themselves
    std::size_t stack_bytes = std::size_t{512} << 10;
    friend bool operator==(const CompileOptions&, const CompileOptions&) = default;
};

/// A host function bound to an import. `function` must outlive the module; `type` is the import's own type.
struct HostImport {
    HostFunction call = nullptr;
    const void* function = nullptr;
};

/// An import that another instance of the same store provides.
struct LinkedImport {
    InstanceId from;
    std::string name;
};

/// What an import is bound to; one for each import, by its position.
using Resolved = std::variant<HostImport, LinkedImport>;

/// Compiled code with its host imports bound. Share it freely; it keeps its vendor engine alive.
class Module {
public:
    virtual ~Module() = default;

    /// A new, empty sandbox. Errors: `io` (no address space left), `internal`.
    virtual Result<std::unique_ptr<Store>> new_store(const StoreLimits& limits) const = 0;

    /// Native code for `Engine::load` of the same engine, version, options and processor; `unsupported` without it.
    virtual Result<Bytes> compiled_code() const = 0;
};

/// What a module is compiled from.
struct ModuleSource {
    const ModuleInfo& info;                 ///< of `bytes`
    BytesView bytes;                        ///< Wasm for `compile`, compiled code for `load`
    std::span<const Resolved> imports;      ///< as many as `info.imports`; copied
    /// Module and name of each import as they stand in the bytes, where they differ from `info.imports`; else empty.
    std::span<const std::pair<std::string, std::string>> import_names;
};

/// An engine: what compiles and runs Wasm. All members may be called from any thread.
class Engine {
public:
    virtual ~Engine() = default;

    virtual const EngineInfo& info() const noexcept = 0;   ///< name, version, capabilities

    /// Errors: `malformed_module` (the engine's validator says no), `unsupported` (a proposal or option that it lacks,
    /// naming it), `internal`.
    virtual Result<std::shared_ptr<Module>> compile(const ModuleSource& source, const CompileOptions& options) = 0;

    /// Loads compiled code. The caller vouches that it is its own: loading what someone else wrote is running it.
    virtual Result<std::shared_ptr<Module>> load(const ModuleSource& source, const CompileOptions& options) = 0;

    /// Text format to binary; `unsupported` where the engine has no parser, `malformed_module` for bad text.
    virtual Result<Bytes> parse_text(std::string_view text);

    /// What identifies compiled code beside the module's bytes: version, processor, settings.
    virtual std::string code_key(const CompileOptions& options) const = 0;

    /// One tick of the Runtime's clock has passed: makes running code look at its deadline. Lock-free, any thread.
    virtual void tick() noexcept = 0;
};

}  // namespace mortise::engine
