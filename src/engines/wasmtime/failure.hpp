#pragma once

#include "engine/store.hpp"
#include "engines/wasmtime/api.hpp"

namespace mortise::engines::wasmtime {

/// What a trap is to the layers above, with its details but for the backtrace.
engine::Stop classify(const wasm_trap_t& trap, engine::StopInfo& info);

}  // namespace mortise::engines::wasmtime
