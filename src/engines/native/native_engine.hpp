#pragma once

#include <memory>

#include <mortise/engine_options.hpp>

#include "engine/engine.hpp"

namespace mortise::engines {

/// The engine whose plugins are functions of this program. Errors: `invalid_argument` (two modules of one name, a null one).
Result<std::unique_ptr<engine::Engine>> make_native(const NativeOptions& options = {});

}  // namespace mortise::engines
