#pragma once

#include "engine/store.hpp"
#include "engines/wasmi/api.hpp"

namespace mortise::engines::wasmi {

/// Why a call ended that did not end well, and its details. `outcome` is not MORTISE_DONE; its text is the caller's.
/// What a host function or the check left in `info` stays; nothing else does.
engine::Stop classify(const mortise_outcome_t& outcome, const Text& text, engine::StopInfo& info);

}  // namespace mortise::engines::wasmi
