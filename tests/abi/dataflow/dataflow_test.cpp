#include <mortise/abi/dataflow_calls.hpp>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise {
namespace {

namespace dataflow = abi::dataflow;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::FailsWith;
using testing::Holds;
using testing::IsOk;

const Runtime& runtime() {
    static const Runtime the = testing::runtime_under_test();
    return the;
}

/// A plugin around a test's own functions: imports $output, $error, $log; a bump allocator whose `dealloc` counts, as $freed does.
std::string plugin_of(const std::string& functions, const std::string& alloc = R"(
    (func $alloc (export "alloc") (param $n i32) (result i32)
        (global.set $heap (i32.add (global.get $heap) (local.get $n)))
        (i32.sub (global.get $heap) (local.get $n))))") {
    return R"((module
        (import "dataflow" "output" (func $output (param i32 i32)))
        (import "dataflow" "error" (func $error (param i32 i32)))
        (import "dataflow" "log" (func $log (param i32 i32 i32)))
        (memory (export "memory") 2) (global (export "__dataflow_v1") i32 (i32.const 0))
        (global $heap (mut i32) (i32.const 4096)) (global $freed (mut i32) (i32.const 0))
        (data (i32.const 16) "it broke")
        (func (export "dealloc") (param i32 i32) (global.set $freed (i32.add (global.get $freed) (local.get 1)))))" + alloc + functions + ")";
}

Instance start(const std::string& functions, PluginOptions options = {}) {
    return testing::instance_of(runtime(), plugin_of(functions), std::move(options));
}

// Upper case in place, and the same as an i64; `each` hands out every byte as an output of its own.
const std::string kFunctions = R"(
  (func $upper (export "main") (param $p i32) (param $n i32) (result i32) (local $i i32)
    (block $end (loop $next
      (br_if $end (i32.ge_u (local.get $i) (local.get $n)))
      (i32.store8 (i32.add (local.get $p) (local.get $i)) (i32.sub (i32.load8_u (i32.add (local.get $p) (local.get $i))) (i32.const 32)))
      (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $next)))
    (local.get $n))
  (func (export "wide") (param $p i32) (param $n i32) (result i64)
    (drop (call $upper (local.get $p) (local.get $n)))
    (i64.or (i64.shl (i64.extend_i32_u (local.get $p)) (i64.const 32)) (i64.extend_i32_u (local.get $n))))
  (func (export "short") (param $p i32) (param $n i32) (result i64)
    (if (result i64) (i32.le_u (local.get $n) (i32.const 3))
      (then (i64.or (i64.shl (i64.extend_i32_u (local.get $p)) (i64.const 32)) (i64.extend_i32_u (local.get $n)))) (else (i64.const 0))))
  (func (export "each") (param $p i32) (param $n i32) (result i32)
    (block $end (loop $next
      (br_if $end (i32.eqz (local.get $n)))
      (call $output (local.get $p) (i32.const 1))
      (local.set $p (i32.add (local.get $p) (i32.const 1))) (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br $next)))
    (i32.const 0))
  (func (export "append") (param $ap i32) (param $an i32) (param $p i32) (param $n i32) (result i32)
    (if (i32.eqz (local.get $an)) (then (call $output (local.get $p) (local.get $n)) (return (i32.const 0))))
    (memory.copy (i32.add (local.get $ap) (local.get $an)) (local.get $p) (local.get $n))
    (i32.add (local.get $an) (local.get $n)))
  (func (export "grow") (param $p i32) (param $n i32) (result i32) (i32.const 4096))
  (func (export "freed") (param $p i32) (param $n i32) (result i32) (i32.store (i32.const 1024) (global.get $freed))
    (call $output (i32.const 1024) (i32.const 4)) (i32.const 0))
  (func (export "fails") (param i32 i32) (result i32) (call $error (i32.const 16) (i32.const 8)) (i32.const 5))
  (func (export "minus") (param i32 i32) (result i32) (i32.const -3))
  (func (export "wide_fails") (param i32 i32) (result i64) (i64.const -1))
  (func (export "traps") (param i32 i32) (result i32) (call $error (i32.const 16) (i32.const 8)) (unreachable))
  (func (export "logs") (param $p i32) (param $n i32) (result i32) (call $log (i32.const 2) (local.get $p) (local.get $n)) (i32.const 0))
)";

std::string text(const Result<Bytes>& bytes) { return bytes ? std::string(text_of(*bytes)) : "failed: " + bytes.error().describe(); }

TEST(Dataflow, DataGoesInAndOut) {
    auto instance = start(kFunctions);
    EXPECT_EQ(text(instance.invoke("main", "shout")), "SHOUT");
    EXPECT_EQ(text(instance.invoke("wide", "shout")), "SHOUT");
    EXPECT_EQ(text(instance.invoke("main", "")), "");
    EXPECT_EQ(text(instance.invoke("main", std::string(10'000, 'a'))), std::string(10'000, 'A'));
    EXPECT_EQ(instance.call<std::string>("main", "shout").value_or("?"), "SHOUT");
    EXPECT_EQ(instance.invoke("grow", "x")->size(), 4096u);   // the whole block
}

TEST(Dataflow, PresenceIsTold) {
    auto instance = start(kFunctions);
    CallOutcome outcome;
    ASSERT_THAT(instance.perform({.name = "short", .form = CallRequest::Form::message, .payload = bytes_of("long one")}, outcome), IsOk());
    EXPECT_FALSE(outcome.has_payload);
    ASSERT_THAT(instance.perform({.name = "main", .form = CallRequest::Form::message}, outcome), IsOk());
    EXPECT_TRUE(outcome.has_payload);
    EXPECT_FALSE(outcome.report.has_value());
    ASSERT_THAT(instance.perform({.name = "each", .form = CallRequest::Form::message, .payload = bytes_of("abc")}, outcome), IsOk());
    EXPECT_EQ(text_of(outcome.payload), "abc");
    EXPECT_THAT(std::any_cast<dataflow::Outputs>(outcome.report).ends, ElementsAre(1, 2, 3));
}

TEST(Dataflow, RecordsAreMappedFilteredAndFolded) {
    auto instance = start(kFunctions);
    const std::vector<Bytes> records{copy_bytes("one"), copy_bytes("three"), copy_bytes(""), copy_bytes("six")};
    const auto texts = [](const Result<std::vector<Bytes>>& all) {
        std::vector<std::string> out;
        for (const auto& one : value(all)) out.emplace_back(text_of(one));
        return out;
    };
    EXPECT_THAT(texts(dataflow::map(instance, "main", records)), ElementsAre("ONE", "THREE", "", "SIX"));
    EXPECT_THAT(texts(dataflow::map(instance, "short", records)), ElementsAre("one", "six"));
    EXPECT_THAT(texts(dataflow::map(instance, "each", records)), ElementsAre("o", "n", "e", "t", "h", "r", "e", "e", "", "s", "i", "x"));
    EXPECT_EQ(text(dataflow::reduce(instance, "append", copy_bytes("> "), records)), "> onethreesix");
    EXPECT_EQ(text(dataflow::reduce(instance, "append", {}, records)), "onethreesix");
    EXPECT_THAT(dataflow::map(instance, "minus", records), FailsWith(ErrorCode::guest_error));
    EXPECT_THAT(dataflow::reduce(instance, "main", {}, records), FailsWith(ErrorCode::type_mismatch));
}

TEST(Dataflow, BlocksAreGivenBack) {
    auto instance = start(kFunctions);
    ASSERT_THAT(instance.invoke("main", "shout"), IsOk());
    ASSERT_THAT(instance.invoke("minus", "shout"), FailsWith(ErrorCode::guest_error));
    ASSERT_THAT(instance.invoke("wide", "shout"), IsOk());   // the input's block, and the result's five bytes
    const auto freed = instance.invoke("freed", "");
    ASSERT_THAT(freed, IsOk());
    std::uint32_t bytes = 0;
    std::memcpy(&bytes, freed->data(), 4);
    EXPECT_EQ(bytes, 3 * 4096u + 5);
}

TEST(Dataflow, FailuresAreTheGuestsOwn) {
    auto instance = start(kFunctions);
    const auto failed = instance.invoke("fails", "x");
    ASSERT_THAT(failed, FailsWith(ErrorCode::guest_error, "it broke"));
    EXPECT_EQ(failed.error().guest_message(), "it broke");
    EXPECT_THAT(instance.invoke("minus", "x"), FailsWith(ErrorCode::guest_error, "-3"));
    EXPECT_THAT(instance.invoke("wide_fails", "x"), FailsWith(ErrorCode::guest_error));
    const auto trapped = instance.invoke("traps", "x");
    ASSERT_THAT(trapped, FailsWith(ErrorCode::trap));
    EXPECT_EQ(trapped.error().guest_message(), "it broke");
    EXPECT_THAT(instance.invoke("nobody", "x"), FailsWith(ErrorCode::function_not_found));
    EXPECT_THAT(instance.invoke("alloc", "x"), FailsWith(ErrorCode::export_mismatch));
    EXPECT_EQ(text(instance.invoke("main", "on")), "ON");
    const std::any odd = 5;
    CallOutcome outcome;
    EXPECT_THAT(instance.perform({.name = "main", .form = CallRequest::Form::message, .options = &odd}, outcome), FailsWith(ErrorCode::invalid_argument));
}

TEST(Dataflow, LinesAreLogged) {
    const auto recorder = std::make_shared<testing::Recorder>();
    PluginOptions options;
    options.observer = recorder;
    auto instance = start(kFunctions, options);
    ASSERT_THAT(instance.invoke("logs", "a line"), IsOk());
    EXPECT_THAT(recorder->logs(), ElementsAre("a line"));
}

TEST(Dataflow, HostileAllocators_areBadPointers) {
    for (const std::string_view answer : {"(i32.const 0)", "(i32.const -1)", "(i32.const 131072)", "(i32.sub (i32.const 131073) (local.get 0))"}) {
        auto instance = testing::instance_of(runtime(), plugin_of(kFunctions, "(func (export \"alloc\") (param i32) (result i32) " + std::string(answer) + ")"));
        EXPECT_THAT(instance.invoke("main", "x"), FailsWith(ErrorCode::bad_pointer, "alloc")) << answer;
        EXPECT_EQ(text(instance.invoke("main", "")), "");
    }
    auto traps = testing::instance_of(runtime(), plugin_of(kFunctions, R"((func (export "alloc") (param i32) (result i32) (unreachable)))"));
    EXPECT_THAT(traps.invoke("main", "x"), FailsWith(ErrorCode::trap));
}

TEST(Dataflow, HostileResults_areBadPointers) {
    const std::string functions = R"(
        (func (export "too_long") (param i32 i32) (result i32) (i32.const 4097))
        (func (export "from_nothing") (param i32 i32) (result i32) (i32.const 1))
        (func (export "outside") (param i32 i32) (result i64) (i64.const 0x0001fff000001001))
        (func (export "wraps") (param i32 i32) (result i64) (i64.const 0xffffffff00000002))
        (func (export "output") (param i32 i32) (result i32) (call $output (i32.const -1) (i32.const 2)) (i32.const 0))
        (func (export "error") (param i32 i32) (result i32) (call $error (i32.const 131071) (i32.const 2)) (i32.const 0))
        (func (export "log") (param i32 i32) (result i32) (call $log (i32.const 0) (i32.const 131071) (i32.const 2)) (i32.const 0))
        (func (export "flood") (param i32 i32) (result i32) (loop (call $output (i32.const 0) (i32.const 65536)) (br 0)) (i32.const 0))
        (func (export "drizzle") (param i32 i32) (result i32) (loop (call $output (i32.const 0) (i32.const 0)) (br 0)) (i32.const 0)))";
    auto instance = start(functions);
    for (const std::string_view name : {"too_long", "outside", "wraps", "output", "error", "log"}) {
        EXPECT_THAT(instance.invoke(name, "x"), FailsWith(ErrorCode::bad_pointer)) << name;
    }
    EXPECT_THAT(instance.invoke("from_nothing", ""), FailsWith(ErrorCode::bad_pointer));
    EXPECT_THAT(instance.invoke("flood", ""), FailsWith(ErrorCode::output_limit));
    EXPECT_THAT(instance.invoke("drizzle", ""), FailsWith(ErrorCode::output_limit));   // outputs without a byte need room as well
}

TEST(Dataflow, HostFunctionMayCallBack) {
    PluginOptions options;
    Instance* self = nullptr;
    options.host.add("env", "again", [&](std::int32_t depth) -> std::int32_t {
        if (depth == 1) return 0;   // an empty record has no room for an output
        const auto inner = self->invoke("main", std::string(static_cast<std::size_t>(depth - 1), 'x'));
        return inner ? static_cast<std::int32_t>(inner->size()) : -1;
    });
    auto instance = testing::instance_of(runtime(), R"((module
        (import "env" "again" (func $again (param i32) (result i32)))
        (memory (export "memory") 2) (func (export "__dataflow_v1")) (global $heap (mut i32) (i32.const 4096))
        (func (export "alloc") (param $n i32) (result i32) (global.set $heap (i32.add (global.get $heap) (local.get $n)))
            (i32.sub (global.get $heap) (local.get $n)))
        (func (export "main") (param $p i32) (param $n i32) (result i32) (i32.add (call $again (local.get $n)) (i32.const 1)))))", options);
    self = &instance;
    EXPECT_EQ(instance.invoke("main", "1234")->size(), 4u);
}

TEST(Dataflow, RecognisedByItsMarkerAlone_andExportsAreChecked) {
    const auto load = [](const std::string& body, const std::string& abi = "") {
        PluginOptions options;
        options.abi = abi;
        return testing::load_wat(runtime(), "(module " + body + ")", std::move(options));
    };
    const std::string memory = "(memory (export \"memory\") 1)", marker = "(func (export \"__dataflow_v1\"))";
    const std::string alloc = "(func (export \"alloc\") (param i32) (result i32) (i32.const 0))";
    const auto good = load(memory + marker + alloc);
    ASSERT_THAT(good, IsOk());
    EXPECT_EQ(good->abi().name, "dataflow");
    EXPECT_EQ(good->abi_reason(), "exports \"__dataflow_v1\"");
    EXPECT_EQ(load(memory + alloc)->abi().name, "plain");
    EXPECT_EQ(load(memory + alloc, "dataflow")->abi().name, "dataflow");
    EXPECT_THAT(load(memory + alloc + "(func (export \"__dataflow_v2\"))"), FailsWith(ErrorCode::unsupported, "__dataflow_v2"));
    EXPECT_THAT(load(marker + alloc), FailsWith(ErrorCode::missing_export, "memory"));
    EXPECT_THAT(load(memory + marker), FailsWith(ErrorCode::missing_export, "alloc"));
    EXPECT_THAT(load(memory + marker + "(func (export \"alloc\"))"), FailsWith(ErrorCode::export_mismatch, "alloc"));
    EXPECT_THAT(load(memory + marker + alloc + "(func (export \"dealloc\"))"), FailsWith(ErrorCode::export_mismatch, "dealloc"));
    EXPECT_THAT(load("(import \"dataflow\" \"log\" (func))" + memory + marker + alloc), FailsWith(ErrorCode::import_mismatch, "log"));
    EXPECT_THAT(load("(import \"dataflow\" \"unknown\" (func))" + memory + marker + alloc), FailsWith(ErrorCode::missing_import, "unknown"));
}

}  // namespace
}  // namespace mortise
