#include "wasm/writer.hpp"

namespace mortise::wasm {

void Writer::unsigned_leb(std::uint64_t number) {
    while (number >= 0x80) {
        u8(static_cast<std::uint8_t>((number & 0x7F) | 0x80));
        number >>= 7;
    }
    u8(static_cast<std::uint8_t>(number));
}

void Writer::s64(std::int64_t number) {
    for (;;) {
        const auto low = static_cast<std::uint8_t>(number & 0x7F);
        number >>= 7;
        // The sign bit of the last byte must agree with the number.
        if (number == ((low & 0x40) != 0 ? -1 : 0)) return u8(low);
        u8(static_cast<std::uint8_t>(low | 0x80));
    }
}

void Writer::sized(BytesView content) {
    u64(content.size());
    bytes(content);
}

void Writer::opcode(Opcode opcode) {
    if (opcode < 0x100) return u8(static_cast<std::uint8_t>(opcode));
    u8(static_cast<std::uint8_t>(opcode >> 16));
    u32(opcode & 0xFFFF);
}

}  // namespace mortise::wasm
