#pragma once

#include <memory>

#include "abi/abi.hpp"

namespace mortise::abi {

/// waPC: named calls with byte payloads both ways; all memory is the guest's.
std::unique_ptr<Abi> make_wapc();

}  // namespace mortise::abi
