// Gas to the last unit: what instructions cost, what is left, what happens when it runs out.

#include "guest.hpp"

namespace mortise::aspect_tests {
namespace {

using abi::aspect::GasPrices;
using abi::aspect::kMaxGas;
using ::testing::HasSubstr;

// The examples of the page as functions, each called by a driver `(call $example (i32.const N))`.
struct ExampleRow {
    const char* name;
    const char* code;
    int argument;
    std::int64_t current;
    std::int64_t old;
};

constexpr std::int64_t kDriver = 1106 + 10 + 150, kOldDriver = 54 + 1 + 95;

class AspectExample : public ::testing::TestWithParam<ExampleRow> {};

Guest example(const ExampleRow& row) {
    return {.more = "(func $example (param i32) (local i32) " + std::string(row.code) + ") (func (export \"f\") (call $example (i32.const " +
                    std::to_string(row.argument) + ")))"};
}

TEST_P(AspectExample, CostsWhatThePageSays) {
    auto instance = start(example(GetParam()));
    EXPECT_EQ(gas_of(instance, "f"), kDriver + GetParam().current);
    EXPECT_EQ(gas_of(instance, "f"), kDriver + GetParam().current);
}

TEST_P(AspectExample, CostsWhatTheOldTableSays) {
    auto prices = std::make_shared<GasPrices>(GasPrices::old());
    auto instance = start(example(GetParam()), with({.prices = std::move(prices)}));
    EXPECT_EQ(gas_of(instance, "f"), kOldDriver + GetParam().old);
}

constexpr const char* kBranches = "local.get 0 if i32.const 1 local.set 1 else nop end local.get 0 drop";
constexpr const char* kReturn = "local.get 0 if return end i32.const 1 drop";
constexpr const char* kLoop = "block loop local.get 0 i32.eqz br_if 1 local.get 0 i32.const 1 i32.sub local.set 0 br 0 end end";
constexpr const char* kBlock = "block local.get 0 br_if 0 i32.const 1 drop end i32.const 1 drop";
constexpr const char* kTable = "block block block local.get 0 br_table 0 1 2 end end end";
const ExampleRow kExamples[] = {
    // The example's `i32.const` and `i32.mul` leave a value, dropped here: 100 and 10 more.
    {"straight", "local.get 0 i32.const 3 i32.mul drop", 1, 1256 + 100, 54 + 2 + 1 + 2 + 10},
    {"if_taken", kBranches, 1, 1436 + 1196, 54 + 2 + 10 + 2 + 10 + 54 + 1 + 2},
    {"if_not_taken", kBranches, 0, 1436 + 1116, 54 + 2 + 10 + 2 + 10 + 54 + 1},
    {"return_taken", kReturn, 1, 1296 + 1206, 54 + 2 + 10 + 54 + 10},
    {"return_not_taken", kReturn, 0, 1296 + 1216, 54 + 2 + 10 + 54 + 1 + 10},
    {"loop_of_none", kLoop, 0, 1406 + 1309, 54 + 20 + 54 + 2 + 1 + 10},
    {"loop_of_three", kLoop, 3, 1406 + 4 * 1309 + 3 * 1466, 54 + 20 + 4 * (54 + 2 + 1 + 10) + 3 * (54 + 2 + 1 + 1 + 2 + 10)},
    {"branch_taken", kBlock, 1, 1556, 54 + 10 + 2 + 10 + 1 + 10},
    {"branch_not_taken", kBlock, 0, 1556 + 1216, 54 + 10 + 2 + 10 + 1 + 10 + 54 + 1 + 10},
    {"table_of_two_targets", kTable, 1, 1106 + 450 + 40 + 150 + 20, 54 + 30 + 2 + 15 + 2},
    {"growth_of_none", "local.get 0 memory.grow drop", 0, 1106 + 40 + 435000 + 100, 54 + 2 + 435000 + 10},
    {"growth_of_two", "local.get 0 memory.grow drop", 2, 1106 + 40 + 435000 + 100 + 2 * 14336000, 54 + 2 + 435000 + 10 + 2 * 50862630},
    {"growth_beyond_the_cap", "local.get 0 memory.grow drop", 1000, 1106 + 40 + 435000 + 100 + 1000 * 14336000LL, 54 + 2 + 435000 + 10 + 1000 * 50862630LL},
    {"nothing", "", 0, 0, 0},
};
INSTANTIATE_TEST_SUITE_P(Page, AspectExample, ::testing::ValuesIn(kExamples), [](const auto& row) { return row.param.name; });

struct PriceRow {
    const char* name;
    std::uint8_t first, last;
    std::uint64_t current, old;
};

TEST(AspectPrices, OfEveryInstruction_areThoseOfThePage) {
    static constexpr PriceRow kRows[] = {
        {"unreachable", 0x00, 0x00, 10, 1}, {"nop", 0x01, 0x01, 10, 1}, {"block", 0x02, 0x02, 150, 10}, {"loop", 0x03, 0x03, 150, 10},
        {"if", 0x04, 0x04, 150, 10}, {"br", 0x0C, 0x0C, 150, 10}, {"br_if", 0x0D, 0x0D, 150, 10}, {"br_table", 0x0E, 0x0E, 150, 15},
        {"return", 0x0F, 0x0F, 100, 10}, {"call", 0x10, 0x10, 150, 95}, {"call_indirect", 0x11, 0x11, 200, 200}, {"drop", 0x1A, 0x1A, 100, 10},
        {"select", 0x1B, 0x1B, 150, 10}, {"local.get", 0x20, 0x20, 40, 2}, {"local.set", 0x21, 0x21, 80, 2}, {"local.tee", 0x22, 0x22, 40, 2},
        {"global.get", 0x23, 0x23, 60, 2}, {"global.set", 0x24, 0x24, 120, 2}, {"loads", 0x28, 0x35, 40, 2}, {"stores", 0x36, 0x3E, 80, 4},
        {"memory.size", 0x3F, 0x3F, 230, 23}, {"memory.grow", 0x40, 0x40, 435000, 435000}, {"i32.const", 0x41, 0x41, 10, 1},
        {"i64.const", 0x42, 0x42, 40, 2}, {"f32.const, f64.const", 0x43, 0x44, 10, 1}, {"i32 comparisons", 0x45, 0x4F, 13, 1},
        {"i64 comparisons", 0x50, 0x5A, 26, 2}, {"float comparisons", 0x5B, 0x66, 500, 50}, {"i32.clz, ctz", 0x67, 0x68, 470, 47},
        {"i32.popcnt", 0x69, 0x69, 540, 54}, {"i32.add, sub", 0x6A, 0x6B, 80, 1}, {"i32.mul", 0x6C, 0x6C, 100, 2}, {"i32.div, rem", 0x6D, 0x70, 100, 4},
        {"i32.and, or, xor", 0x71, 0x73, 15, 1}, {"i32 shifts", 0x74, 0x76, 20, 2}, {"i32 rotations", 0x77, 0x78, 20, 1},
        {"i64.clz, ctz", 0x79, 0x7A, 850, 85}, {"i64.popcnt", 0x7B, 0x7B, 1080, 108}, {"i64.add, sub", 0x7C, 0x7D, 160, 2}, {"i64.mul", 0x7E, 0x7E, 200, 4},
        {"i64.div, rem", 0x7F, 0x82, 200, 8}, {"i64.and, or, xor", 0x83, 0x85, 30, 2}, {"i64 shifts", 0x86, 0x88, 40, 4}, {"i64 rotations", 0x89, 0x8A, 40, 2},
        {"float arithmetic", 0x8B, 0xA6, 500, 50}, {"i32.wrap_i64", 0xA7, 0xA7, 20, 2}, {"i32.trunc", 0xA8, 0xAB, 500, 50},
        {"i64.extend_i32", 0xAC, 0xAD, 20, 2}, {"conversions of floats", 0xAE, 0xBF, 500, 50}, {"sign extension", 0xC0, 0xC4, 100, 10},
    };
    std::array<bool, 256> priced{};
    for (const std::size_t structural : {0x05, 0x0B}) priced[structural] = true;
    for (const auto& row : kRows) {
        for (unsigned opcode = row.first; opcode <= row.last; ++opcode) {
            EXPECT_EQ(GasPrices::current().instructions[opcode], row.current) << row.name;
            EXPECT_EQ(GasPrices::old().instructions[opcode], row.old) << row.name;
            priced[opcode] = true;
        }
    }
    for (unsigned opcode = 0; opcode < priced.size(); ++opcode) {
        if (!priced[opcode]) {
            EXPECT_EQ(GasPrices::current().instructions[opcode], GasPrices::kRefused) << opcode;
            EXPECT_EQ(GasPrices::old().instructions[opcode], GasPrices::kRefused) << opcode;
        }
    }
    EXPECT_EQ(GasPrices::current().per_block, 1106u);
    EXPECT_EQ(GasPrices::old().per_block, 54u);
    EXPECT_EQ(GasPrices::current().per_target, 10u);
    EXPECT_EQ(GasPrices::old().per_target, 1u);
    EXPECT_EQ(GasPrices::current().per_page, 14336000u);
    EXPECT_EQ(GasPrices::old().per_page, 50862630u);
    EXPECT_EQ(GasPrices::current().per_local, 0u);
}

TEST(AspectPrices, OfOnesOwn_areTaken) {
    auto prices = std::make_shared<GasPrices>();
    prices->instructions.fill(1);
    prices->per_block = 0;
    prices->per_local = 5;
    auto instance = start({.more = "(func (export \"f\") (result i32) (local i32 i64) (i32.const 0))"}, with({.prices = std::move(prices)}));
    EXPECT_EQ(gas_of(instance, "f"), 11);
}

TEST(AspectGas, OfACall_isItsAllocatesAndItsFunction) {
    auto instance = start({});
    EXPECT_EQ(gas_of(instance, "xyz"), 1116);
    EXPECT_EQ(gas_of(instance, "echo", {"abc"}), kAllocateGas + 1106 + 40);
    EXPECT_EQ(gas_of(instance, "echo", {std::int32_t{1}, "surplus"}), 2 * kAllocateGas);
}

TEST(AspectGas, OfStartUpCode_isPaidInEachCall) {
    auto instance = start({.start = "(func (export \"__aspect_start__\") nop)"});
    EXPECT_EQ(gas_of(instance, "xyz"), 1116 + 1116);
    EXPECT_EQ(gas_of(instance, "xyz"), 1116 + 1116);
}

TEST(AspectGas, Left_isInEvmGasRoundedDown) {
    auto instance = start({});
    Outcome outcome = call(instance, "xyz", {}, 10);
    EXPECT_EQ(outcome.gas_left, 8);
    EXPECT_EQ(outcome.wasm_gas_left, 10000 - 1116);
    outcome = call(instance, "xyz", {}, 5);   // replaces what was left
    EXPECT_EQ(outcome.wasm_gas_left, 5000 - 1116);
}

TEST(AspectGas, ExactlyEnough_isEnough) {
    auto prices = std::make_shared<GasPrices>(GasPrices::current());
    prices->per_block = 990;
    auto instance = start({}, with({.prices = prices}));
    const Outcome outcome = call(instance, "none", {}, 1);
    EXPECT_THAT(outcome.value, IsOk());
    EXPECT_EQ(outcome.wasm_gas_left, 0);
}

TEST(AspectGas, OutInTheFunction_isOutOfGasWithNothingLeft) {
    auto instance = start({});
    const Outcome outcome = call(instance, "xyz", {}, 1);
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::out_of_gas, "out of gas"));
    EXPECT_EQ(outcome.gas_left, 0);
    EXPECT_EQ(outcome.wasm_gas_left, 0);
    EXPECT_EQ(outcome.value.error().blame(), Error(ErrorCode::out_of_gas, "").blame());
    EXPECT_THAT(call(instance, "xyz", {}, 2).value, IsOk());
}

TEST(AspectGas, OutInAnArgumentsAllocate_isOutOfGas) {
    auto instance = start({});
    EXPECT_THAT(call(instance, "echo", {"abc"}, 2).value, FailsWith(ErrorCode::out_of_gas));
    EXPECT_THAT(call(instance, "echo", {"abc"}, 3).value, FailsWith(ErrorCode::out_of_gas));
    EXPECT_THAT(call(instance, "echo", {"abc"}, 4).value, IsOk());
}

TEST(AspectGas, OutInStartUpCode_isOutOfGasWithThatSaid) {
    auto instance = start({.start = "(func (export \"__aspect_start__\") (loop $l (br $l)))"});
    const Outcome outcome = call(instance, "xyz", {}, 1000);
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::out_of_gas, "aspect init failed"));
    EXPECT_EQ(outcome.wasm_gas_left, 0);
}

TEST(AspectGas, OutInAnEndlessLoop_endsIt) {
    auto instance = start({.more = "(func (export \"f\") (loop $l (br $l)))"});
    EXPECT_THAT(call(instance, "f", {}, 1000).value, FailsWith(ErrorCode::out_of_gas));
}

TEST(AspectGas, None_isEnoughForNothing) {
    auto instance = start({.more = "(func (export \"idle\"))"}, with({.void_export = abi::aspect::VoidExport::success}));
    EXPECT_THAT(call(instance, "idle", {}, 0).value, IsOk());
    EXPECT_THAT(call(instance, "xyz", {}, 0).value, FailsWith(ErrorCode::out_of_gas));
}

TEST(AspectGas, ThatNoCounterHolds_isRefusedBeforeAnythingRuns) {
    auto instance = start({.more = "(global $n (mut i32) (i32.const 0))"
                                   "(func (export \"started\") (result i32) (if (result i32) (i32.gt_u (global.get $n) (i32.const 1)) (then (i32.const 96)) (else (i32.const 80))))",
                           .start = "(func (export \"__aspect_start__\") (global.set $n (i32.add (global.get $n) (i32.const 1))))"});
    for (const std::int64_t gas : {kMaxGas + 1, INT64_MAX, std::int64_t{-1}, INT64_MIN}) {
        const Outcome outcome = call(instance, "xyz", {}, gas);
        EXPECT_THAT(outcome.value, FailsWith(ErrorCode::invalid_argument, "aspect init failed"));
        EXPECT_EQ(outcome.gas_left, 0);
    }
    EXPECT_THAT(instance.call<bool>("started"), Holds(false));
    EXPECT_EQ(call(instance, "xyz", {}, kMaxGas).gas_left, kMaxGas - 3);
}

TEST(AspectGas, AfterATrap_isWhatWasNotPaid) {
    auto instance = start({.more = "(func (export \"f\") (result i32) unreachable (i32.const 0))"});
    const Outcome outcome = call(instance, "f", {}, 10);
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::trap));
    EXPECT_EQ(outcome.wasm_gas_left, 10000 - (1106 + 10 + 10));
    EXPECT_EQ(outcome.gas_left, 8);
}

TEST(AspectGas, OptionsOfAnotherType_areRefused) {
    auto instance = start({});
    const std::any options = 5;
    CallOutcome outcome;
    EXPECT_THAT(instance.perform({.name = "xyz", .options = &options}, outcome), FailsWith(ErrorCode::invalid_argument, "CallOptions"));
}

}  // namespace
}  // namespace mortise::aspect_tests
