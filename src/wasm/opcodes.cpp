#include "wasm/opcodes.hpp"

#include <utility>

namespace mortise::wasm {
namespace {

using enum Immediates;

template <std::size_t N>
using Table = std::array<OpcodeInfo, N>;

template <std::size_t N>
constexpr void put(Table<N>& table, std::size_t first, std::size_t last, Immediates immediates) {
    for (auto i = first; i <= last; ++i) table[i].immediates = immediates;
}

template <std::size_t N>
constexpr void put(Table<N>& table, std::size_t first, std::size_t last, Immediates immediates, Feature feature) {
    put(table, first, last, immediates);
    for (auto i = first; i <= last; ++i) table[i].feature = std::to_underlying(feature);
}

constexpr Table<256> one_byte_opcodes() {
    Table<256> t{};
    put(t, 0x00, 0x01, none);
    put(t, 0x02, 0x04, block);
    put(t, 0x05, 0x05, none);
    put(t, 0x06, 0x06, block, Feature::exceptions);
    put(t, 0x07, 0x08, index, Feature::exceptions);
    put(t, 0x09, 0x09, label, Feature::exceptions);
    put(t, 0x0A, 0x0A, none, Feature::exceptions);
    put(t, 0x0B, 0x0B, none);
    put(t, 0x0C, 0x0D, label);
    put(t, 0x0E, 0x0E, br_table);
    put(t, 0x0F, 0x0F, none);
    put(t, 0x10, 0x10, function);
    put(t, 0x11, 0x11, type_table);
    put(t, 0x12, 0x12, function, Feature::tail_calls);
    put(t, 0x13, 0x13, type_table, Feature::tail_calls);
    put(t, 0x14, 0x14, index, Feature::function_references);
    put(t, 0x15, 0x15, index, Feature::tail_calls);
    put(t, 0x18, 0x18, label, Feature::exceptions);
    put(t, 0x19, 0x19, none, Feature::exceptions);
    put(t, 0x1A, 0x1B, none);
    put(t, 0x1C, 0x1C, types, Feature::reference_types);
    put(t, 0x1F, 0x1F, try_table, Feature::exceptions);
    put(t, 0x20, 0x24, index);
    put(t, 0x25, 0x26, index, Feature::reference_types);
    put(t, 0x28, 0x3E, memarg);
    put(t, 0x3F, 0x40, memory);
    put(t, 0x41, 0x41, i32);
    put(t, 0x42, 0x42, i64);
    put(t, 0x43, 0x43, f32);
    put(t, 0x44, 0x44, f64);
    put(t, 0x45, 0xBF, none);
    put(t, 0xC0, 0xC4, none, Feature::sign_extension);
    put(t, 0xD0, 0xD0, heap_type, Feature::reference_types);
    put(t, 0xD1, 0xD1, none, Feature::reference_types);
    put(t, 0xD2, 0xD2, function, Feature::reference_types);
    put(t, 0xD3, 0xD3, none, Feature::gc);
    put(t, 0xD4, 0xD4, none, Feature::function_references);
    put(t, 0xD5, 0xD6, label, Feature::function_references);
    put(t, 0xFB, 0xFE, prefix);
    return t;
}

constexpr Table<31> gc_opcodes() {
    Table<31> t{};
    put(t, 0, 30, none, Feature::gc);
    put(t, 0, 1, index);          // struct.new, struct.new_default
    put(t, 2, 5, two_indices);    // struct.get, _s, _u, struct.set
    put(t, 6, 7, index);          // array.new, array.new_default
    put(t, 8, 10, two_indices);   // array.new_fixed, _data, _elem
    put(t, 11, 14, index);        // array.get, _s, _u, array.set
    put(t, 16, 16, index);        // array.fill
    put(t, 17, 19, two_indices);  // array.copy, init_data, init_elem
    put(t, 20, 23, heap_type);    // ref.test, ref.cast
    put(t, 24, 25, br_on_cast);
    return t;
}

constexpr Table<18> misc_opcodes() {
    Table<18> t{};
    put(t, 0, 7, none, Feature::saturating_conversions);
    put(t, 8, 8, two_indices, Feature::bulk_memory);    // memory.init
    put(t, 9, 9, index, Feature::bulk_memory);          // data.drop
    put(t, 10, 10, two_indices, Feature::bulk_memory);  // memory.copy
    put(t, 11, 11, memory, Feature::bulk_memory);       // memory.fill
    put(t, 12, 12, two_indices, Feature::bulk_memory);  // table.init
    put(t, 13, 13, index, Feature::bulk_memory);        // elem.drop
    put(t, 14, 14, two_indices, Feature::bulk_memory);  // table.copy
    put(t, 15, 17, index, Feature::reference_types);    // table.grow, size, fill
    return t;
}

constexpr Table<0x114> vector_opcodes() {
    Table<0x114> t{};
    put(t, 0x00, 0xFF, none, Feature::simd);
    put(t, 0x00, 0x0B, memarg);
    put(t, 0x0C, 0x0D, bytes16);  // v128.const, i8x16.shuffle
    put(t, 0x15, 0x22, lane);
    put(t, 0x54, 0x5B, memarg_lane);
    put(t, 0x5C, 0x5D, memarg);
    constexpr std::size_t kHoles[] = {0x9A, 0xA2, 0xA5, 0xA6, 0xAF, 0xB0, 0xB2, 0xB3, 0xB4, 0xBB,
                                      0xC2, 0xC5, 0xC6, 0xCF, 0xD0, 0xD2, 0xD3, 0xD4, 0xE2, 0xEE};
    for (const auto hole : kHoles) t[hole] = {};
    put(t, 0x100, 0x113, none, Feature::relaxed_simd);
    return t;
}

constexpr Table<0x4F> atomic_opcodes() {
    Table<0x4F> t{};
    put(t, 0x00, 0x02, memarg, Feature::threads);
    put(t, 0x03, 0x03, zero_byte, Feature::threads);
    put(t, 0x10, 0x4E, memarg, Feature::threads);
    return t;
}

constexpr std::array<PlainInstruction, 256> plain_instructions() {
    constexpr auto kAll = one_byte_opcodes();
    std::array<PlainInstruction, 256> plain{};
    for (std::size_t opcode = 0; opcode < plain.size(); ++opcode) {
        if (kAll[opcode].feature != OpcodeInfo::kFirstVersion || opcode == op::kEnd) continue;
        switch (kAll[opcode].immediates) {
            case none: plain[opcode] = {0, 1}; break;
            case i32:
            case i64: plain[opcode] = {0x80, 2}; break;
            case memarg: plain[opcode] = {0x80E0, 3}; break;   // alignments below 32 alone
            case index:
                if (opcode != op::kGlobalGet && opcode != op::kGlobalSet) plain[opcode] = {0x80, 2};
                break;
            default: break;
        }
    }
    return plain;
}

constexpr auto kGcOpcodes = gc_opcodes();
constexpr auto kMiscOpcodes = misc_opcodes();
constexpr auto kVectorOpcodes = vector_opcodes();
constexpr auto kAtomicOpcodes = atomic_opcodes();

template <std::size_t N>
OpcodeInfo find(const Table<N>& table, std::uint32_t number) noexcept {
    return number < N ? table[number] : OpcodeInfo{};
}

}  // namespace

constinit const std::array<OpcodeInfo, 256> kOpcodes = one_byte_opcodes();
constinit const std::array<PlainInstruction, 256> kPlainInstructions = plain_instructions();

OpcodeInfo opcode_info(Opcode opcode) noexcept {
    if (opcode < 0x100) return kOpcodes[opcode];
    const auto number = opcode & 0xFFFF;
    switch (opcode >> 16) {
        case 0xFB: return find(kGcOpcodes, number);
        case 0xFC: return find(kMiscOpcodes, number);
        case 0xFD: return find(kVectorOpcodes, number);
        case 0xFE: return find(kAtomicOpcodes, number);
        default: return {};
    }
}

}  // namespace mortise::wasm
