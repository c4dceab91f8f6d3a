#include <atomic>

#include "engine_crate/support.hpp"

namespace mortise::test {
namespace {

TEST(WasmiLimits, Traps_have_their_codes) {
    Wasmi wasmi(
        R"((module (memory 1) (table 2 funcref) (type $v (func))
        (func $i (result i32) (i32.const 0)) (elem (i32.const 1) $i)
        (func (export "unreachable") (unreachable))
        (func (export "memory") (drop (i32.load (i32.const 65533))))
        (func (export "table") (call_indirect (type $v) (i32.const 2)))
        (func (export "null") (call_indirect (type $v) (i32.const 0)))
        (func (export "signature") (call_indirect (type $v) (i32.const 1)))
        (func (export "division") (drop (i32.div_u (i32.const 1) (i32.const 0))))
        (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
        (func (export "conversion") (drop (i32.trunc_f32_s (f32.const nan))))
        (func $deep (export "stack") (call $deep))))");
    struct Row {
        const char* name;
        int code;
    };
    const Row rows[] = {
        {"unreachable", MORTISE_TRAP_UNREACHABLE},   {"memory", MORTISE_TRAP_MEMORY_OUT_OF_BOUNDS},
        {"table", MORTISE_TRAP_TABLE_OUT_OF_BOUNDS}, {"null", MORTISE_TRAP_INDIRECT_CALL_TO_NULL},
        {"signature", MORTISE_TRAP_BAD_SIGNATURE},   {"division", MORTISE_TRAP_INTEGER_DIVISION_BY_ZERO},
        {"overflow", MORTISE_TRAP_INTEGER_OVERFLOW}, {"conversion", MORTISE_TRAP_BAD_CONVERSION_TO_INTEGER},
        {"stack", MORTISE_TRAP_STACK_OVERFLOW},
    };
    for (const Row& row : rows) {
        Ended ended = wasmi.call(row.name);
        EXPECT_EQ(ended.status, MORTISE_TRAP) << row.name << ": " << ended.text;
        EXPECT_EQ(ended.code, row.code) << row.name;
        EXPECT_FALSE(ended.text.empty()) << row.name;
    }
}

TEST(WasmiLimits, Segments_out_of_bounds_trap_at_instantiation) {
    Wasmi wasmi("(module)");
    auto data = wasmi.compile(R"((module (memory 1) (data (i32.const 65535) "ab")))");
    auto elements = wasmi.compile(R"((module (table 1 funcref) (func $f) (elem (i32.const 1) $f)))");
    EXPECT_EQ(wasmi.add(*data, {}).code, MORTISE_TRAP_MEMORY_OUT_OF_BOUNDS);
    EXPECT_EQ(wasmi.add(*elements, {}).code, MORTISE_TRAP_TABLE_OUT_OF_BOUNDS);
}

constexpr std::string_view kGrower = R"((module (memory (export "a") 1) (memory (export "b") 1 8) (table $t 2 funcref)
    (func (export "grow_a") (param i32) (result i32) (memory.grow 0 (local.get 0)))
    (func (export "grow_b") (param i32) (result i32) (memory.grow 1 (local.get 0)))
    (func (export "grow_table") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))))";

TEST(WasmiLimits, Memory_limit_covers_all_memories) {
    Wasmi::Options options;
    options.limiter.memory_limit = 4 << 16;
    Wasmi wasmi(kGrower, {}, options);
    EXPECT_EQ(wasmi.limiter.memory_used, 2U << 16);
    EXPECT_EQ(wasmi.call("grow_a", {1}).status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, 1);
    EXPECT_EQ(wasmi.call("grow_b", {2}).status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, -1);
    EXPECT_EQ(wasmi.limiter.growth_refused, MORTISE_REFUSED_BY_LIMIT);
    EXPECT_EQ(wasmi.call("grow_b", {1}).status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, 1);
    EXPECT_EQ(wasmi.limiter.memory_used, 4U << 16);
    EXPECT_EQ(wasmi.limiter.memory_peak, 4U << 16);
}

TEST(WasmiLimits, Growth_beyond_what_the_memory_allows_is_not_counted) {
    Wasmi wasmi(kGrower);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(wasmi.call("grow_b", {8}).status, MORTISE_DONE);
        EXPECT_EQ(wasmi.slots[0].i32, -1);
        EXPECT_EQ(wasmi.call("grow_a", {65'536}).status, MORTISE_DONE);
        EXPECT_EQ(wasmi.slots[0].i32, -1);
    }
    EXPECT_EQ(wasmi.limiter.memory_used, 2U << 16);
    EXPECT_EQ(wasmi.limiter.growth_refused, 0);
}

TEST(WasmiLimits, Growth_that_needs_several_slices_is_counted_once) {
    Wasmi wasmi(kGrower, {}, {.slice = 10});
    EXPECT_EQ(wasmi.call("grow_a", {100}).status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, 1);
    EXPECT_EQ(wasmi.limiter.memory_used, 102U << 16);
}

TEST(WasmiLimits, Table_limit_is_kept) {
    Wasmi::Options options;
    options.limiter.table_limit = 100;
    Wasmi wasmi(kGrower, {}, options);
    EXPECT_EQ(wasmi.call("grow_table", {98}).status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, 2);
    EXPECT_EQ(wasmi.call("grow_table", {1}).status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, -1);
    EXPECT_EQ(wasmi.limiter.table_refused, MORTISE_REFUSED_BY_LIMIT);
    EXPECT_EQ(wasmi.limiter.table_used, 100U);
}

TEST(WasmiLimits, Refused_growth_ends_the_call_where_asked) {
    Wasmi::Options options;
    options.limiter.memory_limit = 4 << 16;
    options.limiter.table_limit = 2;
    options.limiter.refused_growth_ends_call = 1;
    Wasmi wasmi(kGrower, {}, options);
    EXPECT_EQ(wasmi.call("grow_a", {9}).code, MORTISE_TRAP_GROWTH_REFUSED);
    EXPECT_EQ(wasmi.call("grow_table", {1}).code, MORTISE_TRAP_GROWTH_REFUSED);
    EXPECT_EQ(wasmi.call("grow_a", {1}).status, MORTISE_DONE);
}

/// Wasmi 2.0.0 would resume such a function at the wrong place.
TEST(WasmiLimits, Table_growth_that_meets_the_end_of_a_slice_ends_the_call) {
    Wasmi wasmi(kGrower, {}, {.slice = 100});
    EXPECT_EQ(wasmi.call("grow_table", {100'000}).code, MORTISE_TRAP_GROWTH_REFUSED);
    EXPECT_EQ(wasmi.limiter.table_used, 2U);
    ASSERT_TRUE(mortise_wasmi_set_fuel(wasmi.store.get(), 50));
    EXPECT_EQ(wasmi.call("grow_table", {100'000}).status, MORTISE_OUT_OF_FUEL);
    ASSERT_TRUE(mortise_wasmi_set_fuel(wasmi.store.get(), UINT64_MAX));
    EXPECT_EQ(wasmi.call("grow_table", {5}).status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, 2);
}

TEST(WasmiLimits, Instances_memories_and_tables_are_limited_in_number) {
    struct Row {
        const char* name;
        std::uint32_t mortise_limiter_t::* limit;
    };
    const Row rows[] = {{"instances", &mortise_limiter_t::instances_limit},
                        {"memories", &mortise_limiter_t::memories_limit},
                        {"tables", &mortise_limiter_t::tables_limit}};
    for (const Row& row : rows) {
        Wasmi::Options options;
        options.limiter.*row.limit = 1;
        Wasmi wasmi("(module (memory 1) (table 1 funcref))", {}, options);
        EXPECT_EQ(wasmi.add(*wasmi.module, {}).status, MORTISE_FAILED) << row.name;
    }
}

TEST(WasmiLimits, Memory_of_a_module_beyond_the_limit_is_refused) {
    Wasmi wasmi("(module)");
    auto large = wasmi.compile("(module (memory 2000))");
    EXPECT_EQ(wasmi.add(*large, {}).status, MORTISE_FAILED);
    EXPECT_EQ(wasmi.limiter.growth_refused, MORTISE_REFUSED_BY_LIMIT);
}

TEST(WasmiLimits, Endless_loop_is_stopped_by_the_check) {
    int asked = 0;
    auto check = [](void* env) -> std::int32_t { return ++*static_cast<int*>(env) == 5 ? 77 : 0; };
    Wasmi wasmi(R"((module (func (export "spin") (loop (br 0))) (func (export "f"))))", {},
                {.slice = 1'000, .check = check, .check_env = &asked});
    Ended ended = wasmi.call("spin");
    EXPECT_EQ(ended.status, MORTISE_CHECK_STOPPED);
    EXPECT_EQ(ended.code, 77);
    EXPECT_EQ(asked, 5);
    EXPECT_EQ(wasmi.call("f").status, MORTISE_DONE);
}

TEST(WasmiLimits, Check_stops_a_nested_call_and_the_outer_one_goes_on) {
    static std::atomic<int> stop = 0;
    stop = 0;
    auto check = [](void*) -> std::int32_t { return stop; };
    auto host = [](const void*, mortise_wasmi_store_t* store, mortise_wasmi_caller_t*, std::uint32_t instance,
                   mortise_wasmi_value_t* slots) -> std::int32_t {
        std::uint32_t spin = 0;
        EXPECT_TRUE(mortise_wasmi_function(store, instance, "spin", 4, &spin));
        stop = 1;
        slots[0].i32 = Ended(mortise_wasmi_call(store, spin, slots, 1)).status;
        stop = 0;
        return 0;
    };
    Wasmi wasmi(R"((module (import "" "" (func $host (result i32))) (func (export "spin") (loop (br 0)))
        (func (export "go") (result i32) (local i32)
            (loop (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                  (br_if 0 (i32.lt_u (local.get 0) (i32.const 1000))))
            (call $host))))",
                {host_function(host)}, {.slice = 100, .check = check});
    EXPECT_EQ(wasmi.call("go").status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, MORTISE_CHECK_STOPPED);
}

TEST(WasmiLimits, Fuel_is_counted_across_slices_and_runs_out) {
    for (std::uint64_t slice : {std::uint64_t{10}, std::uint64_t{1'000'000}}) {
        Wasmi wasmi(R"((module (func (export "rounds") (param i32)
            (loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0))))))",
                    {}, {.slice = slice});
        EXPECT_EQ(mortise_wasmi_fuel_left(wasmi.store.get()), UINT64_MAX);
        ASSERT_TRUE(mortise_wasmi_set_fuel(wasmi.store.get(), 100'000));
        EXPECT_EQ(wasmi.call("rounds", {1'000}).status, MORTISE_DONE);
        const std::uint64_t left = mortise_wasmi_fuel_left(wasmi.store.get());
        const std::uint64_t used = 100'000 - left;
        EXPECT_GT(used, 1'000U);
        EXPECT_LT(used, 20'000U);
        EXPECT_EQ(wasmi.call("rounds", {1'000}).status, MORTISE_DONE);
        EXPECT_EQ(mortise_wasmi_fuel_left(wasmi.store.get()), left - used) << "slice " << slice;
        EXPECT_EQ(wasmi.call("rounds", {1'000'000}).status, MORTISE_OUT_OF_FUEL);
        EXPECT_LT(mortise_wasmi_fuel_left(wasmi.store.get()), 100U);
        ASSERT_TRUE(mortise_wasmi_set_fuel(wasmi.store.get(), used));
        EXPECT_EQ(wasmi.call("rounds", {1'000}).status, MORTISE_DONE) << "exactly enough";
        EXPECT_EQ(mortise_wasmi_fuel_left(wasmi.store.get()), 0U);
        EXPECT_EQ(wasmi.call("rounds", {1}).status, MORTISE_OUT_OF_FUEL);
    }
}

TEST(WasmiLimits, Engine_that_is_not_metered_has_no_fuel) {
    Wasmi wasmi(R"((module (func (export "f") (result i32) (i32.const 3))))", {}, {.metered = false});
    EXPECT_FALSE(mortise_wasmi_set_fuel(wasmi.store.get(), 10));
    EXPECT_EQ(wasmi.call("f").status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, 3);
}

TEST(WasmiLimits, Results_are_the_same_whatever_the_slice) {
    constexpr std::string_view text = R"((module (memory 1)
        (func (export "mix") (param i32) (result i64) (local i64 i32)
            (local.set 1 (i64.const 0x9e3779b97f4a7c15))
            (loop
                (local.set 1 (i64.xor (i64.rotl (local.get 1) (i64.const 7)) (i64.extend_i32_u (local.get 0))))
                (i64.store (i32.and (local.get 0) (i32.const 0xfff8)) (local.get 1))
                (memory.fill (i32.const 100) (local.get 0) (i32.and (local.get 0) (i32.const 0x3ff)))
                (local.set 1 (i64.add (local.get 1) (i64.load (i32.and (local.get 0) (i32.const 0xff8)))))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br_if 0 (local.get 0)))
            (local.get 1))))";
    std::int64_t expected = 0;
    for (std::uint64_t slice : {1'000'000'000, 1'000'003, 1'009, 101, 17, 3, 1}) {
        Wasmi wasmi(text, {}, {.slice = slice});
        ASSERT_EQ(wasmi.call("mix", {5'000}).status, MORTISE_DONE);
        if (expected == 0) expected = wasmi.slots[0].i64;
        EXPECT_EQ(wasmi.slots[0].i64, expected) << "slice " << slice;
    }
}

}  // namespace
}  // namespace mortise::test
