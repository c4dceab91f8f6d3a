#pragma once

#include <memory>

#include "engine/engine.hpp"

namespace mortise::engine {

/// Gives fuel and interruption to an engine that has neither: checks are put into the code (wasm/metering), and all
/// else is the engine's own. A unit of fuel is an instruction. Modules compiled for neither are the engine's,
/// unchanged. There is no compiled code to save, since it would not tell what was put in, and no backtrace, since
/// places are others.
std::unique_ptr<Engine> make_metered(std::unique_ptr<Engine> engine);

/// What the engine is with that.
EngineInfo metered_info(EngineInfo info);

}  // namespace mortise::engine
