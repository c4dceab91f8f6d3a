#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <mortise/module_info.hpp>

namespace mortise::wasm {

/// An instruction's opcode: the byte itself, or for a prefixed one `prefix << 16 | number`, e.g. 0xFC000A for
/// memory.copy.
using Opcode = std::uint32_t;

constexpr Opcode prefixed(std::uint8_t prefix, std::uint32_t number) noexcept { return Opcode{prefix} << 16 | number; }

/// The opcodes that something in this folder treats apart.
namespace op {
inline constexpr Opcode kUnreachable = 0x00, kNop = 0x01, kBlock = 0x02, kLoop = 0x03, kIf = 0x04, kElse = 0x05;
inline constexpr Opcode kTry = 0x06, kCatch = 0x07, kThrow = 0x08, kRethrow = 0x09, kThrowRef = 0x0A, kEnd = 0x0B;
inline constexpr Opcode kBr = 0x0C, kBrIf = 0x0D, kBrTable = 0x0E, kReturn = 0x0F;
inline constexpr Opcode kCall = 0x10, kCallIndirect = 0x11, kReturnCall = 0x12, kReturnCallIndirect = 0x13;
inline constexpr Opcode kCallRef = 0x14, kReturnCallRef = 0x15, kDelegate = 0x18, kCatchAll = 0x19;
inline constexpr Opcode kDrop = 0x1A, kSelect = 0x1B, kSelectTyped = 0x1C, kTryTable = 0x1F;
inline constexpr Opcode kLocalGet = 0x20, kLocalSet = 0x21, kLocalTee = 0x22, kGlobalGet = 0x23, kGlobalSet = 0x24;
inline constexpr Opcode kTableGet = 0x25, kTableSet = 0x26;
inline constexpr Opcode kMemorySize = 0x3F, kMemoryGrow = 0x40;
inline constexpr Opcode kI32Const = 0x41, kI64Const = 0x42, kF32Const = 0x43, kF64Const = 0x44;
inline constexpr Opcode kI64LtS = 0x53, kI64LtU = 0x54, kI64GeU = 0x5A;
inline constexpr Opcode kI32Add = 0x6A, kI32Sub = 0x6B, kI32Mul = 0x6C, kI64Add = 0x7C, kI64Sub = 0x7D, kI64Mul = 0x7E;
inline constexpr Opcode kI64ExtendI32U = 0xAD;
inline constexpr Opcode kRefNull = 0xD0, kRefFunc = 0xD2, kBrOnNull = 0xD5, kBrOnNonNull = 0xD6;
inline constexpr Opcode kBrOnCast = prefixed(0xFB, 24), kBrOnCastFail = prefixed(0xFB, 25);
inline constexpr Opcode kMemoryInit = prefixed(0xFC, 8), kDataDrop = prefixed(0xFC, 9);
inline constexpr Opcode kV128Const = prefixed(0xFD, 12);
}  // namespace op

/// What follows an opcode.
enum class Immediates : std::uint8_t {
    unknown,  ///< no such instruction
    none,
    block,     ///< block type
    label,     ///< label
    br_table,  ///< vector of labels, label
    index,     ///< one index: local, global, table, type, tag, segment, ...
    function,  ///< function index
    two_indices,
    type_table,  ///< type index, table index: call_indirect
    memory,      ///< memory index
    memarg,      ///< alignment, offset
    memarg_lane,
    lane,  ///< one byte
    bytes16,
    i32,
    i64,
    f32,
    f64,
    types,  ///< vector of value types
    heap_type,
    try_table,   ///< block type, vector of catches
    br_on_cast,  ///< flags, label, two heap types
    zero_byte,
    prefix,  ///< one of the bytes that begin a longer opcode
};

/// How an instruction is read, and which proposal brought it.
struct OpcodeInfo {
    Immediates immediates = Immediates::unknown;
    std::uint8_t feature = kFirstVersion;  ///< a `Feature`, or kFirstVersion

    static constexpr std::uint8_t kFirstVersion = 0xFF;
};

/// The instructions of one byte.
extern const std::array<OpcodeInfo, 256> kOpcodes;

/// A short form of most instructions: of the first version, no labels, no indices to check, immediates of a byte each. It is one
/// if the two bytes after the opcode, the first of them the lower one, have none of the bits of `not_these`.
struct PlainInstruction {
    std::uint16_t not_these = 0;
    std::uint8_t size = 0;   ///< with the opcode, 3 at most; 0 if the instruction has no such form
};

extern const std::array<PlainInstruction, 256> kPlainInstructions;

/// Any instruction; `unknown` if there is none.
OpcodeInfo opcode_info(Opcode opcode) noexcept;

/// The name in the text format, e.g. `i32.add`; the bytes in hexadecimal where this version knows no name.
std::string opcode_name(Opcode opcode);

}  // namespace mortise::wasm
