#pragma once

#include <string>
#include <vector>

#include <mortise/bytes.hpp>

#include "differential/generator.hpp"
#include "engine/engine.hpp"

namespace mortise::differential {

/// One call of an export.
struct Call {
    std::string name;
    FunctionType type;
    std::vector<engine::RawValue> arguments;
};

/// What running these calls, one after the other in one sandbox, showed: how each ended, its results, kinds of traps,
/// and in the end the exported memory and globals. Two engines agree when the texts are equal. Empty: the stack
/// overflowed, which depends on the size of an engine's frames.
std::string run(engine::Engine& engine, BytesView wasm, const std::vector<Call>& calls);

/// Calls of every function of a generated module, with arguments of that generator.
std::vector<Call> calls_of(const Generated& module, Choices& choices);

}  // namespace mortise::differential
