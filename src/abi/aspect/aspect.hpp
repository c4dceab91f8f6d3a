#pragma once

#include <memory>

#include "abi/abi.hpp"

namespace mortise::abi {

/// Artela aspects: gas-metered calls with tagged values.
std::unique_ptr<Abi> make_aspect();

}  // namespace mortise::abi
