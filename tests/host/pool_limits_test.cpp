// What a pool promises when something goes wrong: places, bounds, counts, and whom a hook's failure hurts.

#include <atomic>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include "host/counter.hpp"
#include "support/little_memory.hpp"
#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise {
namespace {

using namespace std::chrono_literals;
using testing::FailsWith;
using testing::Holds;
using testing::IsOk;
using testing::load_wat;

constexpr std::string_view kStarting = R"((module
  (import "host" "started" (func $started))
  (func $start (call $started))
  (start $start)
))";

Plugin counter(PluginOptions options = {}) { return value(load_wat(testing::runtime_under_test(), kCounter, std::move(options))); }

// `acquire` with its nth allocation failing.
Result<Lease> acquire_short_of_memory(const Pool& pool, long allocations) {
    const auto little = testing::LittleMemory::after(allocations);
    return pool.acquire(0ms);
}

TEST(Pool, OutOfMemory_isAnErrorAndCostsNoPlace) {
    const auto plugin = counter();
    int failed = 0;
    for (long allocations = 0; allocations < 1000; ++allocations) {
        auto pool = value(Pool::make(plugin, {.max_instances = 1, .idle_time = std::chrono::milliseconds::max()}));   // no thread
        {
            const auto lease = acquire_short_of_memory(pool, allocations);
            if (lease) break;
            ASSERT_THAT(lease, FailsWith(ErrorCode::io)) << allocations;
            ++failed;
        }
        ASSERT_EQ(pool.statistics().leased, 0u) << allocations;
        ASSERT_THAT(pool.acquire(0ms), IsOk()) << allocations;
    }
    EXPECT_GT(failed, 0);
}

TEST(Pool, OutOfMemoryWhileAllAreOut_isAnError) {
    auto pool = value(Pool::make(counter(), {.max_instances = 1}));
    const auto lease = value(pool.acquire());
    EXPECT_THAT(acquire_short_of_memory(pool, 0), FailsWith(ErrorCode::io));
    EXPECT_THAT(acquire_short_of_memory(pool, 1000), FailsWith(ErrorCode::busy));
    EXPECT_EQ(pool.statistics().waiting, 0u);
}

TEST(Pool, FailedAndUsedAgainAllTheSame_isDropped) {
    PluginOptions options;
    options.after_failure = AfterFailure::reuse;
    for (const auto on_return : {InstancePolicy::kept, InstancePolicy::reset}) {
        auto pool = value(Pool::make(counter(options), {.max_instances = 1, .on_return = on_return}));
        {
            auto lease = value(pool.acquire());
            EXPECT_THAT(lease->call<int>("next"), Holds(1));
            EXPECT_THAT(lease->call("fall"), FailsWith(ErrorCode::trap));
            EXPECT_THAT(lease->call<int>("next"), Holds(2)) << "as the policy says";
            EXPECT_TRUE(lease->reusable());
        }
        EXPECT_EQ(pool.statistics().dropped, 1u);
        auto lease = value(pool.acquire());
        EXPECT_THAT(lease->call("fall"), FailsWith(ErrorCode::trap));
        ASSERT_THAT(lease->reset(), IsOk());
        lease = value(Pool::make(counter(options), {.max_instances = 1})).acquire().value();
        EXPECT_EQ(pool.statistics().dropped, 1u) << "another sandbox since it failed";
    }
}

TEST(Pool, DroppingAndMaking_neverExceedTheMost) {
    auto observer = std::make_shared<Observer>();
    std::weak_ptr<Observer> counted = observer;   // by every instance that lives
    std::atomic<long> most{0};
    PluginOptions options;
    options.host.add("host", "started", [&] { most = std::max(most.load(), counted.use_count()); });
    const auto plugin = value(load_wat(testing::runtime_under_test(), kStarting, options));
    PoolOptions pooling{.max_instances = 3, .idle_time = 0ms};
    pooling.instance.observer = std::move(observer);
    auto pool = value(Pool::make(plugin, std::move(pooling)));
    auto held = std::optional<Lease>(value(pool.acquire()));
    const auto use_all = [&] {
        auto b = value(pool.acquire()), c = value(pool.acquire(1s));
    };
    use_all();
    const long of_three = most;
    std::latch draining(1);
    std::thread drainer([&] {   // a reason for the slow way, which looks for what is stale
        draining.count_down();
        EXPECT_TRUE(pool.drain(30s));
    });
    draining.wait();
    for (int i = 0; i < 300; ++i) use_all();
    held.reset();
    drainer.join();
    EXPECT_LE(most, of_three);
}

TEST(Pool, ClosedWhileLeased_runsNoStartUpOnReturn) {
    int started = 0;
    PluginOptions options;
    options.host.add("host", "started", [&] { ++started; });
    auto pool = value(Pool::make(value(load_wat(testing::runtime_under_test(), kStarting, options)),
                                 {.max_instances = 1, .on_return = InstancePolicy::reset}));
    { auto lease = value(pool.acquire()); }
    EXPECT_EQ(started, 2);
    {
        auto lease = value(pool.acquire());
        pool.close();
    }
    EXPECT_EQ(started, 2);
    EXPECT_EQ(pool.statistics().dropped, 1u);
}

TEST(Pool, Leases_areThoseHandedOut) {
    auto closed = value(Pool::make(counter(), {.max_instances = 3, .min_instances = 3}));
    closed.close();
    EXPECT_EQ(closed.statistics().leases, 0u);
    PoolOptions options{.max_instances = 1};
    options.before_lease = [](Instance&) -> Result<void> { return fail(ErrorCode::denied, "unwell"); };
    auto refusing = value(Pool::make(counter(), options));
    EXPECT_THAT(refusing.acquire(), FailsWith(ErrorCode::denied));
    EXPECT_EQ(refusing.statistics().leases, 0u);
    EXPECT_EQ(refusing.statistics().leased, 0u);
}

TEST(Pool, HookThatThrows_isToldAsOne) {
    PoolOptions options{.max_instances = 1};
    int times = 0;
    options.before_lease = [&](Instance&) -> Result<void> {
        switch (++times) {
            case 1: throw std::runtime_error("no patience");
            case 2: throw 5;
            case 3: throw Exception(Error(ErrorCode::denied, "my own"));
            default: return {};
        }
    };
    auto pool = value(Pool::make(counter(), options));
    EXPECT_THAT(pool.acquire(), FailsWith(ErrorCode::host_function_failed, "before_lease threw: no patience"));
    EXPECT_THAT(pool.acquire(), FailsWith(ErrorCode::host_function_failed, "before_lease threw something"));
    EXPECT_THAT(pool.acquire(), FailsWith(ErrorCode::denied, "my own"));
    EXPECT_THAT(pool.acquire(), IsOk());
}

TEST(Pool, TimeBeforeTheBeginning_isNoTime) {
    auto pool = value(Pool::make(counter(), {.max_instances = 1, .wait = std::chrono::milliseconds::min()}));
    const auto lease = value(pool.acquire());
    EXPECT_THAT(pool.acquire(), FailsWith(ErrorCode::busy));
    EXPECT_FALSE(pool.drain(std::chrono::milliseconds::min()));
}

}  // namespace
}  // namespace mortise
