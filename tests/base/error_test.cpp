#include <mortise/error.hpp>

#include <set>
#include <thread>
#include <type_traits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mortise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

static_assert(sizeof(Error) == sizeof(void*));
static_assert(std::is_nothrow_move_constructible_v<Error> && std::is_nothrow_move_assignable_v<Error>);
static_assert(std::is_nothrow_copy_constructible_v<Error> && std::is_nothrow_copy_assignable_v<Error>);

constexpr ErrorCode kAllCodes[] = {ErrorCode::malformed_module,
                                   ErrorCode::unsupported,
                                   ErrorCode::missing_import,
                                   ErrorCode::import_mismatch,
                                   ErrorCode::missing_export,
                                   ErrorCode::export_mismatch,
                                   ErrorCode::abi_unknown,
                                   ErrorCode::digest_mismatch,
                                   ErrorCode::bad_signature,
                                   ErrorCode::denied,
                                   ErrorCode::instrumentation_failed,
                                   ErrorCode::invalid_argument,
                                   ErrorCode::type_mismatch,
                                   ErrorCode::function_not_found,
                                   ErrorCode::not_found,
                                   ErrorCode::guest_error,
                                   ErrorCode::no_response,
                                   ErrorCode::trap,
                                   ErrorCode::guest_exit,
                                   ErrorCode::bad_pointer,
                                   ErrorCode::stack_overflow,
                                   ErrorCode::memory_limit,
                                   ErrorCode::output_limit,
                                   ErrorCode::out_of_fuel,
                                   ErrorCode::out_of_gas,
                                   ErrorCode::deadline_exceeded,
                                   ErrorCode::cancelled,
                                   ErrorCode::not_reentrant,
                                   ErrorCode::poisoned,
                                   ErrorCode::busy,
                                   ErrorCode::closed,
                                   ErrorCode::host_function_failed,
                                   ErrorCode::host_abort,
                                   ErrorCode::decode,
                                   ErrorCode::encode,
                                   ErrorCode::io,
                                   ErrorCode::internal};

TEST(ErrorNames, Every_code_has_a_name_of_its_own) {
    std::set<std::string_view> names;
    for (const auto code : kAllCodes) {
        EXPECT_NE(to_string(code), "unknown");
        EXPECT_TRUE(names.insert(to_string(code)).second) << to_string(code);
    }
}

TEST(ErrorNames, Number_without_a_code_is_unknown) {
    EXPECT_EQ(to_string(static_cast<ErrorCode>(9999)), "unknown");
    EXPECT_EQ(to_string(static_cast<Blame>(99)), "unknown");
    EXPECT_EQ(to_string(TrapKind::memory_out_of_bounds), "memory_out_of_bounds");
}

TEST(Error, New_error_has_code_message_and_the_blame_of_its_code) {
    const Error error(ErrorCode::trap, "it trapped");
    EXPECT_EQ(error.code(), ErrorCode::trap);
    EXPECT_EQ(error.message(), "it trapped");
    EXPECT_EQ(error.blame(), Blame::guest);
    EXPECT_THAT(error.context(), IsEmpty());
    EXPECT_FALSE(error.guest_message());
    EXPECT_FALSE(error.trap());
    EXPECT_FALSE(error.exit_status());
    EXPECT_THAT(error.backtrace(), IsEmpty());
}

TEST(Error, Blame_follows_from_the_code) {
    EXPECT_EQ(default_blame(ErrorCode::internal), Blame::mortise);
    EXPECT_EQ(default_blame(ErrorCode::missing_import), Blame::configuration);
    EXPECT_EQ(default_blame(ErrorCode::busy), Blame::host);
    EXPECT_EQ(Error(ErrorCode::internal, "").set_blame(Blame::engine).blame(), Blame::engine);
}

TEST(Error, Changed_copy_leaves_the_original_alone) {
    Error original(ErrorCode::guest_error, "no");
    original.add_context("while calling");
    Error copy = original;
    copy.add_context("of plugin").set_guest_message("words");
    copy.set_exit_status(3);
    EXPECT_THAT(original.context(), ElementsAre("while calling"));
    EXPECT_FALSE(original.guest_message());
    EXPECT_THAT(copy.context(), ElementsAre("while calling", "of plugin"));
    EXPECT_EQ(copy.guest_message(), "words");
    EXPECT_EQ(copy.exit_status(), 3);
}

TEST(Error, Unchanged_copy_shares_its_data) {
    const Error original(ErrorCode::trap, "m");
    const Error copy = original;
    EXPECT_EQ(&original.message(), &copy.message());
}

TEST(Error, Assignment_to_itself_keeps_it) {
    Error error(ErrorCode::trap, "m");
    auto& same = error;
    error = same;
    EXPECT_EQ(error.message(), "m");
    error = std::move(same);
    EXPECT_EQ(error.message(), "m");
}

TEST(Error, Moved_from_error_can_be_read_changed_and_assigned) {
    Error error(ErrorCode::trap, "m");
    const Error taken = std::move(error);
    EXPECT_EQ(taken.message(), "m");
    // NOLINTBEGIN(bugprone-use-after-move): that this is safe is what is tested.
    EXPECT_EQ(error.code(), ErrorCode::internal);
    EXPECT_EQ(error.message(), "");
    error.add_context("here");
    EXPECT_THAT(error.context(), ElementsAre("here"));
    error = taken;
    EXPECT_EQ(error.code(), ErrorCode::trap);
    // NOLINTEND(bugprone-use-after-move)
}

TEST(Error, Description_has_message_words_context_and_backtrace) {
    Error error(ErrorCode::trap, "the guest trapped");
    error.add_context("while calling \"f\"").set_guest_message("ouch\xFF");
    error.set_trap(TrapKind::unreachable, {{7, "inner", 0x1f}, {9, "", UINT64_MAX}});
    EXPECT_EQ(error.trap(), TrapKind::unreachable);
    EXPECT_EQ(error.describe(),
              "the guest trapped\n  the guest says: ouch\xEF\xBF\xBD\n  while calling \"f\"\n  #0 inner [7] at 0x1f\n"
              "  #1 function [9]");
}

TEST(Error, Description_without_a_message_has_the_code) {
    EXPECT_EQ(Error(ErrorCode::out_of_fuel, "").describe(), "out_of_fuel");
}

TEST(Error, Description_does_not_say_the_same_twice) {
    EXPECT_EQ(Error(ErrorCode::guest_error, "guest: ouch").set_guest_message("ouch").describe(), "guest: ouch");
}

TEST(Error, Copies_are_used_on_different_threads) {
    Error shared(ErrorCode::trap, "m");
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([copy = shared]() mutable {
            for (int i = 0; i < 1000; ++i) {
                Error other = copy;
                other.add_context("x");
                copy = other;
            }
            EXPECT_EQ(copy.context().size(), 1000u);
        });
    threads.clear();
    EXPECT_THAT(shared.context(), IsEmpty());
}

TEST(Result, Fail_makes_a_failed_result_of_any_type) {
    const Result<int> number = fail(ErrorCode::decode, "no number");
    ASSERT_FALSE(number);
    EXPECT_EQ(number.error().message(), "no number");
    const Result<void> nothing = fail(number.error());
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().code(), ErrorCode::decode);
}

TEST(Value, Value_is_taken_out) {
    EXPECT_EQ(value(Result<std::string>("text")), "text");
    EXPECT_NO_THROW(value(Result<void>()));
    const Result<int> kept = 3;
    EXPECT_EQ(value(kept), 3);
}

TEST(Value, Failure_is_thrown_with_its_whole_text) {
    try {
        value(Result<int>(fail(Error(ErrorCode::trap, "it trapped").add_context("in plugin \"p\""))));
        FAIL() << "nothing was thrown";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().code(), ErrorCode::trap);
        EXPECT_THAT(exception.what(), HasSubstr("trap: it trapped"));
        EXPECT_THAT(exception.what(), HasSubstr("in plugin \"p\""));
    }
}

}  // namespace
}  // namespace mortise
