#pragma once

#include <mortise/abi/aspect.hpp>

#include "wasm/metering.hpp"

namespace mortise::abi::aspect {

/// The prices as the metering rewriter takes them, for the start-up and counter names of aspects.
wasm::GasOptions metering_options(const GasPrices& prices);

}  // namespace mortise::abi::aspect
