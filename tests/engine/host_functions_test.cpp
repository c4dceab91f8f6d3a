#include "engine/guest.hpp"

namespace mortise::engine_tests {
namespace {

class HostFunctions : public EngineContract {};
MORTISE_ON_EVERY_ENGINE(HostFunctions);

constexpr auto kCaller = R"((module
    (import "env" "host" (func $host (param i32) (result i32)))
    (memory (export "memory") 1)
    (global (export "after") (mut i32) (i32.const 0))
    (func (export "run") (param i32) (result i32)
        local.get 0 call $host
        i32.const 1 global.set 0)
    (func (export "double") (param i32) (result i32) local.get 0 i32.const 2 i32.mul)
    (func (export "trap") unreachable)))";

std::int32_t after(Guest& guest) { return guest.store->get(*guest.store->global(guest.id, "after")).i32; }

TEST_P(HostFunctions, Result_goes_back_to_the_guest) {
    const Host host{
        {"env.host", [](Store&, Caller, RawValue* slots) { return slots[0] = i32(slots[0].i32 + 1), Stop::done; }}};
    Guest guest(engine(), kCaller, host);
    EXPECT_EQ(guest.call("run", {i32(41)}).i32(), 42);
    EXPECT_EQ(after(guest), 1);
}

TEST_P(HostFunctions, Error_ends_the_call_and_arrives_whole) {
    const Host host{{"env.host", [](Store& store, Caller, RawValue*) {
                         return store.stop_with(
                             Error(ErrorCode::bad_pointer, "the pointer is bad").add_context("in a test"));
                     }}};
    Guest guest(engine(), kCaller, host);
    const auto outcome = guest.call("run", {i32(1)});
    ASSERT_EQ(outcome.stop, Stop::host_error);
    ASSERT_TRUE(outcome.info.error);
    EXPECT_EQ(outcome.info.error->code(), ErrorCode::bad_pointer);
    EXPECT_EQ(outcome.info.error->message(), "the pointer is bad");
    EXPECT_EQ(after(guest), 0) << "no guest code may run after it";
    EXPECT_EQ(guest.call("double", {i32(4)}).i32(), 8);
}

TEST_P(HostFunctions, Every_reason_to_stop_is_handed_on) {
    for (const Stop why : {Stop::trap, Stop::host_error, Stop::exit, Stop::deadline, Stop::cancelled, Stop::fuel,
                           Stop::memory_limit, Stop::engine}) {
        SCOPED_TRACE(static_cast<int>(why));
        const Host host{{"env.host", [why](Store& store, Caller, RawValue*) {
                             StopInfo info;
                             info.exit_status = 77;
                             info.text = "so it is";
                             info.trap = TrapKind::integer_overflow;
                             return store.stop_with(why, std::move(info));
                         }}};
        Guest guest(engine(), kCaller, host);
        const auto outcome = guest.call("run", {i32(1)});
        EXPECT_EQ(outcome.stop, why);
        EXPECT_EQ(outcome.info.exit_status, 77);
        EXPECT_EQ(outcome.info.text, "so it is");
        EXPECT_EQ(outcome.info.trap, TrapKind::integer_overflow);
        EXPECT_EQ(after(guest), 0);
    }
}

TEST_P(HostFunctions, Reason_without_details_is_enough) {
    const Host host{{"env.host", [](Store&, Caller, RawValue*) { return Stop::exit; }}};
    Guest guest(engine(), kCaller, host);
    EXPECT_EQ(guest.call("run", {i32(1)}).stop, Stop::exit);
}

TEST_P(HostFunctions, Late_return_is_a_deadline) {
    std::atomic<std::uint64_t> clock{10};
    const Host host{{"env.host", [&](Store& store, Caller, RawValue*) {
                         clock = 12;
                         StopInfo unused;
                         unused.text = "not this";
                         store.stop_with(Stop::exit, std::move(unused));
                         return Stop::done;
                     }}};
    Guest guest(engine(), kCaller, host);
    guest.store->clock = &clock;
    guest.store->deadline = 12;
    EXPECT_EQ(guest.call("run", {i32(1)}).stop, Stop::done) << "the last tick itself still counts";
    guest.store->deadline = 11;
    clock = 10;
    const auto late = guest.call("run", {i32(1)});
    EXPECT_EQ(late.stop, Stop::deadline);
    EXPECT_EQ(late.info.text, "");
}

TEST_P(HostFunctions, Failure_of_a_late_function_stays_its_own) {
    std::atomic<std::uint64_t> clock{100};
    const Host host{
        {"env.host", [](Store& store, Caller, RawValue*) { return store.stop_with(Error(ErrorCode::io, "late")); }}};
    Guest guest(engine(), kCaller, host);
    guest.store->clock = &clock;
    guest.store->deadline = 1;
    const auto outcome = guest.call("run", {i32(1)});
    // The engine may notice the deadline before the guest gets as far as the call.
    if (outcome.stop == Stop::host_error) {
        EXPECT_EQ(outcome.info.error->code(), ErrorCode::io);
    } else {
        EXPECT_EQ(outcome.stop, Stop::deadline);
    }
}

TEST_P(HostFunctions, Interrupt_during_a_host_function_ends_the_call) {
    const Host host{{"env.host", [](Store& store, Caller, RawValue*) {
                         store.interrupt = 1;
                         return Stop::done;
                     }}};
    Guest guest(engine(), kCaller, host);
    EXPECT_EQ(guest.call("run", {i32(1)}).stop, Stop::cancelled);
    EXPECT_EQ(after(guest), 0);
    guest.store->interrupt = 0;
    EXPECT_EQ(guest.call("double", {i32(4)}).i32(), 8);
}

TEST_P(HostFunctions, Caller_gives_the_memory_as_it_is) {
    MORTISE_NEEDS(memory_in_callbacks);
    constexpr auto kWat = R"((module
        (import "env" "host" (func $host (param i32)))
        (memory (export "memory") 1)
        (func (export "run")
            i32.const 8 i32.const 0x01020304 i32.store
            i32.const 8 call $host
            i32.const 2 memory.grow drop
            i32.const 131072 i32.const 0x0a0b0c0d i32.store
            i32.const 131072 call $host)))";
    std::vector<std::uint32_t> seen;
    const Host host{{"env.host", [&](Store& store, Caller caller, RawValue* slots) {
                         const auto memory = store.view(caller);
                         const auto word = memory.load<std::uint32_t>(static_cast<std::uint32_t>(slots[0].i32));
                         seen.push_back(word.value_or(0));
                         memory.store<std::uint32_t>(0, 99);
                         return Stop::done;
                     }}};
    Guest guest(engine(), kWat, host);
    ASSERT_EQ(guest.call("run").stop, Stop::done);
    EXPECT_THAT(seen, testing::ElementsAre(0x0102'0304U, 0x0a0b'0c0dU));
    EXPECT_EQ(guest.memory().load<std::uint32_t>(0), 99U);
}

TEST_P(HostFunctions, Caller_without_an_exported_memory_gives_an_empty_view) {
    for (const auto* memory : {"", "(memory 1)", R"((memory (export "mem") 1))", R"((func (export "memory")))"}) {
        const std::string wat = std::string(R"((module (import "env" "host" (func $host)) )") + memory +
                                R"( (func (export "run") call $host)))";
        std::uint64_t size = 1;
        bool found = true;
        const Host host{{"env.host", [&](Store& store, Caller caller, RawValue*) {
                             size = store.view(caller).size();
                             found = store.view(caller).bytes(0, 1).has_value();
                             return Stop::done;
                         }}};
        Guest guest(engine(), wat, host);
        ASSERT_EQ(guest.call("run").stop, Stop::done);
        EXPECT_EQ(size, 0U) << wat;
        EXPECT_FALSE(found) << wat;
    }
}

TEST_P(HostFunctions, Layers_above_find_themselves_in_the_store) {
    int abi = 0, wasi = 0, session = 0;
    void* found[3]{};
    const Host host{{"env.host", [&](Store& store, Caller, RawValue*) {
                         found[0] = store.abi, found[1] = store.wasi, found[2] = store.session;
                         return Stop::done;
                     }}};
    Guest guest(engine(), kCaller, host);
    guest.store->abi = &abi, guest.store->wasi = &wasi, guest.store->session = &session;
    ASSERT_EQ(guest.call("run", {i32(0)}).stop, Stop::done);
    EXPECT_EQ(found[0], &abi);
    EXPECT_EQ(found[1], &wasi);
    EXPECT_EQ(found[2], &session);
}

class Nested : public EngineContract {};
MORTISE_ON_EVERY_ENGINE(Nested);

TEST_P(Nested, Host_function_may_call_the_guest) {
    MORTISE_NEEDS(nested_calls);
    const Host host{{"env.host", [](Store& store, Caller, RawValue* slots) {
                         slots[0] = call(store, InstanceId{0}, "double", {slots[0]}).slots[0];
                         return Stop::done;
                     }}};
    Guest guest(engine(), kCaller, host);
    EXPECT_EQ(guest.call("run", {i32(21)}).i32(), 42);
    EXPECT_EQ(after(guest), 1);
}

TEST_P(Nested, Trap_within_is_the_host_functions_to_judge) {
    MORTISE_NEEDS(nested_calls);
    Stop within = Stop::done;
    const Host host{{"env.host", [&](Store& store, Caller, RawValue* slots) {
                         within = call(store, InstanceId{0}, "trap").stop;
                         slots[0] = i32(5);
                         return Stop::done;
                     }}};
    Guest guest(engine(), kCaller, host);
    const auto outcome = guest.call("run", {i32(1)});
    EXPECT_EQ(within, Stop::trap);
    ASSERT_EQ(outcome.stop, Stop::done) << "the outer call goes on";
    EXPECT_EQ(outcome.i32(), 5);
    EXPECT_EQ(after(guest), 1);
}

TEST_P(Nested, Failure_within_can_be_passed_on) {
    MORTISE_NEEDS(nested_calls);
    const Host host{{"env.host", [&](Store& store, Caller, RawValue*) {
                         auto inner = call(store, InstanceId{0}, "trap");
                         return store.stop_with(inner.stop, std::move(inner.info));
                     }}};
    Guest guest(engine(), kCaller, host);
    const auto outcome = guest.call("run", {i32(1)});
    EXPECT_EQ(outcome.stop, Stop::trap);
    EXPECT_EQ(outcome.info.trap, can().trap_kinds ? TrapKind::unreachable : TrapKind::unknown);
}

TEST_P(Nested, Exit_within_many_levels_ends_each_of_them) {
    MORTISE_NEEDS(nested_calls);
    constexpr std::int32_t kLevels = 40;
    std::int32_t deepest = 0, ended = 0;
    const Host host{{"env.host", [&](Store& store, Caller, RawValue* slots) {
                         const std::int32_t level = slots[0].i32;
                         deepest = std::max(deepest, level);
                         if (level == kLevels) {
                             StopInfo info;
                             info.exit_status = 3;
                             return store.stop_with(Stop::exit, std::move(info));
                         }
                         auto inner = call(store, InstanceId{0}, "run", {i32(level + 1)});
                         ++ended;
                         return store.stop_with(inner.stop, std::move(inner.info));
                     }}};
    Guest guest(engine(), kCaller, host);
    const auto outcome = guest.call("run", {i32(1)});
    EXPECT_EQ(outcome.stop, Stop::exit);
    EXPECT_EQ(outcome.info.exit_status, 3);
    EXPECT_EQ(deepest, kLevels);
    EXPECT_EQ(ended, kLevels - 1);
    EXPECT_EQ(after(guest), 0);
    EXPECT_EQ(guest.call("double", {i32(4)}).i32(), 8);
}

TEST_P(Nested, Memory_that_grows_within_is_seen_after) {
    MORTISE_NEEDS(nested_calls);
    MORTISE_NEEDS(memory_in_callbacks);
    constexpr auto kWat = R"((module
        (import "env" "host" (func $host))
        (memory (export "memory") 1)
        (func (export "grow") (result i32) i32.const 1000 memory.grow)
        (func (export "run") (result i32) call $host i32.const 65537000 i32.load8_u)))";
    std::uint64_t size = 0;
    const Host host{{"env.host", [&](Store& store, Caller caller, RawValue*) {
                         call(store, InstanceId{0}, "grow");
                         size = store.view(caller).size();
                         store.view(caller).store<std::uint8_t>(65'537'000, 9);
                         return Stop::done;
                     }}};
    Guest guest(engine(), kWat, host);
    EXPECT_EQ(guest.call("run").i32(), 9);
    EXPECT_EQ(size, 1001U * 65'536);
}

class Start : public EngineContract {};
MORTISE_ON_EVERY_ENGINE(Start);

constexpr auto kStart = R"((module
    (import "env" "host" (func $host (param i32) (result i32)))
    (memory (export "memory") 1)
    (global (export "started") (mut i32) (i32.const 0))
    (func $start i32.const 7 call $host global.set 0)
    (start $start)))";

TEST_P(Start, Section_runs_only_when_its_export_is_called) {
    int calls = 0;
    const Host host{{"env.host", [&](Store& store, Caller caller, RawValue* slots) {
                         ++calls;
                         EXPECT_EQ(store.view(caller).size(), can().memory_in_callbacks ? 65'536U : 0U);
                         slots[0].i32 += 1;
                         return Stop::done;
                     }}};
    Guest guest(engine(), kStart, host);
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(guest.store->get(*guest.store->global(guest.id, "started")).i32, 0);
    ASSERT_EQ(guest.call("mortise:start").stop, Stop::done);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(guest.store->get(*guest.store->global(guest.id, "started")).i32, 8);
}

TEST_P(Start, Failure_of_the_host_in_it_is_reported_like_any_other) {
    const Host host{
        {"env.host", [](Store& store, Caller, RawValue*) { return store.stop_with(Error(ErrorCode::io, "no disk")); }}};
    Guest guest(engine(), kStart, host);
    const auto outcome = guest.call("mortise:start");
    EXPECT_EQ(outcome.stop, Stop::host_error);
    EXPECT_EQ(outcome.info.error->message(), "no disk");
}

TEST_P(Start, Module_that_still_has_the_section_is_refused) {
    const auto& wasm = wasm_of(kStart);
    const auto info = value(read_module(wasm));
    const Host host{{"env.host", [](Store&, Caller, RawValue*) { return Stop::done; }}};
    const auto imports = host.resolve(info);
    auto module = engine().compile({info, wasm, imports, {}}, {});
    if (!module) return;  // at once is as good
    EXPECT_THAT(value((*module)->new_store({}))->instantiate(**module), FailsWith(ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace mortise::engine_tests
