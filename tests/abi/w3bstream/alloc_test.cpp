#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

using ::testing::HasSubstr;

struct Row {
    std::string_view name, alloc;
    std::int32_t wanted;
    std::string_view pages = "1";
};

const std::string kFetch = "(call $get_data (local.get $rid) (i32.const 512) (i32.const 516))";

TEST(W3bstreamAlloc, Allocators_goodAndHostile) {
    const Row rows[] = {
        {"bump", R"((func (export "alloc") (param i32) (result i32) (i32.const 2000)))", 0},
        {"malloc", R"((func (export "malloc") (param i32) (result i32) (i32.const 2000)))", 0},
        {"none", "", 5},
        {"of another type", R"((func (export "alloc") (param i64) (result i32) (i32.const 2000)))", 5},
        {"of another type beside malloc", R"((func (export "alloc") (result i32) (i32.const 2000))
                                            (func (export "malloc") (param i32) (result i32) (i32.const 2000)))", 0},
        {"no function", R"((global (export "alloc") i32 (i32.const 2000)))", 5},
        {"answers 0", R"((func (export "alloc") (param i32) (result i32) (i32.const 0)))", 5},
        {"answers -1", R"((func (export "alloc") (param i32) (result i32) (i32.const -1)))", 5},
        {"answers the end", R"((func (export "alloc") (param i32) (result i32) (i32.const 65536)))", 5},
        {"answers too near the end", R"((func (export "alloc") (param $n i32) (result i32) (i32.sub (i32.const 65537) (local.get $n))))", 5},
        {"answers up to the end", R"((func (export "alloc") (param $n i32) (result i32) (i32.sub (i32.const 65536) (local.get $n))))", 0},
        {"traps", R"((func (export "alloc") (param i32) (result i32) (unreachable)))", 5},
        {"divides by zero", R"((func (export "alloc") (param $n i32) (result i32) (i32.div_u (local.get $n) (i32.const 0))))", 5},
        {"eats the stack", R"((func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1))) (export "alloc" (func $deep)))", 5},
        {"odd address", R"((func (export "alloc") (param i32) (result i32) (i32.const 2001)))", 0},
        {"grows memory", R"((func (export "alloc") (param i32) (result i32) (i32.mul (memory.grow (i32.const 3)) (i32.const 65536))))", 0},
    };
    for (const Row& row : rows) {
        const Guest guest{.start = kFetch, .alloc = std::string(row.alloc), .pages = std::string(row.pages)};
        EXPECT_EQ(code(guest), row.wanted) << row.name;
    }
}

TEST(W3bstreamAlloc, MallocIsNotTakenWhereItIsSwitchedOff) {
    const Guest guest{.start = kFetch, .alloc = R"((func (export "malloc") (param i32) (result i32) (i32.const 2000)))"};
    EXPECT_EQ(code(guest, {.options = {.malloc_fallback = false}}), 5);
}

TEST(W3bstreamAlloc, BytesLandWhereTheAllocatorSays_unalignedAndGrown) {
    for (const std::string_view alloc : {R"((func (export "alloc") (param i32) (result i32) (i32.const 2001)))",
                                         R"((func (export "alloc") (param i32) (result i32) (i32.mul (memory.grow (i32.const 3)) (i32.const 65536))))"}) {
        const Guest guest{.start = "(call $give " + kFetch + ")", .alloc = std::string(alloc)};
        const Ran ran = run(guest, {.payload = "where is it"});
        EXPECT_EQ(ran.given(), "where is it");
    }
    EXPECT_EQ(code({.start = "(drop " + kFetch + ") (i32.load (i32.const 512))",
                    .alloc = R"((func (export "alloc") (param i32) (result i32) (i32.const 2001)))"}), 2001);
}

TEST(W3bstreamAlloc, NothingStillAsks_andItsAnswerIsStoredUnchanged) {
    for (const std::string_view answer : {"0", "1", "-1", "65536"}) {
        const Guest guest{.start = "(i32.store (i32.const 516) (i32.const 7)) (if " + kFetch + " (then (return (i32.const -50))))"
                                   "(i32.add (i32.mul (i32.load (i32.const 516)) (i32.const 1000)) (i32.eq (i32.load (i32.const 512)) (i32.const " +
                                   std::string(answer) + ")))",
                          .alloc = "(func (export \"alloc\") (param $n i32) (result i32) (if (local.get $n) (then (unreachable))) (i32.const " +
                                   std::string(answer) + "))"};
        EXPECT_EQ(code(guest, {.payload = ""}), 1) << answer;
    }
}

TEST(W3bstreamAlloc, GuestGoesOnAfterATrapInIt) {
    const Guest guest{.start = "(drop " + kFetch + ") (drop (call $log (i32.const 4) (i32.const 16) (i32.const 3))) (i32.const 42)",
                      .alloc = R"((func (export "alloc") (param i32) (result i32) (unreachable)))"};
    const auto recorder = std::make_shared<Recorder>();
    PluginOptions options;
    options.instance_policy = InstancePolicy::kept;
    options.observer = recorder;
    auto instance = value(value(testing::load_wat(runtime(), guest.wat(), options)).instantiate());
    EXPECT_EQ(run(instance).value, 42);
    EXPECT_EQ(run(instance).value, 42);
    EXPECT_THAT(recorder->logs(), ::testing::ElementsAre("key", "key"));
}

TEST(W3bstreamAlloc, LoopingAllocator_endsAtTheDeadline) {
    Limits limits;
    limits.call_time = std::chrono::milliseconds(30);
    const Guest guest{.start = kFetch, .alloc = R"((func (export "alloc") (param i32) (result i32) (loop (br 0)) (unreachable)))"};
    EXPECT_THAT(run(guest, {.limits = limits}).ended, FailsWith(ErrorCode::deadline_exceeded));
    limits.fuel = 10'000;
    limits.call_time.reset();
    EXPECT_THAT(run(guest, {.limits = limits}).ended, FailsWith(ErrorCode::out_of_fuel));
}

TEST(W3bstreamAlloc, AllocatorThatImportsWhatAllocates_ends) {
    const Guest guest{.start = kFetch,
                      .alloc = R"((global $depth (mut i32) (i32.const 0))
        (func (export "alloc") (param i32) (result i32)
            (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
            (drop (call $get_env (i32.const 16) (i32.const 3) (i32.const 512) (i32.const 516)))
            (i32.const 2000)))",
                      .more = R"((func (export "depth") (param i32) (result i32) (drop (call $get_env (i32.const 16) (i32.const 3) (i32.const 512) (i32.const 516)))
                                 (global.get $depth)))"};
    EXPECT_EQ(code(guest, {.services = std::make_shared<Host>()}), 0);
    EXPECT_EQ(code(guest, {.handler = "depth", .services = std::make_shared<Host>()}), 16);
}

TEST(W3bstreamAlloc, ResourceOverwrittenWhileItIsHandedOut_arrivesAsItWas) {
    const Guest guest{.start = R"((drop (call $set_data (i32.const 5) (i32.const 16) (i32.const 3)))
        (call $give (call $get_data (i32.const 5) (i32.const 512) (i32.const 516))))",
                      .alloc = R"((func (export "alloc") (param i32) (result i32)
            (drop (call $set_data (i32.const 5) (i32.const 0) (i32.const 60000)))
            (i32.const 2000)))"};
    EXPECT_EQ(run(guest).given(), "key");
}

TEST(W3bstreamAlloc, ExitInIt_endsTheEvent) {
    const Guest guest{.start = kFetch,
                      .alloc = R"((func (export "alloc") (param i32) (result i32) (call $exit (i32.const 3)) (i32.const 0)))",
                      .imports = Guest::kImports + R"((import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))))"};
    const auto plugin = load(guest);
    if (!plugin && plugin.error().code() == ErrorCode::missing_import) GTEST_SKIP() << "this build has no WASI yet";
    const Ran ran = run(guest);
    EXPECT_THAT(ran.ended, FailsWith(ErrorCode::guest_exit, "3"));
    EXPECT_EQ(ran.report.code, -1);
}

}  // namespace
}  // namespace mortise::w3bstream_tests
