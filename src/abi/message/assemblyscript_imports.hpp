#pragma once

#include "engine/store.hpp"

namespace mortise::abi::message {

/// @name What AssemblyScript guests import from `env`; `Store::abi` is the instance's `Calls`
/// @{

/// `abort(message, file, line, column)`: the text becomes the call's error text unless it has one; then the guest traps.
engine::Stop abort_with_trap(const void*, engine::Store&, engine::Caller, engine::RawValue*) noexcept;

/// The same, but ended as by `proc_exit(255)`.
engine::Stop abort_with_exit(const void*, engine::Store&, engine::Caller, engine::RawValue*) noexcept;

/// `trace(message, count, five numbers)`: a log line, e.g. `checked 3, 0.5`.
engine::Stop trace(const void*, engine::Store&, engine::Caller, engine::RawValue*) noexcept;

/// `seed() -> f64`: a number of [0, 1) from the sandbox's random source.
engine::Stop seed(const void*, engine::Store&, engine::Caller, engine::RawValue*) noexcept;
/// @}

}  // namespace mortise::abi::message
