#pragma once

#include <optional>
#include <span>
#include <string>

#include "host/image.hpp"
#include "host/plugin_state.hpp"

namespace mortise::detail {

/// A module that begins as a started one.
struct Snapshot {
    FinalModule module;
    bool follows_from_module = false;   ///< its content comes of the module's bytes alone: no secrets in it, the same each time
};

/// Starts a plugin once and makes a module that begins as it then is. Nothing where copies of it would not be what an instance
/// that started by itself is; `why` then says what stands in the way, and nobody outside has noticed anything but what the options
/// allow. Errors: an engine that fails. `plugin` has all but its images.
Result<std::optional<Snapshot>> take_snapshot(const PluginState& plugin, engine::Engine& engine, const FinalModule& module,
                                              std::span<const engine::Resolved> imports, const engine::CompileOptions& options,
                                              std::string& why);

}  // namespace mortise::detail
