#include "guest.hpp"

namespace mortise::hookr_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kExit = R"((import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))))";
constexpr std::string_view kAbort = R"((import "env" "abort" (func $abort (param i32 i32 i32 i32))))";
constexpr std::string_view kStrings = R"((data (i32.const 1024) "\06\00\00\00b\00a\00d\00") (data (i32.const 1096) "\08\00\00\00a\00.\00t\00s\00"))";
constexpr std::string_view kCallAbort = "(call $abort (i32.const 1028) (i32.const 1100) (i32.const 7) (i32.const 21))";

/// A guest whose start functions each log a letter.
Guest logging(std::string more) {
    return {.plugin_call = "(call $answer (i32.const 64) (i32.const 9))",
            .more = "(data (i32.const 200) \"SABC\") (func $note (param i32) (call $log (local.get 0) (i32.const 1)))" + more};
}

Result<Instance> started(const Guest& guest, std::shared_ptr<Recorder> recorder = nullptr, PluginOptions options = {}) {
    options.observer = std::move(recorder);
    const auto plugin = load(guest, std::move(options));
    if (!plugin) return fail(plugin.error());
    return plugin->instantiate();
}

TEST(HookrStart, Order_isSectionThenStartThenInitializeThenInit) {
    auto recorder = std::make_shared<Recorder>();
    auto instance = started(logging(R"(
        (func (export "hookr_init") (call $note (i32.const 203)))
        (func (export "_initialize") (call $note (i32.const 202)))
        (func (export "_start") (call $note (i32.const 201)))
        (func (export "wapc_init") (unreachable)) (func (export "main") (unreachable))
        (func $section (call $note (i32.const 200))) (start $section))"), recorder);
    ASSERT_THAT(instance, IsOk());
    EXPECT_THAT(recorder->logs(), ElementsAre("S", "A", "B", "C"));
    EXPECT_THAT(invoke(*instance, "op"), Holds(std::string("an answer")));
    EXPECT_THAT(recorder->logs(), ElementsAre("S", "A", "B", "C"));
}

TEST(HookrStart, SectionWithoutACall_movesNoBytes) {
    HostFunctions host;
    host.on_call([](const HostCall&, Bytes&) -> Result<void> {
        ADD_FAILURE() << "there is no call that a host call could belong to";
        return {};
    });
    EXPECT_THAT(started(logging(R"((func $section
        (if (call $ask (i32.const 0) (i32.const 0)) (then (unreachable)))
        (if (i32.or (call $host_response_len) (call $host_error_len)) (then (unreachable)))
        (call $host_response (i32.const -1)) (call $host_error (i32.const -1))
        (call $request (i32.const -1) (i32.const -1))
        (call $response (i32.const -1) (i32.const 5)) (call $error (i32.const -1) (i32.const 5)))
        (start $section))"), nullptr, with(host)), IsOk());
}

TEST(HookrStart, HostCalls_workInTheInitialisers) {
    HostFunctions host;
    host.on_call([](const HostCall&, Bytes& reply) -> Result<void> {
        reply = copy_bytes("settings");
        return {};
    });
    Guest guest = logging(R"((func (export "_initialize")
        (if (i32.ne (call $ask (i32.const 0) (i32.const 0)) (i32.const 1)) (then (unreachable)))
        (if (i32.ne (call $host_response_len) (i32.const 8)) (then (unreachable)))
        (call $host_response (i32.const 300)))
        (func (export "hookr_init") (if (call $host_response_len) (then (unreachable)))))");
    guest.plugin_call = "(call $answer (i32.const 300) (i32.const 8))";
    auto instance = started(guest, nullptr, with(host));
    ASSERT_THAT(instance, IsOk());
    EXPECT_THAT(invoke(*instance, "op"), Holds(std::string("settings")));
}

TEST(HookrStart, Request_writesNothingUnlessTheOptionsSaySo) {
    Guest guest = logging(R"((func (export "hookr_init") (call $request (i32.const 300) (i32.const -1))))");
    guest.plugin_call = "(call $answer (i32.const 300) (i32.const 10))";
    auto nothing = started(guest);
    ASSERT_THAT(nothing, IsOk());
    EXPECT_THAT(invoke(*nothing, "op"), Holds(std::string(10, '\0')));

    const abi::hookr::Options faithful{.initialiser_request = abi::hookr::InitialiserRequest::operation_name};
    auto name = started(guest, nullptr, with(faithful));
    ASSERT_THAT(name, IsOk());
    EXPECT_THAT(invoke(*name, "op"), Holds(std::string("hookr_init")));
}

TEST(HookrStart, Exit0_isSuccessAndTheInstanceIsKept) {
    auto recorder = std::make_shared<Recorder>();
    Guest guest = logging(R"(
        (func (export "_start") (call $note (i32.const 201)) (call $exit (i32.const 0)))
        (func (export "hookr_init") (call $note (i32.const 203)) (call $exit (i32.const 0))))");
    guest.imports = kExit;
    auto instance = started(guest, recorder);
    ASSERT_THAT(instance, IsOk());
    EXPECT_THAT(invoke(*instance, "op"), Holds(std::string("an answer")));
    EXPECT_THAT(invoke(*instance, "op"), Holds(std::string("an answer")));
    EXPECT_THAT(recorder->logs(), ElementsAre("A", "C"));
}

TEST(HookrStart, OtherExit_isFailureWithItsStatus) {
    Guest guest = logging(R"((func (export "_initialize") (call $exit (i32.const 3))))");
    guest.imports = kExit;
    const auto error = error_of(started(guest));
    EXPECT_EQ(error.code(), ErrorCode::guest_exit);
    EXPECT_EQ(error.exit_status(), 3);
    EXPECT_THAT(error.describe(), HasSubstr("_initialize"));
}

TEST(HookrStart, Trap_isFailureAndNeverIgnored) {
    for (const char* name : {"_start", "_initialize", "hookr_init"}) {
        const auto error = error_of(started(logging(std::string("(func (export \"") + name +
                                                    "\") (drop (call $fail (i32.const 32) (i32.const 8))) (unreachable))")));
        EXPECT_EQ(error.code(), ErrorCode::trap);
        EXPECT_EQ(error.guest_message(), "it broke");
        EXPECT_THAT(error.describe(), HasSubstr(name));
    }
}

TEST(HookrStart, TextOfAnInitialiser_isDroppedAndSaid) {
    auto recorder = std::make_shared<Recorder>();
    auto instance = started(logging(R"((func (export "hookr_init") (drop (call $fail (i32.const 32) (i32.const 8)))))"), recorder);
    ASSERT_THAT(instance, IsOk());
    EXPECT_THAT(invoke(*instance, "op"), IsOk());
    EXPECT_THAT(recorder->warnings(), ElementsAre(HasSubstr("it broke")));
}

TEST(HookrStart, EndlessLoop_endsAtTheDeadline) {
    PluginOptions options;
    options.limits.start_time = std::chrono::milliseconds(30);
    EXPECT_THAT(started(logging("(func (export \"_initialize\") (loop $l (br $l)))"), nullptr, options),
                FailsWith(ErrorCode::deadline_exceeded, "_initialize"));
}

TEST(HookrAbort, InACall_isExit255WithTheMessage) {
    Guest guest{.plugin_call = std::string(kCallAbort) + "(i32.const 1)",
                .more = std::string(kStrings), .imports = std::string(kAbort)};
    auto instance = started(guest);
    ASSERT_THAT(instance, IsOk());
    const auto error = error_of(invoke(*instance, "op"));
    EXPECT_EQ(error.code(), ErrorCode::guest_exit);
    EXPECT_EQ(error.exit_status(), 255);
    EXPECT_EQ(error.guest_message(), "bad");
    EXPECT_THAT(error.message(), ::testing::HasSubstr("bad at a.ts:7:21"));
}

TEST(HookrAbort, PoisonsTheInstance_whichIsThenMadeAnew) {
    Guest guest{.plugin_call = "(if (local.get $n) (then " + std::string(kCallAbort) + ")) (call $answer (i32.const 64) (i32.const 9))",
                .more = std::string(kStrings), .imports = std::string(kAbort)};
    auto recycled = started(guest);
    ASSERT_THAT(recycled, IsOk());
    EXPECT_THAT(invoke(*recycled, "op", "x"), FailsWith(ErrorCode::guest_exit));
    EXPECT_THAT(invoke(*recycled, "op"), Holds(std::string("an answer")));

    PluginOptions options;
    options.after_failure = AfterFailure::fail;
    auto kept = started(guest, nullptr, options);
    ASSERT_THAT(kept, IsOk());
    EXPECT_THAT(invoke(*kept, "op", "x"), FailsWith(ErrorCode::guest_exit));
    EXPECT_THAT(invoke(*kept, "op"), FailsWith(ErrorCode::poisoned));
}

TEST(HookrAbort, WhileStarting_isAFailureWithTheMessage) {
    for (const char* form : {"(func $section BODY) (start $section)", "(func (export \"hookr_init\") BODY)"}) {
        std::string more = form;
        more.replace(more.find("BODY"), 4, kCallAbort);
        Guest guest{.more = std::string(kStrings) + more, .imports = std::string(kAbort)};
        const auto error = error_of(started(guest));
        EXPECT_EQ(error.code(), ErrorCode::guest_exit);
        EXPECT_EQ(error.exit_status(), 255);
        EXPECT_EQ(error.guest_message(), "bad");
    }
}

TEST(HookrTrace, IsALogLineOfLevelTrace) {
    class Levels : public Observer {
    public:
        void guest_log(std::uint64_t, LogLevel level, std::string_view text) override {
            seen.push_back(std::string(to_string(level)) + " " + std::string(text));
        }
        std::vector<std::string> seen;
    };
    auto levels = std::make_shared<Levels>();
    Guest guest{.plugin_call = R"((call $trace (i32.const 1028) (i32.const 1) (f64.const 1.5) (f64.const 0) (f64.const 0) (f64.const 0) (f64.const 0))
                  (call $log (i32.const 128) (i32.const 6)) (call $answer (i32.const 64) (i32.const 9)))",
                .more = std::string(kStrings),
                .imports = R"((import "env" "trace" (func $trace (param i32 i32 f64 f64 f64 f64 f64))))"};
    PluginOptions options;
    options.observer = levels;
    const auto plugin = load(guest, options);
    ASSERT_THAT(plugin, IsOk());
    auto instance = value(plugin->instantiate());
    EXPECT_THAT(invoke(instance, "op"), IsOk());
    EXPECT_THAT(levels->seen, ElementsAre("trace bad 1.5", "info a line"));
}

}  // namespace
}  // namespace mortise::hookr_tests
