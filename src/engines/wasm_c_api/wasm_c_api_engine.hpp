#pragma once

#include <memory>
#include <string_view>

#include "engine/engine.hpp"

namespace mortise::engines {

/// An engine in a shared library with the standard C API (`wasm.h`), opened at that path. Errors: `not_found`,
/// `invalid_argument` (no library), `unsupported` (lacks a function, or does not do what the standard says).
Result<std::unique_ptr<engine::Engine>> make_wasm_c_api(std::string_view path);

/// What is true of every such library, for lists: no library is opened.
EngineInfo describe_wasm_c_api();

}  // namespace mortise::engines
