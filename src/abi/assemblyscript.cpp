#include "abi/assemblyscript.hpp"

#include <algorithm>

namespace mortise::abi {

namespace {

constexpr std::uint32_t kMostUnits = 32 * 1024;

void append_code_point(std::string& out, std::uint32_t code) {
    const auto byte = [&out](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xC0 | code >> 6);
        byte(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        byte(0xE0 | code >> 12);
        byte(0x80 | (code >> 6 & 0x3F));
        byte(0x80 | (code & 0x3F));
    } else {
        byte(0xF0 | code >> 18);
        byte(0x80 | (code >> 12 & 0x3F));
        byte(0x80 | (code >> 6 & 0x3F));
        byte(0x80 | (code & 0x3F));
    }
}

}  // namespace

std::optional<std::string> read_assemblyscript_string(const engine::GuestMemory& memory, std::uint32_t pointer) {
    if (pointer < 4) return std::nullopt;
    const auto size = memory.load<std::uint32_t>(std::uint64_t{pointer} - 4);
    if (!size || !memory.contains(pointer, *size)) return std::nullopt;
    const std::uint32_t units = std::min(*size / 2, kMostUnits);
    const auto unit = [&](std::uint32_t i) { return *memory.load<std::uint16_t>(std::uint64_t{pointer} + 2 * std::uint64_t{i}); };

    std::string out;
    out.reserve(units);
    for (std::uint32_t i = 0; i < units; ++i) {
        std::uint32_t code = unit(i);
        if (code >= 0xD800 && code < 0xE000) {
            const std::uint32_t low = code < 0xDC00 && i + 1 < units ? unit(i + 1) : 0u;
            if (low >= 0xDC00 && low < 0xE000) {
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                ++i;
            } else {
                code = 0xFFFD;
            }
        }
        append_code_point(out, code);
    }
    return out;
}

std::string AbortReason::text() const {
    std::string out = message.value_or("");
    if (!file) return out;
    if (!out.empty()) out += " at ";
    return out + *file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

AbortReason read_abort(const engine::GuestMemory& memory, const engine::RawValue* slots) {
    AbortReason reason;
    reason.message = read_assemblyscript_string(memory, static_cast<std::uint32_t>(slots[0].i32));
    reason.file = read_assemblyscript_string(memory, static_cast<std::uint32_t>(slots[1].i32));
    reason.line = static_cast<std::uint32_t>(slots[2].i32);
    reason.column = static_cast<std::uint32_t>(slots[3].i32);
    return reason;
}

}  // namespace mortise::abi
