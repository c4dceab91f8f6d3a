#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise {
namespace {

using testing::FailsWith;
using testing::Holds;
using testing::instance_of;
using testing::IsOk;
using testing::load_wat;

constexpr std::string_view kCounter = R"((module
  (global $n (mut i32) (i32.const 0))
  (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
  (func $deep (unreachable))
  (func (export "fall") (call $deep))
  (func $over (export "over") (call $over))
))";

TEST(Instance, State_persistsBetweenCallsAndIsItsOwn) {
    const Runtime runtime = testing::runtime_under_test();
    auto plugin = value(load_wat(runtime, kCounter));
    auto one = value(plugin.instantiate());
    auto two = value(plugin.instantiate());
    EXPECT_THAT(one.call<int>("next"), Holds(1));
    EXPECT_THAT(one.call<int>("next"), Holds(2));
    EXPECT_THAT(two.call<int>("next"), Holds(1));
    EXPECT_NE(one.id(), two.id());
}

TEST(Instance, Trap_hasKindBacktraceAndANewSandboxAfterIt) {
    auto instance = instance_of(testing::runtime_under_test(), kCounter);
    auto next = value(instance.function<int()>("next"));
    EXPECT_THAT(next(), Holds(1));
    const auto trapped = instance.call("fall");
    ASSERT_THAT(trapped, FailsWith(ErrorCode::trap));
    EXPECT_EQ(trapped.error().trap(), TrapKind::unreachable);
    ASSERT_EQ(trapped.error().backtrace().size(), testing::capabilities_under_test().backtrace ? 2u : 0u);
    if (!trapped.error().backtrace().empty()) {
        EXPECT_EQ(trapped.error().backtrace()[0].name, "deep");
    }
    EXPECT_EQ(trapped.error().blame(), Blame::guest);
    EXPECT_THAT(next(), Holds(1)) << "bound functions find the new sandbox by themselves";
}

TEST(Instance, StackOverflow_hasItsOwnCode) {
    auto instance = instance_of(testing::runtime_under_test(), kCounter);
    EXPECT_THAT(instance.call("over"), FailsWith(ErrorCode::stack_overflow));
    EXPECT_THAT(instance.call<int>("next"), Holds(1));
}

TEST(Instance, AfterFailure_isAPolicy) {
    PluginOptions reuse;
    reuse.after_failure = AfterFailure::reuse;
    auto kept = instance_of(testing::runtime_under_test(), kCounter, reuse);
    EXPECT_THAT(kept.call<int>("next"), Holds(1));
    EXPECT_THAT(kept.call("fall"), FailsWith(ErrorCode::trap));
    EXPECT_THAT(kept.call<int>("next"), Holds(2));

    PluginOptions never;
    never.after_failure = AfterFailure::fail;
    auto dead = instance_of(testing::runtime_under_test(), kCounter, never);
    EXPECT_THAT(dead.call("fall"), FailsWith(ErrorCode::trap));
    EXPECT_THAT(dead.call<int>("next"), FailsWith(ErrorCode::poisoned));
}

TEST(Instance, FreshPolicy_forgetsAtEveryCall) {
    PluginOptions options;
    options.instance_policy = InstancePolicy::fresh;
    auto instance = instance_of(testing::runtime_under_test(), kCounter, options);
    auto next = value(instance.function<int()>("next"));
    EXPECT_THAT(next(), Holds(1));
    EXPECT_THAT(next(), Holds(1));
    EXPECT_THAT(instance.call<int>("next"), Holds(1));
}

TEST(Instance, CallFresh_leavesNothingBehind) {
    auto plugin = value(load_wat(testing::runtime_under_test(), kCounter));
    for (int i = 0; i < 3; ++i) {
        auto outcome = plugin.call_fresh({.name = "next"});
        ASSERT_THAT(outcome, IsOk());
        EXPECT_EQ(outcome->value, Value(1));
    }
}

TEST(Instance, MovedFromOrClosed_answersClosed) {
    auto first = instance_of(testing::runtime_under_test(), kCounter);
    auto next = value(first.function<int()>("next"));
    auto second = std::move(first);
    EXPECT_THAT(first.call<int>("next"), FailsWith(ErrorCode::closed));
    EXPECT_THAT(first.invoke("x", "y"), FailsWith(ErrorCode::closed));
    EXPECT_THAT(first.function<int()>("next"), FailsWith(ErrorCode::closed));
    EXPECT_THAT(first.reset(), FailsWith(ErrorCode::closed));
    EXPECT_EQ(first.id(), 0u);
    EXPECT_THAT(second.call<int>("next"), Holds(1));
    EXPECT_THAT(next(), Holds(2));
    EXPECT_THAT(second.close(), IsOk());
    EXPECT_THAT(second.call<int>("next"), FailsWith(ErrorCode::closed));
    EXPECT_THAT(next(), FailsWith(ErrorCode::closed));
    EXPECT_THAT(second.close(), IsOk());
}

TEST(Instance, FunctionOutlivesItsInstance_answersClosed) {
    std::optional<Function<int()>> next;
    {
        auto instance = instance_of(testing::runtime_under_test(), kCounter);
        next = value(instance.function<int()>("next"));
        EXPECT_THAT((*next)(), Holds(1));
    }
    EXPECT_THAT((*next)(), FailsWith(ErrorCode::closed));
}

TEST(Instance, Reset_givesAFreshSandbox) {
    auto instance = instance_of(testing::runtime_under_test(), kCounter);
    EXPECT_THAT(instance.call<int>("next"), Holds(1));
    EXPECT_THAT(instance.call<int>("next"), Holds(2));
    EXPECT_THAT(instance.reset(), IsOk());
    EXPECT_THAT(instance.call<int>("next"), Holds(1));
}

TEST(Instance, StartSection_runsAtEveryInstantiationAndMayCallTheHost) {
    int started = 0;
    PluginOptions options;
    options.host.add("env", "hello", [&started] { ++started; });
    auto plugin = value(load_wat(testing::runtime_under_test(), R"((module (import "env" "hello" (func $h)) (start $h)))", options));
    EXPECT_EQ(started, 0);
    EXPECT_THAT(plugin.instantiate(), IsOk());
    EXPECT_THAT(plugin.instantiate(), IsOk());
    EXPECT_EQ(started, 2);
}

TEST(Instance, FailingStartSection_failsInstantiationSayingSo) {
    auto plugin = value(load_wat(testing::runtime_under_test(), "(module (func $s unreachable) (start $s))"));
    EXPECT_THAT(plugin.instantiate(), FailsWith(ErrorCode::trap, "start section"));
}

TEST(Instance, FunctionBoundInAStartUpThatFails_isClosed) {
    std::optional<Function<void()>> kept;
    PluginOptions options;
    options.host.add("env", "bind", [&kept](const HostCall& call) {
        auto bound = call.instance().function<void()>("f");
        if (bound) kept.emplace(*bound);
    });
    auto plugin = value(load_wat(testing::runtime_under_test(), R"((module (import "env" "bind" (func $b))
        (func $s (call $b) unreachable) (start $s) (func (export "f"))))", options));
    EXPECT_THAT(plugin.instantiate(), FailsWith(ErrorCode::trap));
    if (!testing::capabilities_under_test().nested_calls) GTEST_SKIP() << "the engine has no nested calls";
    ASSERT_TRUE(kept.has_value());
    EXPECT_THAT((*kept)(), FailsWith(ErrorCode::closed));
}

TEST(Instance, Usage_countsMemoryAndCalls) {
    auto instance = instance_of(testing::runtime_under_test(), R"((module (memory (export "memory") 1)
        (func (export "grow") (result i32) (memory.grow (i32.const 2)))))");
    EXPECT_EQ(instance.usage().memory_bytes, 65536u);
    EXPECT_THAT(instance.call<int>("grow"), Holds(1));
    EXPECT_EQ(instance.usage().memory_bytes, 3 * 65536u);
    EXPECT_EQ(instance.usage().memory_peak_bytes, 3 * 65536u);
    EXPECT_EQ(instance.usage().calls, 1u);
}

}  // namespace
}  // namespace mortise
