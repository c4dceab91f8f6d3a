#include "guest.hpp"

namespace mortise::wapc_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// `proc_exit` without WASI: another host function of the tests would not end the guest as an exit does.
constexpr std::string_view kExit = R"((import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))))";

/// A guest whose start functions each log a letter: start section "S", then one a function.
Guest logging(std::string more) {
    return {.guest_call = "(call $answer (i32.const 64) (i32.const 9))",
            .more = "(data (i32.const 200) \"SABCD\") (func $note (param i32) (call $console_log (local.get 0) (i32.const 1)))" + more};
}

Result<Instance> started(const Guest& guest, std::shared_ptr<Recorder> recorder = nullptr, PluginOptions options = {}) {
    options.observer = std::move(recorder);
    const auto plugin = load(guest, std::move(options));
    if (!plugin) return fail(plugin.error());
    return plugin->instantiate();
}

TEST(WapcStart, Order_isSectionThenStartThenInitializeThenInit) {
    auto recorder = std::make_shared<Recorder>();
    auto instance = started(logging(R"(
        (func (export "wapc_init") (call $note (i32.const 203)))
        (func (export "_initialize") (call $note (i32.const 202)))
        (func (export "_start") (call $note (i32.const 201)))
        (func (export "main") (unreachable)) (func (export "__wasm_call_ctors") (unreachable)) (func (export "resume") (unreachable))
        (func $section (call $note (i32.const 200))) (start $section))"), recorder);
    ASSERT_THAT(instance, IsOk());
    EXPECT_THAT(recorder->logs(), ElementsAre("S", "A", "B", "C"));
    EXPECT_THAT(invoke(*instance, "op"), Holds(std::string("an answer")));
    EXPECT_THAT(recorder->logs(), ElementsAre("S", "A", "B", "C")) << "they run once, not in every call";
}

TEST(WapcStart, Functions_areThoseOfTheOptions) {
    auto recorder = std::make_shared<Recorder>();
    const abi::wapc::Options options{.start_functions = {"wapc_init", "my_init", "wapc_init", "not_there"}};
    auto instance = started(logging(R"(
        (func (export "_start") (unreachable))
        (func (export "my_init") (call $note (i32.const 201)))
        (func (export "wapc_init") (call $note (i32.const 202))))"), recorder, with(options));
    ASSERT_THAT(instance, IsOk());
    EXPECT_THAT(recorder->logs(), ElementsAre("B", "A"));
}

TEST(WapcStart, FunctionsWithParametersOrResults_areSkippedOrTheirResultsIgnored) {
    auto recorder = std::make_shared<Recorder>();
    auto instance = started(logging(R"(
        (func (export "_start") (param i32) (unreachable))
        (global (export "_initialize") i32 (i32.const 1))
        (func (export "wapc_init") (result i32 i64) (call $note (i32.const 203)) (i32.const 0) (i64.const 0)))"), recorder);
    ASSERT_THAT(instance, IsOk());
    EXPECT_THAT(recorder->logs(), ElementsAre("C"));
}

TEST(WapcStart, Exit0_isSuccessAndTheNextIsCalled) {
    auto recorder = std::make_shared<Recorder>();
    Guest guest = logging(R"(
        (func (export "_start") (call $note (i32.const 201)) (call $exit (i32.const 0)))
        (func (export "_initialize") (call $exit (i32.const 0)))
        (func (export "wapc_init") (call $note (i32.const 203)) (call $exit (i32.const 0))))");
    guest.imports = kExit;
    auto instance = started(guest, recorder);
    ASSERT_THAT(instance, IsOk());
    EXPECT_THAT(recorder->logs(), ElementsAre("A", "C"));
    EXPECT_THAT(invoke(*instance, "op"), Holds(std::string("an answer")));
    EXPECT_THAT(invoke(*instance, "op"), Holds(std::string("an answer")));
    EXPECT_THAT(recorder->logs(), ElementsAre("A", "C")) << "the instance is kept, not made anew";
}

TEST(WapcStart, OtherExit_isFailureWithItsStatus) {
    Guest guest = logging(R"((func (export "_start") (call $exit (i32.const 3))))");
    guest.imports = kExit;
    const auto error = error_of(started(guest));
    EXPECT_EQ(error.code(), ErrorCode::guest_exit);
    EXPECT_EQ(error.exit_status(), 3);
    EXPECT_THAT(error.describe(), HasSubstr("_start"));
}

TEST(WapcStart, Trap_isFailureWithTheGuestsText) {
    for (const char* name : {"_start", "_initialize", "wapc_init"}) {
        const auto error = error_of(started(logging(std::string("(func (export \"") + name +
                                                    "\") (drop (call $fail (i32.const 32) (i32.const 8))) (unreachable))")));
        EXPECT_EQ(error.code(), ErrorCode::trap);
        EXPECT_EQ(error.guest_message(), "it broke");
        EXPECT_THAT(error.describe(), HasSubstr(name));
    }
    const auto error = error_of(started(logging("(func $section (unreachable)) (start $section)")));
    EXPECT_EQ(error.code(), ErrorCode::trap);
    EXPECT_THAT(error.describe(), HasSubstr("start section"));
}

TEST(WapcStart, BadPointer_isFailure) {
    EXPECT_THAT(started(logging("(func (export \"wapc_init\") (call $console_log (i32.const -1) (i32.const 1)))")),
                FailsWith(ErrorCode::bad_pointer, "__console_log"));
}

TEST(WapcStart, HostCalls_workEvenInTheStartSection) {
    std::vector<std::string> asked;
    HostFunctions host;
    host.on_call([&asked](const HostCall& call, Bytes& reply) -> Result<void> {
        asked.emplace_back(text_of(call.payload));
        reply = copy_bytes("settings");
        return {};
    });
    Guest guest = logging(R"(
        (func $use (param i32)
          (if (i32.ne (call $ask (local.get 0) (i32.const 1)) (i32.const 1)) (then (unreachable)))
          (if (i32.ne (call $host_response_len) (i32.const 8)) (then (unreachable)))
          (call $host_response (i32.const 300)))
        (func $section (call $use (i32.const 200))) (start $section)
        (func (export "wapc_init") (call $use (i32.const 203))))");
    guest.guest_call = "(call $answer (i32.const 300) (i32.const 8))";
    auto instance = started(guest, nullptr, with(host));
    ASSERT_THAT(instance, IsOk());
    EXPECT_THAT(asked, ElementsAre("S", "C"));
    EXPECT_THAT(invoke(*instance, "op"), Holds(std::string("settings")));
}

TEST(WapcStart, HostCallWithoutHandler_returns0) {
    EXPECT_THAT(started(logging(R"((func (export "wapc_init") (if (call $ask (i32.const 0) (i32.const 0)) (then (unreachable)))))")), IsOk());
}

TEST(WapcStart, Request_writesNothing) {
    EXPECT_THAT(started(logging(R"((func $section (call $guest_request (i32.const -1) (i32.const -1))) (start $section)
        (func (export "_start") (call $guest_request (i32.const 1024) (i32.const 2048))
          (if (i32.or (i32.load (i32.const 1024)) (i32.load (i32.const 2048))) (then (unreachable)))))")), IsOk());
}

TEST(WapcStart, ResponseAndText_areDroppedAndTheTextIsSaid) {
    auto recorder = std::make_shared<Recorder>();
    auto guest = logging(R"((func (export "wapc_init") (drop (call $answer (i32.const 64) (i32.const 9)))
        (drop (call $fail (i32.const 32) (i32.const 8)))))");
    guest.guest_call = "(i32.const 1)";
    auto instance = started(guest, recorder);
    ASSERT_THAT(instance, IsOk());
    EXPECT_THAT(invoke(*instance, "op"), FailsWith(ErrorCode::no_response));
    EXPECT_THAT(recorder->warnings(), ElementsAre(HasSubstr("it broke")));
}

TEST(WapcStart, CallingTheInstanceBack_isNotReentrant) {
    HostFunctions host;
    host.on_call([](const HostCall& call, Bytes&) -> Result<void> {
        auto inner = call.instance().invoke("op", "");
        EXPECT_THAT(inner, FailsWith(ErrorCode::not_reentrant));
        return {};
    });
    EXPECT_THAT(started(logging(R"((func (export "wapc_init") (if (i32.ne (call $ask (i32.const 0) (i32.const 0)) (i32.const 1))
        (then (unreachable)))))"), nullptr, with(host)), IsOk());
}

TEST(WapcStart, EndlessLoop_endsAtTheDeadline) {
    PluginOptions options;
    options.limits.start_time = std::chrono::milliseconds(30);
    EXPECT_THAT(started(logging("(func $section (loop $l (br $l))) (start $section)"), nullptr, options),
                FailsWith(ErrorCode::deadline_exceeded));
    EXPECT_THAT(started(logging("(func (export \"wapc_init\") (loop $l (br $l)))"), nullptr, options),
                FailsWith(ErrorCode::deadline_exceeded, "wapc_init"));
}

TEST(WapcExit, InACall_endsItWithTheStatusWhateverItIs) {
    for (const int status : {0, 3}) {
        Guest guest{.guest_call = "(drop (call $answer (i32.const 64) (i32.const 9))) (call $exit (i32.const " +
                                  std::to_string(status) + ")) (i32.const 1)",
                    .imports = std::string(kExit)};
        PluginOptions options;
        options.after_failure = AfterFailure::fail;
        auto instance = started(guest, nullptr, options);
        ASSERT_THAT(instance, IsOk());
        const auto error = error_of(invoke(*instance, "op"));
        EXPECT_EQ(error.code(), ErrorCode::guest_exit);
        EXPECT_EQ(error.exit_status(), status);
        EXPECT_THAT(invoke(*instance, "op"), FailsWith(ErrorCode::poisoned));
    }
}

TEST(WapcWasi, AllThreeModules_areThere) {
    for (const char* module : {"wasi_snapshot_preview1", "wasi_unstable", "wasi"}) {
        Guest guest{.guest_call = "(call $answer (i32.const 64) (i32.const 9))",
                    .imports = std::string("(import \"") + module + "\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32)))"};
        EXPECT_THAT(started(guest), IsOk()) << module;
    }
}

}  // namespace
}  // namespace mortise::wapc_tests
