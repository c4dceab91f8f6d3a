#include "abi/aspect/prices.hpp"

#include <array>

#include "abi/aspect/names.hpp"

namespace mortise::abi::aspect {

namespace {

struct Row {
    std::uint8_t first;   // opcodes, both ends included
    std::uint8_t last;
    std::uint64_t current;
    std::uint64_t old;
};

// One row for each run of opcodes with one price. Opcodes without a row have none.
constexpr std::array kRows{
    Row{0x00, 0x01, 10, 1},            // unreachable, nop
    Row{0x02, 0x04, 150, 10},          // block, loop, if
    Row{0x05, 0x05, 150, 10},          // else
    Row{0x0B, 0x0B, 150, 10},          // end
    Row{0x0C, 0x0D, 150, 10},          // br, br_if
    Row{0x0E, 0x0E, 150, 15},          // br_table
    Row{0x0F, 0x0F, 100, 10},          // return
    Row{0x10, 0x10, 150, 95},          // call
    Row{0x11, 0x11, 200, 200},         // call_indirect
    Row{0x1A, 0x1A, 100, 10},          // drop
    Row{0x1B, 0x1B, 150, 10},          // select
    Row{0x20, 0x20, 40, 2},            // local.get
    Row{0x21, 0x21, 80, 2},            // local.set
    Row{0x22, 0x22, 40, 2},            // local.tee
    Row{0x23, 0x23, 60, 2},            // global.get
    Row{0x24, 0x24, 120, 2},           // global.set
    Row{0x28, 0x35, 40, 2},            // loads
    Row{0x36, 0x3E, 80, 4},            // stores
    Row{0x3F, 0x3F, 230, 23},          // memory.size
    Row{0x40, 0x40, 435000, 435000},   // memory.grow, the fixed part
    Row{0x41, 0x41, 10, 1},            // i32.const
    Row{0x42, 0x42, 40, 2},            // i64.const
    Row{0x43, 0x44, 10, 1},            // f32.const, f64.const
    Row{0x45, 0x4F, 13, 1},            // i32.eqz and comparisons
    Row{0x50, 0x5A, 26, 2},            // i64.eqz and comparisons
    Row{0x5B, 0x66, 500, 50},          // comparisons of floats
    Row{0x67, 0x68, 470, 47},          // i32.clz, i32.ctz
    Row{0x69, 0x69, 540, 54},          // i32.popcnt
    Row{0x6A, 0x6B, 80, 1},            // i32.add, i32.sub
    Row{0x6C, 0x6C, 100, 2},           // i32.mul
    Row{0x6D, 0x70, 100, 4},           // i32.div_s to i32.rem_u
    Row{0x71, 0x73, 15, 1},            // i32.and, or, xor
    Row{0x74, 0x76, 20, 2},            // i32 shifts
    Row{0x77, 0x78, 20, 1},            // i32 rotations
    Row{0x79, 0x7A, 850, 85},          // i64.clz, i64.ctz
    Row{0x7B, 0x7B, 1080, 108},        // i64.popcnt
    Row{0x7C, 0x7D, 160, 2},           // i64.add, i64.sub
    Row{0x7E, 0x7E, 200, 4},           // i64.mul
    Row{0x7F, 0x82, 200, 8},           // i64.div_s to i64.rem_u
    Row{0x83, 0x85, 30, 2},            // i64.and, or, xor
    Row{0x86, 0x88, 40, 4},            // i64 shifts
    Row{0x89, 0x8A, 40, 2},            // i64 rotations
    Row{0x8B, 0xA6, 500, 50},          // arithmetic of floats
    Row{0xA7, 0xA7, 20, 2},            // i32.wrap_i64
    Row{0xA8, 0xAB, 500, 50},          // i32.trunc of floats
    Row{0xAC, 0xAD, 20, 2},            // i64.extend_i32_s, i64.extend_i32_u
    Row{0xAE, 0xBF, 500, 50},          // i64.trunc of floats, conversions to floats, promote, demote, reinterpret
    Row{0xC0, 0xC4, 100, 10},          // sign extension
};

GasPrices make_prices(std::uint64_t Row::* column) {
    GasPrices prices;
    for (const Row& row : kRows) {
        for (unsigned opcode = row.first; opcode <= row.last; ++opcode) prices.instructions[opcode] = row.*column;
    }
    return prices;
}

}  // namespace

const GasPrices& GasPrices::current() {
    static const GasPrices prices = [] {
        GasPrices made = make_prices(&Row::current);
        made.per_block = 1106;
        made.per_target = 10;
        made.per_page = 14'336'000;
        return made;
    }();
    return prices;
}

const GasPrices& GasPrices::old() {
    static const GasPrices prices = [] {
        GasPrices made = make_prices(&Row::old);
        made.per_block = 54;
        made.per_target = 1;
        made.per_page = 50'862'630;
        return made;
    }();
    return prices;
}

wasm::GasOptions metering_options(const GasPrices& prices) {
    wasm::GasOptions options;
    for (std::uint32_t opcode = 0; opcode < prices.instructions.size(); ++opcode) {
        options.rules.prices.set(opcode, prices.instructions[opcode]);
    }
    options.rules.block_constant = prices.per_block;
    options.rules.per_local = prices.per_local;
    options.rules.per_target = prices.per_target;
    options.rules.per_page = prices.per_page;
    options.rules.refused = {Feature::saturating_conversions, Feature::multi_value,     Feature::bulk_memory,
                             Feature::reference_types,        Feature::simd,            Feature::relaxed_simd,
                             Feature::threads,                Feature::tail_calls,      Feature::multi_memory,
                             Feature::memory64,               Feature::exceptions,      Feature::extended_const,
                             Feature::gc,                     Feature::function_references};
    options.counter_export = kCounterExport;
    options.start_export = kStartExport;
    return options;
}

}  // namespace mortise::abi::aspect
