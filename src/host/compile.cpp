#include "host/compile.hpp"

#include <utility>

#include "wasm/normalise.hpp"

namespace mortise::detail {

Result<FinalModule> finalise(const PluginState& plugin, BytesView given) {
    FinalModule module;
    const Bytes& rewritten = plugin.prepared.wasm;
    const BytesView wasm = rewritten.empty() ? given : BytesView(rewritten);
    if (rewritten.empty()) {
        module.info = plugin.module;
    } else {
        auto info = read_module(wasm, LoadLimits{.module_bytes = UINT64_MAX, .body_bytes = UINT32_MAX});
        if (!info) return fail(std::move(info).error().add_context("after rewriting the module"));
        module.info = *std::move(info);
    }
    const wasm::NormaliseOptions normal;
    auto normalised = wasm::normalise(module.info, wasm, normal);
    if (!normalised) return fail(std::move(normalised).error());
    if (normalised->had_start) {
        module.info.exports.push_back({normal.start_export, ExternKind::function, *module.info.start});
        module.info.start.reset();
    }
    module.wasm = normalised->changed ? std::move(normalised->wasm) : copy_bytes(wasm);
    module.import_names = std::move(normalised->import_names);
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

Result<void> make_images(PluginState& plugin, engine::Engine& engine, FinalModule module, std::span<const engine::Resolved> imports,
                         const OfferedCode* offered) {
    const auto options = compile_options(plugin, engine.info().capabilities);
    auto code = obtain_code(*plugin.runtime, {engine, module.source(imports), options, plugin.observer(), offered});
    if (!code) return fail(std::move(code).error());
    plugin.image = std::make_unique<Image>(std::move(module.info));
    plugin.image->set_first(*std::move(code));
    return {};
}

}  // namespace mortise::detail
