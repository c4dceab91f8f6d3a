#pragma once

#include <memory>

#include "abi/abi.hpp"

namespace mortise::abi {

/// W3bstream applets: `<mortise/abi/w3bstream.hpp>`.
std::unique_ptr<Abi> make_w3bstream();

}  // namespace mortise::abi
