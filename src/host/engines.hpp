#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <mortise/engine_info.hpp>
#include <mortise/engine_options.hpp>
#include <mortise/error.hpp>

#include "engine/engine.hpp"

namespace mortise::host {

/// The engine of this name, or the default one for an empty name. Errors: `not_found`, naming what there is; what the engine
/// says of the options.
Result<std::unique_ptr<engine::Engine>> make_engine(std::string_view name, const EngineOptions& options);

/// Every engine of this build that can be made, the default first.
std::vector<EngineInfo> list_engines();

}  // namespace mortise::host
