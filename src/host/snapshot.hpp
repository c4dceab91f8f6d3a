#pragma once

#include <optional>
#include <span>
#include <string>

#include "host/image.hpp"
#include "host/plugin_state.hpp"

namespace mortise::detail {

/// Starts a plugin once and makes a module that begins as it then is. Nothing where copies of it would not be what an instance
/// that started by itself is; `why` then says what stands in the way. Errors: an engine that fails. `plugin` has all but its images.
Result<std::optional<FinalModule>> take_snapshot(const PluginState& plugin, engine::Engine& engine, const FinalModule& module,
                                                 std::span<const engine::Resolved> imports, const engine::CompileOptions& options,
                                                 std::string& why);

}  // namespace mortise::detail
