#pragma once

#include <memory>

#include "abi/abi.hpp"

namespace mortise::abi {

/// hookr: operations with byte payloads both ways, generations 0 and 1.
std::unique_ptr<Abi> make_hookr();

}  // namespace mortise::abi
