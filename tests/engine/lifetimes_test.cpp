#include <atomic>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "engine/guest.hpp"

namespace mortise::engine_tests {
namespace {

class Lifetimes : public EngineContract {};
MORTISE_ON_EVERY_ENGINE(Lifetimes);

constexpr auto kCounter = R"((module
    (import "env" "host" (func $host (param i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "image")
    (func (export "bump") (param i32) (result i32)
        i32.const 1024 i32.const 1024 i32.load local.get 0 i32.add i32.store
        i32.const 1024 i32.load call $host)
    (func (export "trap") unreachable)))";

Host same() {
    return Host{{"env.host", [](Store&, Caller, RawValue*) { return Stop::done; }}};
}

std::size_t resident_bytes() {
    std::size_t total = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST_P(Lifetimes, Ten_thousand_stores_leave_nothing_behind) {
    const Host host = same();
    const auto compiled = value(try_compile(engine(), wasm_of(kCounter), host));
    const auto run = [&](int stores) {
        for (int i = 0; i < stores; ++i) {
            Guest guest(compiled);
            ASSERT_EQ(guest.call("bump", {i32(3)}).i32(), 3);
            if (i % 16 == 0) {
                ASSERT_EQ(guest.call("trap").stop, Stop::trap);
            }
        }
    };
    run(500);
    const auto before = resident_bytes();
    run(10'000);
    const auto after = resident_bytes();
#if !defined(MORTISE_SANITIZED)  // a sanitizer keeps what is freed for a while
    EXPECT_LT(after, before + (std::size_t{4} << 20));
#else
    EXPECT_GT(after, 0U);
    EXPECT_GT(before, 0U);
#endif
}

TEST_P(Lifetimes, Many_stores_live_side_by_side) {
    const Host host = same();
    const auto compiled = value(try_compile(engine(), wasm_of(kCounter), host));
#if defined(MORTISE_SANITIZED)
    constexpr int kStores = 100;  // a sanitizer leaves little address space
#else
    constexpr int kStores = 1500;
#endif
    std::vector<std::unique_ptr<Guest>> guests;
    for (int i = 0; i < kStores; ++i) guests.push_back(std::make_unique<Guest>(compiled));
    for (int round = 1; round <= 2; ++round) {
        for (int i = 0; i < kStores; ++i)
            ASSERT_EQ(guests[static_cast<std::size_t>(i)]->call("bump", {i32(i)}).i32(), i * round);
    }
}

TEST_P(Lifetimes, Threads_share_a_module_and_nothing_else) {
    const Host host = same();
    const auto compiled = value(try_compile(engine(), wasm_of(kCounter), host));
    std::atomic<int> right{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 1; t <= 4; ++t) {
            threads.emplace_back([&, t] {
                for (int round = 0; round < 50; ++round) {
                    Guest guest(compiled);
                    for (int i = 0; i < 20; ++i) guest.call("bump", {i32(t)});
                    right += guest.call("bump", {i32(0)}).i32() == 20 * t ? 1 : 0;
                }
            });
        }
    }
    EXPECT_EQ(right, 200);
}

TEST_P(Lifetimes, Store_moves_between_threads) {
    const Host host = same();
    Guest guest(engine(), kCounter, host);
    for (int i = 1; i <= 8; ++i) {
        std::int32_t result = 0;
        std::jthread([&] { result = guest.call("bump", {i32(1)}).i32(); }).join();
        ASSERT_EQ(result, i);
    }
}

TEST_P(Lifetimes, Threads_compile_at_the_same_time) {
    const Host host = same();
    const auto own = value(GetParam().make());
    std::atomic<int> right{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                CompileOptions options;
                options.interrupt = t % 2 == 0;
                Guest guest(value(try_compile(*own, wasm_of(kCounter), host, options)));
                own->tick();
                right += guest.call("bump", {i32(4)}).i32() == 4 ? 1 : 0;
            });
        }
    }
    EXPECT_EQ(right, 4);
}

TEST_P(Lifetimes, Module_outlives_its_engine_and_store_its_module) {
    const Host host = same();
    std::unique_ptr<Store> store;
    InstanceId id;
    {
        std::shared_ptr<engine::Module> module;
        {
            const auto own = value(GetParam().make());
            module = value(try_compile(*own, wasm_of(kCounter), host)).module;
        }
        store = value(module->new_store({}));
        id = value(store->instantiate(*module));
    }
    EXPECT_EQ(call(*store, id, "bump", {i32(9)}).i32(), 9);
    store->interrupt = 1;
    store->wake();
}

}  // namespace
}  // namespace mortise::engine_tests
