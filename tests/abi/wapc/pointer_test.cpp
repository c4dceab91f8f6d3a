#include "guest.hpp"

namespace mortise::wapc_tests {
namespace {

using ::testing::HasSubstr;

struct PointerRow {
    const char* name;
    const char* guest_call;
    const char* function;   ///< null: the range is fine
    const char* field = "";
};

class WapcPointer : public ::testing::TestWithParam<PointerRow> {};

HostFunctions echoing_host() {
    HostFunctions host;
    host.on_call([](const HostCall& call, Bytes& reply) -> Result<void> {
        if (text_of(call.payload) == "fail") return fail(ErrorCode::host_function_failed, "no such thing");
        reply = copy_bytes(call.payload);
        return {};
    });
    return host;
}

TEST_P(WapcPointer, OutsideMemory_failsTheCallNamingFunctionAndField) {
    const auto& row = GetParam();
    auto instance = start(Guest{.guest_call = std::string(row.guest_call) + "(call $answer (i32.const 64) (i32.const 9))"},
                          with(echoing_host()));
    const auto result = invoke(instance, "op", "payload");
    if (row.function == nullptr) {
        EXPECT_THAT(result, Holds(std::string("an answer")));
        return;
    }
    ASSERT_THAT(result, FailsWith(ErrorCode::bad_pointer));
    EXPECT_THAT(result.error().message(), HasSubstr(row.function));
    EXPECT_THAT(result.error().message(), HasSubstr(std::string("the ") + row.field));
    EXPECT_EQ(result.error().blame(), Blame::guest);
}

#define CALL_HOST(bd, bd_n, ns, ns_n, op, op_n, p, n)                                                                       \
    "(drop (call $host_call (i32.const " #bd ") (i32.const " #bd_n ") (i32.const " #ns ") (i32.const " #ns_n ") "           \
    "(i32.const " #op ") (i32.const " #op_n ") (i32.const " #p ") (i32.const " #n ")))"
#define RANGE(function, at, size) "(call $" #function " (i32.const " #at ") (i32.const " #size "))"
#define FAIL_AT_HOST "(i32.store (i32.const 4096) (i32.const 0x6c696166)) (drop (call $ask (i32.const 4096) (i32.const 4)))"

const PointerRow kReads[] = {
    {"response_past_the_end", RANGE(guest_response, 65535, 2), "__guest_response", "response"},
    {"response_beyond_the_end", RANGE(guest_response, 65537, 1), "__guest_response", "response"},
    {"response_that_wraps", RANGE(guest_response, 0xffffffff, 2), "__guest_response", "response"},
    {"response_of_all_there_is", RANGE(guest_response, 16, 0xfffffff0), "__guest_response", "response"},
    {"response_of_2_gib", RANGE(guest_response, 0, 0x80000000), "__guest_response", "response"},
    {"response_up_to_the_end", RANGE(guest_response, 65535, 1), nullptr},
    {"empty_response_at_0", RANGE(guest_response, 0, 0), nullptr},
    {"empty_response_anywhere", RANGE(guest_response, 0xffffffff, 0), nullptr},
    {"error_past_the_end", RANGE(guest_error, 65530, 7), "__guest_error", "error text"},
    {"error_that_wraps", RANGE(guest_error, 0xfffffff0, 0x20), "__guest_error", "error text"},
    {"empty_error_anywhere", RANGE(guest_error, 0x80000000, 0), nullptr},
    {"log_past_the_end", RANGE(console_log, 65536, 1), "__console_log", "text"},
    {"log_that_wraps", RANGE(console_log, 0xffffffff, 1), "__console_log", "text"},
    {"empty_log_anywhere", RANGE(console_log, 0x12345678, 0), nullptr},
    {"binding", CALL_HOST(65536, 1, 8, 2, 16, 2, 0, 0), "__host_call", "binding"},
    {"namespace", CALL_HOST(0, 2, 0xfffffffe, 4, 16, 2, 0, 0), "__host_call", "namespace"},
    {"operation", CALL_HOST(0, 2, 8, 2, 16, 0xffffffff, 0, 0), "__host_call", "operation"},
    {"payload", CALL_HOST(0, 2, 8, 2, 16, 2, 65000, 1000), "__host_call", "payload"},
    {"payload_negative", CALL_HOST(0, 2, 8, 2, 16, 2, -1, 1), "__host_call", "payload"},
    {"host_call_all_empty_anywhere", CALL_HOST(-1, 0, 0x80000000, 0, 70000, 0, -5, 0), nullptr},
};

const PointerRow kWrites[] = {
    {"request_payload", "(call $guest_request (i32.const 1024) (i32.const 65530))", "__guest_request", "payload"},
    {"request_payload_negative", "(call $guest_request (i32.const 1024) (i32.const -3))", "__guest_request", "payload"},
    {"request_operation", "(call $guest_request (i32.const 65535) (i32.const 4096))", "__guest_request", "operation"},
    {"request_operation_wraps", "(call $guest_request (i32.const 0xffffffff) (i32.const 4096))", "__guest_request", "operation"},
    {"request_up_to_the_end", "(call $guest_request (i32.const 65534) (i32.const 65527))", nullptr},
    {"host_response", "(drop (call $ask (i32.const 64) (i32.const 9))) (call $host_response (i32.const 65530))", "__host_response",
     "host's response"},
    {"host_response_up_to_the_end", "(drop (call $ask (i32.const 64) (i32.const 9))) (call $host_response (i32.const 65527))", nullptr},
    {"empty_host_response", "(drop (call $ask (i32.const 64) (i32.const 0))) (call $host_response (i32.const -1))", nullptr},
    {"no_host_response", "(call $host_response (i32.const -1))", nullptr},
    {"host_error", FAIL_AT_HOST "(call $host_error (i32.const 65530))", "__host_error", "host's error text"},
    {"no_host_error", "(call $host_error (i32.const -1))", nullptr},
};

std::string name_of(const ::testing::TestParamInfo<PointerRow>& row) { return row.param.name; }
INSTANTIATE_TEST_SUITE_P(Reads, WapcPointer, ::testing::ValuesIn(kReads), name_of);
INSTANTIATE_TEST_SUITE_P(Writes, WapcPointer, ::testing::ValuesIn(kWrites), name_of);

TEST(WapcPointers, RangeThatDoesNotFit_writesNotEvenAPart) {
    // The payload would fit, the operation would not: the guest looks at the payload's buffer in the call after.
    PluginOptions options;
    options.after_failure = AfterFailure::reuse;
    auto instance = start(Guest{.guest_call = R"((if (local.get $n) (then (call $guest_request (i32.const 65535) (i32.const 4096))))
        (call $answer (i32.const 4096) (i32.const 7)))"}, options);
    EXPECT_THAT(invoke(instance, "op", "payload"), FailsWith(ErrorCode::bad_pointer));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string(7, '\0')));
}

TEST(WapcPointers, EmptyOperationAndPayload_letTheirPointersBeAnything) {
    auto instance = start(Guest{.guest_call = R"((call $guest_request (i32.const -1) (i32.const 0x80000000))
        (call $answer (i32.const 64) (i32.const 9)))"});
    EXPECT_THAT(invoke(instance, "", ""), Holds(std::string("an answer")));
    EXPECT_THAT(invoke(instance, "o", ""), FailsWith(ErrorCode::bad_pointer, "operation"));
    EXPECT_THAT(invoke(instance, "", "p"), FailsWith(ErrorCode::bad_pointer, "payload"));
}

TEST(WapcPointers, BadPointer_keepsTheGuestsTextAndPoisonsTheInstance) {
    PluginOptions options;
    options.after_failure = AfterFailure::fail;
    auto instance = start(Guest{.guest_call = R"((drop (call $fail (i32.const 32) (i32.const 8)))
        (call $answer (i32.const -1) (i32.const 9)))"}, options);
    EXPECT_EQ(error_of(invoke(instance, "op")).guest_message(), "it broke");
    EXPECT_THAT(invoke(instance, "op"), FailsWith(ErrorCode::poisoned));
}

TEST(WapcPointers, BeyondTwoGib_areFineInsideMemory) {
    PluginOptions options;
    options.limits.memory_bytes = std::uint64_t{5} << 30;
    Guest guest{.guest_call = R"((i32.store (i32.const 0x90000000) (i32.const 0x21796568))
        (call $guest_request (i32.const 0x90001000) (i32.const 0xf0000000))
        (if (i32.ne (i32.load8_u (i32.const 0xf0000000)) (i32.const 112)) (then (unreachable)))
        (call $answer (i32.const 0x90000000) (i32.const 4)))"};
    guest.pages = "65536";   // all of the 4 GiB that 32 bits reach; untouched pages cost nothing
    const auto plugin = load(guest, options);
    ASSERT_THAT(plugin, IsOk());
    auto instance = plugin->instantiate();
    ASSERT_THAT(instance, IsOk());
    EXPECT_THAT(invoke(*instance, "op", "payload"), Holds(std::string("hey!")));
}

TEST(WapcPointers, LastByteOfFourGib_isInsideAndOneMoreIsNot) {
    PluginOptions options;
    options.limits.memory_bytes = std::uint64_t{5} << 30;
    Guest guest{.guest_call = "(call $answer (i32.const -1) (i32.add (local.get $n) (i32.const 1)))"};
    guest.pages = "65536";
    auto instance = start(guest, options);
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string(1, '\0')));
    EXPECT_THAT(invoke(instance, "op", "x"), FailsWith(ErrorCode::bad_pointer, "response"));
}

}  // namespace
}  // namespace mortise::wapc_tests
