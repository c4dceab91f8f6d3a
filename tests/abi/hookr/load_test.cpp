#include "guest.hpp"

namespace mortise::hookr_tests {
namespace {

using ::testing::HasSubstr;

#define PLUGIN_CALL(name) "(memory (export \"memory\") 1) (func (export \"" name "\") (param i32 i32) (result i32) (i32.const 1))"

TEST(HookrLoad, Recognised_byItsImportsOrItsExport) {
    const auto imports = load(Guest{});
    ASSERT_THAT(imports, IsOk());
    EXPECT_EQ(imports->abi().name, "hookr");
    EXPECT_THAT(imports->abi_reason(), HasSubstr("imports \"hookr\" \"__plugin_request\""));

    const auto exports = testing::load_wat(runtime(), "(module " PLUGIN_CALL("__plugin_call") ")");
    ASSERT_THAT(exports, IsOk());
    EXPECT_EQ(exports->abi().name, "hookr");
    EXPECT_THAT(exports->abi_reason(), HasSubstr("exports \"__plugin_call\""));
}

TEST(HookrLoad, Generation0_isRecognisedByItsModuleAlone) {
    const auto plugin = load(Guest{.older_names = true});
    ASSERT_THAT(plugin, IsOk());
    EXPECT_EQ(plugin->abi().name, "hookr");
    auto instance = value(load(Guest{.plugin_call = std::string(kEcho), .older_names = true})->instantiate());
    EXPECT_THAT(invoke(instance, "op", "hello"), Holds(std::string("hello")));

    auto failing = start(Guest{.plugin_call = "(call $fail (i32.const 32) (i32.const 8))", .older_names = true});
    EXPECT_THAT(invoke(failing, "op"), FailsWith(ErrorCode::guest_error, "it broke"));
}

TEST(HookrLoad, Generation0_isRefusedIfTheOptionsSaySo) {
    const abi::hookr::Options none{.generation_0_aliases = false};
    EXPECT_THAT(load(Guest{.older_names = true}, with(none)), FailsWith(ErrorCode::missing_export, "__plugin_call"));
    const auto request = R"((module (import "hookr" "__guest_request" (func (param i32 i32))) )" PLUGIN_CALL("__plugin_call") ")";
    EXPECT_THAT(testing::load_wat(runtime(), request, with(none)), FailsWith(ErrorCode::missing_import, "__guest_request"));
    EXPECT_THAT(testing::load_wat(runtime(), request), IsOk());
}

TEST(HookrLoad, BothNamesOfTheEntry_todaysIsCalled) {
    auto instance = start(Guest{.plugin_call = "(call $answer (i32.const 64) (i32.const 9))",
                                .more = "(func (export \"__guest_call\") (param i32 i32) (result i32) (unreachable))"});
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an answer")));
}

struct RefusalRow {
    const char* name;
    const char* wat;
    ErrorCode code;
    const char* text;
    bool recognised = true;
};

class HookrRefusal : public ::testing::TestWithParam<RefusalRow> {};

TEST_P(HookrRefusal, Module_isRefusedBeforeItRuns) {
    PluginOptions options;
    if (!GetParam().recognised) options.abi = "hookr";
    EXPECT_THAT(testing::load_wat(runtime(), GetParam().wat, options), FailsWith(GetParam().code, GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(Rows, HookrRefusal, ::testing::Values(
    RefusalRow{"no_plugin_call", R"((module (memory (export "memory") 1)))", ErrorCode::missing_export, "__plugin_call", false},
    RefusalRow{"no_plugin_call_but_imports", R"((module (import "hookr" "__log" (func (param i32 i32)))))", ErrorCode::missing_export,
               "__plugin_call"},
    RefusalRow{"plugin_call_of_another_type", R"((module (func (export "__plugin_call") (param i32 i32 i32) (result i32) (i32.const 1))))",
               ErrorCode::export_mismatch, "(i32 i32 i32) -> i32"},
    RefusalRow{"plugin_call_no_function", R"((module (memory (export "__plugin_call") 1)))", ErrorCode::export_mismatch, "memory", false},
    RefusalRow{"unknown_function", R"((module (import "hookr" "__wish" (func)) )" PLUGIN_CALL("__plugin_call") ")",
               ErrorCode::missing_import, "import \"hookr\" \"__wish\""},
    RefusalRow{"function_of_another_type", R"((module (import "hookr" "__log" (func (param i32))) )" PLUGIN_CALL("__plugin_call") ")",
               ErrorCode::import_mismatch, "(i32) -> ()"},
    RefusalRow{"host_call_of_waPC", R"((module (import "hookr" "__host_call" (func (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32))) )"
               PLUGIN_CALL("__plugin_call") ")", ErrorCode::import_mismatch, "(i32 i32 i32 i32) -> i32"},
    RefusalRow{"wasi_unstable", R"((module (import "wasi_unstable" "sched_yield" (func (result i32))) )" PLUGIN_CALL("__plugin_call") ")",
               ErrorCode::missing_import, "wasi_unstable"},
    RefusalRow{"generation_2a_by_export", R"((module (func (export "__plugin_call_v2") (param i32 i32) (result i32) (i32.const 1))))",
               ErrorCode::unsupported, "generation 2a"},
    RefusalRow{"generation_2a_by_import", R"((module (import "hookr" "__host_call_v2" (func (param i32 i32 i32) (result i32))) )"
               PLUGIN_CALL("__plugin_call") ")", ErrorCode::unsupported, "generation 2a"},
    RefusalRow{"generation_2b_by_export", R"((module (func (export "__hookr_abi_version") (result i32) (i32.const 0x20000)) )"
               PLUGIN_CALL("__plugin_call") ")", ErrorCode::unsupported, "generation 2b"},
    RefusalRow{"generation_2b_by_export_alone", R"((module (func (export "__hookr_abi_version") (result i64) (i64.const 0x20000))))",
               ErrorCode::unsupported, "generation 2b"},
    RefusalRow{"generation_2b_by_request", R"((module (import "hookr" "__plugin_request" (func (param i32) (result i32))) )"
               PLUGIN_CALL("__plugin_call") ")", ErrorCode::unsupported, "generation 2b"},
    RefusalRow{"generation_2b_by_host_call", R"((module (import "hookr" "__host_call" (func (param i32 i32 i32) (result i32))) )"
               PLUGIN_CALL("__plugin_call") ")", ErrorCode::unsupported, "generation 2b"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(HookrLoad, OptionsOfAnotherType_areInvalid) {
    PluginOptions options;
    options.abi_options = 7;
    EXPECT_THAT(load(Guest{}, options), FailsWith(ErrorCode::invalid_argument, "mortise::abi::hookr::Options"));
}

TEST(HookrLoad, WithoutMemory_failsAsSoonAsBytesMove) {
    auto instance = testing::instance_of(runtime(), R"((module (import "hookr" "__plugin_response" (func $response (param i32 i32)))
        (func (export "__plugin_call") (param i32 i32) (result i32)
          (call $response (i32.const 0) (local.get 1)) (i32.const 1))))");
    EXPECT_THAT(invoke(instance, "op", ""), Holds(std::string()));
    EXPECT_THAT(invoke(instance, "op", "x"), FailsWith(ErrorCode::bad_pointer, "__plugin_response"));
}

TEST(HookrLoad, EmbeddersFunctions_serveOtherModules) {
    HostFunctions host;
    host.add("math", "double", [](std::int32_t x) { return 2 * x; });
    Guest guest;
    guest.imports = R"((import "math" "double" (func $double (param i32) (result i32))))";
    guest.plugin_call = "(call $answer (i32.const 64) (call $double (i32.const 2)))";
    auto instance = start(guest, with(host));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an a")));
}

struct HashRow {
    const char* name;
    std::optional<std::string_view> expected, computed;
    abi::hookr::HashCase hash_case;
    bool fits;
};

class HookrHash : public ::testing::TestWithParam<HashRow> {};

TEST_P(HookrHash, Comparison_isAsTheHostsOptionsHaveIt) {
    const auto& row = GetParam();
    const auto result = abi::hookr::check_hash(row.expected, row.computed, row.hash_case);
    if (row.fits) {
        EXPECT_THAT(result, IsOk());
    } else {
        EXPECT_THAT(result, FailsWith(ErrorCode::digest_mismatch));
    }
}

using abi::hookr::HashCase;
INSTANTIATE_TEST_SUITE_P(Rows, HookrHash, ::testing::Values(
    HashRow{"same", "ab01", "ab01", HashCase::insensitive, true},
    HashRow{"case_apart", "AB01", "ab01", HashCase::insensitive, true},
    HashRow{"case_apart_sensitive", "AB01", "ab01", HashCase::sensitive, false},
    HashRow{"same_sensitive", "ab01", "ab01", HashCase::sensitive, true},
    HashRow{"first_differs", "bb01", "ab01", HashCase::insensitive, false},
    HashRow{"last_differs", "ab02", "ab01", HashCase::insensitive, false},
    HashRow{"beginning_alone", "ab", "ab01", HashCase::insensitive, false},
    HashRow{"neither", std::nullopt, std::nullopt, HashCase::insensitive, true},
    HashRow{"empty_is_none", "", std::nullopt, HashCase::insensitive, true},
    HashRow{"expected_without_hasher", "ab01", std::nullopt, HashCase::insensitive, false},
    HashRow{"hasher_without_expected", std::nullopt, "ab01", HashCase::insensitive, false},
    HashRow{"hasher_with_empty_expected", "", "ab01", HashCase::insensitive, false}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(HookrLoad, Sha256_isCheckedWhileLoading) {
    PluginOptions options;
    options.sha256 = std::string(64, '0');
    EXPECT_THAT(load(Guest{}, options), FailsWith(ErrorCode::digest_mismatch));
}

TEST(HookrLoad, GuestOfBothGenerations_runsAsOneOfTheFirst) {
    const auto plugin = testing::load_wat(runtime(), R"((module (func (export "__plugin_call_v2") (param i32 i32) (result i32) (i32.const 0)) )"
                                                     PLUGIN_CALL("__plugin_call") ")");
    ASSERT_THAT(plugin, IsOk());
    EXPECT_EQ(plugin->abi().name, "hookr");
    EXPECT_THAT(value(plugin->instantiate()).invoke("op", ""), IsOk());
}

}  // namespace
}  // namespace mortise::hookr_tests
