#include <stdexcept>

#include "guest.hpp"

namespace mortise::hookr_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A guest that asks the host for "op" with its payload, and answers with the code and what it was told.
Guest asking() {
    return {.plugin_call = R"((local $code i32)
        (call $fetch)
        (local.set $code (call $ask (i32.const 4096) (local.get $n)))
        (i32.store8 (i32.const 8192) (i32.add (i32.const 48) (local.get $code)))
        (if (i32.or (i32.and (i32.eq (local.get $code) (i32.const 1)) (call $host_error_len))
                    (i32.and (i32.eqz (local.get $code)) (call $host_response_len))) (then (unreachable)))
        (call $host_response (i32.const 8193)) (call $host_error (i32.const 8193))
        (call $answer (i32.const 8192) (i32.add (i32.const 1) (i32.add (call $host_response_len) (call $host_error_len)))))"};
}

/// A guest that asks the host for the operation and payload that it was called with.
Guest forwarding() {
    return {.plugin_call = R"((call $fetch)
        (drop (call $host_call (i32.const 1024) (local.get $op) (i32.const 4096) (local.get $n))) (call $take))"};
}

HostFunctions host_of(MessageHandler handler) {
    HostFunctions host;
    host.on_call(std::move(handler));
    return host;
}

TEST(HookrHostCall, Handler_seesWhoCallsWhatAndAnswers) {
    auto instance = start(asking(), with(host_of([](const HostCall& call, Bytes& reply) -> Result<void> {
        EXPECT_EQ(call.module, "hookr");
        EXPECT_EQ(call.name, "__host_call");
        EXPECT_EQ(call.binding, "");
        EXPECT_EQ(call.space, "");
        EXPECT_EQ(call.operation, "op");
        EXPECT_GE(call.instance_id, 1u);
        reply = copy_bytes(std::string(text_of(call.payload)) + "!");
        return {};
    })));
    EXPECT_THAT(invoke(instance, "x", "hello"), Holds(std::string("1hello!")));
    EXPECT_THAT(invoke(instance, "x", ""), Holds(std::string("1!")));
}

TEST(HookrHostCall, Outcome_becomesCodeAndText) {
    struct Row {
        MessageHandler handler;
        const char* wanted;
    };
    const Row rows[] = {
        {[](const HostCall&, Bytes&) -> Result<void> { return {}; }, "1"},
        {[](const HostCall&, Bytes& reply) -> Result<void> {
             reply = copy_bytes("half");
             return fail(ErrorCode::not_found, "no h\xC3\xA9ro");
         },
         "0no h\xC3\xA9ro"},
        {[](const HostCall&, Bytes&) -> Result<void> { return fail(ErrorCode::not_found, ""); }, "0"},
        {[](const HostCall&, Bytes&) -> Result<void> { throw std::runtime_error("no luck"); }, "0no luck"},
    };
    for (const Row& row : rows) {
        auto instance = start(asking(), with(host_of(row.handler)));
        EXPECT_THAT(invoke(instance, "x"), Holds(std::string(row.wanted)));
    }
}

TEST(HookrHostCall, NoHandler_isCode0NamingTheOperation) {
    auto instance = start(asking());
    EXPECT_THAT(invoke(instance, "x"), Holds(std::string("0no handler registered for operation 'op'")));
}

TEST(HookrHostCall, HostAbort_endsTheGuestsCall) {
    auto instance = start(asking(), with(host_of([](const HostCall&, Bytes&) -> Result<void> {
        return fail(ErrorCode::host_abort, "enough");
    })));
    EXPECT_THAT(invoke(instance, "x"), FailsWith(ErrorCode::host_abort, "enough"));
}

TEST(HookrHostCall, RegisteredFunctions_serveOperationsByName) {
    HostFunctions host;
    host.add("hookr", "bytes", [](BytesView payload) { return copy_bytes(payload); })
        .add("hookr", "text", [](std::string_view payload) { return std::string(payload) + "!"; })
        .add("hookr", "nothing", [](BytesView) {})
        .add("hookr", "no payload", [] { return std::string("constant"); })
        .add("hookr", "with call", [](const HostCall& call, BytesView) { return std::string(call.operation); })
        .add("hookr", "failing", [](BytesView) -> Result<Bytes> { return fail(ErrorCode::denied, "not today"); })
        .add("hookr", "throwing", [](BytesView) -> Bytes { throw std::runtime_error("no luck"); })
        .add("hookr", "twice", [](BytesView) { return std::string("first"); })
        .add("hookr", "twice", [](BytesView) { return std::string("second"); });
    auto instance = start(forwarding(), with(host));
    EXPECT_THAT(invoke(instance, "bytes", "\xff"), Holds(std::string("\xff")));
    EXPECT_THAT(invoke(instance, "text", "hi"), Holds(std::string("hi!")));
    EXPECT_THAT(invoke(instance, "nothing", "hi"), Holds(std::string()));
    EXPECT_THAT(invoke(instance, "no payload", "hi"), Holds(std::string("constant")));
    EXPECT_THAT(invoke(instance, "with call", "hi"), Holds(std::string("with call")));
    EXPECT_THAT(invoke(instance, "failing", "hi"), FailsWith(ErrorCode::guest_error, "not today"));
    EXPECT_THAT(invoke(instance, "throwing", "hi"), FailsWith(ErrorCode::guest_error, "no luck"));
    EXPECT_THAT(invoke(instance, "twice"), Holds(std::string("second"))) << "the last registration wins";
    EXPECT_THAT(invoke(instance, "other"), FailsWith(ErrorCode::guest_error, "no handler registered for operation 'other'"));
    EXPECT_THAT(invoke(instance, ""), FailsWith(ErrorCode::guest_error, "no handler registered for operation ''"));
}

TEST(HookrHostCall, CallHandler_letsRegisteredFunctionsBeIgnored) {
    HostFunctions host = host_of([](const HostCall& call, Bytes& reply) -> Result<void> {
        reply = copy_bytes("handler:" + std::string(call.operation));
        return {};
    });
    host.add("hookr", "upper", [](BytesView) { return std::string("registered"); });
    auto instance = start(forwarding(), with(host));
    EXPECT_THAT(invoke(instance, "upper"), Holds(std::string("handler:upper")));
}

TEST(HookrHostCall, Routes_comeFirst) {
    HostFunctions host;
    host.on({.operation = "upper"}, [](const HostCall&, Bytes& reply) -> Result<void> {
        reply = copy_bytes("route");
        return {};
    });
    host.add("hookr", "upper", [](BytesView) { return std::string("registered"); });
    host.add("hookr", "lower", [](BytesView) { return std::string("registered"); });
    auto instance = start(forwarding(), with(host));
    EXPECT_THAT(invoke(instance, "upper"), Holds(std::string("route")));
    EXPECT_THAT(invoke(instance, "lower"), Holds(std::string("registered")));
}

TEST(HookrHostCall, RegisteredFunctionOfOtherTypes_isRefusedWhenLoading) {
    HostFunctions number;
    number.add("hookr", "double", [](std::int32_t x) { return x; });
    EXPECT_THAT(load(asking(), with(number)), FailsWith(ErrorCode::invalid_argument, "\"double\""));
    HostFunctions two;
    two.add("hookr", "join", [](std::string_view, std::string_view) { return std::string(); });
    EXPECT_THAT(load(asking(), with(two)), FailsWith(ErrorCode::invalid_argument, "\"join\""));
}

TEST(HookrHostCall, OperationNotUtf8_isHandedOnAsItIs) {
    std::string seen;
    auto instance = start(forwarding(), with(host_of([&seen](const HostCall& call, Bytes&) -> Result<void> {
        seen = call.operation;
        return {};
    })));
    EXPECT_THAT(invoke(instance, "\xff\xfe"), IsOk());
    EXPECT_EQ(seen, "\xff\xfe");
}

TEST(HookrHostCall, Payload_isACopyThatTheGuestCannotChange) {
    Guest guest{.plugin_call = R"(
        (if (i32.eq (local.get $op) (i32.const 5))
          (then (i32.store (i32.const 64) (i32.const 0)) (drop (memory.grow (i32.const 16)))
                (return (call $answer (i32.const 0) (i32.const 0)))))
        (drop (call $ask (i32.const 64) (i32.const 9))) (call $take))"};
    auto instance = start(guest, with(host_of([](const HostCall& call, Bytes& reply) -> Result<void> {
        auto inner = call.instance().invoke("inner", "");
        if (!inner) return fail(std::move(inner).error());
        reply = copy_bytes(call.payload);
        return {};
    })));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an answer")));
}

TEST(HookrNesting, InnerCall_leavesTheOuterItsOwn) {
    Guest guest{.plugin_call = R"(
        (call $fetch)
        (drop (call $answer (i32.const 32) (i32.const 2)))
        (drop (call $ask (i32.const 4096) (local.get $n)))
        (call $fetch)
        (memory.copy (i32.const 10000) (i32.const 1024) (local.get $op))
        (call $host_response (i32.add (i32.const 10000) (local.get $op)))
        (call $answer (i32.const 10000) (i32.add (local.get $op) (call $host_response_len))))"};
    auto instance = start(guest, with(host_of([](const HostCall& call, Bytes& reply) -> Result<void> {
        const auto payload = text_of(call.payload);
        if (payload.empty()) return {};
        auto inner = call.instance().invoke("in", payload.substr(1));
        if (!inner) return fail(std::move(inner).error());
        reply = copy_bytes("<" + std::string(text_of(*inner)) + ">");
        return {};
    })));
    EXPECT_THAT(invoke(instance, "outer", "ab"), Holds(std::string("outer<in<in>>")));
}

TEST(HookrNesting, TooDeep_isNotReentrant) {
    PluginOptions options = with(host_of([](const HostCall& call, Bytes&) -> Result<void> {
        auto inner = call.instance().invoke("in", "");
        if (!inner) {
            EXPECT_THAT(inner, FailsWith(ErrorCode::not_reentrant));
        }
        return {};
    }));
    options.limits.call_depth = 2;
    auto instance = start(asking(), options);
    EXPECT_THAT(invoke(instance, "x"), IsOk());
}

TEST(HookrHostCall, Observer_hearsOfEach) {
    auto recorder = std::make_shared<Recorder>();
    PluginOptions options = with(host_of([](const HostCall& call, Bytes&) -> Result<void> {
        if (call.payload.empty()) return fail(ErrorCode::not_found, "nothing");
        return {};
    }));
    options.observer = recorder;
    auto instance = start(asking(), options);
    EXPECT_THAT(invoke(instance, "x", "one"), IsOk());
    EXPECT_THAT(invoke(instance, "x", ""), IsOk());
    EXPECT_THAT(recorder->host_calls(), ElementsAre("hookr.__host_call", "hookr.__host_call failed"));
}

}  // namespace
}  // namespace mortise::hookr_tests
