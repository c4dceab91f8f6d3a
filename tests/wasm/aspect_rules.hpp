#pragma once

#include "wasm/metering.hpp"

namespace mortise::wasm::testing {

/// The "current" prices of the aspect ABI: a realistic table for the tests of metering.
GasRules aspect_rules();

/// The same as options, with the names that aspects have.
GasOptions aspect_options();

/// The charges in a metered body, in the order of the code: the constants before calls of the function `gas`.
std::vector<std::int64_t> charges(BytesView metered, std::size_t body, std::uint32_t gas);

}  // namespace mortise::wasm::testing
