// What guests do while the host is in the middle of serving them: grow or change memory under its hands, enter it again, exit,
// recurse through it.

#include <any>
#include <optional>

#include <mortise/abi/aspect.hpp>

#include "attack.hpp"

namespace mortise::hostile {
namespace {

using enum ErrorCode;

Result<void> nothing(Result<Bytes> response) {
    if (!response) return fail(std::move(response).error());
    return {};
}

// A guest whose every export can be called from inside its own host call.
constexpr std::string_view kPlain = R"((module
    (import "host" "call" (func $host (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1) (table (export "table") 1 funcref) (global $depth (mut i32) (i32.const 0))
    (func (export "outer") (param i32) (result i32) (call $host (local.get 0)))
    (func (export "grow") (param i32) (result i32) (memory.grow (i32.const 10)))
    (func (export "grow_too_much") (param i32) (result i32) (memory.grow (i32.const 60000)))
    (func (export "grow_table") (param i32) (result i32) (table.grow (ref.null func) (i32.const 100)))
    (func (export "trap") (param i32) (result i32) unreachable)
    (func (export "exit") (param i32) (result i32) (call $exit (local.get 0)) unreachable)
    (func (export "spin") (param i32) (result i32) (loop $l (br $l)) (i32.const 0))
    (func $deep (export "deep") (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))
    (func (export "again") (param i32) (result i32) (call $host (local.get 0)))
    (func $sink (param $left i32) (result i32)
        (if (result i32) (local.get $left) (then (i32.add (call $sink (i32.sub (local.get $left) (i32.const 1))) (i32.const 1)))
            (else (call $host (i32.const 0)))))
    (func (export "sink") (param i32) (result i32) (call $sink (i32.const 1000)))
))";

// Calls `inner` of the calling instance from its host call, and hands on what became of it.
Attack from_inside(std::string inner, Ending ending, bool swallow = false) {
    Attack attack{"plain_calls_" + inner + (swallow ? "_and_does_not_mind" : ""), "plain", std::string(kPlain),
                  [](Instance& instance) { return instance.call<void>("outer", std::int32_t{7}); }, std::move(ending)};
    attack.options = [inner, swallow](PluginOptions& options) {
        options.host.add("host", "call", [inner, swallow](const HostCall& call, std::int32_t n) -> Result<std::int32_t> {
            auto done = call.instance().call<std::int32_t>(inner, n);
            if (!done && swallow) return 0;
            return done;
        });
    };
    return attack;
}

TEST(HostileCallbacks, InnerCalls_endTheOuterOneInOrder) {
    expect_endings({
        from_inside("grow", Ending::success()),
        from_inside("grow_too_much", Ending::success()),
        from_inside("grow_table", Ending::success()),
        from_inside("trap", {trap}),
        from_inside("exit", {guest_exit}),
        from_inside("spin", {deadline_exceeded}),
        from_inside("deep", {stack_overflow}),
        from_inside("outer", {not_reentrant}),
        from_inside("sink", {not_reentrant, stack_overflow}),
        from_inside("nowhere", {function_not_found}),
        // Guest code was cut short inside: what waits outside may not go on as if nothing had been.
        from_inside("trap", Ending::either(poisoned), true),
        from_inside("exit", Ending::either(poisoned), true),
        from_inside("spin", {deadline_exceeded}, true),
        from_inside("deep", Ending::either(poisoned), true),
        from_inside("outer", Ending::success(), true),
    });
}

TEST(HostileCallbacks, AfterACutShortInnerCall_theNextCallFindsAFreshInstance) {
    for (const char* inner : {"trap", "exit", "deep"}) {
        PluginOptions options;
        options.limits = tight_limits();
        options.host.add("host", "call", [inner](const HostCall& call, std::int32_t n) -> Result<std::int32_t> {
            (void)call.instance().call<std::int32_t>(inner, n);
            return call.instance().call<std::int32_t>("grow", n).value_or(-2);   // no guest code runs any more
        });
        auto instance = testing::instance_of(runtime(), kPlain, std::move(options));
        const auto outer = instance.call<std::int32_t>("outer", std::int32_t{3});
        EXPECT_EQ(outer.value_or(-2), -2) << inner;
        EXPECT_THAT(instance.call<std::int32_t>("grow", std::int32_t{0}), testing::Holds(1)) << inner;
        expect_neighbour_works();
    }
}

TEST(HostileCallbacks, CallsNestedAsDeepAsALimitAllows_neverReachTheEndOfTheHostsStack) {
    // Each level uses the guest's stack too: whichever limit comes first, it is one.
    for (const std::uint32_t depth : {1u, 16u, 200u}) {
        for (const char* inner : {"sink", "outer"}) {
            PluginOptions options;
            options.limits = tight_limits();
            options.limits.call_depth = depth;
            std::uint32_t deepest = 0;
            std::uint32_t now = 0;
            options.host.add("host", "call", [&, inner](const HostCall& call, std::int32_t n) -> Result<std::int32_t> {
                deepest = std::max(deepest, ++now);
                auto done = call.instance().call<std::int32_t>(inner, n);
                --now;
                return done;
            });
            auto instance = testing::instance_of(runtime(), kPlain, std::move(options));
            const auto outer = instance.call<std::int32_t>("outer", std::int32_t{0});
            EXPECT_TRUE(Ending({not_reentrant, stack_overflow}).allows(outer ? Result<void>{} : fail(outer.error()))) << inner << depth;
            EXPECT_LE(deepest, depth);
            expect_neighbour_works();
        }
    }
}

// A waPC guest that asks its host for something when it is called with "ask", and does what its operation says otherwise.
constexpr std::string_view kWapc = R"((module
    (import "wapc" "__guest_request" (func $request (param i32 i32)))
    (import "wapc" "__guest_response" (func $response (param i32 i32)))
    (import "wapc" "__host_call" (func $host (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wapc" "__host_response" (func $host_response (param i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1) (data (i32.const 64) "the payload, which must not change")
    (func (export "__guest_call") (param $op i32) (param $n i32) (result i32)
        (call $request (i32.const 0) (i32.const 2048))
        (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 97)) (then   ;; ask
            (drop (call $host (i32.const 64) (i32.const 3) (i32.const 64) (i32.const 3) (i32.const 64) (i32.const 3) (i32.const 64) (i32.const 34)))
            (call $host_response (i32.const 4096))))
        (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 103)) (then   ;; grow
            (drop (memory.grow (i32.const 20)))))
        (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 111)) (then   ;; overwrite
            (memory.fill (i32.const 64) (i32.const 120) (i32.const 4000))))
        (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 101)) (then (call $exit (i32.const 3))))   ;; exit
        (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 116)) (then unreachable))   ;; trap
        (call $response (i32.const 64) (i32.const 8)) (i32.const 1))))";

Attack wapc_inner(std::string inner, Ending ending) {
    Attack attack{"wapc_" + inner, "wapc", std::string(kWapc), [](Instance& instance) { return nothing(instance.invoke("ask", "")); }, std::move(ending)};
    attack.options = [inner](PluginOptions& options) {
        options.host.on_call([inner](const HostCall& call, Bytes& reply) -> Result<void> {
            const std::string before(text_of(call.payload));
            const std::string operation(call.operation);
            auto done = call.instance().invoke(inner, "for the inner call");
            EXPECT_EQ(text_of(call.payload), before) << "the payload changed under the host's hands";
            EXPECT_EQ(call.operation, operation);
            if (!done) return fail(std::move(done).error());
            reply = copy_bytes("answer");
            return {};
        });
    };
    return attack;
}

TEST(HostileCallbacks, OfWapc_leaveWhatTheHostHoldsAlone) {
    expect_endings({
        wapc_inner("grow", Ending::success()),
        wapc_inner("overwrite", Ending::success()),
        wapc_inner("exit", Ending::either(guest_exit)),
        wapc_inner("trap", Ending::either(trap)),
        wapc_inner("ask", Ending::success()),   // refused in the depth, which the guest takes for an error of its host
    });
}

TEST(HostileCallbacks, OfWasp_leaveWhatTheHostHoldsAlone) {
    const auto guest = R"((module (import "host" "text" (func $host (param i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 64) "the text") (global $heap (mut i32) (i32.const 4096))
        (func (export "allocate") (param i32) (result i32)
            (global.set $heap (i32.add (global.get $heap) (local.get 0))) (i32.sub (global.get $heap) (local.get 0)))
        (func (export "deallocate") (param i32 i32))
        (func (export "get_string_size") (param i32) (result i32) (i32.const 8))
        (func (export "overwrite") (drop (memory.grow (i32.const 10))) (memory.fill (i32.const 64) (i32.const 120) (i32.const 100)))
        (func (export "ask") (result i32) (call $host (i32.const 64) (i32.const 64)))))";
    Attack attack{"wasp_text", "wasp", guest, [](Instance& instance) -> Result<void> {
                      const auto got = instance.call<std::string>("ask");
                      if (!got) return fail(got.error());
                      return {};
                  }, Ending::success()};
    attack.options = [](PluginOptions& options) {
        options.host.add("host", "text", [](const HostCall& call, std::string_view a, std::string_view b) -> Result<std::string> {
            EXPECT_THAT(call.instance().call("overwrite"), testing::IsOk());
            EXPECT_EQ(a, "the text") << "the argument changed under the host's hands";
            EXPECT_EQ(b, "the text");
            return std::string("reply");
        });
    };
    expect_endings({attack});
}

// ABIs without nested calls say so, whoever asks.
TEST(HostileCallbacks, WhereAnAbiHasNoNestedCalls_areRefused) {
    Attack aspect{"aspect", "aspect", R"((module (import "m" "n.again" (func $again)) (memory (export "memory") 1)
        (func (export "__aspect_start__")) (func (export "allocate") (param i32) (result i32) (i32.const 1024))
        (func (export "go") (result i32) (call $again) (i32.const 0))))",
                  [](Instance& instance) { return instance.call("go"); }, {not_reentrant, host_function_failed}};
    aspect.options = [](PluginOptions& options) {
        options.host.add("m", "n.again", [](const HostCall& call) -> Result<void> {
            auto inner = call.instance().call("go");
            EXPECT_THAT(inner, testing::FailsWith(not_reentrant));
            return inner;
        });
    };
    Attack applet{"w3bstream", "w3bstream", R"((module (import "env" "ws_log" (func $log (param i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (func (export "start") (param i32) (result i32) (call $log (i32.const 1) (i32.const 0) (i32.const 1)))))",
                  [](Instance& instance) { return nothing(instance.invoke("start", "")); }, Ending(guest_error)};
    applet.options = [](PluginOptions& options) {
        options.host.add("env", "ws_log", [](const HostCall& call, std::uint32_t, BytesView) -> Result<void> {
            auto inner = call.instance().invoke("start", "");
            EXPECT_THAT(inner, testing::FailsWith(not_reentrant));
            return fail(inner.error());
        });
    };
    expect_endings({aspect, applet});
}

// The memory that a guest grows while the host places a result in it is the memory that the result lands in.
TEST(HostileCallbacks, ExitOrGrowthWhileTheHostPlacesAResult_isSeen) {
    const auto guest = [](const std::string& allocate) {
        return R"((module (import "host" "text" (func $host (result i32))) (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func (export "allocate") (param $n i32) (result i32) )" + allocate + R"()
            (func (export "deallocate") (param i32 i32)) (func (export "get_string_size") (param i32) (result i32) (i32.const 5))
            (func (export "ask") (result i32) (call $host))))";
    };
    const auto ask = [](Instance& instance) -> Result<void> {
        const auto got = instance.call<std::string>("ask");
        if (!got) return fail(got.error());
        EXPECT_EQ(*got, "reply");
        return {};
    };
    std::vector<Attack> table = {
        {"allocate_exits", "wasp", guest("(call $exit (i32.const 5)) (i32.const 64)"), ask, guest_exit},
        {"allocate_exits_with_0", "wasp", guest("(call $exit (i32.const 0)) (i32.const 64)"), ask, guest_exit},
        {"allocate_grows", "wasp", guest("(i32.shl (memory.grow (i32.const 3)) (i32.const 16))"), ask, Ending::success()},
        {"allocate_asks_again", "wasp", guest("(call $host)"), ask, {not_reentrant, stack_overflow}},
    };
    for (Attack& attack : table) {
        attack.options = [](PluginOptions& options) { options.host.add("host", "text", [] { return std::string("reply"); }); };
    }
    expect_endings(table);
}

}  // namespace
}  // namespace mortise::hostile
