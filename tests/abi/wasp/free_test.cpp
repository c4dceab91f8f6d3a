// What is handed to a guest's `deallocate`, and when.

#include <any>

#include "guest.hpp"

namespace mortise::wasp_tests {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using namespace std::string_literals;

constexpr std::string_view kEcho = "(func (export \"echo\") (param i32) (result i32) (local.get 0))";

HostFunctions echoing_host() {
    HostFunctions host;
    host.add("env", "echo", [](std::string_view text) { return std::string(text); });
    host.add("env", "take", [](std::string_view) {});
    return host;
}

constexpr std::string_view kImports = "(import \"env\" \"echo\" (func $echo_text (param i32) (result i32)))"
                                      "(import \"env\" \"take\" (func $take (param i32)))"
                                      "(import \"env\" \"raise_error\" (func $raise (param i32)))";

TEST(WaspFree, EachArgument_isFreedWithItsAllocatedSize) {
    auto instance = start({.more = "(func (export \"f\") (param i32 i32 i32))"});
    EXPECT_THAT(instance.call<void>("f", "four", Bytes(7), 5), IsOk());
    EXPECT_THAT(freed(instance), ElementsAre(Pair(4096, 5), Pair(4112, 11)));
}

TEST(WaspFree, ArgumentReturnedAsResult_isFreedOnceWithTheSizeSeenLast) {
    auto instance = start({.more = std::string(kEcho)});
    EXPECT_THAT(instance.call<std::string>("echo", "four"), Holds("four"s));
    EXPECT_THAT(freed(instance), ElementsAre(Pair(4096, 4)));
}

TEST(WaspFree, EverythingThatCrossed_isFreedAtTheEnd) {
    auto instance = start({.imports = std::string(kImports),
                           .more = "(func (export \"f\") (param i32) (result i32) (call $take (i32.const 128)) (call $take (local.get 0))"
                                   "(drop (call $echo_text (i32.const 144))) (if (global.get $frees) (then unreachable)) (i32.const 96))"},
                          with(echoing_host()));
    EXPECT_THAT(instance.call<Bytes>("f", "argument"), IsOk());
    // bytes read (length + 4); texts read; the argument, seen last as a text; the callback's result (length + 1)
    EXPECT_THAT(freed(instance), ElementsAre(Pair(96, 6), Pair(128, 5), Pair(144, 6), Pair(4096, 8), Pair(4120, 7)));
}

TEST(WaspFree, RaisedError_isFreedAndSoAreArgumentsOfAFailedCall) {
    auto instance = start({.imports = std::string(kImports), .more = "(func (export \"f\") (param i32) (call $raise (i32.const 16)))"},
                          with(echoing_host()));
    EXPECT_THAT(instance.call<void>("f", "x"), FailsWith(ErrorCode::guest_error));
    EXPECT_THAT(freed(instance), ElementsAre(Pair(16, 5), Pair(4096, 2)));
}

TEST(WaspFree, ArgumentsPlacedBeforeOneThatFails_areFreed) {
    PluginOptions options = with(abi::wasp::Options{});
    options.limits.memory_bytes = 2 * 65536;
    auto instance = start({.more = "(func (export \"f\") (param i32 i32))"}, std::move(options));
    EXPECT_THAT(instance.call<void>("f", "x", std::string(200000, 'y')), FailsWith(ErrorCode::memory_limit));
    EXPECT_THAT(freed(instance), ElementsAre(Pair(4096, 2)));
}

TEST(WaspFree, ResultThatCannotBeRead_leavesTheArgumentsFreed) {
    auto instance = start({.more = "(func (export \"f\") (param i32) (result i32) (i32.const -1))"});
    EXPECT_THAT(instance.call<Bytes>("f", "x"), FailsWith(ErrorCode::bad_pointer));
    EXPECT_THAT(freed(instance), ElementsAre(Pair(4096, 2)));
}

TEST(WaspFree, AddressZero_isNeverFreed) {
    auto instance = start({.more = "(func (export \"f\") (result i32) (i32.const 0))"});
    EXPECT_THAT(instance.call<std::string>("f"), Holds(""s));
    EXPECT_THAT(freed(instance), IsEmpty());
}

TEST(WaspFree, ArgumentsOnly_leavesWhatTheGuestProduced) {
    auto instance = start({.imports = std::string(kImports),
                           .more = "(func (export \"f\") (param i32) (result i32) (call $take (i32.const 128))"
                                   "(drop (call $echo_text (i32.const 144))) (i32.const 16))"},
                          with(echoing_host(), {.free_strings = abi::wasp::FreeStrings::arguments_only}));
    EXPECT_THAT(instance.call<std::string>("f", "argument"), Holds("hello"s));
    EXPECT_THAT(freed(instance), ElementsAre(Pair(4096, 9), Pair(4120, 7)));
}

TEST(WaspFree, ManyAddresses_areEachFreedOnceWithTheSizeSeenLast) {
    // 300 addresses, shown three times each; the size grows with the round.
    auto instance = start({.imports = std::string(kImports),
                           .more = "(global $round (mut i32) (i32.const 0)) (global $sum (mut i32) (i32.const 0)) (global $n (mut i32) (i32.const 0))"
                                   "(func (export \"f\") (local $i i32)"
                                   "  (loop $rounds (local.set $i (i32.const 300))"
                                   "    (loop $all (call $take (i32.add (i32.const 20000) (local.get $i)))"
                                   "      (br_if $all (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))"
                                   "    (global.set $round (i32.add (global.get $round) (i32.const 1)))"
                                   "    (br_if $rounds (i32.lt_u (global.get $round) (i32.const 3)))))"
                                   "(func (export \"count\") (result i32) (global.get $n)) (func (export \"sum\") (result i32) (global.get $sum))",
                           .deallocate = "(global.set $n (i32.add (global.get $n) (i32.const 1)))"
                                         "(global.set $sum (i32.add (global.get $sum) (local.get $n)))",
                           .get_string_size = "(global.get $round)"},
                          with(echoing_host()));
    EXPECT_THAT(instance.call<void>("f"), IsOk());
    EXPECT_THAT(instance.call<int>("count"), Holds(300));
    EXPECT_THAT(instance.call<int>("sum"), Holds(600));
}

TEST(WaspFree, MoreAddressesThanTheLimitOnOutputAllows_endTheCall) {
    PluginOptions options = with(echoing_host());
    options.limits.output_bytes = 1024;
    auto instance = start({.imports = std::string(kImports),
                           .more = "(func (export \"f\") (local $i i32) (loop $l (call $take (local.get $i))"
                                   "(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000)))))",
                           .get_string_size = "(i32.const 0)"},
                          std::move(options));
    EXPECT_THAT(instance.call<void>("f"), FailsWith(ErrorCode::output_limit, "more blocks"));
}

TEST(WaspFree, WithoutDeallocate_goesOnAndTellsOnce) {
    const auto heard = std::make_shared<Recorder>();
    PluginOptions options = with(abi::wasp::Options{});
    options.observer = heard;
    auto instance = start({.more = std::string(kEcho), .has_deallocate = false}, std::move(options));
    const ValueView text("text");
    CallOutcome outcome;
    ASSERT_THAT(instance.perform({.name = "echo", .arguments = std::span(&text, 1), .wanted = Kind::string}, outcome), IsOk());
    EXPECT_EQ(outcome.value, Value("text"));
    EXPECT_THAT(heard->warnings(), ElementsAre(HasSubstr("\"deallocate\"")));
    const auto* report = std::any_cast<abi::wasp::CallReport>(&outcome.report);
    ASSERT_NE(report, nullptr);
    EXPECT_EQ(report->failed_frees, 1u);
}

TEST(WaspFree, WithDeallocateOfAnotherType_goesOnAndTells) {
    const auto heard = std::make_shared<Recorder>();
    PluginOptions options = with(abi::wasp::Options{});
    options.observer = heard;
    auto instance = start({.more = std::string(kEcho) + "(func (export \"deallocate\") (param i32))", .has_deallocate = false}, std::move(options));
    EXPECT_THAT(instance.call<std::string>("echo", "text"), Holds("text"s));
    EXPECT_THAT(heard->warnings(), SizeIs(1));
}

TEST(WaspFree, TrappingDeallocate_leavesTheResultAndPoisonsTheInstance) {
    const auto heard = std::make_shared<Recorder>();
    PluginOptions options = with(abi::wasp::Options{});
    options.observer = heard;
    options.after_failure = AfterFailure::fail;
    auto instance = start({.more = "(func (export \"f\") (param i32 i32) (result i32) (i32.const 7))", .deallocate = "unreachable"}, std::move(options));
    const std::array<ValueView, 2> texts{"one", "two"};
    CallOutcome outcome;
    ASSERT_THAT(instance.perform({.name = "f", .arguments = texts, .wanted = Kind::i32}, outcome), IsOk());
    EXPECT_EQ(outcome.value, Value(std::int32_t{7}));
    EXPECT_EQ(std::any_cast<abi::wasp::CallReport>(outcome.report).failed_frees, 2u);
    EXPECT_THAT(heard->warnings(), ElementsAre(HasSubstr("deallocate(4096, 4) failed")));
    EXPECT_THAT(instance.call<int>("f", "one", "two"), FailsWith(ErrorCode::poisoned));
}

TEST(WaspFree, EndlessDeallocate_endsAtTheDeadline) {
    PluginOptions options = with(abi::wasp::Options{});
    options.limits.call_time = std::chrono::milliseconds(30);
    auto instance = start({.more = std::string(kEcho), .deallocate = "(loop $l (br $l))"}, std::move(options));
    EXPECT_THAT(instance.call<std::string>("echo", "x"), FailsWith(ErrorCode::deadline_exceeded, "freed"));
}

TEST(WaspFree, DeallocateThatShowsMoreAddresses_freesOnlyWhatTheCallLeft) {
    auto instance = start({.imports = std::string(kImports), .more = std::string(kEcho),
                           .deallocate = "(call $remember (local.get $p) (local.get $n)) (call $take (i32.const 128)) (call $take (i32.const 144))"},
                          with(echoing_host()));
    EXPECT_THAT(instance.call<std::string>("echo", "text"), Holds("text"s));
    EXPECT_THAT(freed(instance), ElementsAre(Pair(4096, 4)));
}

TEST(WaspFree, AfterATrap_runsNoMoreGuestCode) {
    PluginOptions options = with(abi::wasp::Options{});
    options.after_failure = AfterFailure::reuse;
    auto instance = start({.more = "(func (export \"f\") (param i32) unreachable)"}, std::move(options));
    EXPECT_THAT(instance.call<void>("f", "text"), FailsWith(ErrorCode::trap));
    EXPECT_THAT(freed(instance), IsEmpty());
}

TEST(WaspFree, NestedCall_freesItsOwnAndLeavesTheOuterOnes) {
    HostFunctions host;
    host.add("env", "again", [](const HostCall& call, std::string_view text) -> Result<std::string> {
        return call.instance().call<std::string>("echo", "inner " + std::string(text));
    });
    auto instance = start({.imports = "(import \"env\" \"again\" (func $again (param i32) (result i32)))",
                           .more = std::string(kEcho) + "(func (export \"outer\") (param i32) (result i32) (local $p i32)"
                                                        "(local.set $p (call $again (local.get 0)))"
                                                        "(if (i32.ne (global.get $frees) (i32.const 1)) (then unreachable))"
                                                        "(local.get $p))"},
                          with(std::move(host)));
    EXPECT_THAT(instance.call<std::string>("outer", "text"), Holds("inner text"s));
    // outer argument at 4096, inner argument and result at 4112 (freed first), the callback's result at 4136
    EXPECT_THAT(freed(instance), ElementsAre(Pair(4096, 4), Pair(4112, 10), Pair(4136, 10)));
}

}  // namespace
}  // namespace mortise::wasp_tests
