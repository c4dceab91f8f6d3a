#include <thread>

#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(W3bstreamEvent, PayloadIsTheResourceOfItsId) {
    const Guest guest{.start = "(call $give (call $get_data (local.get $rid) (i32.const 512) (i32.const 516)))"};
    const Ran ran = run(guest, {.payload = "hello", .event = {.rid = 41}});
    EXPECT_THAT(ran.ended, IsOk());
    EXPECT_EQ(ran.value, 0);
    EXPECT_EQ(ran.report.rid, 41u);
    EXPECT_EQ(ran.report.code, 0);
    EXPECT_EQ(ran.given(), "hello");
    EXPECT_EQ(run(guest, {.payload = ""}).given(), "");
}

TEST(W3bstreamEvent, WithoutPayload_thereIsNoSuchResource) {
    const Guest guest{.start = "(call $get_data (local.get $rid) (i32.const 512) (i32.const 516))"};
    EXPECT_EQ(code(guest, {.event = {.rid = 0, .has_payload = false}}), 2);
    EXPECT_EQ(code(guest, {.event = {.rid = 0}}), 0);
}

TEST(W3bstreamEvent, IdsAreChosenFreeAndBelowTheLimit) {
    const Guest guest{.start = "(local.get $rid)"};
    auto instance = value(value(load(guest)).instantiate());
    std::int32_t last = -1;
    for (int i = 0; i < 50; ++i) {
        const Ran ran = run(instance, {});
        ASSERT_TRUE(ran.value);
        EXPECT_GE(*ran.value, 0);
        EXPECT_LT(*ran.value, 0x7FFFFFFF);
        EXPECT_NE(*ran.value, last);
        last = *ran.value;
        EXPECT_EQ(ran.report.rid, static_cast<std::uint32_t>(last));
    }
    const auto host = std::make_shared<Host>();
    std::vector<std::uint32_t> ids{8, 7, 0x7FFFFFFF, 6};
    host->rid = [&]() -> std::optional<std::uint32_t> {
        const auto id = ids.back();
        ids.pop_back();
        return id;
    };
    EXPECT_EQ(code(guest, {.event = {.resources = {{6, Bytes()}}}, .services = host}), 7);   // 6 is in use, the next too large
    EXPECT_THAT(ids, ElementsAre(8u));
}

TEST(W3bstreamEvent, FurtherResourcesAndStoredOnesAreThere_andGoneWithTheEvent) {
    const Guest guest{.start = R"(
        (drop (call $set_data (i32.const 5) (i32.const 16) (i32.const 3)))
        (if (call $get_data (i32.const 5) (i32.const 512) (i32.const 516)) (then (return (i32.const 50))))
        (call $give (call $get_data (i32.const 9) (i32.const 512) (i32.const 516))))"};
    PluginOptions options;
    options.instance_policy = InstancePolicy::kept;
    auto instance = value(value(testing::load_wat(runtime(), guest.wat(), options)).instantiate());
    const Ran ran = run(instance, {.event = {.rid = 1, .resources = {{9, copy_bytes("nine")}}}});
    EXPECT_EQ(ran.value, 0);
    EXPECT_EQ(ran.given(), "nine");
    EXPECT_EQ(ran.stored.size(), 2u);   // 5 and 99, not what was lent
    EXPECT_EQ(run(instance, {.event = {.rid = 1}}).value, 2);   // 9 was the earlier event's
}

TEST(W3bstreamEvent, StoringUnderTheEventsOwnIdReplacesThePayload) {
    const Guest guest{.start = R"((drop (call $set_data (local.get $rid) (i32.const 16) (i32.const 3)))
                                 (call $give (call $get_data (local.get $rid) (i32.const 512) (i32.const 516))))"};
    const Ran ran = run(guest, {.event = {.rid = 3}});
    EXPECT_EQ(ran.given(), "key");
    EXPECT_EQ(ran.stored.size(), 2u);
}

struct Returned {
    std::int32_t returned;
    bool success;
};

TEST(W3bstreamEvent, SignOfTheResultDecides) {
    for (const Returned row : {Returned{0, true}, {1, true}, {INT32_MAX, true}, {-1, false}, {INT32_MIN, false}}) {
        const Guest guest{.start = "(i32.const " + std::to_string(row.returned) + ")"};
        const auto host = std::make_shared<Host>();
        const Ran ran = run(guest, {.event = {.type = "T"}, .services = host});
        EXPECT_EQ(ran.value, row.returned);
        EXPECT_EQ(ran.report.code, row.returned);
        if (row.success) {
            EXPECT_THAT(ran.ended, IsOk());
        } else {
            EXPECT_THAT(ran.ended, FailsWith(ErrorCode::guest_error, std::to_string(row.returned)));
        }
        EXPECT_THAT(host->results, ElementsAre("T start " + std::to_string(row.returned) + (row.success ? "" : " guest_error")));
    }
}

TEST(W3bstreamEvent, WhatDoesNotReturn_hasNoValueAndCodeMinus1) {
    const Guest guest{.start = "(unreachable)", .more = R"((func (export "loop") (param i32) (result i32) (loop (br 0)) (i32.const 0))
        (func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1))) (export "deep" (func $deep)))"};
    const auto host = std::make_shared<Host>();
    Limits limits;
    limits.call_time = std::chrono::milliseconds(30);
    With with{.services = host, .limits = limits};
    EXPECT_THAT(run(guest, with).ended, FailsWith(ErrorCode::trap));
    EXPECT_EQ(run(guest, with).report.code, -1);
    EXPECT_FALSE(run(guest, with).value);
    with.handler = "loop";
    EXPECT_THAT(run(guest, with).ended, FailsWith(ErrorCode::deadline_exceeded));
    with.handler = "deep";
    EXPECT_THAT(run(guest, with).ended, FailsWith(ErrorCode::stack_overflow));
    EXPECT_EQ(host->results.back(), "DEFAULT deep -1 stack_overflow");
}

TEST(W3bstreamEvent, FuelEndsAnEvent) {
    Limits limits;
    limits.fuel = 1000;
    const Guest guest{.start = "(loop (br 0)) (i32.const 0)"};
    const auto host = std::make_shared<Host>();
    EXPECT_THAT(run(guest, {.services = host, .limits = limits}).ended, FailsWith(ErrorCode::out_of_fuel));
    EXPECT_THAT(host->take_log(), ElementsAre(HasSubstr("host info fuel consumed: ")));
}

TEST(W3bstreamEvent, HandlerThatIsNotThere_isFunctionNotFound) {
    const Ran ran = run(Guest{}, {.handler = "nobody"});
    EXPECT_THAT(ran.ended, FailsWith(ErrorCode::function_not_found, "nobody"));
    EXPECT_EQ(ran.report.code, -1);
    EXPECT_FALSE(ran.value);
    EXPECT_EQ(run(Guest{}, {.handler = "nobody", .options = {.missing_handler_code = 1}}).report.code, 1);
    EXPECT_THAT(run(Guest{}, {.handler = "memory"}).ended, FailsWith(ErrorCode::function_not_found));
}

TEST(W3bstreamEvent, HandlerOfTwoTakesAccumulatorAndId) {
    const Guest guest{.more = R"((func (export "reduce") (param i32 i32) (result i32)
        (i32.add (i32.mul (local.get 0) (i32.const 100)) (local.get 1))))"};
    EXPECT_EQ(code(guest, {.event = {.rid = 7, .accumulator = 3}, .handler = "reduce"}), 307);
    EXPECT_THAT(run(guest, {.handler = "reduce"}).ended, FailsWith(ErrorCode::type_mismatch, "no accumulator"));
    EXPECT_THAT(run(guest, {.event = {.accumulator = 3}}).ended, FailsWith(ErrorCode::type_mismatch, "accumulator is given"));
}

TEST(W3bstreamEvent, CallsWithValues_givePayloadsAndIds) {
    const Guest guest{.start = "(local.get $rid)",
                      .more = R"((func (export "size") (param i32) (result i32)
            (if (call $get_data (local.get 0) (i32.const 512) (i32.const 516)) (then (return (i32.const -7))))
            (i32.load (i32.const 516)))
        (func (export "reduce") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1))))"};
    auto instance = value(value(load(guest)).instantiate());
    EXPECT_THAT(instance.call<std::int32_t>("start", 5), Holds(5));
    EXPECT_THAT(instance.call<std::int64_t>("start", std::uint64_t{5}), Holds(std::int64_t{5}));
    EXPECT_THAT(instance.call<std::int32_t>("size", "four"), Holds(4));
    EXPECT_THAT(instance.call<std::int32_t>("size", copy_bytes("seven..")), Holds(7));
    EXPECT_THAT(instance.call<std::int32_t>("reduce", 9, 4), Holds(5));
    EXPECT_THAT(instance.call("start", 5), IsOk());
    EXPECT_THAT(instance.call<std::int32_t>("size", 4), FailsWith(ErrorCode::guest_error, "-7"));   // no payload
    EXPECT_THAT(instance.call<std::string>("start", 5), FailsWith(ErrorCode::type_mismatch));
    EXPECT_THAT(instance.call<std::int32_t>("start", 5, 6), FailsWith(ErrorCode::type_mismatch));
    EXPECT_THAT(instance.call<std::int32_t>("start", 1.5), FailsWith(ErrorCode::type_mismatch));
    EXPECT_THAT(instance.call<std::int32_t>("start", std::int64_t{1} << 40), FailsWith(ErrorCode::type_mismatch));
    EXPECT_THAT(instance.call<std::int32_t>("reduce", "payload"), FailsWith(ErrorCode::type_mismatch));
    EXPECT_THAT(instance.call<std::int32_t>("nobody", 5), FailsWith(ErrorCode::function_not_found));
    auto bound = instance.function<std::int32_t(std::int32_t)>("start");
    ASSERT_THAT(bound, IsOk());
    EXPECT_THAT((*bound)(11), Holds(11));
    EXPECT_THAT(instance.invoke("start", "payload"), Holds(Bytes()));
}

TEST(W3bstreamEvent, OptionsOfAnotherType_areRefused) {
    auto instance = value(value(load(Guest{})).instantiate());
    const std::any odd = 5;
    CallOutcome outcome;
    EXPECT_THAT(instance.perform({.name = "start", .form = CallRequest::Form::message, .options = &odd}, outcome),
                FailsWith(ErrorCode::invalid_argument, "w3bstream::Event"));
}

struct PolicyRow {
    std::optional<InstancePolicy> policy;
    std::int32_t third;
};

TEST(W3bstreamEvent, PoliciesDecideWhatSurvives) {
    const Guest guest{.start = "(global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)",
                      .more = "(global $n (mut i32) (i32.const 0))"};
    for (const PolicyRow& row : {PolicyRow{std::nullopt, 1}, {InstancePolicy::fresh, 1}, {InstancePolicy::reset, 1}, {InstancePolicy::kept, 3}}) {
        PluginOptions options;
        options.instance_policy = row.policy;
        auto instance = value(value(testing::load_wat(runtime(), guest.wat(), options)).instantiate());
        run(instance);
        run(instance);
        EXPECT_EQ(run(instance).value, row.third);
    }
}

TEST(W3bstreamEvent, StateSurvivesInstances) {
    const Guest guest{.start = R"(
        (if (i32.eqz (call $get_db (i32.const 16) (i32.const 3) (i32.const 512) (i32.const 516))) (then (return (call $give (i32.const 1)))))
        (call $set_db (i32.const 16) (i32.const 3) (i32.const 32) (i32.const 5)))"};
    const auto plugin = value(load(guest));
    auto first = value(plugin.instantiate());
    auto second = value(plugin.instantiate());
    EXPECT_EQ(run(first).value, 0);
    const Ran ran = run(second);
    EXPECT_EQ(ran.value, 1);
    EXPECT_EQ(ran.given(), "value");
    auto another = value(value(load(guest)).instantiate());   // a plugin of its own
    EXPECT_EQ(run(another).value, 0);
}

TEST(W3bstreamEvent, TrapLeavesKeptInstanceFreshForTheNext) {
    const Guest guest{.start = R"((global.set $n (i32.add (global.get $n) (i32.const 1)))
        (if (i32.eqz (call $get_data (i32.const 666) (i32.const 512) (i32.const 516))) (then (unreachable))) (global.get $n))",
                      .more = "(global $n (mut i32) (i32.const 0))"};
    PluginOptions options;
    options.instance_policy = InstancePolicy::kept;
    auto instance = value(value(testing::load_wat(runtime(), guest.wat(), options)).instantiate());
    EXPECT_EQ(run(instance).value, 1);
    EXPECT_EQ(run(instance).value, 2);
    EXPECT_THAT(run(instance, {.event = {.resources = {{666, Bytes()}}}}).ended, FailsWith(ErrorCode::trap));
    EXPECT_EQ(run(instance).value, 1);
}

TEST(W3bstreamEvent, ManyAtOnceAllSucceed) {
    const Guest guest{.start = R"((drop (call $set_db (i32.const 16) (i32.const 3) (i32.const 32) (i32.const 5)))
        (drop (call $get_db (i32.const 16) (i32.const 3) (i32.const 512) (i32.const 516))) (i32.load (i32.const 516)))"};
    const auto plugin = value(load(guest));
    std::vector<std::thread> threads;
    std::atomic<int> good = 0;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            auto instance = value(plugin.instantiate());
            for (int i = 0; i < 100; ++i) good += run(instance).value == 5 ? 1 : 0;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 400);
}

TEST(W3bstreamEvent, EventTypeAndMqttMessageAreTold) {
    const Guest type{.start = "(call $give (call $event_type (local.get $rid) (i32.const 512) (i32.const 516)))"};
    EXPECT_EQ(run(type, {.event = {.type = "TEMPERATURE"}}).given(), "TEMPERATURE");
    EXPECT_EQ(run(type).given(), "DEFAULT");
    EXPECT_EQ(code({.start = "(call $event_type (i32.const 12345) (i32.const 512) (i32.const 516))"}, {.event = {.rid = 1, .resources = {{12345, Bytes()}}}}), 2);

    const Guest topic{.start = "(call $give (call $mqtt_msg (local.get $rid) (i32.const 512) (i32.const 516) (i32.const 520) (i32.const 524)))"};
    EXPECT_EQ(run(topic, {.event = {.topic = "a/b"}}).given(), "a/b");
    const Guest payload{.start = "(call $give (call $mqtt_msg (local.get $rid) (i32.const 520) (i32.const 524) (i32.const 512) (i32.const 516)))"};
    EXPECT_EQ(run(payload, {.payload = "21.5", .event = {.topic = "a/b"}}).given(), "21.5");
    EXPECT_EQ(code(payload), 2);
}

}  // namespace
}  // namespace mortise::w3bstream_tests
