#include "guest.hpp"

namespace mortise::wapc_tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<Recognition> recognise_wat(std::string_view wat) {
    PluginOptions options;
    options.abi = "plain";
    options.host.add("wapc", "f", [] {});
    const auto plugin = testing::load_wat(runtime(), wat, std::move(options));
    if (plugin) return recognise(plugin->module());
    ADD_FAILURE() << plugin.error().describe();
    return {};
}

struct RecognitionRow {
    const char* name;
    const char* wat;
    const char* reason;   ///< null: not waPC
};

class WapcRecognition : public ::testing::TestWithParam<RecognitionRow> {};

TEST_P(WapcRecognition, Module_isTakenOrNot_withItsReason) {
    ModuleInfo info;
    // Descriptions alone decide, so that imports need nobody who provides them.
    PluginOptions options;
    options.abi = "wapc";
    options.abi_options = abi::wapc::Options{.unknown_imports = abi::wapc::UnknownImports::trap_stub};
    const auto plugin = testing::load_wat(runtime(), GetParam().wat, options);
    ASSERT_THAT(plugin, IsOk());
    std::string reason;
    for (const auto& found : recognise(plugin->module())) {
        if (found.abi == "wapc") reason = found.reason;
    }
    if (GetParam().reason == nullptr) {
        EXPECT_THAT(reason, IsEmpty());
    } else {
        EXPECT_THAT(reason, HasSubstr(GetParam().reason));
    }
}

#define GUEST_CALL R"((memory (export "memory") 1) (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)))"

INSTANTIATE_TEST_SUITE_P(Rows, WapcRecognition, ::testing::Values(
    RecognitionRow{"request", R"((module (import "wapc" "__guest_request" (func (param i32 i32))) )" GUEST_CALL ")",
                   "imports \"wapc\" \"__guest_request\""},
    RecognitionRow{"console_log", R"((module (import "wapc" "__console_log" (func (param i32 i32))) )" GUEST_CALL ")",
                   "imports \"wapc\" \"__console_log\""},
    RecognitionRow{"g1", R"((module (import "wapc" "__host_call" (func (param i32 i32 i32 i32) (result i32))) )" GUEST_CALL ")",
                   "operation alone"},
    RecognitionRow{"g2", R"((module (import "wapc" "__host_call" (func (param i32 i32 i32 i32 i32 i32) (result i32))) )" GUEST_CALL ")",
                   "namespace and operation"},
    RecognitionRow{"g3", R"((module (import "wapc" "__host_call" (func (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32))) )" GUEST_CALL ")",
                   "binding, namespace and operation"},
    RecognitionRow{"wasmbus", R"((module (import "wasmbus" "__guest_error" (func (param i32 i32))) )" GUEST_CALL ")",
                   "imports \"wasmbus\" \"__guest_error\""},
    RecognitionRow{"export_alone", "(module " GUEST_CALL ")", "exports \"__guest_call\""},
    RecognitionRow{"hookr_of_old", R"((module (import "hookr" "__guest_request" (func (param i32 i32))) )" GUEST_CALL ")", nullptr}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(WapcRecognition, NoMark_isNotWapc) {
    EXPECT_THAT(recognise_wat(R"((module (func (export "guest_call"))))"), IsEmpty());
    EXPECT_THAT(recognise_wat(R"((module (import "wapc" "f" (func)) (func (export "run"))))"), IsEmpty());
}

TEST(WapcLoad, Recognised_withoutBeingNamed) {
    const auto plugin = load(Guest{});
    ASSERT_THAT(plugin, IsOk());
    EXPECT_EQ(plugin->abi().name, "wapc");
    EXPECT_THAT(plugin->abi_reason(), HasSubstr("imports \"wapc\" \"__host_call\""));
}

struct RefusalRow {
    const char* name;
    const char* wat;
    ErrorCode code;
    const char* text;
};

class WapcRefusal : public ::testing::TestWithParam<RefusalRow> {};

TEST_P(WapcRefusal, Module_isRefusedBeforeItRuns) {
    PluginOptions options;
    options.abi = "wapc";
    EXPECT_THAT(testing::load_wat(runtime(), GetParam().wat, options), FailsWith(GetParam().code, GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(Rows, WapcRefusal, ::testing::Values(
    RefusalRow{"no_guest_call", R"((module (memory (export "memory") 1)))", ErrorCode::missing_export, "__guest_call"},
    RefusalRow{"guest_call_of_another_type", R"((module (func (export "__guest_call") (param i32) (result i32) (i32.const 1))))",
               ErrorCode::export_mismatch, "(i32) -> i32"},
    RefusalRow{"guest_call_without_result", R"((module (func (export "__guest_call") (param i32 i32))))",
               ErrorCode::export_mismatch, "(i32 i32) -> i32"},
    RefusalRow{"guest_call_no_function", R"((module (global (export "__guest_call") i32 (i32.const 1))))",
               ErrorCode::export_mismatch, "global"},
    RefusalRow{"no_memory_but_pointers", R"((module (import "wapc" "__guest_response" (func (param i32 i32)))
                 (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1))))",
               ErrorCode::missing_export, "\"memory\""},
    RefusalRow{"memory_of_another_name", R"((module (import "env" "__console_log" (func (param i32 i32))) (memory (export "mem") 1)
                 (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1))))",
               ErrorCode::missing_export, "\"memory\""},
    RefusalRow{"memory_no_memory", R"((module (import "wapc" "__host_error" (func (param i32))) (global (export "memory") i32 (i32.const 1))
                 (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1))))",
               ErrorCode::export_mismatch, "is a global"},
    RefusalRow{"unknown_function", R"((module (import "wapc" "__guest_wish" (func (param i32 i32))) )" GUEST_CALL ")",
               ErrorCode::missing_import, "import \"wapc\" \"__guest_wish\""},
    RefusalRow{"unknown_module", R"((module (import "db" "get" (func (param i32))) )" GUEST_CALL ")",
               ErrorCode::missing_import, "import \"db\" \"get\" of type (i32) -> ()"},
    RefusalRow{"function_of_another_type", R"((module (import "wapc" "__guest_request" (func (param i64 i32))) )" GUEST_CALL ")",
               ErrorCode::import_mismatch, "(i64 i32) -> ()"},
    RefusalRow{"function_as_a_global", R"((module (import "wapc" "__guest_request" (global i32)) )" GUEST_CALL ")",
               ErrorCode::import_mismatch, "global"},
    RefusalRow{"host_call_of_five", R"((module (import "wapc" "__host_call" (func (param i32 i32 i32 i32 i32) (result i32))) )" GUEST_CALL ")",
               ErrorCode::import_mismatch, "(i32 i32 i32 i32 i32) -> i32"},
    RefusalRow{"host_call_of_four_floats", R"((module (import "wapc" "__host_call" (func (param f32 f32 f32 f32) (result i32))) )" GUEST_CALL ")",
               ErrorCode::import_mismatch, "(i32 i32 i32 i32) -> i32"},
    RefusalRow{"abort_of_another_type", R"((module (import "env" "abort" (func)) )" GUEST_CALL ")",
               ErrorCode::import_mismatch, "(i32 i32 i32 i32) -> ()"},
    RefusalRow{"vino_by_nine_parameters",
               R"((module (import "wapc" "__host_call" (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
                 (memory (export "memory") 1) (func (export "__guest_call") (param i32 i32 i32) (result i32) (i32.const 1))))",
               ErrorCode::unsupported, "vino"},
    RefusalRow{"vino_by_async_import", R"((module (import "wapc" "__async_host_call" (func (param i32 i32))) )" GUEST_CALL ")",
               ErrorCode::unsupported, "vino"},
    RefusalRow{"vino_by_async_export", R"((module (func (export "__async_guest_call")) )" GUEST_CALL ")",
               ErrorCode::unsupported, "vino"},
    RefusalRow{"vino_by_guest_call", R"((module (func (export "__guest_call") (param i32 i32 i32) (result i32) (i32.const 1))))",
               ErrorCode::unsupported, "vino"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(WapcLoad, WithoutMemory_isFineWhereNothingTakesAPointer) {
    const auto plugin = testing::load_wat(runtime(), R"((module (import "wapc" "__host_response_len" (func $len (result i32)))
        (func (export "__guest_call") (param i32 i32) (result i32) (call $len))))");
    ASSERT_THAT(plugin, IsOk());
    auto instance = value(plugin->instantiate());
    EXPECT_THAT(instance.invoke("op", ""), FailsWith(ErrorCode::guest_error));
}

TEST(WapcLoad, GuestWithoutAnyImport_canStillReturnACode) {
    abi::wapc::Options options{.missing_response = abi::wapc::MissingResponse::empty};
    auto instance = testing::instance_of(runtime(), "(module " GUEST_CALL ")", with(options));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string()));
}

TEST(WapcLoad, SameImportTwice_isBoundTwice) {
    Guest guest;
    guest.imports = R"((import "wapc" "__guest_response" (func $again (param i32 i32))))";
    guest.guest_call = "(call $guest_response (i32.const 32) (i32.const 8)) (call $again (i32.const 64) (i32.const 9)) (i32.const 1)";
    auto instance = start(guest);
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an answer")));
}

TEST(WapcLoad, BothModules_areBound) {
    Guest guest;
    guest.imports = R"((import "wasmbus" "__guest_response" (func $bus (param i32 i32))))";
    guest.guest_call = "(call $bus (i32.const 64) (i32.const 9)) (i32.const 1)";
    auto instance = start(guest);
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an answer")));
}

TEST(WapcLoad, UnknownImport_trapsWhenCalledIfStubbed) {
    const abi::wapc::Options stubs{.unknown_imports = abi::wapc::UnknownImports::trap_stub};
    Guest guest;
    guest.imports = R"((import "wapc" "__guest_wish" (func $wish)) (import "db" "get" (func $get (param i64) (result f32))))";
    guest.guest_call = "(if (local.get $n) (then (call $wish))) (call $answer (i32.const 64) (i32.const 9))";
    auto instance = start(guest, with(stubs));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an answer")));

    const auto error = error_of(invoke(instance, "op", "x"));
    EXPECT_EQ(error.code(), ErrorCode::trap);
    EXPECT_EQ(error.trap(), TrapKind::unreachable);
    EXPECT_THAT(error.message(), HasSubstr("import \"wapc\" \"__guest_wish\""));
}

TEST(WapcLoad, UnknownImportThatIsNoFunction_staysMissing) {
    const abi::wapc::Options stubs{.unknown_imports = abi::wapc::UnknownImports::trap_stub};
    Guest guest;
    guest.imports = R"((import "db" "size" (global i32)))";
    EXPECT_THAT(load(guest, with(stubs)), FailsWith(ErrorCode::missing_import, "import \"db\" \"size\""));
}

TEST(WapcLoad, EmbeddersFunctions_serveOtherModules) {
    HostFunctions host;
    host.add("math", "double", [](std::int32_t x) { return 2 * x; });
    Guest guest;
    guest.imports = R"((import "math" "double" (func $double (param i32) (result i32))))";
    guest.guest_call = "(call $answer (i32.const 64) (call $double (i32.const 2)))";
    auto instance = start(guest, with(host));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an a")));
}

TEST(WapcLoad, EmbeddersFunction_standsBeforeThoseForLanguages) {
    bool called = false;
    HostFunctions host;
    host.add("env", "abort", [&called](std::int32_t, std::int32_t, std::int32_t, std::int32_t) { called = true; });
    Guest guest;
    guest.imports = R"((import "env" "abort" (func $abort (param i32 i32 i32 i32))))";
    guest.guest_call = "(call $abort (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (call $answer (i32.const 64) (i32.const 9))";
    auto instance = start(guest, with(host));
    EXPECT_THAT(invoke(instance, "op"), Holds(std::string("an answer")));
    EXPECT_TRUE(called);
}

TEST(WapcLoad, ConsoleLogOfEnv_isAnAlias) {
    auto recorder = std::make_shared<Recorder>();
    PluginOptions options;
    options.observer = recorder;
    Guest guest;
    guest.imports = R"((import "env" "__console_log" (func $env_log (param i32 i32))))";
    guest.guest_call = "(call $env_log (i32.const 128) (i32.const 6)) (call $answer (i32.const 64) (i32.const 9))";
    auto instance = start(guest, options);
    EXPECT_THAT(invoke(instance, "op"), IsOk());
    EXPECT_THAT(recorder->logs(), ::testing::ElementsAre("a line"));
}

TEST(WapcLoad, OptionsOfAnotherType_areInvalid) {
    PluginOptions options;
    options.abi_options = std::string("not options");
    EXPECT_THAT(load(Guest{}, options), FailsWith(ErrorCode::invalid_argument, "mortise::abi::wapc::Options"));
}

std::string guest_of_generation(std::string_view module, std::size_t params) {
    std::string wat = R"((module (import ")" + std::string(module) + R"(" "__host_call" (func (param)";
    for (std::size_t i = 0; i < params; ++i) wat += " i32";
    return wat + ") (result i32)))" GUEST_CALL ")";
}

TEST(WapcLoad, OlderGenerations_areRefusedIfTheOptionsSaySo) {
    const auto load_of = [](std::string_view module, std::size_t params, abi::wapc::Options options) {
        return testing::load_wat(runtime(), guest_of_generation(module, params), with(std::move(options)));
    };
    const abi::wapc::Options no_g1{.accept_g1 = false};
    const abi::wapc::Options no_g2{.accept_g2 = false};
    const abi::wapc::Options no_bus{.accept_wasmbus = false};
    EXPECT_THAT(load_of("wapc", 4, no_g1), FailsWith(ErrorCode::unsupported, "first generation"));
    EXPECT_THAT(load_of("wapc", 6, no_g1), IsOk());
    EXPECT_THAT(load_of("wapc", 6, no_g2), FailsWith(ErrorCode::unsupported, "second generation"));
    EXPECT_THAT(load_of("wapc", 4, no_g2), IsOk());
    EXPECT_THAT(load_of("wasmbus", 8, no_bus), FailsWith(ErrorCode::unsupported, "wasmbus"));
    EXPECT_THAT(load_of("wapc", 8, no_bus), IsOk());
}

}  // namespace
}  // namespace mortise::wapc_tests
