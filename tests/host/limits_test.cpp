#include <chrono>
#include <thread>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise {
namespace {

using namespace std::chrono_literals;
using testing::FailsWith;
using testing::Holds;
using testing::instance_of;
using testing::IsOk;
using testing::load_wat;

constexpr std::string_view kHungry = R"((module
  (import "host" "wait" (func $wait))
  (memory (export "memory") 1)
  (table 1 funcref)
  (func (export "spin") (loop $l (br $l)))
  (func (export "wait") (call $wait))
  (func (export "wait_for_ever") (loop $l (call $wait) (br $l)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "grow_or_die") (param i32)
    (if (i32.eq (memory.grow (local.get 0)) (i32.const -1)) (then unreachable)))
  (func (export "grow_table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))
  (func (export "one") (result i32) (i32.const 1))
  (func (export "count") (param i32) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
))";

PluginOptions hungry(Limits limits) {
    PluginOptions options;
    options.limits = limits;
    options.host.add("host", "wait", [] { std::this_thread::sleep_for(60ms); });
    return options;
}

TEST(Limits, EndlessLoop_endsAtTheDeadlineAndTheNextCallWorks) {
    Limits limits;
    limits.call_time = 30ms;
    auto instance = instance_of(testing::runtime_under_test(), kHungry, hungry(limits));
    EXPECT_THAT(instance.call("spin"), FailsWith(ErrorCode::deadline_exceeded));
    EXPECT_THAT(instance.call<int>("one"), Holds(1));
    auto spin = value(instance.function<void()>("spin"));
    EXPECT_THAT(spin(), FailsWith(ErrorCode::deadline_exceeded));
}

TEST(Limits, HostFunctionThatReturnsLate_endsTheCall) {
    Limits limits;
    limits.call_time = 20ms;
    auto instance = instance_of(testing::runtime_under_test(), kHungry, hungry(limits));
    EXPECT_THAT(instance.call("wait"), FailsWith(ErrorCode::deadline_exceeded));
    EXPECT_THAT(instance.call("wait_for_ever"), FailsWith(ErrorCode::deadline_exceeded));
}

TEST(Limits, InstanceAndCall_mayHaveTimesOfTheirOwn) {
    const auto plugin = value(load_wat(testing::runtime_under_test(), kHungry, hungry({})));   // 30 seconds
    InstanceOptions brief;
    brief.call_time = 20ms;
    auto instance = value(plugin.instantiate(brief));
    EXPECT_THAT(instance.call("spin"), FailsWith(ErrorCode::deadline_exceeded));
    auto spin = value(instance.function<void()>("spin"));
    EXPECT_THAT(spin(), FailsWith(ErrorCode::deadline_exceeded));
    CallOutcome outcome;
    EXPECT_THAT(instance.perform({.name = "wait", .call_time = 10s}, outcome), IsOk()) << "longer than the instance's";
    EXPECT_THAT(instance.call("wait"), FailsWith(ErrorCode::deadline_exceeded)) << "and only for that call";

    auto patient = value(plugin.instantiate());
    EXPECT_THAT(patient.perform({.name = "spin", .call_time = 10ms}, outcome), FailsWith(ErrorCode::deadline_exceeded));
    EXPECT_THAT(plugin.call_fresh({.name = "wait", .call_time = 1ms}), FailsWith(ErrorCode::deadline_exceeded));
    EXPECT_THAT(patient.call("wait"), IsOk());
}

TEST(Limits, StartTimeOfAnInstance_isItsOwn) {
    const auto plugin = value(load_wat(testing::runtime_under_test(), "(module (func $s (loop $l (br $l))) (start $s))"));
    InstanceOptions brief;
    brief.start_time = 10ms;
    EXPECT_THAT(plugin.instantiate(brief), FailsWith(ErrorCode::deadline_exceeded, "start"));
}

TEST(Limits, TimesWhereTheCodeCannotBeStopped_areRefused) {
    PluginOptions options = hungry({});
    options.limits.call_time = options.limits.start_time = std::nullopt;
    options.interruptible = false;
    const auto plugin = value(load_wat(testing::runtime_under_test(), kHungry, options));
    InstanceOptions brief;
    brief.call_time = 20ms;
    EXPECT_THAT(plugin.instantiate(brief), FailsWith(ErrorCode::invalid_argument, "interruptible"));
    auto instance = value(plugin.instantiate());
    CallOutcome outcome;
    EXPECT_THAT(instance.perform({.name = "one", .call_time = 1s}, outcome), FailsWith(ErrorCode::invalid_argument, "interruptible"));
    EXPECT_THAT(instance.call<int>("one"), Holds(1));
}

TEST(Limits, EndlessStartSection_endsAtTheStartDeadline) {
    PluginOptions options;
    options.limits.start_time = 30ms;
    auto plugin = value(load_wat(testing::runtime_under_test(), "(module (func $s (loop $l (br $l))) (start $s))", options));
    EXPECT_THAT(plugin.instantiate(), FailsWith(ErrorCode::deadline_exceeded, "start"));
}

TEST(Limits, NestedCall_mayNotOutliveTheOuterDeadline) {
    Limits limits;
    limits.call_time = 40ms;
    PluginOptions options;
    options.limits = limits;
    options.host.add("host", "wait", [](const HostCall& call) -> Result<void> {
        auto inner = call.instance().call("spin");
        EXPECT_THAT(inner, FailsWith(ErrorCode::deadline_exceeded));
        return {};
    });
    auto instance = instance_of(testing::runtime_under_test(), kHungry, options);
    EXPECT_THAT(instance.call("wait"), FailsWith(ErrorCode::deadline_exceeded));
}

TEST(Limits, Growth_isAnsweredMinusOneAndNamedIfTheGuestFails) {
    Limits limits;
    limits.memory_bytes = 4 * 65536;
    auto instance = instance_of(testing::runtime_under_test(), kHungry, hungry(limits));
    EXPECT_THAT(instance.call<int>("grow", 3), Holds(1));
    EXPECT_THAT(instance.call<int>("grow", 1), Holds(-1));
    EXPECT_THAT(instance.call("grow_or_die", 100), FailsWith(ErrorCode::memory_limit));
    EXPECT_THAT(instance.call<int>("grow", 1), Holds(1)) << "a new sandbox after the failure";
}

TEST(Limits, NoMemories_refusesAModuleWithOne) {
    PluginOptions options;
    options.limits.memories = 0;
    EXPECT_THAT(load_wat(testing::runtime_under_test(), "(module (memory 1))", options), FailsWith(ErrorCode::memory_limit, "memories"));
    EXPECT_THAT(load_wat(testing::runtime_under_test(), "(module)", options), IsOk());
}

TEST(Limits, TableElements_areLimited) {
    Limits limits;
    limits.table_elements = 10;
    auto instance = instance_of(testing::runtime_under_test(), kHungry, hungry(limits));
    EXPECT_THAT(instance.call<int>("grow_table", 9), Holds(1));
    EXPECT_THAT(instance.call<int>("grow_table", 1), Holds(-1));
}

TEST(Limits, Fuel_endsACallAndIsCountedAnewForEach) {
    Limits limits;
    limits.fuel = 10'000;
    auto instance = instance_of(testing::runtime_under_test(), kHungry, hungry(limits));
    EXPECT_THAT(instance.call("count", 100), IsOk());
    const auto used = instance.usage().fuel;
    EXPECT_GT(used, 100u);
    EXPECT_LT(used, 10'000u);
    EXPECT_THAT(instance.call("count", 100), IsOk());
    EXPECT_EQ(instance.usage().fuel, used);
    EXPECT_THAT(instance.call("spin"), FailsWith(ErrorCode::out_of_fuel));
    EXPECT_THAT(instance.call("count", 100), IsOk());
}

TEST(Limits, Unlimited_runsWithoutChecks) {
    Limits limits;
    limits.call_time = limits.start_time = std::nullopt;
    auto options = hungry(limits);
    options.interruptible = false;
    auto instance = instance_of(testing::runtime_under_test(), kHungry, options);
    EXPECT_THAT(instance.call("count", 1'000'000), IsOk());
    EXPECT_THAT(instance.call("wait"), IsOk());
}

TEST(Limits, LongestTime_doesNotWrap) {
    Limits limits;
    limits.call_time = std::chrono::milliseconds::max();
    auto instance = instance_of(testing::runtime_under_test(), kHungry, hungry(limits));
    EXPECT_THAT(instance.call("count", 1000), IsOk());
    EXPECT_THAT(instance.call("wait"), IsOk());
}

TEST(Limits, ZeroTime_stillEndsALoop) {
    Limits limits;
    limits.call_time = 0ms;
    auto instance = instance_of(testing::runtime_under_test(), kHungry, hungry(limits));
    EXPECT_THAT(instance.call("spin"), FailsWith(ErrorCode::deadline_exceeded));
}

}  // namespace
}  // namespace mortise
