#include <cstring>

#include "guest.hpp"

namespace mortise::wapc_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A guest with `env.abort`, `env.trace` and `env.seed`, and strings at 1028 (message, 4 units) and 1100 (file, 4 units).
Guest speaking(std::string guest_call) {
    return {.guest_call = std::move(guest_call),
            .more = R"((data (i32.const 1024) "\08\00\00\00b\00\e9\00d\00!\00") (data (i32.const 1096) "\08\00\00\00a\00.\00t\00s\00"))",
            .imports = R"((import "env" "abort" (func $abort (param i32 i32 i32 i32)))
                (import "env" "trace" (func $trace (param i32 i32 f64 f64 f64 f64 f64))) (import "env" "seed" (func $seed (result f64))))"};
}

std::string abort_with(std::string_view message, std::string_view file) {
    return "(call $abort (i32.const " + std::string(message) + ") (i32.const " + std::string(file) +
           ") (i32.const 7) (i32.const 21)) (call $answer (i32.const 64) (i32.const 9))";
}

struct AbortRow {
    const char* name;
    const char* message;
    const char* file;
    const char* text;
};

class WapcAbort : public ::testing::TestWithParam<AbortRow> {};

TEST_P(WapcAbort, IsATrapWithWhatCouldBeRead) {
    auto instance = start(speaking(abort_with(GetParam().message, GetParam().file)));
    const auto error = error_of(invoke(instance, "op"));
    EXPECT_EQ(error.code(), ErrorCode::trap);
    EXPECT_EQ(error.trap(), TrapKind::unreachable);
    EXPECT_EQ(error.guest_message(), GetParam().text);
    EXPECT_THAT(error.message(), HasSubstr(GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(Rows, WapcAbort, ::testing::Values(
    AbortRow{"all_there", "1028", "1100", "b\xC3\xA9" "d! at a.ts:7:21"},
    AbortRow{"no_message", "0", "1100", "abort at a.ts:7:21"},
    AbortRow{"no_file", "1028", "0", "b\xC3\xA9" "d! at ?:7:21"},
    AbortRow{"nothing", "0", "0", "abort at ?:7:21"},
    AbortRow{"message_outside_memory", "0x7ffffff0", "1100", "abort at a.ts:7:21"},
    AbortRow{"message_before_memory", "2", "1100", "abort at a.ts:7:21"},
    AbortRow{"length_outside_memory", "36", "1100", "abort at a.ts:7:21"},   // its length would be the text "it b"
    AbortRow{"file_negative", "1028", "-4", "b\xC3\xA9" "d! at ?:7:21"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(WapcAbort, ErrorTextThatWasSet_stays) {
    auto instance = start(speaking("(drop (call $fail (i32.const 32) (i32.const 8)))" + abort_with("1028", "1100")));
    const auto error = error_of(invoke(instance, "op"));
    EXPECT_EQ(error.code(), ErrorCode::trap);
    EXPECT_EQ(error.guest_message(), "it broke");
}

TEST(WapcAbort, WhileStarting_isAFailureWithItsText) {
    Guest guest = speaking("(i32.const 1)");
    guest.more += "(func $section " + std::string("(call $abort (i32.const 1028) (i32.const 1100) (i32.const 7) (i32.const 21))") +
                  ") (start $section)";
    const auto plugin = load(guest);
    ASSERT_THAT(plugin, IsOk());
    const auto error = error_of(plugin->instantiate());
    EXPECT_EQ(error.code(), ErrorCode::trap);
    EXPECT_EQ(error.guest_message(), "b\xC3\xA9" "d! at a.ts:7:21");
}

TEST(WapcAbort, WithoutMemory_stillTraps) {
    auto instance = testing::instance_of(runtime(), R"((module (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
        (func (export "__guest_call") (param i32 i32) (result i32)
          (call $abort (i32.const 8) (i32.const 8) (i32.const 1) (i32.const 2)) (i32.const 1))))");
    EXPECT_EQ(error_of(invoke(instance, "op")).guest_message(), "abort at ?:1:2");
}

TEST(WapcTrace, IsALogLine) {
    auto recorder = std::make_shared<Recorder>();
    PluginOptions options;
    options.observer = recorder;
    const auto trace = [](std::string_view message, std::string_view count) {
        return "(call $trace (i32.const " + std::string(message) + ") (i32.const " + std::string(count) +
               ") (f64.const 1) (f64.const -0.5) (f64.const 1e100) (f64.const nan) (f64.const inf))";
    };
    auto instance = start(speaking(trace("1028", "0") + trace("1028", "3") + trace("0", "-1") + trace("1100", "1000") +
                                   trace("-1", "1") + "(call $answer (i32.const 64) (i32.const 9))"), options);
    EXPECT_THAT(invoke(instance, "op"), IsOk());
    EXPECT_THAT(recorder->logs(), ElementsAre("b\xC3\xA9" "d!", "b\xC3\xA9" "d! 1, -0.5, 1e+100", "",
                                              "a.ts 1, -0.5, 1e+100, nan, inf", " 1"));
}

TEST(WapcSeed, IsANumberFromTheSandboxsRandomSource) {
    const Guest guest = speaking("(f64.store (i32.const 64) (call $seed)) (call $answer (i32.const 64) (i32.const 8))");
    const auto seed_of = [&guest](Random random) {
        PluginOptions options;
        options.sandbox.random = std::move(random);
        auto instance = start(guest, options);
        const auto bytes = value(instance.invoke("op", ""));
        double seed = -1;
        EXPECT_EQ(bytes.size(), sizeof seed);
        std::memcpy(&seed, bytes.data(), sizeof seed);
        EXPECT_GE(seed, 0);
        EXPECT_LT(seed, 1);
        return seed;
    };
    EXPECT_NE(seed_of(SystemRandom{}), seed_of(SystemRandom{}));
    EXPECT_EQ(seed_of(SeededRandom{7}), seed_of(SeededRandom{7}));
    EXPECT_NE(seed_of(SeededRandom{7}), seed_of(SeededRandom{8}));
    EXPECT_EQ(seed_of(RandomFunction([](std::span<std::byte> out) { std::fill(out.begin(), out.end(), std::byte{0}); })), 0.0);
}

}  // namespace
}  // namespace mortise::wapc_tests
