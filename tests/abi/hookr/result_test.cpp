#include "guest.hpp"

namespace mortise::hookr_tests {
namespace {

using abi::hookr::Options;

/// What must come of a call: a response, or an error with the guest's words.
struct Wanted {
    std::optional<std::string> response = std::nullopt;
    bool absent = false;
    std::optional<std::string> guest_message = std::nullopt;
    std::string warning = "";
};

struct ResultRow {
    const char* name;
    const char* plugin_call;
    Wanted wanted;
    Options options = {};
};

#define RESPOND "(call $response (i32.const 64) (i32.const 9))"
#define RESPOND_EMPTY "(call $response (i32.const -1) (i32.const 0))"
#define COMPLAIN "(call $error (i32.const 32) (i32.const 8))"
#define COMPLAIN_EMPTY "(call $error (i32.const 0) (i32.const 0))"

class HookrResult : public ::testing::TestWithParam<ResultRow> {};

TEST_P(HookrResult, TextReturnCodeAndResponse_decide) {
    const Wanted& wanted = GetParam().wanted;
    auto instance = start(Guest{.plugin_call = GetParam().plugin_call}, with(GetParam().options));
    CallOutcome outcome;
    const auto done = instance.perform({.name = "op", .form = CallRequest::Form::message}, outcome);
    if (wanted.response) {
        ASSERT_THAT(done, IsOk());
        EXPECT_EQ(text_of(outcome.payload), *wanted.response);
        EXPECT_EQ(outcome.has_payload, !wanted.absent);
        EXPECT_EQ(outcome.warning, wanted.warning);
    } else {
        ASSERT_THAT(done, FailsWith(ErrorCode::guest_error));
        EXPECT_EQ(done.error().guest_message(), wanted.guest_message);
        EXPECT_THAT(outcome.payload, ::testing::IsEmpty()) << "a failed call must not deliver a response";
        EXPECT_FALSE(done.error().message().empty());
        EXPECT_EQ(done.error().message(), wanted.guest_message.value_or(done.error().message()));
    }
}

const std::string kText = "it broke";

INSTANTIATE_TEST_SUITE_P(Table, HookrResult, ::testing::Values(
    ResultRow{"code_1_with_response", RESPOND "(i32.const 1)", {.response = "an answer"}},
    ResultRow{"code_1_with_empty_response", RESPOND_EMPTY "(i32.const 1)", {.response = ""}},
    ResultRow{"code_1_without_response", "(i32.const 1)", {.response = "", .absent = true}},
    ResultRow{"code_1_with_response_and_text", RESPOND COMPLAIN "(i32.const 1)", {.guest_message = kText}},
    ResultRow{"code_1_with_text", COMPLAIN "(i32.const 1)", {.guest_message = kText}},
    ResultRow{"code_1_with_empty_text", RESPOND COMPLAIN_EMPTY "(i32.const 1)", {.response = "an answer"}},
    ResultRow{"code_0_with_text", COMPLAIN "(i32.const 0)", {.guest_message = kText}},
    ResultRow{"code_0_without_text", RESPOND "(i32.const 0)", {}},
    ResultRow{"code_0_with_empty_text", COMPLAIN_EMPTY "(i32.const 0)", {}},
    ResultRow{"code_2_is_a_failure", RESPOND "(i32.const 2)", {}},
    ResultRow{"code_minus_1_is_a_failure", RESPOND "(i32.const -1)", {}},
    ResultRow{"code_2_with_text", COMPLAIN "(i32.const 2)", {.guest_message = kText}},
    ResultRow{"last_response_wins", RESPOND "(call $response (i32.const 32) (i32.const 2)) (i32.const 1)", {.response = "it"}},
    ResultRow{"last_text_wins", COMPLAIN "(call $error (i32.const 64) (i32.const 2)) (i32.const 0)", {.guest_message = "an"}},
    ResultRow{"last_empty_text_takes_it_back", RESPOND COMPLAIN COMPLAIN_EMPTY "(i32.const 1)", {.response = "an answer"}}),
    [](const auto& row) { return std::string(row.param.name); });

const Options kCodeDecides{.error_beats_success = false};

INSTANTIATE_TEST_SUITE_P(CodeDecides, HookrResult, ::testing::Values(
    ResultRow{"code_1_with_response_and_text", RESPOND COMPLAIN "(i32.const 1)", {.response = "an answer", .warning = kText}, kCodeDecides},
    ResultRow{"code_1_with_text", COMPLAIN "(i32.const 1)", {.response = "", .absent = true, .warning = kText}, kCodeDecides},
    ResultRow{"code_0_with_text", COMPLAIN "(i32.const 0)", {.guest_message = kText}, kCodeDecides},
    ResultRow{"code_2_without_text", RESPOND "(i32.const 2)", {}, kCodeDecides}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(HookrResult, Trap_carriesTheGuestsText) {
    auto instance = start(Guest{.plugin_call = RESPOND COMPLAIN "(unreachable)"});
    const auto error = error_of(invoke(instance, "op"));
    EXPECT_EQ(error.code(), ErrorCode::trap);
    EXPECT_EQ(error.trap(), TrapKind::unreachable);
    EXPECT_EQ(error.guest_message(), kText);
}

TEST(HookrResult, ErrorTextNotUtf8_isKeptAsBytesWithALossyView) {
    auto instance = start(Guest{.plugin_call = "(call $fail (i32.const 96) (i32.const 2))"});
    const auto error = error_of(invoke(instance, "op"));
    EXPECT_EQ(error.guest_message(), std::string("\xff\xfe"));
    EXPECT_EQ(error.message(), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(HookrRequest, AnyBytes_arriveAsTheyAre) {
    auto echo = start(Guest{.plugin_call = std::string(kEcho)});
    const std::string bytes("\0\xff\x80 text\0", 9);
    EXPECT_THAT(invoke(echo, "op", bytes), Holds(bytes));
    EXPECT_THAT(invoke(echo, "", ""), Holds(std::string()));
    auto operation = start(Guest{.plugin_call = "(call $fetch) (call $answer (i32.const 1024) (local.get $op))"});
    EXPECT_THAT(invoke(operation, bytes, "payload"), Holds(bytes));
    EXPECT_THAT(invoke(operation, "h\xC3\xA9"), Holds(std::string("h\xC3\xA9")));
}

TEST(HookrRequest, Fetched_twiceOrNever) {
    auto twice = start(Guest{.plugin_call = "(call $fetch) (i32.store8 (i32.const 4096) (i32.const 0))" + std::string(kEcho)});
    EXPECT_THAT(invoke(twice, "op", "abc"), Holds(std::string("abc")));
    auto never = start(Guest{.plugin_call = RESPOND "(i32.const 1)"});
    EXPECT_THAT(invoke(never, "op", "abc"), Holds(std::string("an answer")));
}

TEST(HookrState, ResponseAndText_areCopiedWhenTheyAreGiven) {
    auto answer = start(Guest{.plugin_call = RESPOND "(i32.store (i32.const 64) (i32.const 0)) (i32.const 1)"});
    EXPECT_THAT(invoke(answer, "op"), Holds(std::string("an answer")));
    auto text = start(Guest{.plugin_call = COMPLAIN "(i32.store (i32.const 32) (i32.const 0)) (i32.const 0)"});
    EXPECT_EQ(error_of(invoke(text, "op")).guest_message(), kText);
}

TEST(HookrState, GlobalsAndMemory_persistAndNothingElse) {
    auto instance = start(Guest{.plugin_call = R"(
        (if (local.get $n) (then )" RESPOND COMPLAIN R"( (return (i32.const 0))))
        (if (i32.or (call $host_response_len) (call $host_error_len)) (then (unreachable)))
        (i32.store8 (i32.const 200) (i32.add (i32.load8_u (i32.const 200)) (i32.const 65)))
        (i32.const 1))"});
    EXPECT_THAT(invoke(instance, "op", "x"), FailsWith(ErrorCode::guest_error));
    CallOutcome outcome;
    ASSERT_THAT(instance.perform({.name = "op", .form = CallRequest::Form::message}, outcome), IsOk());
    EXPECT_FALSE(outcome.has_payload);

    auto counting = start(Guest{.plugin_call = R"((i32.store8 (i32.const 64) (i32.add (i32.load8_u (i32.const 64)) (i32.const 1)))
        (call $answer (i32.const 64) (i32.const 1)))"});
    EXPECT_THAT(invoke(counting, "op"), Holds(std::string("b")));
    EXPECT_THAT(invoke(counting, "op"), Holds(std::string("c")));
}

TEST(HookrState, AfterATrap_theInstanceIsMadeAnew) {
    auto instance = start(Guest{.plugin_call = "(if (local.get $n) (then (i32.store8 (i32.const 64) (i32.const 90)) (unreachable)))" RESPOND "(i32.const 1)"});
    EXPECT_THAT(invoke(instance, "op", "x"), FailsWith(ErrorCode::trap));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an answer")));
}

}  // namespace
}  // namespace mortise::hookr_tests
