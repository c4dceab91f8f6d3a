#pragma once

#include <vector>

#include <mortise/module_info.hpp>

#include "wasm/opcodes.hpp"

namespace mortise::differential {

/// Some operation: its code and what it takes; what it gives is where it stands.
struct Operation {
    wasm::Opcode opcode;
    std::vector<ValType> takes;
};

/// Every operation that gives a number of that type.
const std::vector<Operation>& operations(ValType result);

}  // namespace mortise::differential
