#include <chrono>
#include <stdexcept>

#include "guest.hpp"

namespace mortise::wapc_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

PluginOptions limited(std::uint64_t output_bytes, HostFunctions host = {}) {
    PluginOptions options = with(std::move(host));
    options.limits.output_bytes = output_bytes;
    return options;
}

HostFunctions counting_host(int& calls) {
    HostFunctions host;
    host.on_call([&calls](const HostCall&, Bytes&) -> Result<void> {
        ++calls;
        return {};
    });
    return host;
}

TEST(WapcLimits, Response_upToTheLimitAndNotBeyond) {
    auto instance = start(Guest{.guest_call = "(call $answer (i32.const 0) (i32.add (i32.const 100) (local.get $n)))"}, limited(100));
    const auto most = invoke(instance, "op");
    ASSERT_THAT(most, IsOk());
    EXPECT_THAT(*most, SizeIs(100));
    EXPECT_THAT(invoke(instance, "op", "x"), FailsWith(ErrorCode::output_limit, "__guest_response: the response has 101 bytes"));
}

TEST(WapcLimits, ErrorText_upToTheLimitAndNotBeyond) {
    auto instance = start(Guest{.guest_call = "(call $fail (i32.const 0) (i32.add (i32.const 100) (local.get $n)))"}, limited(100));
    EXPECT_THAT(invoke(instance, "op"), FailsWith(ErrorCode::guest_error));
    EXPECT_THAT(invoke(instance, "op", "x"), FailsWith(ErrorCode::output_limit, "__guest_error: the error text"));
}

TEST(WapcLimits, PartsOfAHostCall_upToTheLimitAndNotBeyond) {
    const char* const fields[] = {"binding", "namespace", "operation", "payload"};
    for (int i = 0; i < 4; ++i) {
        std::string ask = "(drop (call $host_call";
        for (int j = 0; j < 4; ++j) {
            ask += j == i ? " (i32.const 1024) (i32.add (i32.const 100) (local.get $n))" : " (i32.const 1024) (i32.const 100)";
        }
        int calls = 0;
        auto instance = start(Guest{.guest_call = ask + ")) (call $answer (i32.const 64) (i32.const 9))"},
                              limited(100, counting_host(calls)));
        EXPECT_THAT(invoke(instance, "op"), IsOk());
        EXPECT_EQ(calls, 1);
        EXPECT_THAT(invoke(instance, "op", "x"), FailsWith(ErrorCode::output_limit, std::string("the ") + fields[i]));
        EXPECT_EQ(calls, 1);
    }
}

TEST(WapcLimits, LengthThatIsNotInMemory_isABadPointerBeforeItIsALimit) {
    auto instance = start(Guest{.guest_call = "(call $answer (i32.const 0) (i32.const 0x7fffffff))"}, limited(100));
    EXPECT_THAT(invoke(instance, "op"), FailsWith(ErrorCode::bad_pointer));
}

TEST(WapcLimits, EndlessLogging_isCutAndSaidOnce) {
    auto recorder = std::make_shared<Recorder>();
    PluginOptions options;
    options.observer = recorder;
    options.limits.log_bytes = 20;
    options.limits.fuel = 10'000'000;
    auto instance = start(Guest{.guest_call = R"((local $i i32)
        (loop $more (call $console_log (i32.const 128) (i32.const 6))
          (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000))))
        (call $answer (i32.const 64) (i32.const 9)))"}, options);
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an answer")));
    EXPECT_THAT(recorder->logs(), ElementsAre("a line", "a line", "a line", "a "));
    EXPECT_THAT(recorder->warnings(), SizeIs(1));
    EXPECT_THAT(invoke(instance, "op"), IsOk());
    EXPECT_THAT(recorder->logs(), SizeIs(8)) << "each call has its own allowance";
}

TEST(WapcLimits, EndlessEmptyLines_areCutAsWell) {
    auto recorder = std::make_shared<Recorder>();
    PluginOptions options;
    options.observer = recorder;
    options.limits.log_bytes = 20;
    auto instance = start(Guest{.guest_call = R"((local $i i32)
        (loop $more (call $console_log (i32.const 128) (i32.const 0))
          (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000))))
        (call $answer (i32.const 64) (i32.const 9)))"}, options);
    EXPECT_THAT(invoke(instance, "op"), IsOk());
    EXPECT_THAT(recorder->logs(), SizeIs(20));
    EXPECT_THAT(recorder->warnings(), SizeIs(1));
}

TEST(WapcLimits, LineLongerThanAll_isCut) {
    auto recorder = std::make_shared<Recorder>();
    PluginOptions options;
    options.observer = recorder;
    options.limits.log_bytes = 3;
    auto instance = start(Guest{.guest_call = R"((call $console_log (i32.const 128) (i32.const 60000))
        (call $answer (i32.const 64) (i32.const 9)))"}, options);
    EXPECT_THAT(invoke(instance, "op"), IsOk());
    EXPECT_THAT(recorder->logs(), ElementsAre("a l"));
}

TEST(WapcLog, NotUtf8_isALossyView) {
    auto recorder = std::make_shared<Recorder>();
    PluginOptions options;
    options.observer = recorder;
    auto instance = start(Guest{.guest_call = R"((call $console_log (i32.const 96) (i32.const 2))
        (call $answer (i32.const 64) (i32.const 9)))"}, options);
    EXPECT_THAT(invoke(instance, "op"), IsOk());
    EXPECT_THAT(recorder->logs(), ElementsAre("\xEF\xBF\xBD\xEF\xBF\xBD"));
}

TEST(WapcLog, SinkThatThrowsOrIsAbsent_failsNoGuest) {
    class Throwing : public Observer {
        void guest_log(std::uint64_t, LogLevel, std::string_view) override { throw std::runtime_error("disk full"); }
    };
    const Guest guest{.guest_call = R"((call $console_log (i32.const 128) (i32.const 6)) (call $answer (i32.const 64) (i32.const 9)))"};
    PluginOptions options;
    options.observer = std::make_shared<Throwing>();
    auto throwing = start(guest, options);
    EXPECT_THAT(invoke(throwing, "op"), IsOk());
    auto absent = start(guest);
    EXPECT_THAT(invoke(absent, "op"), IsOk());
}

TEST(WapcLog, PointerOutsideMemory_failsEvenWhereNobodyListens) {
    auto instance = start(Guest{.guest_call = "(call $console_log (i32.const -1) (i32.const 6)) (i32.const 1)"});
    EXPECT_THAT(invoke(instance, "op"), FailsWith(ErrorCode::bad_pointer, "__console_log"));
}

TEST(WapcLog, Line_isOfLevelInfoAndNamesTheInstance) {
    class Levels : public Observer {
    public:
        void guest_log(std::uint64_t instance, LogLevel level, std::string_view text) override {
            seen = std::to_string(instance) + " " + std::string(to_string(level)) + " " + std::string(text);
        }
        std::string seen;
    };
    auto levels = std::make_shared<Levels>();
    PluginOptions options;
    options.observer = levels;
    auto instance = start(Guest{.guest_call = R"((call $console_log (i32.const 128) (i32.const 6))
        (call $answer (i32.const 64) (i32.const 9)))"}, options);
    EXPECT_THAT(invoke(instance, "op"), IsOk());
    EXPECT_EQ(levels->seen, std::to_string(instance.id()) + " info a line");
}

TEST(WapcLimits, EndlessLoop_endsAtTheDeadlineWithTheGuestsText) {
    PluginOptions options;
    options.limits.call_time = std::chrono::milliseconds(30);
    auto instance = start(Guest{.guest_call = R"((if (local.get $n) (then (drop (call $fail (i32.const 32) (i32.const 8)))
        (loop $l (br $l)))) (call $answer (i32.const 64) (i32.const 9)))"}, options);
    const auto error = error_of(invoke(instance, "op", "x"));
    EXPECT_EQ(error.code(), ErrorCode::deadline_exceeded);
    EXPECT_EQ(error.guest_message(), "it broke");
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an answer"))) << "made anew";
}

TEST(WapcLimits, HandlerThatReturnsLate_endsTheCall) {
    HostFunctions host;
    std::chrono::steady_clock::time_point until;
    host.on_call([&until](const HostCall&, Bytes&) -> Result<void> {
        while (std::chrono::steady_clock::now() < until) {}
        return {};
    });
    PluginOptions options = with(host);
    options.limits.call_time = std::chrono::milliseconds(20);
    auto instance = start(Guest{.guest_call = "(drop (call $ask (i32.const 0) (i32.const 0))) (call $answer (i32.const 64) (i32.const 9))"}, options);
    until = std::chrono::steady_clock::now() + std::chrono::milliseconds(80);
    EXPECT_THAT(invoke(instance, "op"), FailsWith(ErrorCode::deadline_exceeded));
}

TEST(WapcLimits, Fuel_endsTheCall) {
    PluginOptions options;
    options.limits.fuel = 100'000;
    auto instance = start(Guest{.guest_call = "(loop $l (br $l)) (i32.const 1)"}, options);
    EXPECT_THAT(invoke(instance, "op"), FailsWith(ErrorCode::out_of_fuel));
}

TEST(WapcLimits, LargePayloads_crossWhole) {
    PluginOptions options;
    options.limits.memory_bytes = std::uint64_t{128} << 20;
    Guest guest{.guest_call = R"((call $guest_request (i32.const 1024) (i32.const 65536))
        (call $answer (i32.const 65536) (local.get $n)))"};
    guest.pages = "600";
    auto instance = start(guest, options);
    Bytes payload(std::size_t{32} << 20);
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::byte>(i * 2654435761u >> 24);
    auto response = instance.invoke("op", payload);
    ASSERT_THAT(response, IsOk());
    EXPECT_TRUE(*response == payload);
}

}  // namespace
}  // namespace mortise::wapc_tests
