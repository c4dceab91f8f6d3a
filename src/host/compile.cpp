#include "host/compile.hpp"

#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "host/background.hpp"
#include "host/snapshot.hpp"
#include "wasm/module.hpp"
#include "wasm/normalise.hpp"

namespace mortise::detail {

Result<FinalModule> finalise(const PluginState& plugin, BytesView given) {
    const Bytes& rewritten = plugin.prepared.wasm;
    if (rewritten.empty()) return normalised(plugin.module, given);
    auto info = read_module(rewritten, wasm::no_load_limits());   // the given module kept those that there are
    if (!info) return fail(std::move(info).error().add_context("after rewriting the module"));
    return normalised(*std::move(info), rewritten);
}

Result<FinalModule> normalised(ModuleInfo info, BytesView wasm) {
    const wasm::NormaliseOptions options;
    auto normal = wasm::normalise(info, wasm, options);
    if (!normal) return fail(std::move(normal).error());
    FinalModule module;
    module.info = std::move(info);
    if (normal->had_start) {
        if (module.info.find_export(options.start_export) == nullptr) {
            module.info.exports.push_back({options.start_export, ExternKind::function, *module.info.start});
        }
        module.info.start.reset();
        module.start_export = options.start_export;
    }
    module.wasm = normal->changed ? std::move(normal->wasm) : copy_bytes(wasm);
    module.import_names = std::move(normal->import_names);
    return module;
}

engine::CompileOptions compile_options(const PluginState& plugin, const Capabilities& engine) {
    engine::CompileOptions options = plugin.prepared.compile;
    const Limits& limits = plugin.options.limits;
    options.fuel = limits.fuel.has_value();
    options.interrupt = plugin.options.interruptible || limits.call_time || limits.start_time;
    if (!engine.interrupt) options.interrupt = false;
    options.stack_bytes = limits.stack_bytes.value_or(plugin.runtime->options().stack_bytes);
    return options;
}

namespace {

// The module as its ABI and its callers see it: what a start section became is not theirs to call.
ModuleInfo seen(const PluginState& plugin, ModuleInfo info) {
    if (plugin.module.find_export(wasm::kStartExport) == nullptr) {
        std::erase_if(info.exports, [](const Export& each) { return each.name == wasm::kStartExport; });
    }
    return info;
}

// A plugin's images on their way to code.
class Images {
public:
    Images(PluginState& plugin, engine::Engine& engine, std::span<const engine::Resolved> imports, const OfferedCode* offered)
        : plugin_(plugin), engine_(engine), imports_(imports), offered_(offered),
          options_(compile_options(plugin, engine.info().capabilities)) {}

    Result<void> make(FinalModule module) {
        auto code = first_code(module);
        if (!code) return fail(std::move(code).error());
        plugin_.image = std::make_shared<Image>(seen(plugin_, module.info), module.start_export);
        plugin_.image->set_first(*std::move(code));
        auto snapshot = make_snapshot(module);
        if (!snapshot) return fail(std::move(snapshot).error());
        if (!in_background_) return {};
        std::vector<BackgroundCompilation::Job> jobs;
        if (*snapshot) {   // first what most instances are made of
            jobs.push_back({plugin_.snapshot, std::move((*snapshot)->module), keep_of(**snapshot)});
        }
        jobs.push_back({plugin_.image, std::move(module), KeepCode::yes});
        options_.baseline_compiler = false;
        try {
            plugin_.background = std::make_unique<BackgroundCompilation>(plugin_.runtime, engine_, options_,
                                                                         std::vector(imports_.begin(), imports_.end()), std::move(jobs),
                                                                         plugin_.shared_observer());
        } catch (const std::system_error& error) {   // what is there works, only slower
            warn(plugin_.observer(), std::string("the code is not optimised in the background, no thread can be started: ") + error.what());
        }
        return {};
    }

private:
    using Code = Result<std::shared_ptr<engine::Module>>;

    Code obtain(const FinalModule& module) {
        return obtain_code(*plugin_.runtime, {engine_, module.source(imports_), options_, plugin_.observer(), offered_});
    }

    // The code that the first instances run, which decides what compiler the others get.
    Code first_code(const FinalModule& module) {
        const bool two = engine_.info().capabilities.two_compilers;
        switch (plugin_.options.compilation) {
            case Compilation::optimised: break;
            case Compilation::baseline:
                if (!two) return fail(ErrorCode::unsupported, "engine " + engine_.info().name + " has no baseline compiler");
                options_.baseline_compiler = plugin_.only_baseline = true;
                break;
            case Compilation::background: return two ? baseline_first(module) : obtain(module);
        }
        return obtain(module);
    }

    Code baseline_first(const FinalModule& module) {
        const auto source = module.source(imports_);
        if (offered_ != nullptr || plugin_.runtime->code_cache()) {
            const CodeRequest request{engine_, source, options_, plugin_.observer(), offered_};
            auto known = find_code(*plugin_.runtime, request, code_key(request));
            if (!known || *known) return known;
        }
        options_.baseline_compiler = true;
        auto code = engine_.compile(source, options_);   // made in less time than a cache would take
        in_background_ = code.has_value();
        if (code || code.error().code() != ErrorCode::unsupported) return code;
        options_.baseline_compiler = false;   // it lacks what the module uses
        return obtain(module);
    }

    // Code has the memory in it that it begins with: what start-up learnt, secrets among it, is not for the disk, and another process
    // would not find it by its digest.
    static KeepCode keep_of(const Snapshot& snapshot) noexcept { return snapshot.follows_from_module ? KeepCode::yes : KeepCode::no; }

    // The snapshot, or nothing.
    Result<std::optional<Snapshot>> make_snapshot(const FinalModule& module) {
        const SnapshotUse use = plugin_.options.snapshot.use;
        plugin_.snapshot_refusal = "none was asked for";
        if (use == SnapshotUse::off) return std::optional<Snapshot>();
        auto taken = take_snapshot(plugin_, engine_, module, imports_, options_, plugin_.snapshot_refusal);
        if (!taken) return taken;
        if (!*taken && use == SnapshotUse::when_safe) return taken;
        if (!*taken) return fail(ErrorCode::unsupported, "there can be no snapshot of the plugin: " + plugin_.snapshot_refusal);
        const auto source = (*taken)->module.source(imports_);
        // Code for the time being is made in less time than a cache would take.
        auto code = keep_of(**taken) == KeepCode::yes && !in_background_
                        ? obtain_code(*plugin_.runtime, {engine_, source, options_, plugin_.observer()})
                        : engine_.compile(source, options_);
        if (!code) return fail(std::move(code).error().add_context("after a snapshot of the plugin was taken"));
        plugin_.snapshot = std::make_shared<Image>(seen(plugin_, (*taken)->module.info));
        plugin_.snapshot->set_first(*std::move(code));
        plugin_.snapshot_refusal.clear();
        return taken;
    }

    PluginState& plugin_;
    engine::Engine& engine_;
    const std::span<const engine::Resolved> imports_;
    const OfferedCode* const offered_;
    engine::CompileOptions options_;
    bool in_background_ = false;
};

}  // namespace

Result<void> make_images(PluginState& plugin, engine::Engine& engine, FinalModule module, std::span<const engine::Resolved> imports,
                         const OfferedCode* offered) {
    return Images(plugin, engine, imports, offered).make(std::move(module));
}

}  // namespace mortise::detail
