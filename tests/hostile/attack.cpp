#include "attack.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>

namespace mortise::hostile {

using testing::Holds;
using testing::load_wat;

const Runtime& runtime() {
    static const Runtime the = [] {
        RuntimeOptions options;
        options.tick = std::chrono::milliseconds(2);
        if (const char* engine = std::getenv("MORTISE_TEST_ENGINE")) options.engine = engine;
        return Runtime(options);
    }();
    return the;
}

::testing::AssertionResult Ending::allows(const Result<void>& outcome) const {
    if (outcome) {
        if (codes_.empty() || success_too_) return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "no error, wanted " << to_string(*codes_.begin());
    }
    if (codes_.contains(outcome.error().code())) return ::testing::AssertionSuccess();
    auto failure = ::testing::AssertionFailure();
    failure << to_string(outcome.error().code()) << ": " << outcome.error().describe() << "; wanted";
    for (const ErrorCode code : codes_) failure << ' ' << to_string(code);
    if (codes_.empty()) failure << " no error";
    return failure;
}

void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.name; }

Limits tight_limits() {
    Limits limits;
    limits.memory_bytes = std::uint64_t{16} << 20;
    limits.call_time = limits.start_time = std::chrono::milliseconds(300);
    return limits;
}

Result<void> run(const Attack& attack) {
    PluginOptions options;
    options.abi = attack.abi;
    options.limits = tight_limits();
    if (attack.ending.allows(fail(ErrorCode::deadline_exceeded, ""))) {   // no need to wait for it
        options.limits.call_time = options.limits.start_time = std::chrono::milliseconds(40);
    }
    if (attack.options) attack.options(options);
    auto plugin = load_wat(runtime(), attack.guest, std::move(options));
    if (!plugin) return fail(std::move(plugin).error());
    auto instance = plugin->instantiate();
    if (!instance) return fail(std::move(instance).error());
    return attack.call ? attack.call(*instance) : Result<void>{};
}

namespace {

// Knows a number, a memory and a host function, so that it would notice if any of them were disturbed.
class Neighbour {
public:
    Neighbour() : plugin_(value(load_wat(runtime(), kGuest, options()))), old_(value(plugin_.instantiate())) {}

    void expect_works() {
        ++calls_;
        EXPECT_THAT(old_.call<int>("count"), Holds(calls_)) << "the neighbour lost its state";
        auto fresh = plugin_.instantiate();
        ASSERT_THAT(fresh, testing::IsOk());
        EXPECT_THAT(fresh->call<int>("count"), Holds(1));
        EXPECT_THAT(fresh->call<int>("asks_host", 20), Holds(42));
    }

private:
    static constexpr std::string_view kGuest = R"((module
        (import "host" "add" (func $add (param i32 i32) (result i32)))
        (memory 1)
        (func (export "count") (result i32)
            (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (i32.load (i32.const 0)))
        (func (export "asks_host") (param i32) (result i32) (call $add (local.get 0) (i32.const 22)))))";
    static PluginOptions options() {
        PluginOptions options;
        options.host.add("host", "add", [](int a, int b) { return a + b; });
        return options;
    }

    Plugin plugin_;
    Instance old_;
    int calls_ = 0;
};

}  // namespace

void expect_neighbour_works() {
    static Neighbour neighbour;
    neighbour.expect_works();
}

void expect_ending(const Attack& attack) {
    SCOPED_TRACE(attack.name);
    EXPECT_TRUE(attack.ending.allows(run(attack)));
    expect_neighbour_works();
}

void expect_endings(const std::vector<Attack>& table) {
    ASSERT_FALSE(table.empty());
    std::set<std::string> names;
    for (const Attack& attack : table) {
        EXPECT_TRUE(names.insert(attack.name).second) << attack.name << " is there twice";
        expect_ending(attack);
    }
    expect_no_growth([&table] {
        for (const Attack& attack : table) EXPECT_TRUE(attack.ending.allows(run(attack))) << attack.name;
    });
}

std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t pages = 0;
    std::uint64_t resident = 0;
    file >> pages >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void expect_no_growth(const std::function<void()>& round, const Rounds& rounds) {
    for (int i = 0; i < rounds.warm_up; ++i) round();
    ::malloc_trim(0);
    const std::uint64_t before = resident_bytes();
    for (int i = 0; i < rounds.counted; ++i) round();
    ::malloc_trim(0);
    const std::uint64_t after = resident_bytes();
#if defined(MORTISE_SANITIZED)
    (void)before;   // sanitizers keep what was freed for a while, on purpose
    (void)after;
#else
    EXPECT_LE(after, before + rounds.margin) << rounds.counted << " rounds left " << (after - std::min(before, after)) << " bytes more";
#endif
}

}  // namespace mortise::hostile
