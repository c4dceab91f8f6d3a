// The order of a call, and what may go wrong in it.

#include "guest.hpp"

namespace mortise::aspect_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using namespace std::string_literals;

constexpr std::string_view kAbort = "(import \"env\" \"abort\" (func $abort (param i32 i32 i32 i32)))";
constexpr std::string_view kStrings = "(data (i32.const 1204) \"\\04\\00\\00\\00O\\00h\\00\") (data (i32.const 1220) \"\\08\\00\\00\\00a\\00.\\00t\\00s\\00\")";

TEST(AspectCall, RunsStartUpCodeEachTime) {
    // The start-up code of a converted start section resets the allocator: the memory of arguments is used again.
    auto instance = start({.start = "(func $s (global.set $heap (i32.const 4096))) (start $s)"});
    for (int i = 0; i < 100; ++i) EXPECT_THAT(instance.call<std::string>("echo", std::string(50000, 'x')), IsOk());
}

TEST(AspectCall, OfAMissingMethod_failsAfterStartUpCodeWithTheGasLeft) {
    auto instance = start({.start = "(func (export \"__aspect_start__\") nop)"});
    for (const char* name : {"missing", "memory", ""}) {
        const Outcome outcome = call(instance, name, {"abc"}, 10);
        EXPECT_THAT(outcome.value, FailsWith(ErrorCode::function_not_found, "method "s + name + " does not exist"));
        EXPECT_EQ(outcome.wasm_gas_left, 10000 - 1116);
    }
}

TEST(AspectCall, WithoutStartUpCode_fails) {
    auto instance = start({.start = ""}, with(abi::aspect::Options{}));
    const Outcome outcome = call(instance, "xyz", {}, 10);
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::missing_export, "method __aspect_start__ does not exist"));
    EXPECT_EQ(outcome.gas_left, 0);
}

TEST(AspectCall, WithStartUpCodeOfAnotherType_fails) {
    auto instance = start({.start = "(func (export \"__aspect_start__\") (param i32))"}, with(abi::aspect::Options{}));
    EXPECT_THAT(call(instance, "xyz").value, FailsWith(ErrorCode::export_mismatch, "__aspect_start__"));
}

TEST(AspectCall, WhoseStartUpTraps_saysSoAndLeavesNothing) {
    auto instance = start({.start = "(func (export \"__aspect_start__\") unreachable)"});
    const Outcome outcome = call(instance, "xyz", {}, 10);
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::trap, "aspect init failed"));
    EXPECT_EQ(outcome.wasm_gas_left, 0);
}

TEST(AspectCall, WithTheWrongNumberOfArguments_failsAfterPlacingThem) {
    auto instance = start({});
    Outcome outcome = call(instance, "echo", {}, 10);
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::type_mismatch, "takes 1 argument(s), got 0"));
    EXPECT_EQ(outcome.wasm_gas_left, 10000);
    outcome = call(instance, "echo", {"a", "b"}, 10);
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::type_mismatch, "got 2"));
    EXPECT_EQ(outcome.wasm_gas_left, 10000 - 2 * kAllocateGas);
}

TEST(AspectCall, OfAFunctionWithOtherTypes_fails) {
    auto instance = start({.more = "(func (export \"wide\") (param i64) (result i32) (i32.const 0))"
                                   "(func (export \"float\") (result f32) (f32.const 1)) (func (export \"long\") (result i64) (i64.const 1))"});
    EXPECT_THAT(call(instance, "wide", {"a"}).value, FailsWith(ErrorCode::type_mismatch, "parameter 1 of \"wide\" is i64"));
    for (const char* name : {"float", "long"}) {
        const Outcome outcome = call(instance, name, {}, 10);
        EXPECT_THAT(outcome.value, FailsWith(ErrorCode::type_mismatch, "read output failed"));
        EXPECT_GT(outcome.wasm_gas_left, 0);
        EXPECT_LT(outcome.wasm_gas_left, 10000);
    }
}

TEST(AspectCall, OfAVoidFunction_failsAsTheChainHasIt) {
    auto instance = start({.more = "(func (export \"f\"))"});
    const Outcome outcome = call(instance, "f", {}, 10);
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::type_mismatch, "read output failed"));
    EXPECT_EQ(outcome.wasm_gas_left, 10000);
}

TEST(AspectCall, OfAVoidFunction_succeedsIfAskedFor) {
    auto instance = start({.more = "(func (export \"f\"))"}, with({.void_export = abi::aspect::VoidExport::success}));
    EXPECT_THAT(call(instance, "f").value, Holds(Value()));
    EXPECT_THAT(call(instance, "f", {}, 10, Kind::string).value, FailsWith(ErrorCode::type_mismatch));
}

TEST(AspectCall, RefusedGrowth_doesNotExplainALaterTrap) {
    auto instance = start({.more = "(func (export \"grow\") (result i32) (drop (memory.grow (i32.const 1000))) (i32.const 0))"
                                   "(func (export \"fall\") (result i32) unreachable)"
                                   "(func (export \"grow_and_fall\") (result i32) (drop (memory.grow (i32.const 1000))) unreachable)"});
    EXPECT_THAT(call(instance, "grow").value, IsOk());
    EXPECT_THAT(call(instance, "fall").value, FailsWith(ErrorCode::trap));
    const Outcome both = call(instance, "grow_and_fall");
    ASSERT_THAT(both.value, FailsWith(ErrorCode::memory_limit));
    EXPECT_EQ(both.value.error().trap(), TrapKind::unreachable);
    EXPECT_THAT(call(instance, "fall").value, FailsWith(ErrorCode::trap));
}

TEST(AspectCall, WithoutAllocateOrMemory_failsWhereTheyAreNeeded) {
    const std::string bare = "(module (func (export \"__aspect_start__\")) (func (export \"f\") (param i32) (result i32) (local.get 0))"
                             "(func (export \"g\") (result i32) (i32.const 8)) ";
    const auto make = [&](std::string_view more) {
        return value(value(testing::load_wat(runtime(), bare + std::string(more) + ")", with(abi::aspect::Options{}))).instantiate());
    };
    auto none = make("");
    EXPECT_THAT(call(none, "f", {"a"}).value, FailsWith(ErrorCode::missing_export, "function 'allocate' does not exist"));
    EXPECT_THAT(call(none, "g").value, FailsWith(ErrorCode::missing_export, "memory export not found"));
    auto other = make("(func (export \"allocate\") (param i64) (result i32) (i32.const 0))");
    EXPECT_THAT(call(other, "f", {"a"}).value, FailsWith(ErrorCode::export_mismatch, "allocate"));
    auto no_memory = make("(memory 1) (func (export \"allocate\") (param i32) (result i32) (i32.const 8))");
    EXPECT_THAT(call(no_memory, "f", {"a"}).value, FailsWith(ErrorCode::missing_export, "memory export not found"));
}

TEST(AspectAbort, IsLoggedAndReturnsAndItsTextStandsBesideTheTrap) {
    const auto heard = std::make_shared<Recorder>();
    PluginOptions options = with(abi::aspect::Options{});
    options.observer = heard;
    auto instance = start({.imports = std::string(kAbort),
                           .more = std::string(kStrings) + "(func (export \"f\") (call $abort (i32.const 1208) (i32.const 1224) (i32.const 3) (i32.const 9)) unreachable)"
                                                           "(func (export \"g\") (result i32) (call $abort (i32.const 1208) (i32.const 1224) (i32.const 3) (i32.const 9)) (i32.const 16))"},
                          std::move(options));
    const Outcome outcome = call(instance, "f", {}, 10);
    ASSERT_THAT(outcome.value, FailsWith(ErrorCode::trap, "Oh at a.ts:3:9"));
    EXPECT_THAT(outcome.value.error().guest_message(), Optional("Oh"s));
    EXPECT_THAT(outcome.value.error().trap(), Optional(TrapKind::unreachable));
    EXPECT_GT(outcome.wasm_gas_left, 0);
    EXPECT_TRUE(heard->logs().empty());   // what a guest says when it aborts is no line of its log
    EXPECT_THAT(instance.call<std::string>("g"), Holds("xyz"s));
}

TEST(AspectAbort, OfAnEarlierCall_isForgotten) {
    auto instance = start({.imports = std::string(kAbort),
                           .more = std::string(kStrings) + "(func (export \"f\") (result i32) (call $abort (i32.const 1208) (i32.const 0) (i32.const 3) (i32.const 9)) (i32.const 0))"
                                                           "(func (export \"g\") unreachable)"});
    EXPECT_THAT(call(instance, "f").value, IsOk());
    const auto failed = call(instance, "g").value;
    ASSERT_THAT(failed, FailsWith(ErrorCode::trap));
    EXPECT_EQ(failed.error().guest_message(), std::nullopt);
}

TEST(AspectAbort, WithoutTextsOrWithUnreadableOnes_isTheSame) {
    auto instance = start({.imports = std::string(kAbort),
                           .more = "(func (export \"f\") (call $abort (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) unreachable)"
                                   "(func (export \"g\") (call $abort (i32.const -1) (i32.const 65536) (i32.const 0) (i32.const 0)) unreachable)"
                                   "(func (export \"h\") (i32.store (i32.const 1200) (i32.const -1)) (call $abort (i32.const 1204) (i32.const 3) (i32.const 0) (i32.const 0)) unreachable)"});
    for (const char* name : {"f", "g", "h"}) {
        const auto failed = call(instance, name).value;
        ASSERT_THAT(failed, FailsWith(ErrorCode::trap)) << name;
        EXPECT_EQ(failed.error().guest_message(), std::nullopt) << name;
    }
}

TEST(AspectAbort, TextsThatAreNotUtf16_areRepaired) {
    // a lone high surrogate, U+1F600, "!"
    auto instance = start({.imports = std::string(kAbort),
                           .more = "(data (i32.const 1204) \"\\08\\00\\00\\00\\3d\\d8\\3d\\d8\\00\\de!\\00\")"
                                   "(func (export \"f\") (call $abort (i32.const 1208) (i32.const 0) (i32.const 0) (i32.const 0)) unreachable)"});
    const auto failed = call(instance, "f").value;
    ASSERT_THAT(failed, FailsWith(ErrorCode::trap));
    EXPECT_THAT(failed.error().guest_message(), Optional("\xef\xbf\xbd\xf0\x9f\x98\x80!"s));
}

TEST(AspectState, PersistsBetweenCallsAndThroughATrap) {
    auto instance = start({.more = "(global $n (mut i32) (i32.const 0))"
                                   "(func (export \"count\") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1)))"
                                   "(i32.store (i32.const 1030) (global.get $n)) (i32.store16 (i32.const 1024) (i32.const 3)) (i32.store (i32.const 1026) (i32.const 4)) (i32.const 1024))"
                                   "(func (export \"trap\") unreachable)"});
    EXPECT_THAT(instance.call<int>("count"), Holds(1));
    EXPECT_THAT(instance.call<int>("count"), Holds(2));
    EXPECT_THAT(call(instance, "trap").value, FailsWith(ErrorCode::trap));
    EXPECT_THAT(call(instance, "count", {}, 1).value, FailsWith(ErrorCode::out_of_gas));
    EXPECT_THAT(instance.call<int>("count"), Holds(3));
    EXPECT_THAT(instance.reset(), IsOk());
    EXPECT_THAT(instance.call<int>("count"), Holds(1));
}

TEST(AspectCall, ByABoundFunction_takesAndGivesValues) {
    auto instance = start({});
    auto echo = value(instance.function<std::string(std::string_view)>("echo"));
    EXPECT_THAT(echo("text"), Holds("text"s));
    auto number = value(instance.function<std::int32_t()>("i32"));
    EXPECT_THAT(number(), Holds(-2));
    auto missing = value(instance.function<std::int32_t()>("missing"));
    EXPECT_THAT(missing(), FailsWith(ErrorCode::function_not_found, "missing"));
}

TEST(AspectCall, WithAPayload_namesWhatToUseInstead) {
    auto instance = start({});
    EXPECT_THAT(instance.invoke("echo", "payload"), FailsWith(ErrorCode::abi_unknown, "call"));
}

TEST(AspectCall, BeyondItsTime_endsWithTheGasLeft) {
    PluginOptions options = with(abi::aspect::Options{});
    options.limits.call_time = std::chrono::milliseconds(30);
    auto instance = start({.more = "(func (export \"f\") (loop $l (br $l)))"}, std::move(options));
    const Outcome outcome = call(instance, "f");
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::deadline_exceeded));
    EXPECT_GT(outcome.gas_left, 0);
}

TEST(AspectEvents, TellWhatHappens) {
    std::vector<std::string> seen;
    abi::aspect::Options options;
    options.on_event = [&](const abi::aspect::Event& event) {
        static constexpr const char* kNames[] = {"instrumented", "created", "calling", "executed", "done", "host function", "aborted", "hit", "miss"};
        seen.push_back(kNames[static_cast<int>(event.what)] + (event.method.empty() ? ""s : " " + std::string(event.method)));
        if (event.what == abi::aspect::Event::What::instrumented) {
            EXPECT_GT(event.size_after, event.size_before);
        }
        if (event.what == abi::aspect::Event::What::done) {
            EXPECT_EQ(event.gas_left + event.gas_used, 10);
            EXPECT_GT(event.gas_used, 0);
            EXPECT_EQ(event.error, nullptr);
        }
        throw 1;
    };
    HostFunctions host;
    host.add("m", "n.f", [](std::string_view) {});
    auto instance = start({.imports = "(import \"m\" \"n.f\" (func $f (param i32)))",
                           .more = "(func (export \"g\") (result i32) (call $f (i32.const 16)) (i32.const 0))"},
                          with(std::move(host), std::move(options)));
    EXPECT_THAT(call(instance, "g", {}, 10).value, IsOk());
    EXPECT_THAT(seen, ElementsAre("instrumented", "created", "calling g", "host function f", "executed g", "done g"));
}

}  // namespace
}  // namespace mortise::aspect_tests
