// What the start that a snapshot is taken of does outside of its sandbox: nothing but what is allowed, and nothing at all where there
// is no snapshot in the end.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mortise/mortise.hpp>

#include "support/matchers.hpp"
#include "support/plugins.hpp"
#include "support/scratch.hpp"

namespace mortise {
namespace {

using namespace mortise::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

PluginOptions when_safe() {
    PluginOptions options;
    options.snapshot.use = SnapshotUse::when_safe;
    return options;
}

/// A guest of the plain ABI: imports of WASI, then what else is in the module.
std::string wasi_guest(std::string_view rest) {
    return R"((module
      (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fdstat (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 100) "x") (data (i32.const 200) "said\n")
      (global $got (mut i32) (i32.const -1))
      (func (export "got") (result i32) (global.get $got))
      (func $say (i32.store (i32.const 0) (i32.const 200)) (i32.store (i32.const 4) (i32.const 5))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
      (func $draw (drop (call $random (i32.const 300) (i32.const 8))))
      (func $next (result i32) (i32.store (i32.const 0) (i32.const 300)) (i32.store (i32.const 4) (i32.const 1))
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))) (i32.load8_u (i32.const 300)))
      )" + std::string(rest) + ")";
}

// This process's stdin is a pipe for a while.
class TypedInput {
public:
    explicit TypedInput(std::string_view text) : saved_(::dup(0)) {
        int ends[2];
        if (::pipe(ends) != 0 || ::write(ends[1], text.data(), text.size()) != static_cast<ssize_t>(text.size())) throw std::runtime_error("no pipe");
        ::dup2(ends[0], 0);
        ::close(ends[0]);
        ::close(ends[1]);
    }
    ~TypedInput() {
        ::dup2(saved_, 0);
        ::close(saved_);
    }
    TypedInput(const TypedInput&) = delete;
    TypedInput& operator=(const TypedInput&) = delete;

private:
    int saved_;
};

TEST(Snapshot_trial, reads_no_input) {
    const TypedInput typed("ABC");
    for (const bool allow_files : {false, true}) {
        auto options = when_safe();
        options.snapshot.allow_files = allow_files;
        options.sandbox.standard_input = InheritInput{};
        const auto plugin = value(load_wat(Runtime(), wasi_guest("(func (export \"_initialize\") (global.set $got (call $next)))"), options));
        EXPECT_EQ(plugin.snapshot_refusal(), "its start-up read its input");
        EXPECT_THAT(value(plugin.instantiate()).call<std::int32_t>("got"), Holds(allow_files ? 'B' : 'A'));
    }
}

TEST(Snapshot_trial, touches_no_files) {
    const Scratch scratch;
    auto options = when_safe();
    options.snapshot.allow_files = true;
    options.sandbox.directories = {{.host_path = scratch.path(), .guest_path = "/d", .access = Access::read_write}};
    const auto plugin = value(load_wat(Runtime(),
        wasi_guest("(func (export \"_initialize\") (global.set $got (call $mkdir (i32.const 3) (i32.const 100) (i32.const 1))))"), options));
    EXPECT_EQ(plugin.snapshot_refusal(), "its start-up changed files");
    EXPECT_FALSE(fs::exists(scratch.path() / "x"));
    EXPECT_THAT(value(plugin.instantiate()).call<std::int32_t>("got"), Holds(0)) << "the first to make it";
    EXPECT_TRUE(fs::exists(scratch.path() / "x"));
}

TEST(Snapshot_trial, calls_no_host_function) {
    auto options = when_safe();
    options.observer = std::make_shared<Recorder>();
    int orders = 0;
    options.host.add("host", "order", [&orders] { ++orders; });
    const auto plugin = value(load_wat(Runtime(), "(module (import \"host\" \"order\" (func $o)) (func (export \"_initialize\") (call $o)))", options));
    EXPECT_THAT(plugin.snapshot_refusal(), HasSubstr("called the host: import \"host\" \"order\""));
    EXPECT_EQ(orders, 0);
    EXPECT_THAT(static_cast<Recorder&>(*options.observer).host_calls(), IsEmpty());
    EXPECT_THAT(plugin.instantiate(), IsOk());
    EXPECT_EQ(orders, 1);
}

// The guest goes on after a host function that made nothing of the end of its nested call.
TEST(Snapshot_trial, that_was_cut_inside_a_host_function_stays_cut) {
    auto options = when_safe();
    options.snapshot.allow_host_calls = true;
    int later = 0;
    std::vector<ErrorCode> inner;
    options.host.add("host", "nest", [&inner](const HostCall& call) {
        const auto drawn = call.instance().call("draw");
        if (!drawn) inner.push_back(drawn.error().code());
    });
    options.host.add("host", "later", [&later] { ++later; });
    const auto plugin = value(load_wat(Runtime(), R"((module (import "host" "nest" (func $nest)) (import "host" "later" (func $later))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32))) (memory (export "memory") 1)
        (func (export "draw") (drop (call $random (i32.const 0) (i32.const 8))))
        (func (export "_initialize") (call $nest) (call $later))))", options));
    EXPECT_EQ(plugin.snapshot_refusal(), "its start-up drew random numbers");
    EXPECT_THAT(inner, ElementsAre(ErrorCode::cancelled));
    EXPECT_EQ(later, 0);
}

// What is said is held back: heard once if there is a snapshot, and from each instance if there is none.
TEST(Snapshot_trial, says_what_it_says_once) {
    for (const bool refused : {false, true}) {
        SCOPED_TRACE(refused ? "refused" : "taken");
        auto options = when_safe();
        const auto recorder = std::make_shared<Recorder>();
        std::string lines;
        options.observer = recorder;
        options.sandbox.standard_error = OutputLines([](std::string_view) {});
        const std::string guest = wasi_guest(std::string("(func (export \"_initialize\") (call $say)") + (refused ? "(call $draw))" : ")"));
        const auto plugin = value(load_wat(Runtime(), guest, options));
        EXPECT_EQ(plugin.snapshot_refusal().empty(), !refused);
        EXPECT_EQ(recorder->output(), refused ? "" : "said\n");
        EXPECT_THAT(plugin.instantiate(), IsOk());
        EXPECT_THAT(plugin.instantiate(), IsOk());
        EXPECT_EQ(recorder->output(), refused ? "said\nsaid\n" : "said\n");

        options.sandbox.standard_output = OutputLines([&lines](std::string_view line) { lines += line; });
        const auto by_lines = value(load_wat(Runtime(), guest, options));
        EXPECT_EQ(lines, refused ? "" : "said");
        EXPECT_THAT(by_lines.instantiate(), IsOk());
        EXPECT_EQ(lines, "said") << "by the snapshot, or by the instance";
    }
}

TEST(Snapshot_trial, that_logs_is_heard_once_and_in_order) {
    auto options = when_safe();
    const auto recorder = std::make_shared<Recorder>();
    options.observer = recorder;
    const auto guest = [](std::string_view then) {
        return R"((module (import "wapc" "__console_log" (func $log (param i32 i32))) (memory (export "memory") 1) (data (i32.const 0) "onetwo")
            (func (export "wapc_init") (call $log (i32.const 0) (i32.const 3)) (call $log (i32.const 3) (i32.const 3)) )" + std::string(then) +
               R"() (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1))))";
    };
    EXPECT_EQ(value(load_wat(Runtime(), guest(""), options)).snapshot_refusal(), "");
    EXPECT_THAT(recorder->logs(), ElementsAre("one", "two"));
    EXPECT_THAT(value(load_wat(Runtime(), guest("unreachable"), options)).snapshot_refusal(), HasSubstr("its start-up failed"));
    EXPECT_THAT(recorder->logs(), ElementsAre("one", "two"));
    const std::string endless = "(loop $on (call $log (i32.const 0) (i32.const 3)) (local.set 0 (i32.add (local.get 0) (i32.const 1)))"
                                " (br_if $on (i32.lt_u (local.get 0) (i32.const 100000))))";
    std::string much = guest(endless);
    much.replace(much.find("(func (export \"wapc_init\")"), 26, "(func (export \"wapc_init\") (local i32)");
    EXPECT_EQ(value(load_wat(Runtime(), much, options)).snapshot_refusal(), "its start-up logs or writes more than can be held back");
    EXPECT_THAT(recorder->logs(), ElementsAre("one", "two"));
    EXPECT_THAT(recorder->warnings(), IsEmpty());
}

TEST(Snapshot_trial, whose_output_function_throws_takes_no_snapshot) {
    auto options = when_safe();
    options.sandbox.standard_output = OutputLines([](std::string_view) { throw std::runtime_error("full"); });
    const auto plugin = value(load_wat(Runtime(), wasi_guest("(func (export \"_initialize\") (call $say))"), options));
    EXPECT_THAT(plugin.snapshot_refusal(), HasSubstr("cannot be handed on: full"));
    EXPECT_THAT(plugin.instantiate(), FailsWith(ErrorCode::host_function_failed));
}

// A function that a host function bound during start-up outlives the trial's sandbox.
TEST(Snapshot_trial, leaves_bound_functions_closed) {
    auto options = when_safe();
    options.snapshot.allow_host_calls = true;
    std::optional<Function<std::int32_t(std::int32_t)>> kept;
    options.host.add("host", "bind", [&kept](const HostCall& call) {
        auto bound = call.instance().function<std::int32_t(std::int32_t)>("on_event");
        if (bound) kept.emplace(*bound);
    });
    options.host.add("host", "ping", [](std::int32_t x) { return x; });
    const auto guest = [](std::string_view then) {
        return R"((module (import "host" "bind" (func $bind)) (import "host" "ping" (func $ping (param i32) (result i32))) (memory 1)
            (func (export "_initialize") (call $bind) )" + std::string(then) + R"()
            (func (export "on_event") (param i32) (result i32) (call $ping (local.get 0)))))";
    };
    for (const std::string_view then : {"", "unreachable"}) {
        kept.reset();
        const auto plugin = value(load_wat(Runtime(), guest(then), options));
        EXPECT_EQ(plugin.snapshot_refusal().empty(), then.empty());
        ASSERT_TRUE(kept.has_value());
        EXPECT_THAT((*kept)(41), FailsWith(ErrorCode::closed));
    }
}

TEST(Snapshot_with_files, leaves_every_descriptor_what_it_was) {
    auto options = when_safe();
    options.snapshot.allow_files = true;
    options.sandbox.memory_directories = {{.guest_path = "/d", .files = {{"x", copy_bytes("content")}}}, {.guest_path = "/e"}};
    const auto open = [](std::string_view oflags) {
        return "(drop (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 1) (i32.const " + std::string(oflags) +
               ") (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 0)))";
    };
    const auto refusal = [&](const std::string& start) {
        return value(load_wat(Runtime(), wasi_guest("(func (export \"_initialize\")" + start + ")"), options)).snapshot_refusal();
    };
    EXPECT_EQ(refusal(open("0") + "(drop (call $close (i32.load (i32.const 0))))"), "") << "looked at and closed";
    EXPECT_EQ(refusal(open("0") + "(drop (call $close (i32.const 4)))"), "its start-up left a file open or closed one") << "as many as before";
    EXPECT_EQ(refusal(open("1") + "(drop (call $close (i32.load (i32.const 0))))"), "its start-up changed files") << "created, or would have";
}

TEST(Snapshot_seed, is_a_random_number_whatever_the_host_may_be_called_for) {
    const std::string wat = R"((module (import "env" "seed" (func $seed (result f64)))
        (import "wapc" "__guest_response" (func $response (param i32 i32))) (memory (export "memory") 1)
        (func (export "wapc_init") (f64.store (i32.const 8) (call $seed)))
        (func (export "__guest_call") (param i32 i32) (result i32) (call $response (i32.const 8) (i32.const 8)) (i32.const 1))))";
    auto options = when_safe();
    options.snapshot.allow_host_calls = true;
    const auto plugin = value(load_wat(Runtime(), wat, options));
    EXPECT_EQ(plugin.snapshot_refusal(), "its start-up drew random numbers");
    EXPECT_NE(value(plugin.invoke_fresh("x", "")), value(plugin.invoke_fresh("x", "")));
    options.snapshot.allow_random = true;
    EXPECT_EQ(value(load_wat(Runtime(), wat, options)).snapshot_refusal(), "");
}

std::vector<std::string> files_of(const fs::path& folder) {
    std::vector<std::string> contents;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".code") continue;
        std::ifstream in(entry.path(), std::ios::binary);
        contents.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    return contents;
}

TEST(Snapshot_code, is_in_the_cache_only_if_it_holds_nothing_but_the_module) {
    constexpr std::string_view kSecret = "hunter2-very-secret";
    const std::string wat = R"((module (import "wasi_snapshot_preview1" "environ_get" (func $g (param i32 i32) (result i32)))
        (memory (export "memory") 1) (func (export "_initialize") (drop (call $g (i32.const 0) (i32.const 1000))))
        (func (export "b") (result i32) (i32.load8_u (i32.const 1012)))))";
    for (const bool secret : {true, false}) {
        SCOPED_TRACE(secret);
        for (const auto compilation : {Compilation::optimised, Compilation::background}) {
            const Scratch scratch;
            RuntimeOptions runtime;
            runtime.code_cache = CodeCacheOptions{.folder = scratch.path() / "cache"};
            auto options = when_safe();
            options.snapshot.use = SnapshotUse::required;
            options.compilation = compilation;
            if (secret) options.sandbox.environment = {{"DB_PASSWORD", std::string(kSecret)}};
            const auto plugin = value(load_wat(Runtime(runtime), wat, options));
            plugin.wait_until_optimised();
            EXPECT_THAT(plugin.call_fresh<std::int32_t>("b"), Holds(secret ? 'h' : 0));
            const auto files = files_of(scratch.path());
            EXPECT_EQ(files.size(), secret ? 1u : 2u) << "the module, and the snapshot; not what was only tried";
            for (const auto& content : files) EXPECT_EQ(content.find(kSecret), std::string::npos);
        }
    }
}

TEST(Snapshot_of_an_aspect, has_nothing_to_save) {
    auto options = when_safe();
    options.abi = "aspect";
    const auto plugin = load_wat(Runtime(), R"((module (memory (export "memory") 1) (func (export "__aspect_start__"))
        (func (export "execute") (param i32) (result i32) (i32.const 0)) (func (export "allocate") (param i32) (result i32) (i32.const 0))))", options);
    if (!plugin && plugin.error().code() == ErrorCode::abi_unknown) GTEST_SKIP() << "this build has no aspects";
    ASSERT_THAT(plugin, IsOk());
    EXPECT_EQ(plugin->snapshot_refusal(), "its start-up belongs to each call");
}

TEST(Snapshot_of_a_large_memory, is_refused_before_it_is_looked_through) {
    auto options = when_safe();
    options.limits.memory_bytes = std::uint64_t{1} << 30;
    EXPECT_THAT(value(load_wat(Runtime(), "(module (memory 4097) (func (export \"f\")))", options)).snapshot_refusal(),
                HasSubstr("its memory has 268500992 bytes, more than the 268435456"));
    EXPECT_THAT(value(load_wat(Runtime(), "(module (memory 1) (func (export \"_initialize\") (drop (memory.grow (i32.const 4096)))))", options))
                    .snapshot_refusal(),
                HasSubstr("its memory has 268500992 bytes"));
    EXPECT_EQ(value(load_wat(Runtime(), "(module (memory 4096) (func (export \"f\")))", options)).snapshot_refusal(), "");
}

}  // namespace
}  // namespace mortise
