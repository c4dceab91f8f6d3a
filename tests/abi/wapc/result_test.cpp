#include "guest.hpp"

namespace mortise::wapc_tests {
namespace {

using abi::wapc::MissingResponse;
using abi::wapc::Options;
using abi::wapc::ResponseAndError;
using abi::wapc::SuccessRule;

/// What must come of a call: a response, or an error with the guest's words.
struct Wanted {
    std::optional<std::string> response = std::nullopt;
    bool absent = false;
    ErrorCode code = ErrorCode::internal;
    std::optional<std::string> guest_message = std::nullopt;
    std::string warning = "";
};

struct ResultRow {
    const char* name;
    const char* guest_call;
    Wanted wanted;
    Options options = {};
};

#define RESPOND "(call $guest_response (i32.const 64) (i32.const 9))"
#define RESPOND_EMPTY "(call $guest_response (i32.const 64) (i32.const 0))"
#define COMPLAIN "(call $guest_error (i32.const 32) (i32.const 8))"
#define COMPLAIN_EMPTY "(call $guest_error (i32.const 32) (i32.const 0))"

class WapcResult : public ::testing::TestWithParam<ResultRow> {};

TEST_P(WapcResult, ReturnCodeResponseAndText_decide) {
    const Wanted& wanted = GetParam().wanted;
    auto instance = start(Guest{.guest_call = GetParam().guest_call}, with(GetParam().options));
    CallOutcome outcome;
    const auto done = instance.perform({.name = "op", .form = CallRequest::Form::message}, outcome);
    if (wanted.response) {
        ASSERT_THAT(done, IsOk());
        EXPECT_EQ(text_of(outcome.payload), *wanted.response);
        EXPECT_EQ(outcome.has_payload, !wanted.absent);
        EXPECT_EQ(outcome.warning, wanted.warning);
    } else {
        ASSERT_THAT(done, FailsWith(wanted.code));
        EXPECT_EQ(done.error().guest_message(), wanted.guest_message);
        EXPECT_THAT(outcome.payload, ::testing::IsEmpty()) << "a failed call must not deliver a response";
        EXPECT_FALSE(done.error().message().empty());
        EXPECT_EQ(done.error().message(), wanted.guest_message.value_or(done.error().message()));
    }
}

const std::string kText = "it broke";

INSTANTIATE_TEST_SUITE_P(Table, WapcResult, ::testing::Values(
    ResultRow{"code_0_with_text", COMPLAIN "(i32.const 0)", {.code = ErrorCode::guest_error, .guest_message = kText}},
    ResultRow{"code_0_without_text", "(i32.const 0)", {.code = ErrorCode::guest_error}},
    ResultRow{"code_0_with_empty_text", COMPLAIN_EMPTY "(i32.const 0)", {.code = ErrorCode::guest_error}},
    ResultRow{"code_0_with_response", RESPOND "(i32.const 0)", {.code = ErrorCode::guest_error}},
    ResultRow{"code_0_with_response_and_text", RESPOND COMPLAIN "(i32.const 0)",
              {.code = ErrorCode::guest_error, .guest_message = kText}},
    ResultRow{"code_1_with_response", RESPOND "(i32.const 1)", {.response = "an answer"}},
    ResultRow{"code_2_with_response", RESPOND "(i32.const 2)", {.response = "an answer"}},
    ResultRow{"code_minus_1_with_response", RESPOND "(i32.const -1)", {.response = "an answer"}},
    ResultRow{"code_1_with_empty_response", RESPOND_EMPTY "(i32.const 1)", {.response = ""}},
    ResultRow{"code_1_without_anything", "(i32.const 1)", {.code = ErrorCode::no_response}},
    ResultRow{"code_1_with_empty_text", COMPLAIN_EMPTY "(i32.const 1)", {.code = ErrorCode::no_response}},
    ResultRow{"code_1_with_text", COMPLAIN "(i32.const 1)", {.code = ErrorCode::guest_error, .guest_message = kText}},
    ResultRow{"code_1_with_response_and_text", RESPOND COMPLAIN "(i32.const 1)", {.response = "an answer", .warning = kText}},
    ResultRow{"last_response_wins", RESPOND "(call $guest_response (i32.const 32) (i32.const 2)) (i32.const 1)", {.response = "it"}},
    ResultRow{"last_empty_response_wins", RESPOND RESPOND_EMPTY "(i32.const 1)", {.response = ""}},
    ResultRow{"last_text_wins", COMPLAIN "(call $guest_error (i32.const 64) (i32.const 2)) (i32.const 0)",
              {.code = ErrorCode::guest_error, .guest_message = "an"}},
    ResultRow{"last_empty_text_takes_it_back", COMPLAIN COMPLAIN_EMPTY "(i32.const 0)", {.code = ErrorCode::guest_error}},
    ResultRow{"text_leaves_the_response", RESPOND COMPLAIN_EMPTY "(i32.const 1)", {.response = "an answer"}}),
    [](const auto& row) { return std::string(row.param.name); });

const Options kGo{.success_rule = SuccessRule::exactly_one,
                  .response_and_error = ResponseAndError::error_wins,
                  .missing_response = MissingResponse::empty};

INSTANTIATE_TEST_SUITE_P(Switches, WapcResult, ::testing::Values(
    ResultRow{"exactly_one_code_1", RESPOND "(i32.const 1)", {.response = "an answer"}, kGo},
    ResultRow{"exactly_one_code_2", RESPOND "(i32.const 2)", {.code = ErrorCode::guest_error}, kGo},
    ResultRow{"exactly_one_code_minus_1_with_text", RESPOND COMPLAIN "(i32.const -1)",
              {.code = ErrorCode::guest_error, .guest_message = kText}, kGo},
    ResultRow{"error_wins", RESPOND COMPLAIN "(i32.const 1)", {.code = ErrorCode::guest_error, .guest_message = kText}, kGo},
    ResultRow{"missing_response_is_empty", "(i32.const 1)", {.response = "", .absent = true}, kGo},
    ResultRow{"missing_response_with_text", COMPLAIN "(i32.const 1)",
              {.code = ErrorCode::guest_error, .guest_message = kText}, kGo}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(WapcResult, Trap_carriesKindBacktraceAndTheGuestsText) {
    auto instance = start(Guest{.guest_call = RESPOND COMPLAIN "(unreachable)"});
    const auto error = error_of(instance.invoke("op", ""));
    EXPECT_EQ(error.code(), ErrorCode::trap);
    EXPECT_EQ(error.trap(), TrapKind::unreachable);
    EXPECT_EQ(error.guest_message(), kText);
    EXPECT_EQ(error.backtrace().empty(), !testing::capabilities_under_test().backtrace);
    EXPECT_NE(error.message(), kText) << "the reason of the trap must not be hidden by the guest's text";
}

TEST(WapcResult, TrapWithoutText_hasNoGuestMessage) {
    auto instance = start(Guest{.guest_call = "(unreachable)"});
    EXPECT_EQ(error_of(instance.invoke("op", "")).guest_message(), std::nullopt);
}

TEST(WapcResult, ErrorTextNotUtf8_isKeptAsBytesWithALossyView) {
    auto instance = start(Guest{.guest_call = "(call $fail (i32.const 96) (i32.const 2))"});
    const auto error = error_of(instance.invoke("op", ""));
    EXPECT_EQ(error.guest_message(), std::string("\xff\xfe"));
    EXPECT_EQ(error.message(), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(WapcResult, WarningNotUtf8_isALossyView) {
    auto instance = start(Guest{.guest_call = "(drop (call $fail (i32.const 96) (i32.const 2)))" RESPOND "(i32.const 1)"});
    CallOutcome outcome;
    ASSERT_THAT(instance.perform({.name = "op", .form = CallRequest::Form::message}, outcome), IsOk());
    EXPECT_EQ(outcome.warning, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(WapcRequest, AnyBytes_arriveAsTheyAre) {
    auto echo = start(Guest{.guest_call = std::string(kEcho)});
    const std::string bytes("\0\xff\x80 text\0", 9);
    EXPECT_THAT(invoke(echo, "op", bytes), Holds(bytes));
    EXPECT_THAT(invoke(echo, "", ""), Holds(std::string()));

    auto operation = start(Guest{.guest_call = "(call $fetch) (call $answer (i32.const 1024) (local.get $op))"});
    EXPECT_THAT(invoke(operation, bytes, "payload"), Holds(bytes));
    EXPECT_THAT(invoke(operation, "h\xC3\xA9", ""), Holds(std::string("h\xC3\xA9"))) << "lengths count bytes";
    EXPECT_THAT(invoke(operation, "", "payload"), Holds(std::string()));
}

TEST(WapcRequest, Fetched_twiceOrNever) {
    auto twice = start(Guest{.guest_call = "(call $fetch) (i32.store8 (i32.const 4096) (i32.const 0))" + std::string(kEcho)});
    EXPECT_THAT(invoke(twice, "op", "abc"), Holds(std::string("abc")));
    auto never = start(Guest{.guest_call = RESPOND "(i32.const 1)"});
    EXPECT_THAT(invoke(never, "op", "abc"), Holds(std::string("an answer")));
}

TEST(WapcRequest, OverlappingBuffers_keepTheOperation) {
    auto instance = start(Guest{.guest_call = R"((call $guest_request (i32.const 1024) (i32.const 1024))
        (call $answer (i32.const 1024) (local.get $n)))"});
    EXPECT_THAT(invoke(instance, "op", "payload"), Holds(std::string("opyload")));
}

TEST(WapcRequest, BuffersBeyondTheMemoryThatGrew_areFine) {
    auto instance = start(Guest{.guest_call = R"((drop (memory.grow (i32.const 1)))
        (call $guest_request (i32.const 65536) (i32.const 100000))
        (call $answer (i32.const 100000) (local.get $n)))"});
    EXPECT_THAT(invoke(instance, "op", "payload"), Holds(std::string("payload")));
}

TEST(WapcState, ResponseIsCopied_whenItIsGiven) {
    auto instance = start(Guest{.guest_call = RESPOND "(i32.store (i32.const 64) (i32.const 0)) (i32.const 1)"});
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an answer")));
}

TEST(WapcState, GlobalsAndMemory_persistBetweenCalls) {
    auto instance = start(Guest{.guest_call = R"((i32.store8 (i32.const 64) (i32.add (i32.load8_u (i32.const 64)) (i32.const 1)))
        (call $answer (i32.const 64) (i32.const 1)))"});
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("b")));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("c")));
}

TEST(WapcState, NothingOfACall_isSeenByTheNext) {
    HostFunctions host;
    host.on_call([](const HostCall&, Bytes& reply) -> Result<void> {
        reply = copy_bytes("from the host");
        return {};
    });
    // With a payload the guest records all it can; without one it does nothing but look.
    auto instance = start(Guest{.guest_call = R"(
        (if (local.get $n) (then (drop (call $ask (i32.const 0) (i32.const 0))) )" RESPOND COMPLAIN R"( (return (i32.const 0))))
        (if (i32.or (call $host_response_len) (call $host_error_len)) (then (unreachable)))
        (i32.store (i32.const 8192) (i32.const 0x41414141))
        (call $host_response (i32.const 8192)) (call $host_error (i32.const 8192))
        (if (i32.ne (i32.load (i32.const 8192)) (i32.const 0x41414141)) (then (unreachable)))
        (i32.const 1))"}, with(host));
    EXPECT_THAT(invoke(instance, "op", "x"), FailsWith(ErrorCode::guest_error));
    EXPECT_THAT(invoke(instance, "op"), FailsWith(ErrorCode::no_response));
    EXPECT_THAT(invoke(instance, "op", "x"), FailsWith(ErrorCode::guest_error));
    EXPECT_EQ(error_of(invoke(instance, "op")).guest_message(), std::nullopt);
}

TEST(WapcState, AfterATrap_policyDecides) {
    const std::string guest_call = "(if (local.get $n) (then (i32.store8 (i32.const 64) (i32.const 90)) (unreachable)))" RESPOND "(i32.const 1)";
    for (const AfterFailure policy : {AfterFailure::reinstantiate, AfterFailure::reuse, AfterFailure::fail}) {
        PluginOptions options;
        options.after_failure = policy;
        auto instance = start(Guest{.guest_call = guest_call}, options);
        EXPECT_THAT(invoke(instance, "op", "x"), FailsWith(ErrorCode::trap));
        const auto next = invoke(instance, "op");
        switch (policy) {
            case AfterFailure::reinstantiate: EXPECT_THAT(next, Holds(std::string("an answer"))); break;
            case AfterFailure::reuse: EXPECT_THAT(next, Holds(std::string("Zn answer"))); break;
            case AfterFailure::fail: EXPECT_THAT(next, FailsWith(ErrorCode::poisoned)); break;
        }
    }
}

}  // namespace
}  // namespace mortise::wapc_tests
