#pragma once

#include <memory>

#include <mortise/engine_options.hpp>
#include <mortise/error.hpp>

#include "engine/engine.hpp"

namespace mortise::engines {

/// Wasmi behind the engine seam. Errors: `invalid_argument` (a value out of its range).
Result<std::unique_ptr<engine::Engine>> make_wasmi(const WasmiOptions& options = {});

}  // namespace mortise::engines
