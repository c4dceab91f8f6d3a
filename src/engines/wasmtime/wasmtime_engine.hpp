#pragma once

#include <memory>

#include <mortise/engine_options.hpp>
#include <mortise/error.hpp>

#include "engine/engine.hpp"

namespace mortise::engines {

/// Wasmtime behind the engine seam. Errors: `unsupported` (an option that this build or this machine cannot keep),
/// `invalid_argument` (a value out of its range).
Result<std::unique_ptr<engine::Engine>> make_wasmtime(const WasmtimeOptions& options = {});

}  // namespace mortise::engines
