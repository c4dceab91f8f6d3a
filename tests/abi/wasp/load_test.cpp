// Recognising wasp modules, starting them, options.

#include "guest.hpp"

namespace mortise::wasp_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

struct RecogniseRow {
    const char* name;
    Guest guest;
    const char* abi;   ///< null: must be named
};

class WaspRecognition : public ::testing::TestWithParam<RecogniseRow> {};

TEST_P(WaspRecognition, GoesByTheMarks) {
    HostFunctions host;
    host.add("env", "f", [] {});
    PluginOptions options;
    options.host = std::move(host);
    const auto plugin = load(GetParam().guest, std::move(options));
    if (GetParam().abi == nullptr) {
        EXPECT_THAT(plugin, FailsWith(ErrorCode::abi_unknown));
        return;
    }
    ASSERT_THAT(plugin, IsOk());
    EXPECT_EQ(plugin->abi().name, GetParam().abi);
}

const RecogniseRow kModules[] = {
    {"usual", {}, "wasp"},
    {"without_deallocate", {.has_deallocate = false}, "wasp"},
    {"with_imports", {.imports = "(import \"env\" \"f\" (func)) (import \"env\" \"raise_error\" (func (param i32)))"}, "wasp"},
    {"with_abort", {.imports = "(import \"env\" \"abort\" (func (param i32 i32 i32 i32)))"}, "wasp"},
    {"numbers_alone", {.has_deallocate = false, .has_helpers = false}, "plain"},
    {"without_memory_export", {.memory = "(memory 1)"}, "plain"},
    {"memory_of_another_kind", {.more = "(global (export \"memory\") i32 (i32.const 0))", .memory = "(memory 1)"}, "plain"},
    {"allocate_of_another_type",
     {.more = "(func (export \"allocate\") (param i64) (result i32) (i32.const 0)) (func (export \"get_string_size\") (param i32) (result i32) (i32.const 0))",
      .has_helpers = false},
     "plain"},
    {"wapc_by_export", {.more = "(func (export \"__guest_call\") (param i32 i32) (result i32) (i32.const 1))"}, "wapc"},
};
INSTANTIATE_TEST_SUITE_P(Modules, WaspRecognition, ::testing::ValuesIn(kModules), [](const auto& row) { return row.param.name; });

TEST(WaspRecognition, SaysWhy) { EXPECT_THAT(value(load({})).abi_reason(), HasSubstr("get_string_size")); }

constexpr std::string_view kTrace = "(global $trace (mut i32) (i32.const 0))"
                                    "(func $step (param i32) (global.set $trace (i32.add (i32.mul (global.get $trace) (i32.const 10)) (local.get 0))))"
                                    "(func (export \"trace\") (result i32) (global.get $trace))";

struct StartRow {
    const char* name;
    const char* more;
    int trace;
    abi::wasp::StartUp start_up = abi::wasp::StartUp::on;
};

class WaspStart : public ::testing::TestWithParam<StartRow> {};

TEST_P(WaspStart, RunsTheInitialisersInOrder) {
    auto instance = start({.more = std::string(kTrace) + GetParam().more}, with({.start_up = GetParam().start_up}));
    EXPECT_THAT(instance.call<int>("trace"), Holds(GetParam().trace));
    EXPECT_THAT(instance.call<int>("trace"), Holds(GetParam().trace));
}

const StartRow kStarts[] = {
    {"none", "", 0},
    {"start_section", "(func $s (call $step (i32.const 1))) (start $s)", 1},
    {"initialize", "(func (export \"_initialize\") (call $step (i32.const 2)))", 2},
    {"start", "(func (export \"_start\") (call $step (i32.const 3)))", 3},
    {"all", "(func $s (call $step (i32.const 1))) (start $s) (func (export \"_initialize\") (call $step (i32.const 2)))"
            "(func (export \"_start\") (call $step (i32.const 3)))", 12},
    {"start_with_a_result", "(func (export \"_start\") (result i32) (call $step (i32.const 3)) (i32.const 0))", 0},
    {"initialize_with_parameters", "(func (export \"_initialize\") (param i32) (call $step (i32.const 2))) (func (export \"_start\") (call $step (i32.const 3)))", 3},
    {"off", "(func $s (call $step (i32.const 1))) (start $s) (func (export \"_initialize\") (call $step (i32.const 2)))", 1, abi::wasp::StartUp::off},
};
INSTANTIATE_TEST_SUITE_P(Modules, WaspStart, ::testing::ValuesIn(kStarts), [](const auto& row) { return row.param.name; });

TEST(WaspStart, StartSection_mayCallTheEmbedder) {
    std::vector<std::string> seen;
    HostFunctions host;
    host.add("env", "say", [&](std::string_view text) { seen.emplace_back(text); });
    auto instance = start({.imports = "(import \"env\" \"say\" (func $say (param i32)))", .more = "(func $s (call $say (i32.const 16))) (start $s)"}, with(std::move(host)));
    EXPECT_THAT(seen, ElementsAre("hello"));
    EXPECT_THAT(freed(instance), ElementsAre(std::pair<std::uint32_t, std::uint32_t>(16, 5)));
}

TEST(WaspStart, Trap_failsTheInstance) {
    for (const char* name : {"_start", "_initialize"}) {
        const auto plugin = value(load({.more = "(func (export \""s + name + "\") unreachable)"}));
        EXPECT_THAT(plugin.instantiate(), FailsWith(ErrorCode::trap, name));
    }
}

TEST(WaspStart, RaisedError_failsTheInstance) {
    const auto plugin = value(load({.imports = "(import \"env\" \"raise_error\" (func $raise (param i32)))",
                                    .more = "(func (export \"_start\") (call $raise (i32.const 16)))"}));
    EXPECT_THAT(plugin.instantiate(), FailsWith(ErrorCode::guest_error, "hello"));
}

TEST(WaspStart, TrapAfterARaisedError_hasItsText) {
    for (const char* export_name : {"_start", "_initialize"}) {
        const auto plugin = value(load({.imports = "(import \"env\" \"raise_error\" (func $raise (param i32)))",
                                        .more = "(func (export \""s + export_name + "\") (call $raise (i32.const 16)) unreachable)"}));
        const auto failed = plugin.instantiate();
        ASSERT_THAT(failed, FailsWith(ErrorCode::trap));
        EXPECT_EQ(failed.error().guest_message(), "hello");
    }
}

constexpr std::string_view kExit = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))";

TEST(WaspStart, Exit0_leavesAUsableInstance) {
    auto instance = start({.imports = std::string(kExit), .more = "(func (export \"_start\") (call $exit (i32.const 0)))"
                                                                  "(func (export \"echo\") (param i32) (result i32) (local.get 0))"});
    EXPECT_THAT(instance.call<std::string>("echo", "alive"), Holds("alive"s));
}

TEST(WaspStart, AnotherExit_failsTheInstance) {
    const auto plugin = value(load({.imports = std::string(kExit), .more = "(func (export \"_start\") (call $exit (i32.const 3)))"}));
    EXPECT_THAT(plugin.instantiate(), FailsWith(ErrorCode::guest_exit, "3"));
}

TEST(WaspCall, ThatExits_isGuestExitWithTheRaisedText) {
    auto instance = start({.imports = std::string(kExit) + "(import \"env\" \"raise_error\" (func $raise (param i32)))",
                           .more = "(func (export \"f\") (call $raise (i32.const 16)) (call $exit (i32.const 0)))"});
    const auto result = instance.call<void>("f");
    ASSERT_THAT(result, FailsWith(ErrorCode::guest_exit));
    EXPECT_EQ(result.error().exit_status(), 0);
    EXPECT_EQ(result.error().guest_message(), "hello");
}

TEST(WaspWasi, BothNamespacesInOneModule_work) {
    auto instance = start({.imports = "(import \"wasi_snapshot_preview1\" \"args_sizes_get\" (func $new (param i32 i32) (result i32)))"
                                      "(import \"wasi_unstable\" \"args_sizes_get\" (func $old (param i32 i32) (result i32)))",
                           .more = "(func (export \"f\") (result i32) (drop (call $new (i32.const 800) (i32.const 804)))"
                                   "(drop (call $old (i32.const 808) (i32.const 812))) (i32.add (i32.load (i32.const 800)) (i32.load (i32.const 808))))"},
                          [] {
                              PluginOptions options = with(abi::wasp::Options{});
                              abi::wasp::add_workspace(options.sandbox, "");
                              return options;
                          }());
    EXPECT_THAT(instance.call<int>("f"), Holds(2));
}

TEST(WaspWorkspace, AddsBothNamesAndTheProgram) {
    Sandbox sandbox;
    abi::wasp::add_workspace(sandbox, "/some/where");
    ASSERT_EQ(sandbox.directories.size(), 2u);
    EXPECT_EQ(sandbox.directories[0].guest_path, "workspace");
    EXPECT_EQ(sandbox.directories[1].guest_path, "/workspace");
    for (const auto& directory : sandbox.directories) {
        EXPECT_EQ(directory.host_path, "/some/where");
        EXPECT_EQ(directory.access, Access::read_write);
    }
    EXPECT_THAT(sandbox.arguments, ElementsAre("wasi-plugins"));
}

TEST(WaspWorkspace, LeavesTheProgramsNameAndAddsNoDirectoryForNone) {
    Sandbox sandbox;
    sandbox.arguments = {"mine"};
    abi::wasp::add_workspace(sandbox, "");
    EXPECT_TRUE(sandbox.directories.empty());
    EXPECT_THAT(sandbox.arguments, ElementsAre("mine"));
}

TEST(WaspOptions, OfAnotherType_areRefused) {
    PluginOptions options;
    options.abi = "wasp";
    options.abi_options = std::string("call_start = off");
    EXPECT_THAT(load({}, std::move(options)), FailsWith(ErrorCode::invalid_argument, "wasp::Options"));
}

}  // namespace
}  // namespace mortise::wasp_tests
