#pragma once

#include <memory>
#include <vector>

#include "abi/abi.hpp"

namespace mortise::host {

/// Every ABI of this build, `plain` first. This is the list to which a new ABI adds its line.
std::vector<std::unique_ptr<abi::Abi>> make_abis();

}  // namespace mortise::host
