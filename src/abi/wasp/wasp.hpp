#pragma once

#include <memory>

#include "abi/abi.hpp"

namespace mortise::abi {

/// wasp: exports called by name with numbers, text and bytes.
std::unique_ptr<Abi> make_wasp();

}  // namespace mortise::abi
