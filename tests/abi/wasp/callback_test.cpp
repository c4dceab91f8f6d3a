// What the guest imports: the embedder's functions with any kinds.

#include <limits>
#include <stdexcept>

#include "guest.hpp"

namespace mortise::wasp_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::string_literals;

std::string import(std::string_view name, std::string_view type, std::string_view module = "env") {
    return "(import \"" + std::string(module) + "\" \"" + std::string(name) + "\" (func $" + std::string(name) + " " + std::string(type) + "))";
}

TEST(WaspCallback, WithText_readsItByGetStringSizeAndPlacesTheResult) {
    HostFunctions host;
    host.add("text", "join", [](std::string_view a, int n, std::string_view b) { return std::string(a) + std::to_string(n) + std::string(b); });
    auto instance = start({.imports = import("join", "(param i32 i32 i32) (result i32)", "text"),
                           .more = "(func (export \"f\") (param i32) (result i32) (call $join (local.get 0) (i32.const -4) (i32.const 128)))"},
                          with(std::move(host)));
    EXPECT_THAT(instance.call<std::string>("f", "one "), Holds("one -4first"s));
    EXPECT_THAT(instance.call<std::string>("f", ""), Holds("-4first"s));
}

TEST(WaspCallback, ResultPlaced_isTheBytesThenANul) {
    HostFunctions host;
    host.add("env", "get", [] { return "ab"s; });
    auto instance = start({.imports = import("get", "(result i32)"), .more = "(func (export \"f\") (result i32) (call $get))"}, with(std::move(host)));
    EXPECT_THAT(instance.call<int>("f"), Holds(4096));
    EXPECT_EQ(peek(instance, 4096, 3), "ab\0"s);
    EXPECT_THAT(instance.call<int>("last_size"), Holds(3));
}

TEST(WaspCallback, WithBytes_readsAndPlacesTheirLengthInFront) {
    HostFunctions host;
    host.add("env", "reverse", [](BytesView bytes) { return Bytes(bytes.rbegin(), bytes.rend()); });
    auto instance = start({.imports = import("reverse", "(param i32) (result i32)"),
                           .more = "(func (export \"f\") (param i32) (result i32) (call $reverse (local.get 0)))"},
                          with(std::move(host)));
    EXPECT_THAT(instance.call<Bytes>("f", copy_bytes("abc")), Holds(copy_bytes("cba")));
}

TEST(WaspCallback, WithNumbersOfEveryType_takesAndGivesThem) {
    HostFunctions host;
    host.add("env", "sum", [](std::int32_t a, std::uint32_t b, std::int64_t c, std::uint64_t d, float e, double f, bool g) {
        return static_cast<double>(a) + b + static_cast<double>(c) + static_cast<double>(d) + static_cast<double>(e) + f + (g ? 1 : 0);
    });
    host.add("env", "big", [](const HostCall& call) -> std::uint64_t { return call.name == "big" ? UINT64_MAX : 0; });
    host.add("env", "mixed", [](std::string_view text, double factor) { return factor * static_cast<double>(text.size()); });
    auto instance = start({.imports = import("sum", "(param i32 i32 i64 i64 f32 f64 i32) (result f64)") + import("big", "(result i64)") +
                                      import("mixed", "(param i32 f64) (result f64)"),
                           .more = "(func (export \"sum\") (result f64) (call $sum (i32.const -1) (i32.const -1) (i64.const 2) (i64.const 3)"
                                   "(f32.const 0.5) (f64.const 0.25) (i32.const 1)))"
                                   "(func (export \"big\") (result i64) (call $big))"
                                   "(func (export \"mixed\") (result f64) (call $mixed (i32.const 16) (f64.const 1.5)))"},
                          with(std::move(host)));
    EXPECT_THAT(instance.call<double>("sum"), Holds(-1 + 4294967295.0 + 2 + 3 + 0.5 + 0.25 + 1));
    EXPECT_THAT(instance.call<std::uint64_t>("big"), Holds(std::uint64_t{UINT64_MAX}));
    EXPECT_THAT(instance.call<double>("mixed"), Holds(7.5));
}

TEST(WaspCallback, InAnyNamespace_isFoundByModuleAndName) {
    HostFunctions host;
    host.add("one", "f", [] { return 1; });
    host.add("two", "f", [] { return 2; });
    auto instance = start({.imports = "(import \"one\" \"f\" (func $one (result i32))) (import \"two\" \"f\" (func $two (result i32)))",
                           .more = "(func (export \"g\") (result i32) (i32.add (i32.mul (i32.const 10) (call $one)) (call $two)))"},
                          with(std::move(host)));
    EXPECT_THAT(instance.call<int>("g"), Holds(12));
}

struct FailRow {
    const char* name;
    const char* text;
};

HostFunctions failing_host() {
    HostFunctions host;
    host.add("env", "error_text", [](std::string_view) -> Result<std::string> { return fail(ErrorCode::denied, "not today"); });
    host.add("env", "throw_text", [](std::string_view) -> std::string { throw std::runtime_error("thrown"); });
    host.add("env", "error_number", [](int) -> Result<int> { return fail(ErrorCode::not_found, "no number"); });
    host.add("env", "throw_number", [](int) -> int { throw 5; });
    host.add_dynamic("env", "wrong_kind", {Kind::i32}, Kind::string, [](const HostCall&, std::span<const ValueView>) -> Result<Value> { return Value(std::int32_t{1}); });
    host.add_dynamic("env", "wrong_number", {Kind::i32}, Kind::i32, [](const HostCall&, std::span<const ValueView>) -> Result<Value> { return Value("text"); });
    host.add_dynamic("env", "no_value", {Kind::i32}, Kind::i32, [](const HostCall&, std::span<const ValueView>) -> Result<Value> { return Value(); });
    return host;
}

class WaspFailingCallback : public ::testing::TestWithParam<FailRow> {};

TEST_P(WaspFailingCallback, EndsTheCallAsHostAbortWithItsText) {
    const std::string name = GetParam().name;
    auto instance = start({.imports = import(name, "(param i32) (result i32)"),
                           .more = "(func (export \"f\") (result i32) (call $" + name + " (i32.const 16)))"},
                          with(failing_host()));
    EXPECT_THAT(instance.call<int>("f"), FailsWith(ErrorCode::host_abort, GetParam().text));
    EXPECT_THAT(instance.call<int>("f"), FailsWith(ErrorCode::host_abort, name));
    EXPECT_THAT(instance.call<int>("frees"), Holds(0));
}

const FailRow kFailing[] = {
    {"error_text", "not today"},       {"throw_text", "thrown"},       {"error_number", "no number"},  {"throw_number", "throw_number"},
    {"wrong_kind", "it is i32"},       {"wrong_number", "it is i32, got string"}, {"no_value", "it is i32, got nothing"},
};
INSTANTIATE_TEST_SUITE_P(Kinds, WaspFailingCallback, ::testing::ValuesIn(kFailing), [](const auto& row) { return row.param.name; });

HostFunctions transferring_host() {
    HostFunctions host;
    host.add("env", "take_text", [](int, std::string_view) {});
    host.add("env", "take_bytes", [](int, BytesView) {});
    host.add("env", "give_text", [] { return "text"s; });
    host.add("env", "give_bytes", [] { return Bytes(4); });
    return host;
}

struct HostileRow {
    const char* name;
    const char* call;
    const char* allocate = "(call $bump (local.get $n))";
    const char* get_string_size = "(call $strlen (local.get $p))";
    ErrorCode code = ErrorCode::host_abort;
    const char* text;
};

class WaspHostileCallback : public ::testing::TestWithParam<HostileRow> {};

TEST_P(WaspHostileCallback, EndsTheCall) {
    const auto& row = GetParam();
    auto instance = start({.imports = import("take_text", "(param i32 i32)") + import("take_bytes", "(param i32 i32)") +
                                      import("give_text", "(result i32)") + import("give_bytes", "(result i32)"),
                           .more = "(func (export \"f\") " + std::string(row.call) + ")",
                           .allocate = row.allocate,
                           .get_string_size = row.get_string_size},
                          with(transferring_host()));
    const auto result = instance.call<void>("f");
    EXPECT_THAT(result, FailsWith(row.code, row.text));
    if (row.code == ErrorCode::host_abort) {
        EXPECT_EQ(result.error().blame(), Blame::guest);
    }
}

constexpr const char* kTakeText = "(call $take_text (i32.const 0) (i32.const 16))";
const HostileRow kHostile[] = {
    {.name = "text_outside", .call = "(call $take_text (i32.const 0) (i32.const -1))", .get_string_size = "(i32.const 4)", .text = "reading parameter 2 of host function \"env\" \"take_text\""},
    {.name = "negative_size", .call = kTakeText, .get_string_size = "(i32.const -1)", .text = "get_string_size(16) returned -1"},
    {.name = "size_past_the_end", .call = kTakeText, .get_string_size = "(i32.const 131057)", .text = "not inside"},
    {.name = "size_beyond_memory", .call = kTakeText, .get_string_size = "(i32.const 0x7fffffff)", .code = ErrorCode::host_abort, .text = "not inside the guest's memory"},
    {.name = "size_traps", .call = kTakeText, .get_string_size = "unreachable", .code = ErrorCode::trap, .text = "reading parameter 2"},
    {.name = "bytes_outside", .call = "(call $take_bytes (i32.const 0) (i32.const 131070))", .text = "the length of bytes"},
    {.name = "bytes_too_long", .call = "(i32.store (i32.const 600) (i32.const -1)) (call $take_bytes (i32.const 0) (i32.const 600))", .text = "4294967295 of them"},
    {.name = "no_room_for_text", .call = "(drop (call $give_text))", .allocate = "(i32.const 0)", .text = "placing the result of host function \"env\" \"give_text\" failed: allocate(5) returned 0"},
    {.name = "no_room_for_bytes", .call = "(drop (call $give_bytes))", .allocate = "(i32.const -2)", .text = "allocate(8) returned 4294967294"},
    {.name = "allocate_traps", .call = "(drop (call $give_text))", .allocate = "unreachable", .code = ErrorCode::trap, .text = "placing the result"},
};
INSTANTIATE_TEST_SUITE_P(Kinds, WaspHostileCallback, ::testing::ValuesIn(kHostile), [](const auto& row) { return row.param.name; });

TEST(WaspCallback, CalledByTheGuestsOwnHelpersWithoutEnd_isStopped) {
    HostFunctions host;
    host.add("env", "take", [](std::string_view) {});
    host.add("env", "give", [] { return "x"s; });
    const std::string imports = import("take", "(param i32)") + import("give", "(result i32)") + import("raise_error", "(param i32)");
    const std::string more = "(func (export \"take\") (call $take (i32.const 16))) (func (export \"give\") (result i32) (call $give))"
                             "(func (export \"raise\") (call $raise_error (i32.const 16)))";
    auto sizes = start({.imports = imports, .more = more, .get_string_size = "(call $take (i32.const 16)) (i32.const 0)"}, with(host));
    EXPECT_THAT(sizes.call<void>("take"), FailsWith(ErrorCode::not_reentrant));
    auto raises = start({.imports = imports, .more = more, .get_string_size = "(call $raise_error (i32.const 16)) (i32.const 0)"}, with(host));
    EXPECT_THAT(raises.call<void>("raise"), FailsWith(ErrorCode::not_reentrant));
    auto blocks = start({.imports = imports, .more = more, .allocate = "(call $give)"}, with(host));
    EXPECT_THAT(blocks.call<void>("give"), FailsWith(ErrorCode::not_reentrant));
}

TEST(WaspCallback, CallingAnotherWhileItsTextIsRead_keepsBothTexts) {
    // get_string_size calls `note` with a text of its own the first time round.
    std::vector<std::string> seen;
    HostFunctions host;
    host.add("env", "two", [&](std::string_view a, std::string_view b) { seen.push_back(std::string(a) + "|" + std::string(b)); });
    host.add("env", "note", [&](std::string_view text) { seen.emplace_back(text); });
    auto instance = start({.imports = import("two", "(param i32 i32)") + import("note", "(param i32)"),
                           .more = "(global $once (mut i32) (i32.const 0))"
                                   "(func (export \"f\") (call $two (i32.const 128) (i32.const 144)))",
                           .get_string_size = "(if (i32.and (i32.eq (local.get $p) (i32.const 144)) (i32.eqz (global.get $once)))"
                                              "(then (global.set $once (i32.const 1)) (call $note (i32.const 16)))) (call $strlen (local.get $p))"},
                          with(std::move(host)));
    EXPECT_THAT(instance.call<void>("f"), IsOk());
    EXPECT_THAT(seen, ElementsAre("hello", "first|second"));
}

TEST(WaspCallback, CallingTheInstanceAgain_keepsItsOwnTexts) {
    HostFunctions host;
    host.add("env", "again", [](const HostCall& call, std::string_view text, int depth) -> Result<std::string> {
        if (depth == 0) return "end"s;
        auto inner = call.instance().call<std::string>("f", text, depth - 1);
        if (!inner) return inner;
        return std::string(text) + *inner;
    });
    auto instance = start({.imports = import("again", "(param i32 i32) (result i32)"),
                           .more = "(func (export \"f\") (param i32 i32) (result i32) (call $again (local.get 0) (local.get 1)))"},
                          with(std::move(host)));
    EXPECT_THAT(instance.call<std::string>("f", "a", 5), Holds("aaaaaend"s));
    EXPECT_THAT(instance.call<std::string>("f", "a", 100), FailsWith(ErrorCode::host_abort, "nested more deeply"));
}

TEST(WaspCallback, IsToldToTheObserverWithItsArguments) {
    const auto heard = std::make_shared<Recorder>();
    HostFunctions host;
    host.add("env", "take", [](std::string_view) {});
    host.add("env", "number", [](int) {});
    PluginOptions options = with(std::move(host));
    options.observer = heard;
    auto instance = start({.imports = import("take", "(param i32)") + import("number", "(param i32)"),
                           .more = "(func (export \"f\") (call $take (i32.const 16)) (call $number (i32.const 1)))"},
                          std::move(options));
    EXPECT_THAT(instance.call<void>("f"), IsOk());
    EXPECT_THAT(heard->host_calls(), ElementsAre("env.take", "env.number"));
}

struct ImportRow {
    const char* name;
    const char* imports;
    ErrorCode code;
    const char* text;
};

class WaspImport : public ::testing::TestWithParam<ImportRow> {};

TEST_P(WaspImport, ThatDoesNotFit_failsTheLoad) {
    HostFunctions host;
    host.add("env", "text", [](std::string_view) { return "x"s; });
    host.add("env", "big", [](std::int64_t) {});
    host.add("env", "raise_error", [](int) {});
    host.add("wasi_snapshot_preview1", "nothing", [] {});
    host.add_dynamic("env", "list", {Kind::list}, Kind::none, [](const HostCall&, std::span<const ValueView>) -> Result<Value> { return Value(); });
    EXPECT_THAT(load({.imports = GetParam().imports}, with(std::move(host))), FailsWith(GetParam().code, GetParam().text));
}

const ImportRow kImports[] = {
    {"unknown", "(import \"env\" \"gone\" (func))", ErrorCode::missing_import, "\"env\" \"gone\""},
    {"unknown_namespace", "(import \"enV\" \"text\" (func (param i32) (result i32)))", ErrorCode::missing_import, "\"enV\" \"text\""},
    {"text_of_another_type", "(import \"env\" \"text\" (func (param i64) (result i32)))", ErrorCode::import_mismatch, "(i64) -> i32"},
    {"text_without_its_result", "(import \"env\" \"text\" (func (param i32)))", ErrorCode::import_mismatch, "the host provides (i32) -> i32"},
    {"number_of_another_type", "(import \"env\" \"big\" (func (param i32)))", ErrorCode::import_mismatch, "\"big\""},
    {"a_memory", "(import \"env\" \"memory\" (memory 1))", ErrorCode::missing_import, "\"memory\""},
    {"a_function_that_is_a_global", "(import \"env\" \"text\" (global i32))", ErrorCode::import_mismatch, "global"},
    {"raise_error_of_another_type", "(import \"env\" \"raise_error\" (func (param i32 i32)))", ErrorCode::import_mismatch, "raise_error"},
    {"abort_of_another_type", "(import \"env\" \"abort\" (func (param i32)))", ErrorCode::import_mismatch, "abort"},
    {"an_unknown_wasi_function", "(import \"wasi_snapshot_preview1\" \"nothing\" (func))", ErrorCode::missing_import, "\"nothing\""},
    {"a_kind_that_cannot_cross", "(import \"env\" \"list\" (func (param i32)))", ErrorCode::import_mismatch, "list"},
};
INSTANTIATE_TEST_SUITE_P(Kinds, WaspImport, ::testing::ValuesIn(kImports), [](const auto& row) { return row.param.name; });

TEST(WaspImport, EmbeddersRaiseError_givesWayToTheBuiltIn) {
    bool called = false;
    HostFunctions host;
    host.add("env", "raise_error", [&](std::string_view) { called = true; });
    auto instance = start({.imports = import("raise_error", "(param i32)"), .more = "(func (export \"f\") (call $raise_error (i32.const 16)))"}, with(std::move(host)));
    EXPECT_THAT(instance.call<void>("f"), FailsWith(ErrorCode::guest_error));
    EXPECT_FALSE(called);
}

TEST(WaspEvents, TellWhatHappensInACall) {
    std::vector<std::string> seen;
    HostFunctions host;
    host.add("env", "upper", [](std::string_view) { return "X"s; });
    abi::wasp::Options options;
    options.on_event = [&](const abi::wasp::Event& event) {
        using What = abi::wasp::Event::What;
        static constexpr const char* kNames[] = {"calling", "called", "allocated", "text placed", "bytes placed", "text read", "bytes read", "freed",
                                                 "callback", "callback done", "raised", "failed", "cannot free"};
        seen.push_back(kNames[static_cast<int>(event.what)] + (event.what == What::text_placed ? " " + std::string(event.text) : ""s) +
                       (event.what == What::block_freed ? " " + std::to_string(event.size) : ""s));
        throw std::runtime_error("a listener never fails a guest");
    };
    auto instance = start({.imports = import("upper", "(param i32) (result i32)"),
                           .more = "(func (export \"f\") (param i32) (result i32) (call $upper (local.get 0)))"},
                          with(std::move(host), std::move(options)));
    EXPECT_THAT(instance.call<std::string>("f", "x"), Holds("X"s));
    EXPECT_THAT(seen, ElementsAre("calling", "allocated", "text placed x", "text read", "callback", "callback done", "allocated", "text placed X",
                                  "text read", "freed 1", "freed 1", "called"));
}

}  // namespace
}  // namespace mortise::wasp_tests
