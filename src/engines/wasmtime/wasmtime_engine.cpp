#include "engines/wasmtime/wasmtime_engine.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "base/text.hpp"
#include "engines/wasmtime/api.hpp"
#include "engines/wasmtime/machine.hpp"
#include "engines/wasmtime/module.hpp"
#include "engines/wasmtime/profile.hpp"

#if MORTISE_WASMTIME_OWN
#include <mortise_engines.h>
#endif

namespace mortise::engines {
namespace {

using namespace wasmtime;
using base::concat;
using engine::CompileOptions;

constexpr const char* kWinch = "Wasmtime, compiling at once (Winch)";

EngineInfo describe(const Machine& machine) {
    EngineInfo info;
    info.name = "wasmtime";
#if MORTISE_WASMTIME_OWN
    info.version = mortise_wasmtime_version();
#else
    info.version = WASMTIME_VERSION;
#endif
    info.description = machine.pulley  ? "Wasmtime, interpreting (Pulley)"
                       : machine.winch ? kWinch
                                       : "Wasmtime, compiling (Cranelift)";
    Capabilities& can = info.capabilities;
    can.interrupt = can.fuel = can.memory_limit = can.simd = can.trap_kinds = can.backtrace = true;
    can.nested_calls = can.memory_in_callbacks = true;
#if MORTISE_WASMTIME_OWN
    // An installed C API can cap no sum of several memories and tells of no refused growth.
    can.refused_growth_reported = can.multi_memory = can.linking = can.linked_tables = true;
#endif
#if defined(WASMTIME_FEATURE_GC)
    can.reference_types = !machine.winch;  // the baseline compiler knows functions alone, no externref
#endif
#if defined(WASMTIME_FEATURE_COMPILER)
    can.compiled_code = true;
#endif
#if defined(WASMTIME_FEATURE_WAT)
    can.text_format = true;
#endif
#if defined(WASMTIME_FEATURE_WINCH)
    can.two_compilers = !machine.pulley;
#endif
    return info;
}

class WasmtimeEngine final : public engine::Engine {
public:
    explicit WasmtimeEngine(const Machine& machine) : machine_(machine), info_(describe(machine)) {}
    ~WasmtimeEngine() override {
        for (const Node* node = newest_.load(); node != nullptr;) node = std::unique_ptr<const Node>(node)->next;
    }

    const EngineInfo& info() const noexcept override { return info_; }
    Result<std::shared_ptr<engine::Module>> compile(const engine::ModuleSource& source,
                                                    const CompileOptions& options) override;
    Result<std::shared_ptr<engine::Module>> load(const engine::ModuleSource& source,
                                                 const CompileOptions& options) override;
    Result<Bytes> parse_text(std::string_view text) override;
    std::string code_key(const CompileOptions& options) const override;
    void tick() noexcept override;

private:
    /// Profiles are only ever added, so that `tick` can walk them without a lock.
    struct Node {
        std::shared_ptr<Profile> profile;
        const Node* next;
    };

    Result<std::shared_ptr<Profile>> profile_for(const CompileOptions& options) const;
    Result<void> check_features(const ModuleInfo& info, const CompileOptions& options) const;

    bool baseline(const CompileOptions& options) const noexcept { return machine_.winch || options.baseline_compiler; }

    const Machine machine_;
    const EngineInfo info_;
    mutable std::mutex adding_;
    mutable std::atomic<const Node*> newest_{nullptr};
};

/// Whether code compiled with these options can have that proposal.
bool has_feature(Feature feature, const CompileOptions& options, bool baseline, const Capabilities& can) noexcept {
    switch (feature) {
        case Feature::simd: return options.simd;
        case Feature::relaxed_simd: return options.simd && !baseline;
        case Feature::bulk_memory: return options.bulk_memory;
        case Feature::reference_types: return options.reference_types && (can.reference_types || baseline);
        case Feature::multi_value: return options.multi_value;
        case Feature::tail_calls: return !baseline;
        case Feature::multi_memory: return can.multi_memory;
        case Feature::threads:
        case Feature::memory64:
        case Feature::exceptions:
        case Feature::gc:
        case Feature::function_references: return false;
        case Feature::mutable_globals:
        case Feature::sign_extension:
        case Feature::saturating_conversions:
        case Feature::extended_const: return true;
    }
    return false;
}

Result<void> WasmtimeEngine::check_features(const ModuleInfo& info, const CompileOptions& options) const {
    for (const Feature feature : info.features) {
        if (has_feature(feature, options, baseline(options), info_.capabilities)) continue;
        const std::string compiler = baseline(options) ? kWinch : info_.description;
        return fail(ErrorCode::unsupported, concat("the module uses ", to_string(feature), ", which ", compiler,
                                                   " does not offer with these options"));
    }
    return {};
}

Result<std::shared_ptr<Profile>> WasmtimeEngine::profile_for(const CompileOptions& options) const {
    const std::lock_guard lock(adding_);
    const Node* newest = newest_.load(std::memory_order_relaxed);
    for (const Node* node = newest; node != nullptr; node = node->next) {
        if (node->profile->options() == options) return node->profile;
    }
    auto made = Profile::make(machine_, options);
    if (!made) return made;
    newest_.store(std::make_unique<Node>(Node{*made, newest}).release(), std::memory_order_release);
    return made;
}

Result<std::shared_ptr<engine::Module>> WasmtimeEngine::compile(const engine::ModuleSource& source,
                                                                const CompileOptions& options) {
    if (auto can = check_features(source.info, options); !can) return fail(std::move(can).error());
    auto profile = profile_for(options);
    if (!profile) return fail(std::move(profile).error());
    return CompiledModule::compile(std::move(*profile), source);
}

Result<std::shared_ptr<engine::Module>> WasmtimeEngine::load(const engine::ModuleSource& source,
                                                             const CompileOptions& options) {
    if (auto can = check_features(source.info, options); !can) return fail(std::move(can).error());
    auto profile = profile_for(options);
    if (!profile) return fail(std::move(profile).error());
    return CompiledModule::load(std::move(*profile), source);
}

Result<Bytes> WasmtimeEngine::parse_text(std::string_view text) {
#if defined(WASMTIME_FEATURE_WAT)
    ByteVec wasm;
    const ErrorPtr error(wasmtime_wat2wasm(text.data(), text.size(), wasm.out()));
    if (error) return fail(ErrorCode::malformed_module, "text format: " + message_of(*error));
    return copy_bytes(wasm.bytes());
#else
    return Engine::parse_text(text);
#endif
}

std::string WasmtimeEngine::code_key(const CompileOptions& options) const {
    const auto profile = profile_for(options);
    if (!profile) return {};
    return (*profile)->code_key().value_or(std::string());
}

void WasmtimeEngine::tick() noexcept {
    for (const Node* node = newest_.load(std::memory_order_acquire); node != nullptr; node = node->next)
        node->profile->advance_epoch();
}

}  // namespace

Result<std::unique_ptr<engine::Engine>> make_wasmtime(const WasmtimeOptions& options) {
    const auto machine = probe_machine(options);
    if (!machine) return fail(machine.error());
    return std::make_unique<WasmtimeEngine>(*machine);
}

}  // namespace mortise::engines
