#pragma once

#include <memory>

#include "abi/abi.hpp"

namespace mortise::abi {

/// Wasm numbers in and out, nothing else: what a module without any mark of another ABI speaks.
std::unique_ptr<Abi> make_plain();

}  // namespace mortise::abi
