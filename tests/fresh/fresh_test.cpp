// A sandbox for every call.

#include <cstdio>
#include <fstream>
#include <string>

#include <unistd.h>

#include <gtest/gtest.h>

#include <mortise/mortise.hpp>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise {
namespace {

using namespace mortise::testing;

constexpr std::string_view kKeepsState = R"((module (memory (export "memory") 2) (global $n (mut i32) (i32.const 0))
  (func (export "count") (result i32)
    (global.set $n (i32.add (global.get $n) (i32.const 1)))
    (i32.store (i32.const 40000) (i32.add (i32.load (i32.const 40000)) (i32.const 1)))
    (i32.add (global.get $n) (i32.load (i32.const 40000))))
  (func (export "fail") (i32.store (i32.const 40000) (i32.const 7)) unreachable)
  (func (export "grow") (result i32) (memory.grow (i32.const 10)))))";

TEST(Fresh_call, finds_nothing_of_the_one_before) {
    const auto plugin = value(load_wat(Runtime(), kKeepsState));
    for (int i = 0; i < 20; ++i) {
        EXPECT_THAT(plugin.call_fresh<std::int32_t>("count"), Holds(2));
        EXPECT_THAT(plugin.call_fresh("fail"), FailsWith(ErrorCode::trap));
        EXPECT_THAT(plugin.call_fresh<std::int32_t>("grow"), Holds(2));
    }
    CallOutcome outcome = value(plugin.call_fresh(CallRequest{.name = "count"}));
    EXPECT_EQ(outcome.value, Value(std::int32_t{2}));
    EXPECT_THAT(plugin.call_fresh<std::int32_t>("nothing"), FailsWith(ErrorCode::function_not_found));
}

#if !defined(MORTISE_SANITIZED)

std::size_t resident_bytes() {
    std::ifstream in("/proc/self/statm");
    std::size_t total = 0, resident = 0;
    in >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(Fresh_calls, a_hundred_thousand_leave_memory_flat) {
    const auto plugin = value(load_wat(Runtime(), kKeepsState));
    const auto call = [&](int times) {
        for (int i = 0; i < times; ++i) ASSERT_THAT(plugin.call_fresh<std::int32_t>("count"), Holds(2));
    };
    call(2'000);   // caches and pools are filled
    const auto before = resident_bytes();
    call(100'000);
    const auto after = resident_bytes();
    constexpr std::size_t kMargin = std::size_t{4} << 20;
    EXPECT_LE(after, before + kMargin) << "grew by " << (after > before ? after - before : 0) << " bytes";
}

#endif

}  // namespace
}  // namespace mortise
