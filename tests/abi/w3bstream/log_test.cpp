#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Levels : public Observer {
public:
    void guest_log(std::uint64_t, LogLevel level, std::string_view text) override {
        lines.push_back(std::string(to_string(level)) + " " + std::string(text));
    }
    std::vector<std::string> lines;
};

std::string log_all(std::string_view levels) {
    std::string out;
    for (const char c : levels) {
        const std::string level = c == 'n' ? "-1" : std::string(1, c);
        out += "(drop (call $log (i32.const " + level + ") (i32.const 16) (i32.const 3)))";
    }
    return out + "(i32.const 0)";
}

TEST(W3bstreamLog, LevelsAreThoseOfTheTable) {
    const auto host = std::make_shared<Host>();
    const auto levels = std::make_shared<Levels>();
    EXPECT_EQ(code({.start = log_all("01234567n")}, {.services = host, .observer = levels}), 0);
    EXPECT_THAT(host->take_log(), ElementsAre("wasm panic key", "wasm fatal key", "wasm error key", "wasm warn key", "wasm info key",
                                              "wasm debug key", "wasm trace key", "wasm trace key", "wasm trace key"));
    EXPECT_THAT(levels->lines, ElementsAre("error key", "error key", "error key", "warning key", "info key", "debug key", "trace key",
                                           "trace key", "trace key"));
}

TEST(W3bstreamLog, Level3IsInfoForOldApplets) {
    const auto host = std::make_shared<Host>();
    EXPECT_EQ(code({.start = log_all("34")}, {.options = {.level_3 = w3b::Level3::info}, .services = host}), 0);
    EXPECT_THAT(host->take_log(), ElementsAre("wasm info key", "wasm info key"));
}

std::string logged(const std::string& text) {
    const auto recorder = std::make_shared<Recorder>();
    const Guest guest{.start = "(call $log (i32.const 4) (i32.const 1024) (i32.const " + std::to_string(text.size()) + "))", .data = escaped(text)};
    EXPECT_EQ(code(guest, {.observer = recorder}), 0);
    return recorder->logs().empty() ? "nothing" : recorder->logs()[0];
}

TEST(W3bstreamLog, TextIsCutAt1024CodePoints_andHexWhereItIsNotUtf8) {
    EXPECT_EQ(logged(std::string(1024, 'a')), std::string(1024, 'a'));
    EXPECT_EQ(logged(std::string(1025, 'a')), std::string(1024, 'a'));
    std::string accents, most;
    for (int i = 0; i < 1500; ++i) accents += "\u00e9";
    for (int i = 0; i < 1024; ++i) most += "\u00e9";
    EXPECT_EQ(logged(accents), most);
    EXPECT_EQ(logged("a\xff"), "61ff");
    EXPECT_EQ(logged("\xff" + std::string(3000, 'a')).size(), 1024u);
    EXPECT_EQ(logged("").size(), 0u);
}

TEST(W3bstreamLog, LineLongerThanACallMayHandOver_isCut) {
    Limits limits;
    limits.output_bytes = 8'192;
    std::string long_line;
    while (long_line.size() < 20'000) long_line += "\u20ac";
    for (const std::string& text : {std::string(20'000, 'a'), long_line, "a" + long_line}) {
        const auto recorder = std::make_shared<Recorder>();
        const auto host = std::make_shared<Host>();
        const Guest guest{.start = "(call $log (i32.const 4) (i32.const 1024) (i32.const " + std::to_string(text.size()) + "))", .data = escaped(text)};
        EXPECT_EQ(code(guest, {.services = host, .observer = recorder, .limits = limits}), 0);
        ASSERT_EQ(recorder->logs().size(), 1u);
        EXPECT_TRUE(text.starts_with(recorder->logs()[0]));
        EXPECT_GE(recorder->logs()[0].size(), 1'024u);
        EXPECT_EQ(host->take_log().size(), 1u) << "the host has nothing to say of it";
    }
}

TEST(W3bstreamLog, HostTellsWhatOldNumbersAndCallsOfContractsDo) {
    const auto host = std::make_shared<Host>();
    const std::string imports = Guest::kImports + R"((import "env" "set_db" (func $set (param i32 i32 i32)))
        (import "env" "get_db" (func $get (param i32 i32) (result i32))) (import "env" "inc" (func $inc (param i32 i32 i32) (result i32))))";
    const Guest guest{.start = R"((call $set (i32.const 16) (i32.const 3) (i32.const 5))
        (drop (call $inc (i32.const 16) (i32.const 3) (i32.const 2)))
        (drop (call $call_contract (i32.const 1) (i32.const 1024) (i32.const 10) (i32.const 512) (i32.const 516)))
        (call $get (i32.const 16) (i32.const 3)))", .data = R"({\"to\":\"a\"})", .imports = imports};
    EXPECT_EQ(code(guest, {.services = host}), 7);
    EXPECT_THAT(host->take_log(), ElementsAre("host info set_db: key", "host info inc: key", "host info ws_call_contract: {\"to\":\"a\"}",
                                              "host info get_db: key"));
}

TEST(W3bstreamLog, SinkThatThrowsFailsNobody) {
    class Throwing : public w3b::MemoryServices {
        bool wants_log() const override { return true; }
        void log(const w3b::LogRecord&) override { throw std::runtime_error("full"); }
        void event_result(const w3b::EventResult&) override { throw std::runtime_error("full"); }
    };
    EXPECT_EQ(code({.start = log_all("4")}, {.services = std::make_shared<Throwing>()}), 0);
}

TEST(W3bstreamLog, RecordSaysWhoAndWhen) {
    class Records : public w3b::Services {
    public:
        bool wants_log() const override { return true; }
        std::chrono::nanoseconds now() override { return std::chrono::nanoseconds(123); }
        void log(const w3b::LogRecord& record) override {
            line = std::string(record.project) + "/" + std::string(record.applet) + "/" + std::string(record.event_id) + "/" +
                   std::to_string(record.time.count()) + "/" + std::string(record.text);
            instance = record.instance_id;
        }
        std::string line;
        std::uint64_t instance = 0;
    };
    const auto records = std::make_shared<Records>();
    EXPECT_EQ(code({.start = log_all("4")}, {.event = {.id = "e1"}, .options = {.project = "p", .applet = "a"}, .services = records}), 0);
    EXPECT_EQ(records->line, "p/a/e1/123/key");
    EXPECT_GT(records->instance, 0u);
}

const std::string kAssemblyScript = Guest::kImports + R"(
  (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
  (import "env" "trace" (func $trace (param i32 i32 f64 f64 f64 f64 f64)))
  (import "env" "seed" (func $seed (result f64))))";

// AssemblyScript strings at 1028 ("it broke") and 2052 ("a.ts").
const std::string kStrings = R"((data (i32.const 1024) "\10\00\00\00i\00t\00 \00b\00r\00o\00k\00e\00")
                               (data (i32.const 2048) "\08\00\00\00a\00.\00t\00s\00"))";

TEST(W3bstreamAssemblyScript, AbortIsToldByTheTrapAfterIt) {
    const auto host = std::make_shared<Host>();
    const auto recorder = std::make_shared<Recorder>();
    const Guest guest{.start = "(call $abort (i32.const 1028) (i32.const 2052) (i32.const 12) (i32.const 34)) (unreachable)",
                      .more = kStrings, .imports = kAssemblyScript};
    const Ran ran = run(guest, {.services = host, .observer = recorder});
    ASSERT_THAT(ran.ended, FailsWith(ErrorCode::trap));
    EXPECT_EQ(ran.ended.error().guest_message(), "it broke at a.ts:12:34");
    EXPECT_EQ(ran.ended.error().trap(), TrapKind::unreachable);
    EXPECT_THAT(host->take_log(), ElementsAre("host error abort: it broke at a.ts:12:34"));
    EXPECT_THAT(recorder->logs(), IsEmpty());
}

TEST(W3bstreamAssemblyScript, AbortReturns) {
    const Guest guest{.start = "(call $abort (i32.const 1028) (i32.const 2052) (i32.const 1) (i32.const 1)) (i32.const 5)",
                      .more = kStrings, .imports = kAssemblyScript};
    EXPECT_EQ(code(guest), 5);
}

TEST(W3bstreamAssemblyScript, AbortWithBadPointersReturnsToo) {
    for (const std::string pointer : {"0", "3", "-1", "65537", "1028"}) {
        const auto host = std::make_shared<Host>();
        const Guest guest{.start = "(call $abort (i32.const " + pointer + ") (i32.const " + pointer + ") (i32.const 1) (i32.const 1)) (unreachable)",
                          .data = R"(\ff\ff\ff\ff)",   // the length of a string at 1028
                          .imports = kAssemblyScript};
        EXPECT_THAT(run(guest, {.services = host}).ended, FailsWith(ErrorCode::trap));
        EXPECT_THAT(host->take_log(), ElementsAre(HasSubstr("cannot be read")));
    }
}

TEST(W3bstreamAssemblyScript, TraceLogsItsFirstNumbers) {
    const auto trace = [](std::string_view n) {
        return "(call $trace (i32.const 1028) (i32.const " + std::string(n) +
               ") (f64.const 1) (f64.const -2.5) (f64.const 100000) (f64.const 1e21) (f64.const nan))";
    };
    const auto recorder = std::make_shared<Recorder>();
    const Guest guest{.start = trace("0") + trace("2") + trace("5") + trace("-1") + trace("99") + "(i32.const 0)",
                      .more = kStrings, .imports = kAssemblyScript};
    EXPECT_EQ(code(guest, {.observer = recorder}), 0);
    EXPECT_THAT(recorder->logs(), ElementsAre("trace: it broke", "trace: it broke 1, -2.5", "trace: it broke 1, -2.5, 100000, 1e+21, NaN",
                                              "trace: it broke", "trace: it broke 1, -2.5, 100000, 1e+21, NaN"));
}

TEST(W3bstreamAssemblyScript, SeedsDiffer) {
    const Guest guest{.start = "(if (f64.eq (call $seed) (call $seed)) (then (return (i32.const 1)))) (f64.lt (call $seed) (f64.const 0))",
                      .imports = kAssemblyScript};
    EXPECT_EQ(code(guest), 0);
}

TEST(W3bstreamObserver, EveryImportIsReportedWithWhatItCarried) {
    class Calls : public Observer {
    public:
        void host_call(const HostCallEvent& event) override {
            std::string line = std::string(event.module) + "." + std::string(event.name) + (event.ok ? " ok" : " failed");
            for (const auto& argument : event.arguments) {
                line += argument.kind() == Kind::bytes ? " '" + std::string(text_of(argument.bytes())) + "'" : " " + std::to_string(argument.u32());
            }
            if (event.has_payload) line += " payload '" + std::string(text_of(event.payload)) + "'";
            lines.push_back(line);
        }
        std::vector<std::string> lines;
    };
    const auto calls = std::make_shared<Calls>();
    const Guest guest{.start = R"((drop (call $get_data (local.get $rid) (i32.const 512) (i32.const 516)))
        (drop (call $get_data (i32.const 9) (i32.const 512) (i32.const 516)))
        (drop (call $set_db (i32.const 16) (i32.const 3) (i32.const 32) (i32.const 5)))
        (drop (call $get_db (i32.const 16) (i32.const 3) (i32.const 512) (i32.const 516)))
        (call $log (i32.const 4) (i32.const 70000) (i32.const 1)))",
                      .alloc = R"((func (export "alloc") (param i32) (result i32) (memory.fill (i32.const 16) (i32.const 120) (i32.const 3)) (i32.const 2000)))"};
    const Ran ran = run(guest, {.event = {.rid = 1}, .observer = calls});
    EXPECT_EQ(ran.value, -1);
    EXPECT_THAT(calls->lines, ElementsAre("env.ws_get_data ok 1", "env.ws_get_data failed 9", "env.ws_set_db ok 'xxx' 'value' payload 'value'",
                                          "env.ws_get_db ok 'xxx' payload 'xxx'", "env.ws_log failed 4"));
}

}  // namespace
}  // namespace mortise::w3bstream_tests
