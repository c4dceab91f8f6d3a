// Code that is optimised in the background.

#include <atomic>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mortise/mortise.hpp>

#include "support/matchers.hpp"
#include "support/plugins.hpp"
#include "support/scratch.hpp"

namespace mortise {
namespace {

using namespace mortise::testing;
using ::testing::IsEmpty;

PluginOptions compiled(Compilation how) {
    PluginOptions options;
    options.compilation = how;
    return options;
}

/// A module that takes a compiler a while.
std::string large_module(int functions) {
    std::string wat = "(module (memory (export \"memory\") 1)";
    for (int i = 0; i < functions; ++i) {
        wat += "(func $f" + std::to_string(i) + " (param i32) (result i32)";
        for (int k = 0; k < 30; ++k) {
            wat += "(if (i32.eq (local.get 0) (i32.const " + std::to_string(k * 7 + i) + ")) (then (local.set 0 (i32.mul (local.get 0) (i32.load offset=" +
                   std::to_string(k * 4) + " (i32.const 8))))))";
        }
        wat += "(i32.add (local.get 0) (i32.const 1)))";
    }
    return wat + "(func (export \"f\") (result i32) (call $f0 (i32.const 100000))))";
}

class Background : public ::testing::Test {
protected:
    void SetUp() override {
        if (!value(runtime_.engine()).capabilities.two_compilers) GTEST_SKIP() << "the default engine has one compiler";
    }
    Runtime runtime_;
};

TEST_F(Background, calls_work_at_once_and_after_the_switch) {
    const auto plugin = value(load_wat(runtime_, large_module(50), compiled(Compilation::background)));
    auto early = value(plugin.instantiate());
    EXPECT_THAT(early.call<std::int32_t>("f"), Holds(100001));
    EXPECT_TRUE(plugin.wait_until_optimised());
    EXPECT_TRUE(plugin.optimised());
    EXPECT_THAT(early.call<std::int32_t>("f"), Holds(100001)) << "an instance keeps the code that it was made with";
    EXPECT_THAT(plugin.call_fresh<std::int32_t>("f"), Holds(100001));
    ASSERT_THAT(early.reset(), IsOk());
    EXPECT_THAT(early.call<std::int32_t>("f"), Holds(100001));
}

TEST_F(Background, a_plugin_dropped_while_it_compiles_waits_for_its_thread) {
    for (int i = 0; i < 3; ++i) {
        const auto plugin = load_wat(Runtime(), large_module(200 + i), compiled(Compilation::background));
        ASSERT_THAT(plugin, IsOk());
    }
    std::vector<Plugin> several;   // all but one wait for their turn
    for (int i = 0; i < 4; ++i) several.push_back(value(load_wat(runtime_, large_module(100 + i), compiled(Compilation::background))));
}

TEST_F(Background, many_threads_make_instances_during_the_switch) {
    const auto plugin = value(load_wat(runtime_, large_module(80), compiled(Compilation::background)));
    std::atomic<bool> stop = false;
    std::atomic<int> wrong = 0, calls = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
            while (!stop) {
                const auto result = plugin.call_fresh<std::int32_t>("f");
                if (!result || *result != 100001) ++wrong;
                ++calls;
            }
        });
    }
    EXPECT_TRUE(plugin.wait_until_optimised());
    const int before = calls;
    while (calls < before + 20) std::this_thread::yield();
    stop = true;
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

TEST_F(Background, with_a_snapshot_both_are_optimised) {
    auto options = compiled(Compilation::background);
    options.snapshot.use = SnapshotUse::required;
    const std::string wat = R"((module (global $n (mut i32) (i32.const 0)) (func $s (global.set $n (i32.const 5))) (start $s)
        (func (export "n") (result i32) (global.get $n))))";
    const auto plugin = value(load_wat(runtime_, wat, options));
    EXPECT_THAT(plugin.call_fresh<std::int32_t>("n"), Holds(5));
    EXPECT_TRUE(plugin.wait_until_optimised());
    EXPECT_THAT(plugin.call_fresh<std::int32_t>("n"), Holds(5));
    InstanceOptions own;
    own.sandbox = Sandbox{};
    EXPECT_THAT(value(plugin.instantiate(own)).call<std::int32_t>("n"), Holds(5));
}

TEST_F(Background, what_the_baseline_compiler_lacks_is_optimised_at_once) {
    const std::string wat = "(module (func $g (result i32) (i32.const 3)) (func (export \"f\") (result i32) (return_call $g)))";
    const auto plugin = value(load_wat(runtime_, wat, compiled(Compilation::background)));
    EXPECT_TRUE(plugin.optimised());
    EXPECT_THAT(plugin.call_fresh<std::int32_t>("f"), Holds(3));
    const auto baseline = load_wat(runtime_, wat, compiled(Compilation::baseline));
    EXPECT_THAT(baseline, FailsWith(ErrorCode::unsupported, "Winch"));
    EXPECT_EQ(baseline.error().message().find("Cranelift"), std::string::npos) << "it is not the one that lacks it";
}

TEST_F(Background, baseline_stays_baseline) {
    const auto plugin = value(load_wat(runtime_, large_module(5), compiled(Compilation::baseline)));
    EXPECT_FALSE(plugin.optimised());
    EXPECT_FALSE(plugin.wait_until_optimised());
    EXPECT_THAT(plugin.call_fresh<std::int32_t>("f"), Holds(100001));
}

TEST_F(Background, optimised_code_in_the_cache_is_used_at_once) {
    const Scratch scratch;
    const auto observer = std::make_shared<Recorder>();
    RuntimeOptions options;
    options.code_cache = CodeCacheOptions{.folder = scratch.path() / "cache"};
    options.observer = observer;
    {
        const auto first = value(load_wat(Runtime(options), large_module(20), compiled(Compilation::background)));
        EXPECT_TRUE(first.wait_until_optimised());
    }
    const auto second = value(load_wat(Runtime(options), large_module(20), compiled(Compilation::background)));
    EXPECT_TRUE(second.optimised());
    EXPECT_THAT(second.call_fresh<std::int32_t>("f"), Holds(100001));
    EXPECT_THAT(observer->warnings(), IsEmpty());
}

}  // namespace
}  // namespace mortise
