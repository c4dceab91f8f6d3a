#include "aspect_rules.hpp"

#include "wasm/instruction.hpp"
#include "wasm/module.hpp"

namespace mortise::wasm::testing {

GasRules aspect_rules() {
    struct Row {
        Opcode first, last;
        std::uint64_t price;
    };
    constexpr Row kRows[] = {
        {op::kUnreachable, op::kNop, 10},
        {op::kBlock, op::kElse, 150},
        {op::kEnd, op::kBrTable, 150},
        {op::kReturn, op::kReturn, 100},
        {op::kCall, op::kCall, 150},
        {op::kCallIndirect, op::kCallIndirect, 200},
        {op::kDrop, op::kDrop, 100},
        {op::kSelect, op::kSelect, 150},
        {op::kLocalGet, op::kLocalGet, 40},
        {op::kLocalSet, op::kLocalSet, 80},
        {op::kLocalTee, op::kLocalTee, 40},
        {op::kGlobalGet, op::kGlobalGet, 60},
        {op::kGlobalSet, op::kGlobalSet, 120},
        {0x28, 0x35, 40},
        {0x36, 0x3E, 80},
        {op::kMemorySize, op::kMemorySize, 230},
        {op::kMemoryGrow, op::kMemoryGrow, 435'000},
        {op::kI32Const, op::kI32Const, 10},
        {op::kI64Const, op::kI64Const, 40},
        {op::kF32Const, op::kF64Const, 10},
        {0x45, 0x4F, 13},
        {0x50, 0x5A, 26},
        {0x5B, 0x66, 500},
        {0x67, 0x68, 470},
        {0x69, 0x69, 540},
        {0x6A, 0x6B, 80},
        {0x6C, 0x70, 100},
        {0x71, 0x73, 15},
        {0x74, 0x78, 20},
        {0x79, 0x7A, 850},
        {0x7B, 0x7B, 1080},
        {0x7C, 0x7D, 160},
        {0x7E, 0x82, 200},
        {0x83, 0x85, 30},
        {0x86, 0x8A, 40},
        {0x8B, 0xA6, 500},
        {0xA7, 0xA7, 20},
        {0xA8, 0xAB, 500},
        {0xAC, 0xAD, 20},
        {0xAE, 0xBF, 500},
        {0xC0, 0xC4, 100},
    };
    GasRules rules;
    for (const auto& row : kRows) rules.prices.set(row.first, row.last, row.price);
    rules.block_constant = 1106;
    rules.per_target = 10;
    rules.per_page = 14'336'000;
    rules.refused = {Feature::multi_value, Feature::reference_types, Feature::simd};
    return rules;
}

GasOptions aspect_options() {
    return {.rules = aspect_rules(), .counter_export = "__gas_counter__", .start_export = "__aspect_start__"};
}

std::vector<std::int64_t> charges(BytesView metered, std::size_t body, std::uint32_t gas) {
    const auto module = value(parse_module(metered));
    const auto& range = module.bodies.at(body);
    Cursor in(metered, range.code, range.start + range.size - range.code);
    std::vector<std::int64_t> found;
    Instruction last, instruction;
    FeatureSet features;
    while (!in.done() && in.ok()) {
        decode_instruction(in, instruction, features);
        if (instruction.opcode == op::kCall && instruction.index == gas && last.opcode == op::kI64Const)
            found.push_back(last.number);
        last = instruction;
    }
    return found;
}

}  // namespace mortise::wasm::testing
