#pragma once

#include <memory>

#include "abi/abi.hpp"

namespace mortise::abi {

/// Data in, data out: `<mortise/abi/dataflow.hpp>`.
std::unique_ptr<Abi> make_dataflow();

}  // namespace mortise::abi
