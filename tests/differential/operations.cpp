#include "differential/operations.hpp"

#include <array>

namespace mortise::differential {
namespace {

using wasm::Opcode;

std::vector<Operation> operations_of(ValType result) {
    std::vector<Operation> all;
    const auto range = [&](Opcode first, Opcode last, std::vector<ValType> takes) {
        for (Opcode opcode = first; opcode <= last; ++opcode) all.push_back({opcode, takes});
    };
    using enum ValType;
    switch (result) {
        case i32:
            range(0x45, 0x45, {i32});       // eqz
            range(0x46, 0x4F, {i32, i32});  // comparisons
            range(0x50, 0x50, {i64});
            range(0x51, 0x5A, {i64, i64});
            range(0x5B, 0x60, {f32, f32});
            range(0x61, 0x66, {f64, f64});
            range(0x67, 0x69, {i32});       // clz, ctz, popcnt
            range(0x6A, 0x78, {i32, i32});  // arithmetic, some of which traps
            range(0xA7, 0xA7, {i64});       // wrap
            range(0xA8, 0xA9, {f32});       // truncations, which trap
            range(0xAA, 0xAB, {f64});
            range(0xC0, 0xC1, {i32});  // sign extension
            range(wasm::prefixed(0xFC, 0), wasm::prefixed(0xFC, 1), {f32});
            range(wasm::prefixed(0xFC, 2), wasm::prefixed(0xFC, 3), {f64});
            break;
        case i64:
            range(0x79, 0x7B, {i64});
            range(0x7C, 0x8A, {i64, i64});
            range(0xAC, 0xAD, {i32});
            range(0xAE, 0xAF, {f32});
            range(0xB0, 0xB1, {f64});
            range(0xC2, 0xC4, {i64});
            range(wasm::prefixed(0xFC, 4), wasm::prefixed(0xFC, 5), {f32});
            range(wasm::prefixed(0xFC, 6), wasm::prefixed(0xFC, 7), {f64});
            break;
        case f32:
            range(0x8B, 0x91, {f32});
            range(0x92, 0x98, {f32, f32});
            range(0xB2, 0xB3, {i32});
            range(0xB4, 0xB5, {i64});
            range(0xB6, 0xB6, {f64});
            range(0xBE, 0xBE, {i32});  // reinterpret: any bits at all
            break;
        default:
            range(0x99, 0x9F, {f64});
            range(0xA0, 0xA6, {f64, f64});
            range(0xB7, 0xB8, {i32});
            range(0xB9, 0xBA, {i64});
            range(0xBB, 0xBB, {f32});
            range(0xBF, 0xBF, {i64});
            break;
    }
    return all;
}

}  // namespace

const std::vector<Operation>& operations(ValType result) {
    static const std::array<std::vector<Operation>, 4> all{operations_of(ValType::i32), operations_of(ValType::i64),
                                                           operations_of(ValType::f32), operations_of(ValType::f64)};
    return all[static_cast<std::size_t>(result)];
}

}  // namespace mortise::differential
