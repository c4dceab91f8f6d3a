#include <atomic>
#include <chrono>
#include <latch>
#include <thread>
#include <vector>

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

constexpr std::string_view kWork = R"((module
  (import "host" "ready" (func $ready))
  (func (export "spin") (call $ready) (loop $l (br $l)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
))";

TEST(Threads, Interrupt_endsTheRunningCallAlone) {
    std::latch running(1);
    PluginOptions options;
    options.host.add("host", "ready", [&running] { running.count_down(); });
    auto instance = instance_of(testing::runtime_under_test(), kWork, options);
    const auto handle = instance.interrupt_handle();
    std::thread other([&] {
        running.wait();
        handle.interrupt();
    });
    EXPECT_THAT(instance.call("spin"), FailsWith(ErrorCode::cancelled));
    other.join();
    EXPECT_THAT(instance.call<int>("add", 1, 2), Holds(3));
    instance.interrupt();
    EXPECT_THAT(instance.call<int>("add", 1, 2), Holds(3)) << "an interrupt of an idle instance does nothing";
}

TEST(Threads, InterruptHandle_outlivesTheInstance) {
    std::optional<InterruptHandle> handle;
    {
        PluginOptions options;
        options.host.add("host", "ready", [] {});
        auto instance = instance_of(testing::runtime_under_test(), kWork, options);
        handle = instance.interrupt_handle();
    }
    handle->interrupt();
    SUCCEED() << "no crash is what is asked for";
}

TEST(Threads, SecondThreadInOneInstance_isBusy) {
    std::latch inside(1), done(1);
    PluginOptions options;
    options.host.add("host", "ready", [&] {
        inside.count_down();
        done.wait();
    });
    options.limits.call_time = 50ms;
    auto instance = instance_of(testing::runtime_under_test(), kWork, options);
    std::thread first([&] { EXPECT_THAT(instance.call("spin"), FailsWith(ErrorCode::deadline_exceeded)); });
    inside.wait();
    EXPECT_THAT(instance.call<int>("add", 1, 2), FailsWith(ErrorCode::busy));
    EXPECT_THAT(instance.close(), FailsWith(ErrorCode::busy));
    EXPECT_THAT(instance.reset(), FailsWith(ErrorCode::busy));
    done.count_down();
    first.join();
    EXPECT_THAT(instance.call<int>("add", 1, 2), Holds(3));
}

TEST(Threads, DeadlineOfOne_leavesSixtyFourNeighboursUntouched) {
    PluginOptions options;
    options.host.add("host", "ready", [] {});
    const Runtime runtime = testing::runtime_under_test();
    auto calm = value(load_wat(runtime, kWork, options));
    options.limits.call_time = 20ms;
    auto hasty = value(load_wat(runtime, kWork, options));

    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> calls{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
            std::vector<Instance> mine;
            for (int i = 0; i < 8; ++i) mine.push_back(value(calm.instantiate()));
            while (!stop) {
                for (auto& instance : mine) {
                    ASSERT_THAT(instance.call<int>("add", 20, 22), Holds(42));
                    ++calls;
                }
            }
        });
    }
    auto victim = value(hasty.instantiate());
    for (int i = 0; i < 5; ++i) EXPECT_THAT(victim.call("spin"), FailsWith(ErrorCode::deadline_exceeded));
    stop = true;
    for (auto& thread : threads) thread.join();
    EXPECT_GT(calls, 64u);
}

TEST(Threads, OnePluginManyThreads_eachWithItsOwnInstance) {
    PluginOptions options;
    std::atomic<int> seen{0};
    options.host.add("host", "ready", [&seen] { ++seen; });
    auto plugin = value(load_wat(testing::runtime_under_test(), kWork, options));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&plugin, t] {
            for (int i = 0; i < 50; ++i) {
                auto instance = value(plugin.instantiate());
                ASSERT_THAT(instance.call<int>("add", t, i), Holds(t + i));
            }
        });
    }
    for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace mortise
