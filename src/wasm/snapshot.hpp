#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/module_info.hpp>

namespace mortise::wasm {

/// A module's state at some moment as another module's initial state. The bytes are what engines get: without a start section
/// (see normalise). Nothing here knows when that moment is, or what the host holds beside it.

/// Why the module's state cannot be had from its memory and globals alone, for people; nothing if it can. Tables and segments
/// cannot be read from outside, so code that changes them is an obstacle, and so is state that others may share.
/// Errors: as `read_module` without limits.
Result<std::optional<std::string>> snapshot_obstacle(BytesView wasm);

/// A mutable global that belongs to the state.
struct StateGlobal {
    std::uint32_t index = 0;   ///< in the module; no imported ones
    ValType type = ValType::i32;
    std::string name;          ///< under which it is exported
};

/// A module that shows all of its state.
struct ShownState {
    ModuleInfo info;
    Bytes wasm;
    std::string memory;        ///< under which its memory is exported; empty if it has none
    std::vector<StateGlobal> globals;
};

/// Adds the exports that are needed to read the state; their names begin with `prefix`. `info` must be of `wasm`, and there must
/// be no obstacle. Errors: `unsupported` if one of the names is taken.
Result<ShownState> show_state(const ModuleInfo& info, BytesView wasm, std::string_view prefix = "mortise:state:");

/// A state as it was read.
struct State {
    BytesView memory;
    std::vector<std::array<std::byte, 16>> globals;   ///< as many as `ShownState::globals`, in their order; raw values
};

struct Baked {
    ModuleInfo info;
    Bytes wasm;
    std::uint64_t image_bytes = 0;   ///< of the new data segments
};

/// The module with that state as its initial one: a memory as large as it is now, active data segments with constant offsets for
/// what is not zero, constants for the globals. `wasm` and `info` are the module before `show_state`, `shown` what that gave.
/// Errors: `unsupported` for an image that engines could not map as one: too large, or large and mostly zeros; and for a memory
/// of more than 256 MiB, which would take long to look through.
Result<Baked> bake_state(const ModuleInfo& info, BytesView wasm, const ShownState& shown, const State& state);

}  // namespace mortise::wasm
