// What is Wasmi's own: how it is set up, slices, and the cost of a call.

#include "engine/guest.hpp"
#include "engines/wasmi/wasmi_engine.hpp"
#include "support/allocations.hpp"

namespace mortise::engine_tests {
namespace {

constexpr auto kAdd = R"((module (memory (export "memory") 1 100)
    (global (export "counter") (mut i64) (i64.const 0))
    (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
    (func (export "fill") (param i32) i32.const 0 i32.const 7 local.get 0 memory.fill)
    (func (export "count") (param i32) (result i32) (local i32)
        (loop
            local.get 1 i32.const 1 i32.add local.set 1
            local.get 1 local.get 0 i32.lt_u br_if 0)
        local.get 1)))";

TEST(Wasmi, Every_combination_of_options_makes_an_engine) {
    const auto engine = value(engines::make_wasmi());
    for (unsigned bits = 0; bits < 64; ++bits) {
        CompileOptions options;
        options.interrupt = (bits & 1) != 0;
        options.fuel = (bits & 2) != 0;
        options.simd = (bits & 4) != 0;
        options.bulk_memory = (bits & 8) != 0;
        options.reference_types = (bits & 16) != 0;
        options.multi_value = (bits & 32) != 0;
        Guest guest(*engine, "(module (func (export \"f\") (result i32) i32.const 42))", {}, {}, options);
        if (options.fuel) guest.store->set_fuel(1000).value();
        ASSERT_EQ(guest.call("f").i32(), 42) << bits;
    }
}

TEST(Wasmi, Options_out_of_their_range_are_invalid) {
    for (const std::size_t stack : {std::size_t{0}, std::size_t{1024}, SIZE_MAX}) {
        EXPECT_THAT(engines::make_wasmi({.max_stack_bytes = stack}), FailsWith(ErrorCode::invalid_argument)) << stack;
    }
    for (const std::uint64_t interval : {std::uint64_t{0}, std::uint64_t{999}, UINT64_MAX}) {
        EXPECT_THAT(engines::make_wasmi({.check_interval = interval}), FailsWith(ErrorCode::invalid_argument))
            << interval;
    }
}

TEST(Wasmi, Larger_stack_can_be_allowed) {
    CompileOptions options;
    options.stack_bytes = std::size_t{4} << 20;
    EXPECT_THAT(try_compile(*value(engines::make_wasmi()), wasm_of(kAdd), {}, options),
                FailsWith(ErrorCode::unsupported));
    const auto larger = value(engines::make_wasmi({.max_stack_bytes = std::size_t{4} << 20}));
    EXPECT_THAT(try_compile(*larger, wasm_of(kAdd), {}, options), IsOk());
}

TEST(Wasmi, Baseline_compiler_is_unsupported) {
    CompileOptions options;
    options.baseline_compiler = true;
    EXPECT_THAT(try_compile(*value(engines::make_wasmi()), wasm_of(kAdd), {}, options),
                FailsWith(ErrorCode::unsupported));
}

TEST(Wasmi, Fuel_is_the_same_however_often_code_is_looked_at) {
    const auto cost = [](std::uint64_t interval, bool interrupt) {
        const auto engine = value(engines::make_wasmi({.check_interval = interval}));
        CompileOptions options;
        options.fuel = true;
        options.interrupt = interrupt;
        Guest guest(*engine, kAdd, {}, {}, options);
        guest.store->set_fuel(10'000'000).value();
        EXPECT_EQ(guest.call("count", {i32(100'000)}).i32(), 100'000);
        EXPECT_EQ(guest.call("fill", {i32(60'000)}).stop, Stop::done);
        return 10'000'000 - guest.store->fuel_left();
    };
    const auto usual = cost(1'000'000, true);
    EXPECT_GT(usual, 100'000U);
    EXPECT_EQ(cost(1000, true), usual);
    EXPECT_EQ(cost(1'000'000'000, true), usual);
    EXPECT_EQ(cost(1000, false), usual);
}

TEST(Wasmi, Fuel_runs_out_at_the_same_place_however_often_code_is_looked_at) {
    const auto place = [](std::uint64_t interval, std::uint64_t fuel) {
        const auto engine = value(engines::make_wasmi({.check_interval = interval}));
        CompileOptions options;
        options.fuel = true;
        Guest guest(*engine, R"((module (global (export "g") (mut i32) (i32.const 0))
            (func (export "f") (loop (global.set 0 (i32.add (global.get 0) (i32.const 1))) br 0))))",
                    {}, {}, options);
        guest.store->set_fuel(fuel).value();
        EXPECT_EQ(guest.call("f").stop, Stop::fuel);
        return guest.store->get(*guest.store->global(guest.id, "g")).i32;
    };
    for (const std::uint64_t fuel : {0, 1, 5, 999, 1000, 1001, 54'321}) {
        EXPECT_EQ(place(1000, fuel), place(1'000'000, fuel)) << fuel;
    }
}

TEST(Wasmi, Panic_of_the_engine_ends_the_sandbox_and_nothing_else) {
    const auto engine = value(engines::make_wasmi());
    const auto compiled = value(try_compile(*engine, wasm_of(R"((module
        (memory (export "memory") 1)
        (func (export "take") (param funcref))
        (func (export "f") (result i32) i32.const 42)))")));
    Guest guest(compiled), neighbour(compiled);
    const auto f = *guest.store->function(guest.id, "f");
    // A reference into a store that does not exist: no guest can have one, and it is the one way to a panic.
    const auto panicked = guest.call("take", {i64(0x7777'0000'0001)});
    EXPECT_EQ(panicked.stop, Stop::engine);
    EXPECT_THAT(panicked.info.text, ::testing::HasSubstr("panic"));
    RawValue slot{};
    EXPECT_EQ(guest.store->call(f, &slot, 1), Stop::engine);
    EXPECT_FALSE(guest.store->function(guest.id, "f"));
    EXPECT_EQ(guest.store->view(*neighbour.store->memory(neighbour.id, "memory")).size(), 0U);
    EXPECT_EQ(neighbour.call("f").i32(), 42);
    EXPECT_EQ(Guest(compiled).call("f").i32(), 42);
}

TEST(Wasmi, Bound_call_allocates_nothing) {
    if (!testing::counts_allocations()) GTEST_SKIP() << "a sanitizer's allocator cannot be counted";
    for (const bool interrupt : {false, true}) {
        CompileOptions options;
        options.interrupt = interrupt;
        Guest guest(*value(engines::make_wasmi()), kAdd, {}, {}, options);
        const auto add = *guest.store->function(guest.id, "add");
        const auto counter = *guest.store->global(guest.id, "counter");
        const auto memory = *guest.store->memory(guest.id, "memory");
        RawValue slots[2] = {i32(1), i32(2)};
        ASSERT_EQ(guest.store->call(add, slots, 2), Stop::done);  // the first call makes the stack
        const auto before = testing::allocations();
        for (int i = 0; i < 1000; ++i) {
            slots[0] = i32(i), slots[1] = i32(2);
            ASSERT_EQ(guest.store->call(add, slots, 2), Stop::done);
            ASSERT_EQ(slots[0].i32, i + 2);
            guest.store->set(counter, i64(guest.store->get(counter).i64 + 1));
            ASSERT_EQ(guest.store->view(memory).size(), 65'536U);
        }
        EXPECT_EQ(testing::allocations(), before);
    }
}

TEST(Wasmi, Counting_of_allocations_sees_the_engines_own) {
    if (!testing::counts_allocations()) GTEST_SKIP() << "a sanitizer's allocator cannot be counted";
    const auto engine = value(engines::make_wasmi());
    const auto compiled = value(try_compile(*engine, wasm_of(kAdd)));
    const auto before = testing::allocations();
    const Guest guest(compiled);
    EXPECT_GT(testing::allocations(), before + 5);
}

}  // namespace
}  // namespace mortise::engine_tests
