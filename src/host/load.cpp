#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "abi/imports.hpp"
#include "host/code.hpp"
#include "host/compile.hpp"
#include "host/plugin_state.hpp"
#include "host/unwrap.hpp"
#include "host/wasi_link.hpp"
#include "trust/digest.hpp"

namespace mortise::detail {

namespace {

constexpr std::uint64_t kNoLimit = UINT64_MAX / 2;   // ticks; far beyond any clock, and a sum with one still does not wrap

Result<void> check_digest(const PluginOptions& options, std::string_view digest) {
    if (options.sha256.empty() || trust::same_hex(options.sha256, digest)) return {};
    return fail(ErrorCode::digest_mismatch,
                "the module's SHA-256 is " + std::string(digest) + ", expected " + options.sha256);
}

Result<void> choose_abi(PluginState& plugin) {
    auto& options = plugin.options;
    if (!options.abi.empty()) {
        plugin.abi = plugin.runtime->find_abi(options.abi);
        if (plugin.abi == nullptr) return fail(ErrorCode::abi_unknown, "no ABI \"" + options.abi + "\" in this build");
        plugin.abi_reason = "asked for by name";
        return {};
    }
    for (const auto& abi : plugin.runtime->abis()) {
        auto reason = abi->recognise(plugin.module);
        if (!reason) continue;
        if (plugin.abi != nullptr) {
            return fail(ErrorCode::abi_unknown, "the module could be of ABI " + plugin.abi->info().name + " (" +
                                                    plugin.abi_reason + ") or " + abi->info().name + " (" + *reason +
                                                    "); name one with the option abi");
        }
        plugin.abi = abi.get();
        plugin.abi_reason = *std::move(reason);
    }
    if (plugin.abi == nullptr) {
        plugin.abi = plugin.runtime->find_abi("plain");
        plugin.abi_reason = "no mark of another ABI";
    }
    return {};
}

// What no instance could ever have, said when the plugin is loaded.
Result<void> check_limits(const PluginState& plugin, const Capabilities& engine) {
    const Limits& limits = plugin.options.limits;
    const auto unsupported = [](std::string text) { return fail(ErrorCode::unsupported, std::move(text)); };
    if (limits.stack_bytes && *limits.stack_bytes > plugin.runtime->options().stack_bytes) {
        return unsupported("a stack of " + std::to_string(*limits.stack_bytes) + " bytes is more than the Runtime's " +
                           std::to_string(plugin.runtime->options().stack_bytes) + "; raise RuntimeOptions::stack_bytes");
    }
    if (limits.fuel && !engine.fuel) return unsupported("the engine does not count fuel");
    const bool stops = limits.call_time || limits.start_time;
    if (stops && !engine.interrupt) return unsupported("the engine cannot stop running code; set no time limits");
    const auto too_much = [](std::string what, std::uint64_t has, std::uint64_t cap) {
        return fail(ErrorCode::memory_limit,
                    "the module declares " + std::to_string(has) + " " + what + ", the limit is " + std::to_string(cap));
    };
    const auto& cap = plugin.store_limits;
    const auto bytes = plugin.module.minimum_memory_bytes();
    if (bytes > limits.memory_bytes) return too_much("bytes of memory", bytes, limits.memory_bytes);
    if (bytes > cap.memory_bytes) {
        return fail(ErrorCode::memory_limit, "the module declares " + std::to_string(bytes) + " bytes of memory, ABI " +
                                                 plugin.abi->info().name + " allows " + std::to_string(cap.memory_bytes));
    }
    if (plugin.module.memories.size() > cap.memories) return too_much("memories", plugin.module.memories.size(), cap.memories);
    if (plugin.module.tables.size() > cap.tables) return too_much("tables", plugin.module.tables.size(), cap.tables);
    std::uint64_t elements = 0;
    for (const TableType& table : plugin.module.tables) {
        elements += std::min(table.size.minimum, UINT64_MAX - elements);
    }
    if (elements > cap.table_elements) return too_much("table elements", elements, cap.table_elements);
    return {};
}

engine::StoreLimits store_limits(const PluginState& plugin) {
    const Limits& limits = plugin.options.limits;
    engine::StoreLimits out;
    out.memory_bytes = std::min(limits.memory_bytes, plugin.prepared.memory_bytes.value_or(limits.memory_bytes));
    out.memories = std::max(limits.memories, plugin.prepared.memories);
    out.tables = limits.tables;
    out.table_elements = limits.table_elements;
    return out;
}

// Every import bound, or the error that names the first that is not.
Result<std::vector<engine::Resolved>> resolve_imports(PluginState& plugin) {
    std::vector<engine::Resolved> resolved;
    const auto& imports = plugin.module.imports;
    for (std::size_t i = 0; i < imports.size(); ++i) {
        if (i < plugin.prepared.imports.size() && plugin.prepared.imports[i]) {
            resolved.push_back(*plugin.prepared.imports[i]);
            continue;
        }
        auto wasi = host::resolve_wasi(imports[i], plugin.prepared.wasi);
        if (!wasi) return fail(std::move(wasi).error());
        if (!*wasi) {
            std::string text = "nothing provides " + abi::describe(imports[i]);
            if (imports[i].kind == ExternKind::function) text += " of type " + to_string(imports[i].function);
            else text += ", a " + std::string(to_string(imports[i].kind));
            return fail(ErrorCode::missing_import, text);
        }
        plugin.wants_wasi = true;
        resolved.push_back(**wasi);
    }
    return resolved;
}

// Notes the time that an import takes.
engine::Stop timed_call(const void* import, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept {
    const auto& [call, function] = *static_cast<const engine::HostImport*>(import);
    abi::Timing* const timing = abi::Session::of(store).timing;
    if (timing == nullptr) return call(function, store, caller, slots);
    timing->pass_to(abi::Timing::In::host);
    const engine::Stop stop = call(function, store, caller, slots);
    timing->pass_to(abi::Timing::In::guest);
    return stop;
}

// Puts the clock before every import of an observed plugin; the others are called as they are.
void time_imports(PluginState& plugin, std::vector<engine::Resolved>& imports) {
    for (engine::Resolved& import : imports) {
        if (const auto* host = std::get_if<engine::HostImport>(&import)) {
            plugin.timed.push_back(std::make_unique<const engine::HostImport>(*host));
            import = engine::HostImport{&timed_call, plugin.timed.back().get()};
        }
    }
}

// Stands for an import of a plugin that is compiled and not run.
engine::Stop never_called(const void*, engine::Store&, engine::Caller, engine::RawValue*) noexcept { return engine::Stop::engine; }

// A plugin on its way: read, recognised, prepared and linked, but not compiled.
struct Loading {
    std::shared_ptr<PluginState> plugin = std::make_shared<PluginState>();
    engine::Engine* engine = nullptr;
    Bytes wasm;                           // out of whatever it came in
    std::optional<OfferedCode> offered;   // what came with it
    std::vector<engine::Resolved> imports;
};

Loading loading_of(std::shared_ptr<RuntimeState> runtime, PluginOptions options) {
    Loading loading;
    loading.plugin->runtime = std::move(runtime);
    loading.plugin->options = std::move(options);
    return loading;
}

Result<void> read_plugin(Loading& loading, BytesView bytes) {
    auto& plugin = *loading.plugin;
    auto& opts = plugin.options;
    if (bytes.size() > most_file_bytes(bytes, opts.load_limits.module_bytes)) {
        return fail(ErrorCode::unsupported, "the module is larger than the limit of " +
                                                std::to_string(opts.load_limits.module_bytes) + " bytes (module_bytes)");
    }
    plugin.sha256 = trust::sha256_hex(bytes);
    if (auto same = check_digest(opts, plugin.sha256); !same) return same;
    auto engine = plugin.runtime->engine();
    if (!engine) return fail(std::move(engine).error());
    loading.engine = *engine;

    auto artefact = open_artefact(*plugin.runtime, bytes, opts.trust_compiled_code ? Trust::anybody : Trust::sealed_by_us, plugin.observer());
    if (!artefact) return fail(std::move(artefact).error());
    if (*artefact) loading.offered = std::move((*artefact)->code);
    auto unwrapped = unwrap_module(*plugin.runtime, *artefact ? (*artefact)->wasm : bytes, opts.abi, opts.load_limits);
    if (!unwrapped) return fail(std::move(unwrapped).error());
    loading.wasm = std::move(unwrapped->wasm);
    auto info = read_module(loading.wasm, opts.load_limits);
    if (!info) return fail(std::move(info).error());
    plugin.module = *std::move(info);
    return choose_abi(plugin);
}

enum class Missing : std::uint8_t { is_error, stands_in };

Result<void> link_plugin(Loading& loading, Missing missing) {
    auto& plugin = *loading.plugin;
    const bool observed = plugin.observer() != nullptr;
    const auto& opts = plugin.options;
    auto prepared = plugin.abi->prepare({plugin.module, loading.wasm, opts.host, opts.abi_options, opts.limits, observed});
    if (!prepared) return fail(std::move(prepared).error());
    plugin.prepared = *std::move(prepared);
    plugin.store_limits = store_limits(plugin);
    if (auto fits = check_limits(plugin, loading.engine->info().capabilities); !fits) return fits;
    auto imports = missing == Missing::is_error
                       ? resolve_imports(plugin)
                       : std::vector<engine::Resolved>(plugin.module.imports.size(), engine::HostImport{.call = &never_called});
    if (!imports) return fail(std::move(imports).error());
    loading.imports = *std::move(imports);
    if (observed) time_imports(plugin, loading.imports);
    return {};
}

}  // namespace

Result<std::shared_ptr<const PluginState>> load_plugin(std::shared_ptr<RuntimeState> runtime, BytesView bytes,
                                                       PluginOptions options) {
    auto loading = loading_of(std::move(runtime), std::move(options));
    auto& plugin = loading.plugin;
    if (auto read = read_plugin(loading, bytes); !read) return fail(std::move(read).error());
    if (auto linked = link_plugin(loading, Missing::is_error); !linked) return fail(std::move(linked).error());
    auto& opts = plugin->options;
    auto& clock = plugin->runtime->clock();
    plugin->call_ticks = opts.limits.call_time ? clock.ticks(*opts.limits.call_time) : kNoLimit;
    plugin->start_ticks = opts.limits.start_time ? clock.ticks(*opts.limits.start_time) : kNoLimit;
    plugin->stoppable = compile_options(*plugin, loading.engine->info().capabilities).interrupt;
    plugin->policy = opts.instance_policy.value_or(plugin->abi->info().policy);
    plugin->after_failure = opts.after_failure.value_or(plugin->abi->info().after_failure);
    opts.abi = plugin->abi->info().name;

    if (plugin->wants_wasi && !plugin->prepared.wasi.empty_configuration) {
        if (auto granted = check_grants(*plugin->runtime, opts.sandbox); !granted) return fail(std::move(granted).error());
    }
    auto module = finalise(*plugin, loading.wasm);
    if (!module) return fail(std::move(module).error());
    if (loading.engine->info().capabilities.compiled_code) warn_without_cache(*plugin->runtime, plugin->observer());
    const OfferedCode* offered = loading.offered ? &*loading.offered : nullptr;
    auto made = make_images(*plugin, *loading.engine, *std::move(module), loading.imports, offered);
    if (!made) return fail(std::move(made).error());
    return plugin;
}

namespace {

// A module's code, and what goes with it into a file.
struct Compiled {
    std::string key;
    std::shared_ptr<engine::Module> module;
};

enum class Into : std::uint8_t { file, cache };

Result<Compiled> compile(Loading& loading, BytesView bytes, Into into) {
    auto& plugin = *loading.plugin;
    if (auto read = read_plugin(loading, bytes); !read) return fail(std::move(read).error());
    if (auto linked = link_plugin(loading, Missing::stands_in); !linked) return fail(std::move(linked).error());
    auto module = finalise(plugin, loading.wasm);
    if (!module) return fail(std::move(module).error());

    auto settings = compile_options(plugin, loading.engine->info().capabilities);
    settings.baseline_compiler = plugin.options.compilation == Compilation::baseline;
    const auto source = module->source(loading.imports);
    CodeRequest request{*loading.engine, source, settings, plugin.observer()};
    // What came in a file is not in the cache yet.
    if (into == Into::cache) request.must_keep = true;
    else if (loading.offered) request.offered = &*loading.offered;
    Compiled compiled{code_key(request), nullptr};
    if (compiled.key.empty()) return fail(ErrorCode::unsupported, "engine " + loading.engine->info().name + " saves no compiled code");
    if (into == Into::file) warn_without_cache(*plugin.runtime, plugin.observer());
    auto made = obtain_code(*plugin.runtime, request);
    if (!made) return fail(std::move(made).error());
    compiled.module = *std::move(made);
    return compiled;
}

}  // namespace

Result<Bytes> compile_plugin(std::shared_ptr<RuntimeState> runtime, BytesView bytes, PluginOptions options) {
    auto loading = loading_of(std::move(runtime), std::move(options));
    auto& plugin = *loading.plugin;
    auto compiled = compile(loading, bytes, Into::file);
    if (!compiled) return fail(std::move(compiled).error());
    auto code = compiled->module->compiled_code();
    if (!code) return fail(std::move(code).error());
    return make_artefact(*plugin.runtime, compiled->key, loading.wasm, *code, plugin.observer());
}

Result<void> compile_into_cache(std::shared_ptr<RuntimeState> runtime, BytesView bytes, PluginOptions options) {
    if (!runtime->options().code_cache) return fail(ErrorCode::invalid_argument, "the Runtime has no code cache");
    auto loading = loading_of(std::move(runtime), std::move(options));
    auto compiled = compile(loading, bytes, Into::cache);
    if (!compiled) return fail(std::move(compiled).error());
    return {};
}

}  // namespace mortise::detail
