// Snapshots after start-up: an instance that begins as a copy is what one that started by itself is, and where that cannot be
// there is no snapshot.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mortise/mortise.hpp>

#include "host/instance_state.hpp"
#include "host/runtime_state.hpp"
#include "support/matchers.hpp"
#include "support/plugins.hpp"
#include "wasm/snapshot.hpp"

namespace mortise {
namespace {

using namespace mortise::testing;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

PluginOptions with(SnapshotUse use) {
    PluginOptions options;
    options.snapshot.use = use;
    return options;
}

/// Everything that a guest could tell two instances apart by.
struct Seen {
    Bytes memory;
    std::vector<std::array<std::byte, 16>> globals;
    bool operator==(const Seen&) const = default;
};

Seen look(detail::InstanceState& instance, const wasm::ShownState& shown) {
    Seen seen;
    auto& store = instance.store();
    if (const auto memory = store.memory({0}, shown.memory)) {
        const auto view = store.view(*memory);
        seen.memory = copy_bytes(*view.bytes(0, view.size()));
    }
    for (const auto& global : shown.globals) {
        const auto value = store.get(store.global({0}, global.name).value());
        std::memcpy(seen.globals.emplace_back().data(), &value, sizeof(value));
    }
    return seen;
}

Bytes binary_of(std::string_view wat) {
    auto runtime = std::make_shared<detail::RuntimeState>(RuntimeOptions{});
    return value(value(runtime->engine())->parse_text(wat));
}

/// Loads the module twice, starts it by itself and as a copy, and compares the two before and after `use`.
Result<void> compare(const Bytes& wasm, const PluginOptions& given, const std::function<void(detail::InstanceState&)>& use = {}) {
    const auto shown = wasm::show_state(value(read_module(wasm)), wasm, "seen:");
    if (!shown) return fail(shown.error());
    auto runtime = std::make_shared<detail::RuntimeState>(RuntimeOptions{});
    auto options = given;
    options.snapshot.use = SnapshotUse::off;
    auto plain = detail::load_plugin(runtime, shown->wasm, options);
    if (!plain) return fail(plain.error());
    options.snapshot = given.snapshot;
    options.snapshot.use = SnapshotUse::required;
    auto copied = detail::load_plugin(runtime, shown->wasm, options);
    if (!copied) return fail(copied.error());
    EXPECT_TRUE((*copied)->snapshot != nullptr);
    for (int round = 0; round < 2; ++round) {   // the second from a slot that was used
        auto one = detail::InstanceState::make(*plain, {});
        auto other = detail::InstanceState::make(*copied, {});
        if (!one) return fail(one.error());
        if (!other) return fail(other.error());
        EXPECT_TRUE((*other)->session().started);
        EXPECT_TRUE(look(**one, *shown) == look(**other, *shown)) << "after start-up, round " << round;
        if (!use) continue;
        use(**one);
        use(**other);
        EXPECT_TRUE(look(**one, *shown) == look(**other, *shown)) << "after a call, round " << round;
    }
    return {};
}

constexpr std::string_view kEverything = R"((module
  (memory (export "memory") 1 40)
  (data (i32.const 10) "initial")
  (data (i32.const 60000) "overwritten")
  (table 2 funcref) (elem (i32.const 0) $count $start)
  (global $i32 (mut i32) (i32.const 5)) (global $i64 (mut i64) (i64.const 1)) (global $f32 (mut f32) (f32.const 0))
  (global $f64 (mut f64) (f64.const 0)) (global $v (mut v128) (v128.const i32x4 0 0 0 0)) (global $fixed i32 (i32.const 77))
  (global $calls (export "calls") (mut i32) (i32.const 0))
  (func $start
    (global.set $i32 (i32.const -2147483648)) (global.set $i64 (i64.const -9223372036854775808))
    (global.set $f32 (f32.const nan:0x7fffff)) (global.set $f64 (f64.const -nan:0xfffffffffffff))
    (global.set $v (v128.const i8x16 255 1 2 3 4 5 6 7 8 9 10 11 12 13 14 128))
    (drop (memory.grow (i32.const 20)))
    (i32.store (i32.const 1376252) (i32.const -1))
    (i32.store8 (i32.const 70000) (i32.const 9))
    (i64.store (i32.const 60000) (i64.const 0)) (i32.store (i32.const 60008) (i32.const 0)))
  (start $start)
  (func $count (export "count") (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store (i32.const 200000) (global.get $calls))
    (global.get $calls))
  (func (export "pages") (result i32) (memory.size))
  (func (export "indirect") (result i32) (call_indirect (result i32) (i32.const 0)))
  (func (export "fixed") (result i32) (global.get $fixed))
))";

TEST(Snapshot_copy, has_memory_and_globals_of_a_started_one_byte_for_byte) {
    EXPECT_THAT(compare(binary_of(kEverything), {}, [](detail::InstanceState& state) {
        Instance instance(std::shared_ptr<detail::InstanceState>(std::shared_ptr<void>(), &state));
        EXPECT_THAT(instance.call<std::int32_t>("indirect"), Holds(1));
        EXPECT_THAT(instance.call<std::int32_t>("count"), Holds(2));
        EXPECT_THAT(instance.call<std::int32_t>("pages"), Holds(21));
        EXPECT_THAT(instance.call<std::int32_t>("fixed"), Holds(77));
    }), IsOk());
}

TEST(Snapshot_copy, of_modules_without_memory_or_globals_or_start) {
    for (const auto wat : {"(module (func (export \"f\")))", "(module (memory 2) (data (i32.const 0) \"x\"))", "(module (memory 0 0))",
                           "(module (global (mut i64) (i64.const -1)) (func (export \"_initialize\")))",
                           "(module (memory 1) (data \"passive, never used\"))"}) {
        EXPECT_THAT(compare(binary_of(wat), {}), IsOk()) << wat;
    }
}

TEST(Snapshot_copy, initialisers_do_not_run_again) {
    const std::string wat = R"((module (global $n (mut i32) (i32.const 0))
        (func $s (global.set $n (i32.add (global.get $n) (i32.const 10)))) (start $s)
        (func (export "_initialize") (global.set $n (i32.add (global.get $n) (i32.const 1))))
        (func (export "n") (result i32) (global.get $n))))";
    for (const auto use : {SnapshotUse::off, SnapshotUse::required}) {
        const auto plugin = value(load_wat(Runtime(), wat, with(use)));
        EXPECT_EQ(plugin.snapshot_refusal().empty(), use == SnapshotUse::required);
        EXPECT_THAT(plugin.call_fresh<std::int32_t>("n"), Holds(11));
        EXPECT_THAT(plugin.call_fresh<std::int32_t>("n"), Holds(11));
    }
}

TEST(Snapshot_copy, is_what_reset_and_fresh_policies_begin_with) {
    for (const auto policy : {InstancePolicy::reset, InstancePolicy::fresh}) {
        auto options = with(SnapshotUse::required);
        options.instance_policy = policy;
        auto instance = instance_of(Runtime(), kEverything, std::move(options));
        for (int i = 0; i < 5; ++i) EXPECT_THAT(instance.call<std::int32_t>("count"), Holds(1));
        EXPECT_THAT(instance.call<std::int32_t>("pages"), Holds(21));
    }
    auto kept = instance_of(Runtime(), kEverything, with(SnapshotUse::required));
    EXPECT_THAT(kept.call<std::int32_t>("count"), Holds(1));
    EXPECT_THAT(kept.call<std::int32_t>("count"), Holds(2));
    ASSERT_THAT(kept.reset(), IsOk());
    EXPECT_THAT(kept.call<std::int32_t>("count"), Holds(1));
}

TEST(Snapshot_copy, failure_leads_back_to_the_snapshot) {
    const std::string wat = R"((module (global $n (mut i32) (i32.const 0)) (func $s (global.set $n (i32.const 5))) (start $s)
        (func (export "fail") (global.set $n (i32.const 6)) unreachable) (func (export "n") (result i32) (global.get $n))))";
    auto instance = instance_of(Runtime(), wat, with(SnapshotUse::required));
    EXPECT_THAT(instance.call("fail"), FailsWith(ErrorCode::trap));
    EXPECT_THAT(instance.call<std::int32_t>("n"), Holds(5));
}

struct Refusal {
    std::string name;
    std::string wat;
    std::string reason;
};

std::string wasi(std::string_view function, std::string_view params, std::string_view call) {
    return "(module (import \"wasi_snapshot_preview1\" \"" + std::string(function) + "\" (func $f (param " + std::string(params) +
           ") (result i32))) (memory (export \"memory\") 1) (func $s (drop " + std::string(call) + ")) (start $s) (func (export \"f\")))";
}

const Refusal kRefusals[] = {
    {"table_set", "(module (table 2 funcref) (func (export \"f\") (table.set (i32.const 0) (ref.null func))))", "table.set"},
    {"table_grow", "(module (table 2 funcref) (func (export \"f\") (drop (table.grow (ref.null func) (i32.const 1)))))", "table.grow"},
    {"table_fill", "(module (table 2 funcref) (func (export \"f\") (table.fill (i32.const 0) (ref.null func) (i32.const 1))))", "table.fill"},
    {"table_copy", "(module (table 2 funcref) (func (export \"f\") (table.copy (i32.const 0) (i32.const 1) (i32.const 1))))", "table.copy"},
    {"table_init", "(module (table 2 funcref) (elem func 0) (func (export \"f\") (table.init 0 (i32.const 0) (i32.const 0) (i32.const 1))))", "table.init"},
    {"elem_drop", "(module (table 2 funcref) (elem func 0) (func (export \"f\") (elem.drop 0)))", "elem.drop"},
    {"memory_init", "(module (memory 1) (data \"x\") (func (export \"f\") (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1))))", "memory.init"},
    {"data_drop", "(module (memory 1) (data \"x\") (func (export \"f\") (data.drop 0)))", "data.drop"},
    {"reference", "(module (global (mut funcref) (ref.null func)) (func (export \"f\")))", "holds a reference"},
    {"trap", "(module (func $s unreachable) (start $s) (func (export \"f\")))", "its start-up failed"},
    {"host", "(module (import \"host\" \"note\" (func $n)) (func $s (call $n)) (start $s) (func (export \"f\")))", "called the host: import \"host\" \"note\""},
    {"random", wasi("random_get", "i32 i32", "(call $f (i32.const 0) (i32.const 8))"), "drew random numbers"},
    {"clock", wasi("clock_time_get", "i32 i64 i32", "(call $f (i32.const 0) (i64.const 0) (i32.const 0))"), "looked at a clock"},
    {"stdin", wasi("fd_read", "i32 i32 i32 i32", "(call $f (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8))"), "read its input"},
    {"open", wasi("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32",
                  "(call $f (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0))"), "used files"},
    {"close", wasi("fd_close", "i32", "(call $f (i32.const 0))"), "used files"},
    {"flags", wasi("fd_fdstat_set_flags", "i32 i32", "(call $f (i32.const 1) (i32.const 0))"), "changed an open file"},
    {"sparse", "(module (memory 600) (func $s (i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 39321596) (i32.const 1))) (start $s)"
               " (func (export \"f\")))", "mostly zeros"},
};

class SnapshotRefusal : public ::testing::TestWithParam<Refusal> {};

TEST_P(SnapshotRefusal, names_the_reason_and_instances_start_by_themselves) {
    const auto options = [&](SnapshotUse use) {
        auto made = with(use);
        made.host.add("host", "note", [] {});
        return made;
    };
    EXPECT_THAT(load_wat(Runtime(), GetParam().wat, options(SnapshotUse::required)),
                FailsWith(ErrorCode::unsupported, "there can be no snapshot of the plugin: "));
    const auto plugin = load_wat(Runtime(), GetParam().wat, options(SnapshotUse::when_safe));
    ASSERT_THAT(plugin, IsOk());
    EXPECT_THAT(plugin->snapshot_refusal(), HasSubstr(GetParam().reason));
    if (GetParam().name == "trap") EXPECT_THAT(plugin->instantiate(), FailsWith(ErrorCode::trap));
    else EXPECT_THAT(plugin->instantiate(), IsOk());
}

INSTANTIATE_TEST_SUITE_P(Module, SnapshotRefusal, ::testing::ValuesIn(kRefusals), [](const auto& row) { return row.param.name; });

#ifdef MORTISE_WASM_C_API_WASMI
// The standard C API has no values of 128 bits: what such a global holds after start-up cannot be known.
TEST(Snapshot_refusal, of_state_that_the_engine_does_not_show) {
    const Bytes wasm = binary_of("(module (global (mut v128) (v128.const i64x2 0 0)) (global (mut i32) (i32.const 1)) (func (export \"f\")))");
    RuntimeOptions runtime;
    runtime.engine = "wasm-c-api:" MORTISE_WASM_C_API_WASMI;
    const auto plugin = Runtime(runtime).load_bytes(wasm, with(SnapshotUse::when_safe));
    ASSERT_THAT(plugin, IsOk());
    EXPECT_THAT(plugin->snapshot_refusal(), HasSubstr("does not show all of its state"));
    EXPECT_THAT(plugin->instantiate(), IsOk());
}
#endif

TEST(Snapshot_allowance, lets_start_up_do_what_it_names) {
    const auto row = [](std::string_view name) { return std::ranges::find(kRefusals, name, &Refusal::name)->wat; };
    auto options = with(SnapshotUse::required);
    int notes = 0;
    options.host.add("host", "note", [&notes] { ++notes; });
    options.snapshot.allow_host_calls = true;
    const auto plugin = value(load_wat(Runtime(), row("host"), options));
    EXPECT_EQ(notes, 1);
    EXPECT_THAT(plugin.call_fresh("f"), IsOk());
    EXPECT_EQ(notes, 1) << "the host hears of start-up once";
    EXPECT_FALSE(load_wat(Runtime(), row("random"), options));
    options.snapshot.allow_random = true;
    EXPECT_THAT(load_wat(Runtime(), row("random"), options), IsOk());
    options.snapshot.allow_clock = true;
    EXPECT_THAT(load_wat(Runtime(), row("clock"), options), IsOk());
    options.snapshot.allow_files = true;
    EXPECT_THAT(load_wat(Runtime(), row("open"), options), IsOk());
    EXPECT_THAT(load_wat(Runtime(), row("stdin"), options), FailsWith(ErrorCode::unsupported, "read its input"));
    EXPECT_THAT(load_wat(Runtime(), row("close"), options), FailsWith(ErrorCode::unsupported, "left a file open or closed one"));
    EXPECT_THAT(load_wat(Runtime(), row("flags"), options), FailsWith(ErrorCode::unsupported, "changed an open file"));
}

// Arguments and environment are the plugin's own; whoever has others starts by itself.
TEST(Snapshot_environment, of_the_plugin_is_in_it_and_another_one_is_seen) {
    const std::string wat = R"((module
        (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
        (memory (export "memory") 1) (func $s (drop (call $sizes (i32.const 0) (i32.const 4)))) (start $s)
        (func (export "count") (result i32) (i32.load (i32.const 0)))))";
    auto options = with(SnapshotUse::required);
    options.sandbox.environment = {{"A", "1"}, {"B", "2"}};
    const auto plugin = value(load_wat(Runtime(), wat, options));
    EXPECT_THAT(plugin.call_fresh<std::int32_t>("count"), Holds(2));
    InstanceOptions own;
    own.sandbox = Sandbox{};
    auto instance = value(plugin.instantiate(own));
    EXPECT_THAT(instance.call<std::int32_t>("count"), Holds(0));
}

Bytes read_plugin(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return copy_bytes(bytes_of(std::string_view(text)));
}

// Real plugins of several toolchains: the same state, and the same answers.
TEST(Snapshot_of_real_plugins, is_what_they_are_after_start_up) {
    const fs::path folder = fs::path(MORTISE_SHARED_DIR) / "plugins" / "wapc";
    if (!fs::exists(folder)) GTEST_SKIP() << "no folder of real plugins";
    int copied = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() != ".wasm") continue;
        SCOPED_TRACE(entry.path().filename().string());
        const Bytes wasm = read_plugin(entry.path());
        PluginOptions options;
        options.host.on_call([](const HostCall& call, Bytes& reply) -> Result<void> {
            reply.assign(call.payload.begin(), call.payload.end());
            return {};
        });
        options.snapshot.use = SnapshotUse::when_safe;
        const auto plugin = Runtime().load_bytes(wasm, options);
        ASSERT_THAT(plugin, IsOk());
        if (!plugin->snapshot_refusal().empty()) {
            std::printf("  %s: no snapshot: %s\n", entry.path().filename().c_str(), plugin->snapshot_refusal().c_str());
            continue;
        }
        ++copied;
        const auto use = [](detail::InstanceState& state) {
            Instance instance(std::shared_ptr<detail::InstanceState>(std::shared_ptr<void>(), &state));
            for (const char* operation : {"echo", "ping", "hello", "nope"}) {
                static_cast<void>(instance.invoke(operation, std::string_view("\xa5some payload")));
            }
        };
        EXPECT_THAT(compare(wasm, options, use), IsOk());
        options.snapshot.use = SnapshotUse::off;
        const auto plain = value(Runtime().load_bytes(wasm, options));
        for (const char* operation : {"echo", "ping", "hello", "nope"}) {
            const auto one = plain.invoke_fresh(operation, "payload");
            const auto other = plugin->invoke_fresh(operation, "payload");
            ASSERT_EQ(one.has_value(), other.has_value()) << operation;
            if (one) EXPECT_EQ(*one, *other) << operation;
            else EXPECT_EQ(one.error().describe(), other.error().describe()) << operation;
        }
    }
    EXPECT_GE(copied, 4);
}

}  // namespace
}  // namespace mortise
