#include <atomic>
#include <chrono>
#include <thread>

#include "engine/guest.hpp"

namespace mortise::engine_tests {
namespace {

constexpr auto kBusy = R"((module
    (import "env" "running" (func $running))
    (func (export "spin") call $running (loop br 0))
    (func (export "spin_without_calls") (loop br 0))
    (func $forever (param i32) (result i32)
        (loop (result i32) local.get 0 i32.const 1 i32.add local.tee 0 br_if 0 br 0))
    (func (export "spin_in_callee") (result i32) i32.const 0 call $forever)
    (func (export "count") (param i32) (result i32) (local i32)
        (loop
            local.get 1 i32.const 1 i32.add local.set 1
            local.get 1 local.get 0 i32.lt_u br_if 0)
        local.get 1)))";

/// The Runtime's ticker in small.
class Ticker {
public:
    explicit Ticker(engine::Engine& engine, std::chrono::microseconds period = std::chrono::microseconds(500))
        : thread_([this, &engine, period](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  std::this_thread::sleep_for(period);
                  clock.fetch_add(1, std::memory_order_relaxed);
                  engine.tick();
              }
          }) {}
    std::atomic<std::uint64_t> clock{1};

private:
    std::jthread thread_;
};

Host idle() {
    return Host{{"env.running", [](Store&, Caller, RawValue*) { return Stop::done; }}};
}

class Deadlines : public EngineContract {};
MORTISE_ON_EVERY_ENGINE(Deadlines);

TEST_P(Deadlines, Endless_loops_of_every_shape_are_stopped) {
    MORTISE_NEEDS(interrupt);
    const Host host = idle();
    Ticker ticker(engine());
    Guest guest(engine(), kBusy, host);
    guest.store->clock = &ticker.clock;
    for (const auto* name : {"spin", "spin_without_calls", "spin_in_callee"}) {
        SCOPED_TRACE(name);
        guest.store->deadline = ticker.clock + 3;
        const auto outcome = guest.call(name);
        EXPECT_EQ(outcome.stop, Stop::deadline);
        EXPECT_GT(ticker.clock.load(), guest.store->deadline);
        EXPECT_EQ(outcome.info.backtrace.empty(), !can().backtrace);
    }
    guest.store->deadline = UINT64_MAX;
    EXPECT_EQ(guest.call("count", {i32(1000)}).i32(), 1000) << "the instance itself is not harmed";
}

TEST_P(Deadlines, One_that_is_over_already_stops_the_call_soon) {
    MORTISE_NEEDS(interrupt);
    const Host host = idle();
    Ticker ticker(engine());
    Guest guest(engine(), kBusy, host);
    guest.store->clock = &ticker.clock;
    guest.store->deadline = 0;
    EXPECT_EQ(guest.call("spin_without_calls").stop, Stop::deadline);
}

TEST_P(Deadlines, None_means_none) {
    MORTISE_NEEDS(interrupt);
    const Host host = idle();
    Ticker ticker(engine(), std::chrono::microseconds(100));
    Guest without_clock(engine(), kBusy, host);
    EXPECT_EQ(without_clock.call("count", {i32(3'000'000)}).i32(), 3'000'000);
    Guest with_clock(engine(), kBusy, host);
    with_clock.store->clock = &ticker.clock;
    EXPECT_EQ(with_clock.call("count", {i32(3'000'000)}).i32(), 3'000'000);
}

TEST_P(Deadlines, Compiled_without_checks_host_functions_are_still_checked) {
    CompileOptions options;
    options.interrupt = false;
    std::atomic<std::uint64_t> clock{5};
    const Host host = idle();
    Guest guest(engine(), kBusy, host, {}, options);
    guest.store->clock = &clock;
    guest.store->deadline = 4;
    EXPECT_EQ(guest.call("spin").stop, Stop::deadline);
    EXPECT_EQ(guest.call("count", {i32(10)}).i32(), 10);
}

TEST_P(Deadlines, Nested_call_may_have_less_time) {
    MORTISE_NEEDS(interrupt);
    MORTISE_NEEDS(nested_calls);
    Ticker ticker(engine());
    Stop within = Stop::done;
    const Host host{{"env.running", [&](Store& store, Caller, RawValue*) {
                         const auto before = store.deadline;
                         store.deadline = ticker.clock + 2;
                         within = call(store, InstanceId{0}, "spin_without_calls").stop;
                         store.deadline = before;
                         return Stop::done;
                     }}};
    constexpr auto kWat = R"((module
        (import "env" "running" (func $running))
        (func (export "spin_without_calls") (loop br 0))
        (func (export "run") (result i32) call $running i32.const 6)))";
    Guest guest(engine(), kWat, host);
    guest.store->clock = &ticker.clock;
    const auto outcome = guest.call("run");
    EXPECT_EQ(within, Stop::deadline);
    EXPECT_EQ(outcome.stop, Stop::done);
    EXPECT_EQ(outcome.i32(), 6);
}

TEST_P(Deadlines, One_instances_deadline_never_touches_its_neighbours) {
    MORTISE_NEEDS(interrupt);
    const Host host = idle();
    Ticker ticker(engine());
    const auto compiled = value(try_compile(engine(), wasm_of(kBusy), host));
    std::atomic<int> wrong{0}, stopped{0}, counted{0};
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&, thread] {
                for (int round = 0; round < 8; ++round) {
                    Guest guest(compiled);
                    guest.store->clock = &ticker.clock;
                    if (thread % 2 == 0) {
                        guest.store->deadline = ticker.clock + 1;
                        guest.call("spin_without_calls").stop == Stop::deadline ? ++stopped : ++wrong;
                    } else {
                        const auto outcome = guest.call("count", {i32(400'000)});
                        outcome.stop == Stop::done&& outcome.i32() == 400'000 ? ++counted : ++wrong;
                    }
                }
            });
        }
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(stopped, 16);
    EXPECT_EQ(counted, 16);
}

class Interrupts : public EngineContract {};
MORTISE_ON_EVERY_ENGINE(Interrupts);

TEST_P(Interrupts, Another_thread_stops_a_running_call_and_only_that) {
    MORTISE_NEEDS(interrupt);
    std::atomic<int> running{0};
    const Host host{{"env.running", [&](Store&, Caller, RawValue*) {
                         ++running;
                         running.notify_all();
                         return Stop::done;
                     }}};
    const auto compiled = value(try_compile(engine(), wasm_of(kBusy), host));
    Guest victim(compiled), neighbour(compiled);
    std::atomic<Stop> victim_stop{Stop::done}, neighbour_stop{Stop::done};
    std::jthread first([&] { victim_stop = victim.call("spin").stop; });
    std::jthread second([&] { neighbour_stop = neighbour.call("spin").stop; });
    for (int seen = running; seen < 2; seen = running) running.wait(seen);

    victim.store->interrupt = 1;
    victim.store->wake();  // no ticker runs: this alone must do
    first.join();
    EXPECT_EQ(victim_stop.load(), Stop::cancelled);
    EXPECT_EQ(neighbour_stop.load(), Stop::done) << "it must be running yet";

    neighbour.store->interrupt = 1;
    neighbour.store->wake();
    second.join();
    EXPECT_EQ(neighbour_stop.load(), Stop::cancelled);

    victim.store->interrupt = 0;
    EXPECT_EQ(victim.call("count", {i32(5)}).i32(), 5);
}

TEST_P(Interrupts, Interrupt_before_the_call_stops_it_at_the_next_tick) {
    MORTISE_NEEDS(interrupt);
    const Host host = idle();
    Guest guest(engine(), kBusy, host);
    guest.store->interrupt = 1;
    Ticker ticker(engine());
    EXPECT_EQ(guest.call("spin_without_calls").stop, Stop::cancelled);
}

class Fuel : public EngineContract {
protected:
    static CompileOptions with_fuel() {
        CompileOptions options;
        options.fuel = true;
        return options;
    }
};
MORTISE_ON_EVERY_ENGINE(Fuel);

TEST_P(Fuel, Runs_out_in_a_loop_and_can_be_given_again) {
    MORTISE_NEEDS(fuel);
    const Host host = idle();
    Guest guest(engine(), kBusy, host, {}, with_fuel());
    ASSERT_THAT(guest.store->set_fuel(100'000), IsOk());
    EXPECT_EQ(guest.call("count", {i32(100)}).stop, Stop::done);
    const auto left = guest.store->fuel_left();
    EXPECT_LT(left, 100'000U);
    EXPECT_GT(left, 90'000U);
    EXPECT_EQ(guest.call("spin_without_calls").stop, Stop::fuel);
    EXPECT_LT(guest.store->fuel_left(), 100U);
    EXPECT_EQ(guest.call("count", {i32(100)}).stop, Stop::fuel);
    ASSERT_THAT(guest.store->set_fuel(100'000), IsOk());
    EXPECT_EQ(guest.call("count", {i32(100)}).i32(), 100);
}

TEST_P(Fuel, Same_work_costs_the_same) {
    MORTISE_NEEDS(fuel);
    const Host host = idle();
    const auto cost = [&] {
        Guest guest(engine(), kBusy, host, {}, with_fuel());
        EXPECT_THAT(guest.store->set_fuel(1'000'000), IsOk());
        EXPECT_EQ(guest.call("count", {i32(5000)}).i32(), 5000);
        return 1'000'000 - guest.store->fuel_left();
    };
    const auto first = cost();
    EXPECT_GT(first, 5000U);
    EXPECT_EQ(cost(), first);
}

TEST_P(Fuel, Is_refused_where_it_is_not_counted) {
    const Host host = idle();
    Guest guest(engine(), kBusy, host);
    EXPECT_THAT(guest.store->set_fuel(5), FailsWith(ErrorCode::unsupported));
    EXPECT_EQ(guest.store->fuel_left(), 0U);
    if (can().fuel) return;
    EXPECT_THAT(try_compile(engine(), wasm_of(kBusy), host, with_fuel()), FailsWith(ErrorCode::unsupported));
}

}  // namespace
}  // namespace mortise::engine_tests
