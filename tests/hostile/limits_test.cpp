// Every limit hit once, what was used told afterwards, and nobody but the one who hit it any the wiser.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

#include "attack.hpp"

namespace mortise::hostile {
namespace {

using namespace std::chrono_literals;
using enum ErrorCode;
using testing::FailsWith;
using testing::Holds;
using testing::IsOk;

constexpr std::uint64_t kPage = 65536;

TEST(LimitsProved, MemoryInTheStartSection_isTheSame) {
    expect_endings({
        {"grown_and_failed", "plain", R"((module (memory 1) (func $s (if (i32.eq (memory.grow (i32.const 1000)) (i32.const -1)) (then unreachable))) (start $s)))",
         {}, memory_limit},
        {"grown_and_endured", "plain", R"((module (memory 1) (func $s (drop (memory.grow (i32.const 1000)))) (start $s)))", {}, Ending::success()},
        {"grown_to_the_cap", "plain", R"((module (memory 1) (func $s (if (i32.eq (memory.grow (i32.const 255)) (i32.const -1)) (then unreachable))) (start $s)))",
         {}, Ending::success()},
    });
}

TEST(LimitsProved, Stack_isAsDeepAsSaid) {
    constexpr std::string_view kGuest = R"((module (global $depth (mut i32) (i32.const 0))
        (func $deeper (export "deeper") (global.set $depth (i32.add (global.get $depth) (i32.const 1))) (call $deeper) (global.set $depth (i32.sub (global.get $depth) (i32.const 1))))
        (func (export "depth") (result i32) (global.get $depth))))";
    std::vector<int> depths;
    for (const std::size_t bytes : {std::size_t{64} << 10, std::size_t{128} << 10, std::size_t{256} << 10}) {
        PluginOptions options;
        options.limits.stack_bytes = bytes;
        options.after_failure = AfterFailure::reuse;
        auto plugin = testing::load_wat(runtime(), kGuest, options);
        ASSERT_THAT(plugin, IsOk());
        auto instance = value(plugin->instantiate());
        EXPECT_THAT(instance.call("deeper"), FailsWith(stack_overflow));
        depths.push_back(value(instance.call<int>("depth")));
    }
    EXPECT_LT(depths[0], depths[1]);
    EXPECT_LT(depths[1], depths[2]);
    EXPECT_GT(depths[2], depths[0] * 2);
}

TEST(LimitsProved, OpenFiles_areAsManyAsSaid) {
    constexpr std::string_view kGuest = R"((module
        (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 16) "file")
        (func (export "open") (result i32)
            (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)))))";
    constexpr int kTooMany = 33;
    PluginOptions options;
    options.limits.open_files = 10;
    options.sandbox.memory_directories.push_back({"/", {{"file", copy_bytes("x")}}, Access::read_only, 1 << 20, 100});
    auto instance = testing::instance_of(runtime(), kGuest, options);
    for (int i = 4; i < 10; ++i) EXPECT_THAT(instance.call<int>("open"), Holds(0)) << i;
    EXPECT_THAT(instance.call<int>("open"), Holds(kTooMany));
    EXPECT_THAT(instance.reset(), IsOk());
    EXPECT_THAT(instance.call<int>("open"), Holds(0)) << "a new sandbox has its own";
}

constexpr std::string_view kUser = R"((module
    (import "host" "wait" (func $wait (param i32)))
    (memory (export "memory") 2)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "work") (param i32) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "wait") (param i32) (call $wait (local.get 0)))
    (func (export "nothing"))))";

// A host function that takes its time, and calls back for work of the guest's if it is told to.
PluginOptions user_options() {
    PluginOptions options;
    options.host.add("host", "wait", [](const HostCall& call, std::int32_t work) -> Result<void> {
        const auto until = std::chrono::steady_clock::now() + 20ms;
        while (std::chrono::steady_clock::now() < until) {}
        return work == 0 ? Result<void>{} : call.instance().call("work", work);
    });
    return options;
}

TEST(Usage, MemoryCallsAndFuel_areTold) {
    auto options = user_options();
    options.limits.fuel = 1'000'000;
    auto instance = testing::instance_of(runtime(), kUser, options);
    EXPECT_EQ(instance.usage().memory_bytes, 2 * kPage);
    EXPECT_EQ(instance.usage().calls, 0u);
    EXPECT_THAT(instance.call<int>("grow", 5), Holds(2));
    EXPECT_EQ(instance.usage().memory_bytes, 7 * kPage);
    EXPECT_EQ(instance.usage().memory_peak_bytes, 7 * kPage);
    EXPECT_EQ(instance.usage().calls, 1u);
    EXPECT_THAT(instance.call("work", 100), IsOk());
    const auto little = instance.usage().fuel;
    EXPECT_THAT(instance.call("work", 10'000), IsOk());
    EXPECT_GT(instance.usage().fuel, little + 9'900);
    EXPECT_THAT(instance.call("work", 100'000'000), FailsWith(out_of_fuel));
    EXPECT_GE(instance.usage().fuel, 999'900u);
    EXPECT_EQ(instance.usage().calls, 4u);
    EXPECT_THAT(instance.reset(), IsOk());
    EXPECT_EQ(instance.usage().memory_bytes, 2 * kPage) << "a new sandbox begins anew";
    EXPECT_EQ(instance.usage().memory_peak_bytes, 2 * kPage);
}

TEST(Usage, TimeInGuestAndHost_isToldWhereSomebodyObserves) {
    auto options = user_options();
    options.observer = std::make_shared<testing::Recorder>();
    auto instance = testing::instance_of(runtime(), kUser, options);
    EXPECT_THAT(instance.call("wait", 0), IsOk());
    const auto waited = instance.usage();
    EXPECT_GE(waited.host_time, 20ms);
    EXPECT_THAT(instance.call("work", 20'000'000), IsOk());
    const auto worked = instance.usage();
    EXPECT_GT(worked.guest_time, waited.guest_time + 1ms);
    EXPECT_EQ(worked.host_time, waited.host_time) << "nothing was asked of the host";
    // Work that the host asks for while the guest waits for it is the guest's.
    EXPECT_THAT(instance.call("wait", 20'000'000), IsOk());
    EXPECT_GT(instance.usage().guest_time, worked.guest_time + 1ms);
    EXPECT_GE(instance.usage().host_time, worked.host_time + 20ms);
}

TEST(Usage, TimeOfCallsThatFail_isToldToo) {
    auto options = user_options();
    options.observer = std::make_shared<testing::Recorder>();
    options.limits.call_time = 50ms;
    auto instance = testing::instance_of(runtime(), kUser, options);
    EXPECT_THAT(instance.call("work", 0), FailsWith(deadline_exceeded));   // 2^32 rounds
    const auto failed = instance.usage();
    EXPECT_GE(failed.guest_time, 40ms);
    EXPECT_THAT(instance.call("nothing"), IsOk());
    EXPECT_GE(instance.usage().guest_time, failed.guest_time);
}

TEST(Usage, TimeOfAnInstanceThatNobodyObserves_isNotTaken) {
    auto instance = testing::instance_of(runtime(), kUser, user_options());
    EXPECT_THAT(instance.call("wait", 1000), IsOk());
    EXPECT_EQ(instance.usage().guest_time, 0ns);
    EXPECT_EQ(instance.usage().host_time, 0ns);
}

// 64 instances on 8 threads: some spin until they are interrupted, some until their time is over, the rest counts and is never
// disturbed.
TEST(Neighbours, OfInterruptedAndLateInstances_goOnUntouched) {
    constexpr std::string_view kGuest = R"((module (global $n (mut i32) (i32.const 0))
        (func (export "spin") (loop $l (br $l)))
        (func (export "count") (result i32) (local $i i32)
            (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200))))
            (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))))";
    PluginOptions options;
    const auto calm = value(testing::load_wat(runtime(), kGuest, options));
    options.limits.call_time = 5ms;
    const auto hasty = value(testing::load_wat(runtime(), kGuest, options));
    std::atomic<int> cancelled{0}, late{0}, counted{0};
    std::atomic<bool> stop{false};
    std::mutex mutex;
    std::vector<InterruptHandle> spinning;

    const auto work = [&] {
        std::vector<Instance> counting;
        for (int i = 0; i < 6; ++i) counting.push_back(value(calm.instantiate()));
        auto victim = value(calm.instantiate());
        auto slow = value(hasty.instantiate());
        {
            const std::lock_guard lock(mutex);
            spinning.push_back(victim.interrupt_handle());
        }
        int expected = 0;
        for (int round = 0; round < 10; ++round) {
            ++expected;
            for (auto& instance : counting) {
                EXPECT_THAT(instance.call<int>("count"), Holds(expected)) << "a neighbour was disturbed";
                ++counted;
            }
            const auto interrupted = victim.call("spin");
            EXPECT_THAT(interrupted, FailsWith(ErrorCode::cancelled));
            ++cancelled;
            EXPECT_THAT(slow.call("spin"), FailsWith(deadline_exceeded));
            ++late;
        }
    };
    std::thread interrupter([&] {
        while (!stop) {
            {
                const std::lock_guard lock(mutex);
                for (const auto& handle : spinning) handle.interrupt();
            }
            std::this_thread::sleep_for(1ms);
        }
    });
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) threads.emplace_back(work);
    for (auto& thread : threads) thread.join();
    stop = true;
    interrupter.join();
    EXPECT_EQ(counted, 8 * 6 * 10);
    EXPECT_EQ(cancelled, 80);
    EXPECT_EQ(late, 80);
}

}  // namespace
}  // namespace mortise::hostile
