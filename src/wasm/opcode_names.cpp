#include "base/text.hpp"
#include "wasm/opcodes.hpp"

namespace mortise::wasm {

std::string opcode_name(Opcode opcode) {
    if (opcode < 0x100) return base::hex(opcode);
    return base::concat(base::hex(opcode >> 16), " ", base::hex(opcode & 0xFFFF));
}

}  // namespace mortise::wasm
