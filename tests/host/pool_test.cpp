#include <atomic>
#include <latch>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "host/counter.hpp"
#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise {
namespace {

using namespace std::chrono_literals;
using testing::FailsWith;
using testing::Holds;
using testing::IsOk;
using testing::load_wat;

Plugin counter() { return value(load_wat(testing::runtime_under_test(), kCounter)); }

TEST(Pool, Lease_comesBackAndIsUsedAgain) {
    auto pool = value(Pool::make(counter(), {.max_instances = 1}));
    EXPECT_THAT((*value(pool.acquire())).call<int>("next"), Holds(1));
    EXPECT_THAT((*value(pool.acquire())).call<int>("next"), Holds(2));
    const auto statistics = pool.statistics();
    EXPECT_EQ(statistics.made, 1u);
    EXPECT_EQ(statistics.idle, 1u);
    EXPECT_EQ(statistics.leases, 2u);
}

TEST(Pool, MovedFrom_isACopy) {
    auto pool = value(Pool::make(counter()));
    const Pool moved = std::move(pool);
    EXPECT_THAT(pool.acquire(), IsOk());   // NOLINT(bugprone-use-after-move)
    auto slot = value(Slot::make(counter()));
    const Slot other = std::move(slot);
    EXPECT_THAT(slot.acquire(), IsOk());   // NOLINT(bugprone-use-after-move)
    auto plugin = counter();
    const Plugin same = std::move(plugin);
    EXPECT_THAT(plugin.instantiate(), IsOk());   // NOLINT(bugprone-use-after-move)
    Runtime runtime = testing::runtime_under_test();
    const Runtime another = std::move(runtime);
    EXPECT_THAT(load_wat(runtime, kCounter), IsOk());   // NOLINT(bugprone-use-after-move)
    auto instance = value(plugin.instantiate());
    auto next = value(instance.function<int()>("next"));
    const auto bound = std::move(next);
    EXPECT_THAT(next(), Holds(1));   // NOLINT(bugprone-use-after-move)
}

TEST(Pool, WithoutBound_isRefused) {
    PoolOptions options;
    options.max_instances = SIZE_MAX;
    EXPECT_THAT(Pool::make(counter(), options), FailsWith(ErrorCode::invalid_argument, "65536"));
    EXPECT_THAT(Slot::make(counter(), options), FailsWith(ErrorCode::invalid_argument, "65536"));
    options.max_instances = 0;
    options.min_instances = 100'000;
    EXPECT_THAT(Pool::make(counter(), options), FailsWith(ErrorCode::invalid_argument, "65536"));
}

TEST(Pool, Exhausted_isBusyAfterTheWait) {
    auto pool = value(Pool::make(counter(), {.max_instances = 1, .wait = 5ms}));
    auto lease = value(pool.acquire());
    EXPECT_THAT(pool.acquire(), FailsWith(ErrorCode::busy, "all 1 instances"));
    EXPECT_THAT(pool.acquire(0ms), FailsWith(ErrorCode::busy));
    EXPECT_EQ(pool.statistics().refused, 2u);
}

TEST(Pool, Failed_isDroppedNotReused) {
    auto pool = value(Pool::make(counter(), {.max_instances = 1}));
    {
        auto lease = value(pool.acquire());
        EXPECT_THAT(lease->call<int>("next"), Holds(1));
        EXPECT_THAT(lease->call("fall"), FailsWith(ErrorCode::trap));
    }
    EXPECT_EQ(pool.statistics().dropped, 1u);
    EXPECT_THAT((*value(pool.acquire())).call<int>("next"), Holds(1));
    value(pool.acquire()).discard();
    EXPECT_EQ(pool.statistics().dropped, 2u);
}

TEST(Pool, FreshOnReturn_neverSharesState) {
    auto pool = value(Pool::make(counter(), {.max_instances = 2, .on_return = InstancePolicy::fresh}));
    for (int i = 0; i < 3; ++i) EXPECT_THAT((*value(pool.acquire())).call<int>("next"), Holds(1));
    EXPECT_EQ(pool.statistics().idle, 0u);
}

TEST(Pool, BeforeLease_preparesOrRefuses) {
    int asked = 0;
    PoolOptions options{.max_instances = 1};
    options.before_lease = [&asked](Instance& instance) -> Result<void> {
        if (++asked == 2) return fail(ErrorCode::denied, "unwell");
        return instance.call("next");
    };
    auto pool = value(Pool::make(counter(), options));
    EXPECT_THAT((*value(pool.acquire())).call<int>("next"), Holds(2));
    EXPECT_THAT(pool.acquire(), FailsWith(ErrorCode::denied, "unwell"));
    EXPECT_THAT((*value(pool.acquire())).call<int>("next"), Holds(2)) << "the refused one was dropped";
}

TEST(Pool, Waiters_areServedAsLeasesComeBack) {
    auto pool = value(Pool::make(counter(), {.max_instances = 2, .wait = 10s}));
    std::atomic<int> calls{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 100; ++i) {
                auto lease = pool.acquire();
                ASSERT_THAT(lease, IsOk());
                ASSERT_THAT((*lease)->call<int>("next"), IsOk());
                ++calls;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(calls, 800);
    const auto statistics = pool.statistics();
    EXPECT_LE(statistics.made, 2u);
    EXPECT_EQ(statistics.leased, 0u);
    EXPECT_EQ(statistics.waiting, 0u);
}

TEST(Pool, Close_freesWaitersAndLetsLeasesEnd) {
    auto pool = value(Pool::make(counter(), {.max_instances = 1, .wait = 10s}));
    auto lease = value(pool.acquire());
    std::thread waiter([&] { EXPECT_THAT(pool.acquire(), FailsWith(ErrorCode::closed)); });
    while (pool.statistics().waiting == 0) std::this_thread::yield();
    pool.close();
    waiter.join();
    EXPECT_THAT(lease->call<int>("next"), Holds(1));
    EXPECT_FALSE(pool.drain(1ms));
    { const Lease last = std::move(lease); }
    EXPECT_TRUE(pool.drain(0ms));
    EXPECT_THAT(pool.acquire(), FailsWith(ErrorCode::closed));
}

TEST(Pool, LeaseOutlivingThePool_isSafe) {
    std::optional<Lease> lease;
    {
        auto pool = value(Pool::make(counter(), {.max_instances = 1}));
        lease.emplace(value(pool.acquire()));
    }
    EXPECT_THAT((*lease)->call<int>("next"), Holds(1));
}

TEST(Pool, ResetOnReturn_isReadyAndAsAfterStartUp) {
    auto pool = value(Pool::make(counter(), {.max_instances = 1, .on_return = InstancePolicy::reset}));
    for (int i = 0; i < 3; ++i) EXPECT_THAT((*value(pool.acquire())).call<int>("next"), Holds(1));
    const auto statistics = pool.statistics();
    EXPECT_EQ(statistics.idle, 1u) << "made anew on its return, not on the next lease";
    EXPECT_EQ(statistics.made, 1u);
    EXPECT_EQ(statistics.reset, 3u);
    {
        auto lease = value(pool.acquire());
        EXPECT_THAT(lease->call("fall"), FailsWith(ErrorCode::trap));
    }
    EXPECT_EQ(pool.statistics().idle, 0u) << "one that failed is dropped all the same";
}

TEST(Pool, Waiters_areServedInTheOrderOfTheirComing) {
    auto pool = value(Pool::make(counter(), {.max_instances = 1, .wait = 30s}));
    std::optional<Lease> held(value(pool.acquire()));
    std::mutex mutex;
    std::vector<std::size_t> order;
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 6; ++t) {
        threads.emplace_back([&, t] {
            auto lease = pool.acquire();
            ASSERT_THAT(lease, IsOk());
            const std::lock_guard lock(mutex);
            order.push_back(t);
        });
        while (pool.statistics().waiting != t + 1) std::this_thread::yield();
    }
    held.reset();
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5}));
}

TEST(Pool, NewcomerWhileOthersWait_standsInLine) {
    auto pool = value(Pool::make(counter(), {.max_instances = 1, .wait = 30s}));
    std::optional<Lease> held(value(pool.acquire()));
    std::latch tried(1);
    std::thread waiter([&] {
        auto lease = pool.acquire();
        ASSERT_THAT(lease, IsOk());
        tried.wait();
    });
    while (pool.statistics().waiting != 1) std::this_thread::yield();
    held.reset();
    EXPECT_THAT(pool.acquire(0ms), FailsWith(ErrorCode::busy)) << "the instance went to who waited, not to who came just now";
    tried.count_down();
    waiter.join();
}

TEST(Pool, IdleInstances_goWithoutAnyUse) {
    auto pool = value(Pool::make(counter(), {.max_instances = 4, .min_instances = 1, .idle_time = 20ms}));
    {
        auto a = value(pool.acquire());
        auto b = value(pool.acquire());
        auto c = value(pool.acquire());
    }
    for (int i = 0; i < 1000 && pool.statistics().idle != 1; ++i) std::this_thread::sleep_for(5ms);
    EXPECT_EQ(pool.statistics().idle, 1u);
    EXPECT_EQ(pool.statistics().dropped, 2u);
    {
        auto a = value(pool.acquire());
        auto b = value(pool.acquire());
    }
    for (int i = 0; i < 1000 && pool.statistics().idle != 1; ++i) std::this_thread::sleep_for(5ms);
    EXPECT_EQ(pool.statistics().idle, 1u) << "and again";
}

TEST(Pool, ManyThreadsAtOnce_loseNothingAndWaitForNobodyInVain) {
    auto pool = value(Pool::make(counter(), {.max_instances = 3, .wait = 30s, .idle_time = 0ms}));
    std::atomic<int> calls{0}, going{6};
    std::vector<std::thread> threads;
    const auto work = [&](int t) {
        for (int i = 0; i < 300; ++i) {
            auto lease = pool.acquire();
            ASSERT_THAT(lease, IsOk());
            ASSERT_THAT((*lease)->call<int>("next"), IsOk());
            ++calls;
            if (i % 50 == t) lease->discard();
        }
    };
    for (int t = 0; t < 6; ++t) {
        threads.emplace_back([&, t] {
            work(t);
            --going;
        });
    }
    while (going != 0) {
        pool.shrink();
        EXPECT_LE(pool.statistics().idle, 3u);
        std::this_thread::yield();
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(calls, 1800);
    EXPECT_TRUE(pool.drain(0ms));
    EXPECT_EQ(pool.statistics().leases, 1800u);
}

TEST(Pool, ClosedUnderLoad_everyCallerHearsOfItAndNothingStays) {
    for (int round = 0; round < 20; ++round) {
        auto pool = value(Pool::make(counter(), {.max_instances = 2, .wait = 30s}));
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([pool] {
                for (;;) {
                    auto lease = pool.acquire();
                    if (!lease) {
                        EXPECT_THAT(lease, FailsWith(ErrorCode::closed));
                        return;
                    }
                    EXPECT_THAT((*lease)->call<int>("next"), IsOk());
                }
            });
        }
        while (pool.statistics().leases < 20) std::this_thread::yield();
        pool.close();
        for (auto& thread : threads) thread.join();
        EXPECT_TRUE(pool.drain(0ms));
        EXPECT_EQ(pool.statistics().idle, 0u);
    }
}

TEST(Pool, LastHandleGoneWhileLeasesComeBack_isSafe) {
    for (int round = 0; round < 50; ++round) {
        std::optional<Pool> pool(value(Pool::make(counter(), {.max_instances = 2})));
        std::vector<std::thread> threads;
        std::latch leased(3);
        for (int t = 0; t < 2; ++t) {
            threads.emplace_back([&leased, lease = std::optional<Lease>(value(pool->acquire()))]() mutable {
                leased.arrive_and_wait();
                lease.reset();
            });
        }
        leased.arrive_and_wait();
        pool.reset();
        for (auto& thread : threads) thread.join();
    }
}

TEST(Pool, Instances_dieWithTheLastHandle) {
    auto plugin = counter();
    std::weak_ptr<int> alive;
    {
        auto mark = std::make_shared<int>(1);
        alive = mark;
        PoolOptions options{.max_instances = 2, .min_instances = 1};
        options.before_lease = [mark](Instance&) -> Result<void> { return {}; };
        auto pool = value(Pool::make(plugin, options));
        EXPECT_THAT(pool.acquire(), IsOk());
    }
    EXPECT_TRUE(alive.expired());
}

TEST(Pool, MinimumAndIdleTime_keepWhatIsAskedFor) {
    auto pool = value(Pool::make(counter(), {.max_instances = 4, .min_instances = 1, .idle_time = 0ms}));
    EXPECT_EQ(pool.statistics().idle, 1u);
    {
        auto a = value(pool.acquire());
        auto b = value(pool.acquire());
    }
    std::this_thread::sleep_for(1ms);
    pool.shrink();
    EXPECT_EQ(pool.statistics().idle, 1u);
    EXPECT_THAT(Pool::make(counter(), {.max_instances = 1, .min_instances = 2}), FailsWith(ErrorCode::invalid_argument));
}

constexpr std::string_view kSlow = R"((module
  (import "host" "wait" (func $wait))
  (func (export "version") (result i32) (i32.const 1))
  (func (export "slow") (result i32) (call $wait) (i32.const 1))
))";
constexpr std::string_view kNewer = R"((module (func (export "version") (result i32) (i32.const 2))))";
constexpr std::string_view kBroken = "(module (func $s unreachable) (start $s))";

Result<int> version(const Slot& slot) {
    CallOutcome outcome;
    auto done = slot.perform({.name = "version"}, outcome);
    if (!done) return fail(done.error());
    return *outcome.value.get_if<std::int32_t>();
}

TEST(Slot, Replace_switchesNewCallsAndLetsOldOnesEnd) {
    std::latch inside(1), go(1);
    PluginOptions options;
    options.host.add("host", "wait", [&] {
        inside.count_down();
        go.wait();
    });
    const Runtime runtime = testing::runtime_under_test();
    auto slot = value(Slot::make(value(load_wat(runtime, kSlow, options))));
    EXPECT_THAT(version(slot), Holds(1));

    std::thread old_call([&] {
        CallOutcome outcome;
        EXPECT_THAT(slot.perform({.name = "slow"}, outcome), IsOk());
        EXPECT_EQ(outcome.value, Value(1));
    });
    inside.wait();
    const auto newer = value(load_wat(runtime, kNewer));
    EXPECT_THAT(slot.replace(newer, Replace::if_idle), FailsWith(ErrorCode::busy));
    EXPECT_THAT(slot.replace(newer, Replace::wait, 1ms), FailsWith(ErrorCode::deadline_exceeded));
    EXPECT_THAT(version(slot), Holds(2));
    go.count_down();
    old_call.join();
}

TEST(Slot, PluginThatCannotStart_leavesTheOldOneServing) {
    const Runtime runtime = testing::runtime_under_test();
    auto slot = value(Slot::make(value(load_wat(runtime, kNewer))));
    EXPECT_THAT(slot.replace(value(load_wat(runtime, kBroken))), FailsWith(ErrorCode::trap));
    EXPECT_THAT(version(slot), Holds(2));
    EXPECT_THAT(Slot::make(value(load_wat(runtime, kBroken))), FailsWith(ErrorCode::trap));
}

TEST(Slot, Waiter_getsTheSuccessorWhenItsPluginIsReplaced) {
    const Runtime runtime = testing::runtime_under_test();
    PluginOptions options;
    options.host.add("host", "wait", [] {});
    auto slot = value(Slot::make(value(load_wat(runtime, kSlow, options))));
    auto lease = std::optional<Lease>(value(slot.acquire()));
    std::thread waiter([&] { EXPECT_THAT(version(slot), Holds(2)); });
    std::this_thread::sleep_for(5ms);
    EXPECT_THAT(slot.replace(value(load_wat(runtime, kNewer))), IsOk());
    waiter.join();
    EXPECT_THAT((*lease)->call<int>("version"), Holds(1));
}

TEST(Slot, CallsUnderReplacements_loseNothing) {
    const Runtime runtime = testing::runtime_under_test();
    const auto plugin = value(load_wat(runtime, kCounter));
    auto slot = value(Slot::make(plugin));
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
            while (!stop) {
                CallOutcome outcome;
                ASSERT_THAT(slot.perform({.name = "next"}, outcome), IsOk());
            }
        });
    }
    for (int i = 0; i < 100; ++i) ASSERT_THAT(slot.replace(plugin), IsOk());
    stop = true;
    for (auto& thread : threads) thread.join();
    slot.close();
    EXPECT_THAT(slot.acquire(), FailsWith(ErrorCode::closed));
    EXPECT_THAT(slot.replace(plugin), FailsWith(ErrorCode::closed));
}

}  // namespace
}  // namespace mortise
