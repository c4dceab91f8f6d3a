#include "guest.hpp"

namespace mortise::wapc_tests {
namespace {

using ::testing::HasSubstr;

/// A guest that asks the host with its payload, then answers with its own operation, what the host said (its response or its
/// error text), and its payload fetched anew: so that everything an inner call could clobber is seen.
/// Payload "trap" traps, payload "exit" of an operation too; "deeper" asks like any other.
Guest asking() {
    return {.guest_call = R"((local $code i32) (local $said i32)
        (call $fetch)
        (if (i32.eq (i32.load (i32.const 4096)) (i32.const 0x70617274)) (then (unreachable)))
        (if (i32.eq (i32.load (i32.const 4096)) (i32.const 0x6c696166)) (then (return (call $fail (i32.const 32) (i32.const 8)))))
        (if (i32.eq (i32.load (i32.const 4096)) (i32.const 0x746e6c73)) (then (return (i32.const 1))))
        (if (i32.eq (i32.load (i32.const 4096)) (i32.const 0x6661656c)) (then (return (call $answer (i32.const 64) (i32.const 9)))))
        (drop (call $answer (i32.const 32) (i32.const 2)))
        (local.set $code (call $ask (i32.const 4096) (local.get $n)))
        (call $fetch)
        (memory.copy (i32.const 10000) (i32.const 1024) (local.get $op))
        (i32.store8 (i32.add (i32.const 10000) (local.get $op)) (i32.add (i32.const 48) (local.get $code)))
        (local.set $said (i32.add (i32.const 10001) (local.get $op)))
        (call $host_response (local.get $said)) (call $host_error (local.get $said))
        (local.set $said (i32.add (local.get $said) (i32.add (call $host_response_len) (call $host_error_len))))
        (memory.copy (local.get $said) (i32.const 4096) (local.get $n))
        (call $answer (i32.const 10000) (i32.sub (i32.add (local.get $said) (local.get $n)) (i32.const 10000))))"};
}

/// A host that calls the instance back: with the payload less its first letter, "." being the end.
HostFunctions calling_back() {
    HostFunctions host;
    host.on_call([](const HostCall& call, Bytes& reply) -> Result<void> {
        const auto payload = text_of(call.payload);
        if (payload.size() <= 1) {
            reply = copy_bytes(".");
            return {};
        }
        auto inner = call.instance().invoke("in", payload.substr(1));
        if (!inner) return fail(std::move(inner).error());
        EXPECT_EQ(text_of(call.payload), payload);
        reply = *std::move(inner);
        return {};
    });
    return host;
}

TEST(WapcNesting, InnerCall_leavesTheOuterItsOwn) {
    auto instance = start(asking(), with(calling_back()));
    EXPECT_THAT(invoke(instance, "outer", "ab"), Holds(std::string("outer1" "in1.b" "ab")));
    EXPECT_THAT(invoke(instance, "outer", "abc"), Holds(std::string("outer1" "in1" "in1.c" "bc" "abc")));
    EXPECT_THAT(invoke(instance, "o", "x"), Holds(std::string("o1.x")));
}

TEST(WapcNesting, Depth_isLimited) {
    PluginOptions options = with(calling_back());
    options.limits.call_depth = 3;
    auto instance = start(asking(), options);
    EXPECT_THAT(invoke(instance, "o", "abc"), IsOk());
    const auto said = invoke(instance, "o", "abcd");
    ASSERT_THAT(said, IsOk()) << "the innermost guest reads the refusal as its host's error";
    EXPECT_THAT(*said, HasSubstr("in0calls are nested more deeply than the limit of 3"));
    EXPECT_THAT(invoke(instance, "o", "ab"), IsOk()) << "a refused inner call harms nothing";
}

/// A host that calls back with a fixed payload and tells the guest the code of the inner failure.
HostFunctions calling_back_with(std::string payload) {
    HostFunctions host;
    host.on_call([payload = std::move(payload)](const HostCall& call, Bytes& reply) -> Result<void> {
        const auto inner = call.instance().invoke("inner", payload);
        reply = copy_bytes(inner ? "fine:" + std::string(text_of(*inner)) : std::string(to_string(inner.error().code())));
        return {};
    });
    return host;
}

TEST(WapcNesting, InnerFailure_isTheHandlersToJudge) {
    struct Row {
        const char* payload;
        const char* wanted;
    };
    for (const Row& row : {Row{"fail", "o1guest_errorx"}, Row{"slnt", "o1no_responsex"}, Row{"leaf", "o1fine:an answerx"}}) {
        auto instance = start(asking(), with(calling_back_with(row.payload)));
        EXPECT_THAT(invoke(instance, "o", "x"), Holds(std::string(row.wanted)));
        EXPECT_THAT(invoke(instance, "o", "x"), Holds(std::string(row.wanted)));
    }
}

TEST(WapcNesting, InnerTrap_letsTheOuterFinishAndPoisonsTheInstance) {
    PluginOptions options = with(calling_back_with("trap"));
    options.after_failure = AfterFailure::fail;
    auto instance = start(asking(), options);
    EXPECT_THAT(invoke(instance, "o", "x"), Holds(std::string("o1trapx")));
    EXPECT_THAT(invoke(instance, "o", "x"), FailsWith(ErrorCode::poisoned));
}

TEST(WapcNesting, OtherInstances_canAlwaysBeCalled) {
    auto other = std::make_shared<Instance>(start(Guest{.guest_call = std::string(kEcho)}));
    HostFunctions host;
    host.on_call([other](const HostCall& call, Bytes& reply) -> Result<void> {
        auto said = other->invoke("echo", call.payload);
        if (!said) return fail(std::move(said).error());
        reply = *std::move(said);
        return {};
    });
    auto instance = start(asking(), with(host));
    EXPECT_THAT(invoke(instance, "o", "hi"), Holds(std::string("o1hihi")));
}

TEST(WapcNesting, OuterDeadline_coversTheInnerCallAndTheHandler) {
    HostFunctions host;
    host.on_call([](const HostCall& call, Bytes&) -> Result<void> {
        const auto inner = call.instance().invoke("inner", "loop");
        EXPECT_THAT(inner, FailsWith(ErrorCode::deadline_exceeded));
        return {};
    });
    PluginOptions options = with(host);
    options.limits.call_time = std::chrono::milliseconds(30);
    auto instance = start(Guest{.guest_call = R"((call $fetch)
        (if (i32.eq (i32.load (i32.const 4096)) (i32.const 0x706f6f6c)) (then (loop $l (br $l))))
        (drop (call $ask (i32.const 0) (i32.const 0))) (call $answer (i32.const 64) (i32.const 9)))"}, options);
    EXPECT_THAT(invoke(instance, "o", "x"), FailsWith(ErrorCode::deadline_exceeded));
}

}  // namespace
}  // namespace mortise::wapc_tests
