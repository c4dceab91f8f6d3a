#pragma once

#include <mortise/error.hpp>

#include "engine/engine.hpp"

namespace mortise::engines::wasm_c_api {

/// Runs a small module in a library that was just opened, and compares what must come out: arguments and results both
/// ways, exports in order, a memory that grows, a trap. Cheaper than a plugin that reads the wrong export. Errors:
/// `unsupported`.
Result<void> self_test(engine::Engine& engine);

}  // namespace mortise::engines::wasm_c_api
