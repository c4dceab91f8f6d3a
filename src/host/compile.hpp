#pragma once

#include <span>

#include "host/code.hpp"
#include "host/image.hpp"
#include "host/plugin_state.hpp"

namespace mortise::detail {

/// The module as engines get it: rewritten as the ABI wants it, its start section an export, its import names unique.
/// Errors: what is wrong with a rewritten module; `unsupported`.
Result<FinalModule> finalise(const PluginState& plugin, BytesView given);

/// A module that no ABI rewrote, as engines get it. Errors: as `wasm::normalise`.
Result<FinalModule> normalised(ModuleInfo info, BytesView wasm);

/// What the plugin's limits and its Runtime demand of compiled code, beside what the ABI does.
engine::CompileOptions compile_options(const PluginState& plugin, const Capabilities& engine);

/// Makes the images that the plugin's instances come from. Errors: as `Engine::compile`; `unsupported` for a snapshot that is
/// required and refused.
Result<void> make_images(PluginState& plugin, engine::Engine& engine, FinalModule module, std::span<const engine::Resolved> imports,
                         const OfferedCode* offered);

}  // namespace mortise::detail
