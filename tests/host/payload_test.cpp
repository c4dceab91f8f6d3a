#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise {
namespace {

using namespace std::chrono_literals;
using testing::FailsWith;
using testing::instance_of;
using testing::IsOk;

// By the first letter of the payload: (e)cho, (t)wice answered, (s)ilent, answered and (f)ailed, failed without an answer (n),
// (u)nreachable, (l)oop, (h)ost call. Before its answer each call counts, in the payload's second byte.
constexpr std::string_view kGuest = R"((module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__guest_error" (func $error (param i32 i32)))
  (import "wapc" "__host_call" (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 16) "no good")
  (global $calls (mut i32) (i32.const 48))
  (func (export "__guest_call") (param $op i32) (param $n i32) (result i32)
    (local $how i32)
    (call $request (i32.const 64) (i32.const 1024))
    (local.set $how (i32.load8_u (i32.const 1024)))
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store8 (i32.const 1025) (global.get $calls))
    (if (i32.eq (local.get $how) (i32.const 117)) (then unreachable))
    (if (i32.eq (local.get $how) (i32.const 108)) (then (loop $on (br $on))))
    (if (i32.eq (local.get $how) (i32.const 115)) (then (return (i32.const 1))))
    (if (i32.eq (local.get $how) (i32.const 104)) (then (drop
      (call $host_call (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))))
    (if (i32.eq (local.get $how) (i32.const 110)) (then (call $error (i32.const 16) (i32.const 7)) (return (i32.const 0))))
    (call $response (i32.const 1024) (local.get $n))
    (if (i32.eq (local.get $how) (i32.const 116)) (then (call $response (i32.const 1024) (i32.const 1))))
    (if (i32.eq (local.get $how) (i32.const 102)) (then (call $error (i32.const 16) (i32.const 7)) (return (i32.const 0))))
    (i32.const 1))))";

std::vector<BytesView> views(const std::vector<std::string_view>& texts) {
    std::vector<BytesView> out;
    for (const auto text : texts) out.push_back(bytes_of(text));
    return out;
}

// Each outcome as text: the response, or the code of the error.
std::vector<std::string> told(const std::vector<Result<Bytes>>& outcomes) {
    std::vector<std::string> out;
    for (const auto& outcome : outcomes) {
        out.emplace_back(outcome ? text_of(*outcome) : to_string(outcome.error().code()));
    }
    return out;
}

using Told = std::vector<std::string>;

Runtime quick() {
    RuntimeOptions options;
    options.tick = 1ms;
    return testing::runtime_under_test(options);
}

PluginOptions with(auto change) {
    PluginOptions options;
    change(options);
    return options;
}

TEST(WithOutput, Response_isSeenWhereItLies) {
    auto guest = instance_of(testing::runtime_under_test(), kGuest);
    std::vector<std::string> seen;
    const auto look = [&seen](BytesView output) { seen.emplace_back(text_of(output)); };
    EXPECT_THAT(guest.with_output("op", bytes_of("e."), look), IsOk());
    EXPECT_THAT(guest.with_output("op", bytes_of("t."), look), IsOk());
    EXPECT_EQ(seen, (Told{"e1", "t2", "t"})) << "a guest that answers twice is looked at twice";
}

TEST(WithOutput, FailureAfterTheResponse_isTheCallsOutcome) {
    auto guest = instance_of(testing::runtime_under_test(), kGuest);
    int looks = 0;
    EXPECT_THAT(guest.with_output("op", bytes_of("f."), [&](BytesView) { ++looks; }), FailsWith(ErrorCode::guest_error, "no good"));
    EXPECT_EQ(looks, 1);
    EXPECT_THAT(guest.with_output("op", bytes_of("n."), [&](BytesView) { ++looks; }), FailsWith(ErrorCode::guest_error));
    EXPECT_THAT(guest.with_output("op", bytes_of("u."), [&](BytesView) { ++looks; }), FailsWith(ErrorCode::trap));
    EXPECT_EQ(looks, 1);
}

TEST(WithOutput, LookThatThrows_endsTheCallAndNotTheProcess) {
    auto guest = instance_of(testing::runtime_under_test(), kGuest);
    const auto thrower = [](BytesView) { throw std::runtime_error("seen enough"); };
    EXPECT_THAT(guest.with_output("op", bytes_of("e."), thrower), FailsWith(ErrorCode::host_function_failed, "seen enough"));
    std::string seen;
    EXPECT_THAT(guest.with_output("op", bytes_of("e."), [&](BytesView output) { seen = text_of(output); }), IsOk());
    EXPECT_EQ(seen, "e1") << "a new sandbox";
}

TEST(WithOutput, CallFromInside_isRefusedAndHarmless) {
    auto guest = instance_of(testing::runtime_under_test(), kGuest);
    std::string seen;
    auto done = guest.with_output("op", bytes_of("e."), [&](BytesView output) {
        EXPECT_THAT(guest.invoke("op", "e."), FailsWith(ErrorCode::not_reentrant, "lends its output"));
        EXPECT_THAT(guest.with_output("op", bytes_of("e."), [](BytesView) {}), FailsWith(ErrorCode::not_reentrant));
        EXPECT_THAT(guest.close(), FailsWith(ErrorCode::busy));
        EXPECT_THAT(guest.reset(), FailsWith(ErrorCode::busy));
        seen = text_of(output);
    });
    EXPECT_THAT(done, IsOk());
    EXPECT_EQ(seen, "e1");
    EXPECT_THAT(guest.invoke("op", "e."), IsOk()) << "and afterwards it can be called";
}

TEST(WithOutput, ResponseBeyondTheLimit_isNotShown) {
    PluginOptions options;
    options.limits.output_bytes = 100;
    auto guest = instance_of(testing::runtime_under_test(), kGuest, options);
    const std::string large(101, 'e');
    int looks = 0;
    EXPECT_THAT(guest.with_output("op", bytes_of(large), [&](BytesView) { ++looks; }), FailsWith(ErrorCode::output_limit));
    EXPECT_EQ(looks, 0);
}

TEST(WithOutput, AbiThatCannotLend_showsACopy) {
    auto guest = instance_of(testing::runtime_under_test(), R"((module
      (memory (export "memory") 2)
      (func (export "alloc") (param i32) (result i32) (i32.const 1024))
      (func (export "same") (param i32 i32) (result i32) (local.get 1))))", with([](auto& o) { o.abi = "dataflow"; }));
    std::string seen;
    EXPECT_THAT(guest.with_output("same", bytes_of("hello"), [&](BytesView output) {
        EXPECT_THAT(guest.invoke("same", "x"), FailsWith(ErrorCode::not_reentrant));
        seen = text_of(output);
    }), IsOk());
    EXPECT_EQ(seen, "hello");
    const auto thrower = [](BytesView) { throw std::runtime_error("seen enough"); };
    EXPECT_THAT(guest.with_output("same", bytes_of("hello"), thrower), FailsWith(ErrorCode::host_function_failed));
    EXPECT_THAT(guest.invoke("same", "hello"), IsOk());
}

TEST(WithOutput, LargePayloads_crossWhole) {
    PluginOptions options;
    options.limits.memory_bytes = 64 << 20;
    auto guest = instance_of(testing::runtime_under_test(), R"((module
      (import "wapc" "__guest_request" (func $request (param i32 i32)))
      (import "wapc" "__guest_response" (func $response (param i32 i32)))
      (memory (export "memory") 1000)
      (func (export "__guest_call") (param i32 i32) (result i32)
        (call $request (i32.const 0) (i32.const 1024))
        (call $response (i32.const 1024) (local.get 1))
        (i32.const 1))))", options);
    Bytes payload(33 << 20, std::byte{7});
    payload.back() = std::byte{9};
    EXPECT_EQ(value(guest.invoke("op", payload)), payload);
    bool same = false;
    EXPECT_THAT(guest.with_output("op", payload, [&](BytesView output) { same = std::ranges::equal(output, payload); }), IsOk());
    EXPECT_TRUE(same);
}

TEST(InvokeMany, EveryRecord_hasItsOutcome) {
    auto guest = instance_of(testing::runtime_under_test(), kGuest);
    const auto payloads = views({"e.", "n.", "e.", "u.", "e.", "s.", "e."});
    const auto outcomes = value(guest.invoke_many("op", payloads));
    EXPECT_EQ(told(outcomes), (Told{"e1", "guest_error", "e3", "trap", "e1", "no_response", "e3"}))
        << "a trap costs its sandbox, the records after it go on in a new one";
    EXPECT_EQ(guest.usage().calls, 7u);
    EXPECT_THAT(outcomes[3], FailsWith(ErrorCode::trap, "while calling \"op\"") ) << "with the context of a single call";
}

TEST(InvokeMany, FailPolicy_poisonsTheRest) {
    auto guest = instance_of(testing::runtime_under_test(), kGuest, with([](auto& o) { o.after_failure = AfterFailure::fail; }));
    EXPECT_EQ(told(value(guest.invoke_many("op", views({"e.", "u.", "e.", "e."})))), (Told{"e1", "trap", "poisoned", "poisoned"}));
    EXPECT_THAT(guest.invoke_many("op", views({"e."})), FailsWith(ErrorCode::poisoned));
}

TEST(InvokeMany, FreshPolicy_isFreshForEachRecord) {
    auto guest = instance_of(testing::runtime_under_test(), kGuest, with([](auto& o) { o.instance_policy = InstancePolicy::fresh; }));
    EXPECT_EQ(told(value(guest.invoke_many("op", views({"e.", "e.", "u.", "e."})))), (Told{"e1", "e1", "trap", "e1"}));
}

TEST(InvokeMany, Limits_areThoseOfOneCall) {
    PluginOptions options;
    options.limits.call_time = 30ms;
    options.limits.fuel = 100'000;
    auto guest = instance_of(quick(), kGuest, options);
    const auto outcomes = told(value(guest.invoke_many("op", views({"e.", "l.", "e.", "l.", "e."}))));
    EXPECT_EQ(outcomes, (Told{"e1", "out_of_fuel", "e1", "out_of_fuel", "e1"}));

    options.limits.fuel.reset();
    auto timed = instance_of(quick(), kGuest, options);
    EXPECT_EQ(told(value(timed.invoke_many("op", views({"l.", "e.", "l.", "e."})))),
              (Told{"deadline_exceeded", "e1", "deadline_exceeded", "e1"}));
}

TEST(InvokeMany, Callback_seesEveryRecordOnceAndInOrder) {
    auto guest = instance_of(testing::runtime_under_test(), kGuest);
    std::vector<std::string> seen;
    auto done = guest.invoke_many("op", views({"e.", "n.", "e."}), [&](std::size_t index, Result<BytesView> outcome) {
        seen.push_back(std::to_string(index) + (outcome ? std::string(text_of(*outcome)) : "!"));
    });
    EXPECT_THAT(done, IsOk());
    EXPECT_EQ(seen, (Told{"0e1", "1!", "2e3"}));
    EXPECT_TRUE(value(guest.invoke_many("op", {})).empty());
}

TEST(InvokeMany, CallbackThatThrows_comesOutAndLeavesTheInstanceUsable) {
    auto guest = instance_of(testing::runtime_under_test(), kGuest);
    int seen = 0;
    const auto thrower = [&](std::size_t index, Result<BytesView>) {
        ++seen;
        if (index == 1) throw std::runtime_error("enough");
    };
    EXPECT_THROW(static_cast<void>(guest.invoke_many("op", views({"e.", "e.", "e."}), thrower)), std::runtime_error);
    EXPECT_EQ(seen, 2);
    EXPECT_EQ(text_of(value(guest.invoke("op", "e."))), "e3");
}

TEST(InvokeMany, InterruptBetweenRecords_cancelsTheRest) {
    auto guest = instance_of(testing::runtime_under_test(), kGuest);
    Told seen;
    auto done = guest.invoke_many("op", views({"e.", "e.", "e."}), [&](std::size_t index, Result<BytesView> outcome) {
        seen.emplace_back(outcome ? text_of(*outcome) : to_string(outcome.error().code()));
        if (index == 0) guest.interrupt();
    });
    EXPECT_THAT(done, IsOk());
    EXPECT_EQ(seen, (Told{"e1", "cancelled", "cancelled"}));
    EXPECT_EQ(text_of(value(guest.invoke("op", "e."))), "e2") << "the next call knows nothing of it";
}

TEST(InvokeMany, InstanceLetGoOfInACallback_closesTheRest) {
    std::optional<Instance> guest = instance_of(testing::runtime_under_test(), kGuest);
    Told seen;
    auto done = guest->invoke_many("op", views({"e.", "e."}), [&](std::size_t, Result<BytesView> outcome) {
        seen.emplace_back(outcome ? text_of(*outcome) : to_string(outcome.error().code()));
        guest.reset();
    });
    EXPECT_THAT(done, IsOk());
    EXPECT_EQ(seen, (Told{"e1", "closed"}));
}

TEST(InvokeMany, FromAHostFunction_isANestedCall) {
    PluginOptions options;
    Told inner;
    options.host.on_call([&](const HostCall& call, Bytes&) -> Result<void> {
        inner = told(value(call.instance().invoke_many("op", views({"e.", "n.", "e."}))));
        return {};
    });
    auto guest = instance_of(testing::runtime_under_test(), kGuest, options);
    EXPECT_EQ(told(value(guest.invoke_many("op", views({"h.", "e."})))), (Told{"e4", "e5"}))
        << "this guest has one buffer, which the inner calls used last";
    EXPECT_EQ(inner, (Told{"e2", "guest_error", "e4"}));
}

TEST(InvokeMany, ClosedOrValueInstance_saysSo) {
    auto guest = instance_of(testing::runtime_under_test(), kGuest);
    EXPECT_THAT(guest.close(), IsOk());
    EXPECT_THAT(guest.invoke_many("op", views({"e."})), FailsWith(ErrorCode::closed));
    auto plain = instance_of(testing::runtime_under_test(), "(module (func (export \"f\")))");
    const auto outcomes = value(plain.invoke_many("f", views({"e.", "e."})));
    ASSERT_EQ(outcomes.size(), 2u);
    EXPECT_FALSE(outcomes[0]);
    EXPECT_FALSE(plain.with_output("f", {}, [](BytesView) { FAIL(); }));
}

// Answers with a long text, asks for its payload then, and answers with that.
constexpr std::string_view kLongThenEcho = R"((module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (memory (export "memory") 4)
  (func (export "__guest_call") (param $op i32) (param $n i32) (result i32)
    (call $response (i32.const 4096) (i32.const 100000))
    (call $request (i32.const 64) (i32.const 1024))
    (call $response (i32.const 1024) (local.get $n))
    (i32.const 1))))";

TEST(Payload, ThatIsTheResponseOfTheCallBefore_staysAsItIsWhileTheGuestReadsIt) {
    auto guest = instance_of(testing::runtime_under_test(), kLongThenEcho);
    CallOutcome outcome;
    outcome.payload = copy_bytes("a payload");
    for (int i = 0; i < 3; ++i) {
        ASSERT_THAT(guest.perform({.name = "op", .form = CallRequest::Form::message, .payload = outcome.payload}, outcome), IsOk());
        EXPECT_EQ(text_of(outcome.payload), "a payload");
    }
    Bytes buffer = copy_bytes("another one");
    for (int i = 0; i < 3; ++i) {
        ASSERT_THAT(guest.invoke_into("op", buffer, buffer), IsOk());
        EXPECT_EQ(text_of(buffer), "another one");
        ASSERT_THAT(guest.invoke_into("op", BytesView(buffer).subspan(2, 3), buffer), IsOk());
        EXPECT_EQ(text_of(buffer), "oth");
        buffer = copy_bytes("another one");
    }
}

}  // namespace
}  // namespace mortise
