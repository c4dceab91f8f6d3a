#include "guest.hpp"

namespace mortise::hookr_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

struct PointerRow {
    const char* name;
    const char* plugin_call;
    const char* function;   ///< null: the range is fine
    const char* field = "";
};

class HookrPointer : public ::testing::TestWithParam<PointerRow> {};

TEST_P(HookrPointer, OutsideMemory_failsTheCallNamingFunctionAndField) {
    const auto& row = GetParam();
    HostFunctions host;
    host.on_call([](const HostCall& call, Bytes& reply) -> Result<void> {
        if (text_of(call.payload) == "fail") return fail(ErrorCode::host_function_failed, "no such thing");
        reply = copy_bytes(call.payload);
        return {};
    });
    PluginOptions options = with(host);
    options.observer = std::make_shared<Recorder>();
    auto instance = start(Guest{.plugin_call = std::string(row.plugin_call) + "(call $answer (i32.const 64) (i32.const 9))"}, options);
    const auto result = invoke(instance, "op", "payload");
    if (row.function == nullptr) {
        EXPECT_THAT(result, Holds(std::string("an answer")));
        return;
    }
    ASSERT_THAT(result, FailsWith(ErrorCode::bad_pointer));
    EXPECT_THAT(result.error().message(), HasSubstr(row.function));
    EXPECT_THAT(result.error().message(), HasSubstr(std::string("the ") + row.field));
}

#define RANGE(function, at, size) "(call $" #function " (i32.const " #at ") (i32.const " #size "))"
#define CALL_HOST(op, op_n, p, n) \
    "(drop (call $host_call (i32.const " #op ") (i32.const " #op_n ") (i32.const " #p ") (i32.const " #n ")))"

const PointerRow kRows[] = {
    {"response_past_the_end", RANGE(response, 65535, 2), "__plugin_response", "response"},
    {"response_that_wraps", RANGE(response, 0xffffffff, 2), "__plugin_response", "response"},
    {"response_up_to_the_end", RANGE(response, 65535, 1), nullptr},
    {"empty_response_anywhere", RANGE(response, 0xffffffff, 0), nullptr},
    {"error_past_the_end", RANGE(error, 65530, 7), "__plugin_error", "error text"},
    {"empty_error_at_0", RANGE(error, 0, 0), nullptr},
    {"log_past_the_end", RANGE(log, 65536, 1), "__log", "text"},
    {"empty_log_anywhere", RANGE(log, 0x12345678, 0), nullptr},
    {"operation", CALL_HOST(65536, 1, 0, 0), "__host_call", "operation"},
    {"operation_that_wraps", CALL_HOST(0xfffffff0, 0x20, 0, 0), "__host_call", "operation"},
    {"payload", CALL_HOST(16, 2, 65000, 1000), "__host_call", "payload"},
    {"host_call_all_empty_anywhere", CALL_HOST(-1, 0, 0x80000000, 0), nullptr},
    {"request_payload", "(call $request (i32.const 1024) (i32.const 65530))", "__plugin_request", "payload"},
    {"request_operation", "(call $request (i32.const 65535) (i32.const 4096))", "__plugin_request", "operation"},
    {"host_response", "(drop (call $ask (i32.const 64) (i32.const 9))) (call $host_response (i32.const 65530))", "__host_response",
     "host's response"},
    {"no_host_response", "(call $host_response (i32.const -1))", nullptr},
    {"host_error",
     "(i32.store (i32.const 4096) (i32.const 0x6c696166)) (drop (call $ask (i32.const 4096) (i32.const 4))) (call $host_error (i32.const 65530))",
     "__host_error", "host's error text"},
    {"no_host_error", "(call $host_error (i32.const -1))", nullptr},
};
INSTANTIATE_TEST_SUITE_P(Rows, HookrPointer, ::testing::ValuesIn(kRows), [](const auto& row) { return std::string(row.param.name); });

TEST(HookrPointers, EmptyOperationAndPayload_letTheirPointersBeAnything) {
    auto instance = start(Guest{.plugin_call = R"((call $request (i32.const -1) (i32.const 0x80000000))
        (call $answer (i32.const 64) (i32.const 9)))"});
    EXPECT_THAT(invoke(instance, "", ""), Holds(std::string("an answer")));
    EXPECT_THAT(invoke(instance, "o", ""), FailsWith(ErrorCode::bad_pointer, "operation"));
}

TEST(HookrLimits, PartsBeyondTheLimit_endTheCall) {
    struct Row {
        const char* plugin_call;
        const char* text;
    };
    const Row rows[] = {
        {"(call $answer (i32.const 0) (i32.const 101))", "__plugin_response: the response"},
        {"(call $fail (i32.const 0) (i32.const 101))", "__plugin_error: the error text"},
        {"(call $host_call (i32.const 0) (i32.const 101) (i32.const 0) (i32.const 0))", "__host_call: the operation"},
        {"(call $ask (i32.const 0) (i32.const 101))", "__host_call: the payload"},
    };
    for (const Row& row : rows) {
        PluginOptions options;
        options.limits.output_bytes = 100;
        auto instance = start(Guest{.plugin_call = row.plugin_call}, options);
        EXPECT_THAT(invoke(instance, "op"), FailsWith(ErrorCode::output_limit, row.text));
    }
}

TEST(HookrLog, Lines_reachTheObserver) {
    auto recorder = std::make_shared<Recorder>();
    PluginOptions options;
    options.observer = recorder;
    auto instance = start(Guest{.plugin_call = R"((call $log (i32.const 128) (i32.const 6)) (call $log (i32.const 96) (i32.const 2))
        (call $answer (i32.const 64) (i32.const 9)))"}, options);
    EXPECT_THAT(invoke(instance, "op"), IsOk());
    EXPECT_THAT(recorder->logs(), ElementsAre("a line", "\xEF\xBF\xBD\xEF\xBF\xBD"));
}

TEST(HookrLog, WithoutAnObserver_nothingIsRead) {
    auto instance = start(Guest{.plugin_call = "(call $log (i32.const -1) (i32.const 6)) (call $answer (i32.const 64) (i32.const 9))"});
    EXPECT_THAT(invoke(instance, "op"), IsOk());
}

TEST(HookrLimits, EndlessLogging_isCutAndSaidOnce) {
    auto recorder = std::make_shared<Recorder>();
    PluginOptions options;
    options.observer = recorder;
    options.limits.log_bytes = 13;
    auto instance = start(Guest{.plugin_call = R"((local $i i32)
        (loop $more (call $log (i32.const 128) (i32.const 6))
          (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
        (call $answer (i32.const 64) (i32.const 9)))"}, options);
    EXPECT_THAT(invoke(instance, "op"), IsOk());
    EXPECT_THAT(recorder->logs(), ElementsAre("a line", "a line", "a"));
    EXPECT_THAT(recorder->warnings(), SizeIs(1));
}

TEST(HookrLimits, EndlessLoop_endsAtTheDeadlineWithTheGuestsText) {
    PluginOptions options;
    options.limits.call_time = std::chrono::milliseconds(30);
    auto instance = start(Guest{.plugin_call = "(drop (call $fail (i32.const 32) (i32.const 8))) (loop $l (br $l)) (i32.const 1)"}, options);
    const auto error = error_of(invoke(instance, "op"));
    EXPECT_EQ(error.code(), ErrorCode::deadline_exceeded);
    EXPECT_EQ(error.guest_message(), "it broke");
}

}  // namespace
}  // namespace mortise::hookr_tests
