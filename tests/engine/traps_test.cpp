#include "engine/guest.hpp"

namespace mortise::engine_tests {
namespace {

class Traps : public EngineContract {};
MORTISE_ON_EVERY_ENGINE(Traps);

constexpr auto kTraps = R"((module
    (memory (export "memory") 1 2)
    (table 4 funcref)
    (elem (i32.const 0) $nothing $number)
    (type $void (func))
    (type $result (func (result i32)))
    (func $nothing)
    (func $number (result i32) i32.const 1)
    (func (export "unreachable") unreachable)
    (func (export "divide") (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
    (func (export "remainder") (param i64 i64) (result i64) local.get 0 local.get 1 i64.rem_u)
    (func (export "truncate") (param f32) (result i32) local.get 0 i32.trunc_f32_s)
    (func (export "load") (param i32) (result i32) local.get 0 i32.load)
    (func (export "load_far") (param i32) (result i64) local.get 0 i64.load offset=0xffffffff)
    (func (export "store") (param i32 i32) local.get 0 local.get 1 i32.store8)
    (func (export "fill") (param i32 i32) local.get 0 i32.const 1 local.get 1 memory.fill)
    (func (export "indirect") (param i32) local.get 0 call_indirect (type $void))
    (func (export "recurse") (param i32) (result i32)
        local.get 0 i32.const 1 i32.add call 11 i32.const 1 i32.add)))";

TEST_P(Traps, Every_kind_is_told_apart) {
    struct Row {
        std::string name, function;
        std::vector<RawValue> arguments;
        TrapKind kind;
    };
    const Row rows[] = {
        {"unreachable", "unreachable", {}, TrapKind::unreachable},
        {"division by zero", "divide", {i32(1), i32(0)}, TrapKind::integer_division_by_zero},
        {"remainder by zero", "remainder", {i64(1), i64(0)}, TrapKind::integer_division_by_zero},
        {"quotient too large", "divide", {i32(INT32_MIN), i32(-1)}, TrapKind::integer_overflow},
        {"NaN to integer", "truncate", {f32_bits(0x7fc0'0000)}, TrapKind::invalid_conversion_to_integer},
        {"infinity to integer", "truncate", {f32_bits(0x7f80'0000)}, TrapKind::integer_overflow},
        {"load just past the end", "load", {i32(65'533)}, TrapKind::memory_out_of_bounds},
        {"load at the last address", "load", {i32(-1)}, TrapKind::memory_out_of_bounds},
        {"load with the largest offset", "load_far", {i32(-1)}, TrapKind::memory_out_of_bounds},
        {"store past the end", "store", {i32(65'536), i32(1)}, TrapKind::memory_out_of_bounds},
        {"fill past the end", "fill", {i32(65'000), i32(600)}, TrapKind::memory_out_of_bounds},
        {"fill that wraps", "fill", {i32(16), i32(-1)}, TrapKind::memory_out_of_bounds},
        {"call beyond the table", "indirect", {i32(4)}, TrapKind::table_out_of_bounds},
        {"call at the last index", "indirect", {i32(-1)}, TrapKind::table_out_of_bounds},
        {"call of an empty element", "indirect", {i32(3)}, TrapKind::indirect_call_to_null},
        {"call of another type", "indirect", {i32(1)}, TrapKind::indirect_call_type_mismatch},
    };
    Guest guest(engine(), kTraps);
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        auto slots = row.arguments;
        slots.resize(4);
        const Stop stop = guest.store->call(*guest.store->function(guest.id, row.function), slots.data(), slots.size());
        const StopInfo info = guest.store->take_stop();
        EXPECT_EQ(stop, Stop::trap);
        EXPECT_FALSE(info.stack_overflow);
        EXPECT_NE(info.text, "");
        EXPECT_EQ(info.text.find('\n'), std::string::npos) << info.text;
        EXPECT_EQ(to_string(info.trap), to_string(can().trap_kinds ? row.kind : TrapKind::unknown));
    }
    EXPECT_EQ(guest.call("divide", {i32(12), i32(4)}).i32(), 3) << "the instance must go on after a trap";
    EXPECT_EQ(guest.call("load", {i32(65'532)}).stop, Stop::done);
    EXPECT_EQ(guest.call("indirect", {i32(0)}).stop, Stop::done);
}

TEST_P(Traps, Fill_that_traps_writes_nothing) {
    Guest guest(engine(), kTraps);
    ASSERT_EQ(guest.call("fill", {i32(65'000), i32(600)}).stop, Stop::trap);
    const auto end = guest.memory().text(65'000, 536);
    ASSERT_TRUE(end);
    EXPECT_EQ(*end, std::string(536, '\0'));
}

TEST_P(Traps, Stack_overflow_is_its_own_reason) {
    MORTISE_NEEDS(trap_kinds);
    Guest guest(engine(), kTraps);
    for (int round = 0; round < 3; ++round) {
        const auto outcome = guest.call("recurse", {i32(0)});
        EXPECT_EQ(outcome.stop, Stop::trap);
        EXPECT_TRUE(outcome.info.stack_overflow);
        EXPECT_EQ(outcome.info.trap, TrapKind::unknown);
        EXPECT_LE(outcome.info.backtrace.size(), 1000U);
    }
    EXPECT_EQ(guest.call("divide", {i32(8), i32(2)}).i32(), 4);
}

TEST_P(Traps, Smaller_stack_overflows_sooner) {
    MORTISE_NEEDS(trap_kinds);
    constexpr auto kWat = R"((module
        (global (export "depth") (mut i32) (i32.const 0))
        (func (export "recurse") (result i32)
            global.get 0 i32.const 1 i32.add global.set 0
            call 0 i32.const 1 i32.add)))";
    const auto depth_with = [&](std::size_t stack_bytes) {
        CompileOptions options;
        options.stack_bytes = stack_bytes;
        Guest guest(engine(), kWat, {}, {}, options);
        EXPECT_TRUE(guest.call("recurse").info.stack_overflow);
        return guest.store->get(*guest.store->global(guest.id, "depth")).i32;
    };
    const auto small = depth_with(64 << 10);
    const auto large = depth_with(1 << 20);
    EXPECT_GT(small, 100);
    EXPECT_GT(large, small * 4);
}

TEST_P(Traps, Stack_beyond_what_the_engine_gives_is_unsupported) {
    for (const std::size_t bytes :
         {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{3} << 20, std::size_t{1} << 40, SIZE_MAX}) {
        CompileOptions options;
        options.stack_bytes = bytes;
        EXPECT_THAT(try_compile(engine(), wasm_of("(module)"), {}, options), FailsWith(ErrorCode::unsupported))
            << bytes;
    }
}

TEST_P(Traps, Backtrace_names_functions_innermost_first) {
    MORTISE_NEEDS(backtrace);
    constexpr auto kWat = R"((module
        (import "env" "host" (func $host))
        (func $inner (param i32) i32.const 1 local.get 0 i32.div_u drop call $host)
        (func $middle (param i32) local.get 0 call $inner)
        (func $outer (export "outer") (param i32) local.get 0 call $middle)
        (func (export "unnamed") i32.const 0 call $middle)))";
    const Host host{{"env.host", [](Store& store, Caller, RawValue*) {
                         return store.stop_with(Error(ErrorCode::host_function_failed, "no"));
                     }}};
    Guest guest(engine(), kWat, host);

    const auto names = [](const StopInfo& info) {
        std::vector<std::string> all;
        for (const WasmFrame& frame : info.backtrace) all.push_back(frame.name);
        return all;
    };
    const auto trap = guest.call("outer", {i32(0)});
    ASSERT_EQ(trap.stop, Stop::trap);
    EXPECT_THAT(names(trap.info), testing::ElementsAre("inner", "middle", "outer"));
    ASSERT_EQ(trap.info.backtrace.size(), 3U);
    EXPECT_EQ(trap.info.backtrace[0].function, 1U);
    EXPECT_EQ(trap.info.backtrace[2].function, 3U);
    const auto& wasm = wasm_of(kWat);
    for (const WasmFrame& frame : trap.info.backtrace) EXPECT_LT(frame.offset, wasm.size());
    EXPECT_EQ(wasm.at(trap.info.backtrace[0].offset), std::byte{0x6e}) << "the offset must be that of `i32.div_u`";

    const auto failed = guest.call("outer", {i32(1)});
    ASSERT_EQ(failed.stop, Stop::host_error);
    EXPECT_THAT(names(failed.info), testing::ElementsAre("inner", "middle", "outer"));

    const auto unnamed = guest.call("unnamed");
    EXPECT_THAT(names(unnamed.info), testing::ElementsAre("inner", "middle", ""));
}

TEST_P(Traps, Details_are_taken_once) {
    Guest guest(engine(), kTraps);
    const auto unreachable = *guest.store->function(guest.id, "unreachable");
    RawValue slots[4]{};
    ASSERT_EQ(guest.store->call(unreachable, slots, 4), Stop::trap);
    EXPECT_NE(guest.store->take_stop().text, "");
    EXPECT_EQ(guest.store->take_stop().text, "");
}

}  // namespace
}  // namespace mortise::engine_tests
