// Guests that want everything: time, stack, memory, tables, lines of log, output, files, the host's memory behind its imports.

#include <algorithm>
#include <atomic>

#include <mortise/abi/w3bstream.hpp>

#include "attack.hpp"

namespace mortise::hostile {
namespace {

using enum ErrorCode;

Result<void> nothing(Result<Bytes> response) {
    if (!response) return fail(std::move(response).error());
    return {};
}
Result<void> go(Instance& instance) { return instance.call<void>("go"); }
Result<void> invoke_go(Instance& instance) { return nothing(instance.invoke("go", "some bytes")); }

Attack plain(std::string name, const std::string& body, Ending ending, std::function<void(PluginOptions&)> options = {}) {
    return {std::move(name), "plain", "(module " + body + ")", &go, std::move(ending), std::move(options)};
}

TEST(HostileExhaustion, TimeStackMemoryAndTables_areLimited) {
    const auto wide_stack = R"((func $deep (export "go") (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
        (call $deep (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7))))";
    expect_endings({
        plain("loop", R"((func (export "go") (loop $l (br $l))))", deadline_exceeded),
        plain("loop_in_the_start_section", R"((func $s (loop $l (br $l))) (start $s) (func (export "go")))", deadline_exceeded),
        plain("recursion", R"((func $f (export "go") (call $f) (call $f)))", stack_overflow),
        plain("recursion_in_the_start_section", R"((func $f (call $f) (call $f)) (start $f) (func (export "go")))", stack_overflow),
        plain("indirect_recursion", R"((type $t (func)) (table 1 funcref) (elem (i32.const 0) $f)
            (func $f (export "go") (call_indirect (type $t) (i32.const 0)) (call_indirect (type $t) (i32.const 0))))", stack_overflow),
        {"recursion_with_much_on_the_stack", "plain", std::string("(module ") + wide_stack + ")",
         [](Instance& instance) { return instance.call<void>("go", std::int64_t{0}, std::int64_t{0}, std::int64_t{0}, std::int64_t{0},
                                                             std::int64_t{0}, std::int64_t{0}, std::int64_t{0}, std::int64_t{0}); },
         stack_overflow},
        plain("memory_page_by_page", R"((memory 1) (func (export "go")
            (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable))", memory_limit),
        plain("memory_at_once", R"((memory 1) (func (export "go") (if (i32.eq (memory.grow (i32.const 65535)) (i32.const -1)) (then unreachable))))",
              memory_limit),
        plain("memory_for_ever", R"((memory 1) (func (export "go") (loop $l (drop (memory.grow (i32.const 1))) (br $l))))", deadline_exceeded),
        plain("memory_declared", R"((memory 257) (func (export "go")))", memory_limit),
        plain("memory_without_a_maximum_written_to_the_end", R"((memory 256) (func (export "go")
            (memory.fill (i32.const 0) (i32.const 7) (i32.const 16777216))))", Ending::success()),
        plain("memories_beyond_their_number", R"((memory 1) (memory 1) (func (export "go")))", memory_limit),
        plain("memories_together_declared", R"((memory 200) (memory 100) (func (export "go")))", memory_limit,
              [](PluginOptions& options) { options.limits.memories = 2; }),
        plain("memories_together_grown", R"((memory $a 100) (memory $b 100) (func (export "go")
            (drop (memory.grow $a (i32.const 50))) (if (i32.eq (memory.grow $b (i32.const 50)) (i32.const -1)) (then unreachable))))", memory_limit,
              [](PluginOptions& options) { options.limits.memories = 2; }),
        plain("table_for_ever", R"((table 1 funcref) (func (export "go") (loop $l (drop (table.grow (ref.null func) (i32.const 1000))) (br $l))))",
              deadline_exceeded),
        plain("table_at_once", R"((table 1 funcref) (func (export "go")
            (if (i32.eq (table.grow (ref.null func) (i32.const -2)) (i32.const -1)) (then unreachable))))", {memory_limit, trap}),
        plain("table_declared", R"((table 2000000 funcref) (func (export "go")))", memory_limit),
        plain("tables_beyond_their_number", R"((table 1 funcref) (table 1 funcref) (table 1 funcref) (table 1 funcref) (table 1 funcref) (table 1 funcref)
            (table 1 funcref) (table 1 funcref) (table 1 funcref) (table 1 funcref) (table 1 funcref) (func (export "go")))", memory_limit),
        plain("fuel", R"((func (export "go") (loop $l (br $l))))", out_of_fuel, [](PluginOptions& options) { options.limits.fuel = 100'000; }),
        plain("fuel_in_the_start_section", R"((func $s (loop $l (br $l))) (start $s) (func (export "go")))", out_of_fuel,
              [](PluginOptions& options) { options.limits.fuel = 100'000; }),
    });
}

// Counts what reaches it and keeps nothing.
class Counter final : public Observer {
public:
    void guest_log(std::uint64_t, LogLevel, std::string_view text) override { count(text.size()); }
    void guest_output(std::uint64_t, Stream, BytesView output) override { count(output.size()); }
    void warning(std::uint64_t, std::string_view) override { ++warnings; }
    std::uint64_t lines = 0, bytes = 0, warnings = 0;

private:
    void count(std::size_t size) {
        ++lines;
        bytes += size;
    }
};

struct Talker {
    std::string name;
    std::string abi;
    std::string guest;
    Result<void> (*call)(Instance&);
};

// Each talks in an endless loop: `$talk` is the call of its ABI for a line of `size` bytes.
std::vector<Talker> talkers(int size) {
    const std::string line = "(i32.const 64) (i32.const " + std::to_string(size) + ")";
    const auto endless = [](const std::string& talk) { return "(loop $l " + talk + " (br $l))"; };
    const auto wasi = [&](int fd) {
        return R"((module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1) (data (i32.const 16) "\40\00\00\00\)" + std::string(size == 0 ? "00" : "01") + R"(\00\00\00")
            (func (export "go") )" + endless("(drop (call $write (i32.const " + std::to_string(fd) + ") (i32.const 16) (i32.const 1) (i32.const 32)))") + "))";
    };
    return {
        {"wapc", "wapc", R"((module (import "wapc" "__console_log" (func $log (param i32 i32))) (memory (export "memory") 1)
            (func (export "__guest_call") (param i32 i32) (result i32) )" + endless("(call $log " + line + ")") + "(i32.const 1)))", &invoke_go},
        {"hookr", "hookr", R"((module (import "hookr" "__log" (func $log (param i32 i32))) (memory (export "memory") 1)
            (func (export "__plugin_call") (param i32 i32) (result i32) )" + endless("(call $log " + line + ")") + "(i32.const 1)))", &invoke_go},
        {"dataflow", "dataflow", R"((module (import "dataflow" "log" (func $log (param i32 i32 i32))) (memory (export "memory") 1)
            (func (export "alloc") (param i32) (result i32) (i32.const 1024))
            (func (export "go") (param i32 i32) (result i32) )" + endless("(call $log (i32.const 0) " + line + ")") + "(i32.const 0)))", &invoke_go},
        {"w3bstream", "w3bstream", R"((module (import "env" "ws_log" (func $log (param i32 i32 i32) (result i32))) (memory (export "memory") 1)
            (func (export "go") (param i32) (result i32) )" + endless("(drop (call $log (i32.const 3) " + line + "))") + "(i32.const 0)))", &invoke_go},
        {"wasi_stdout", "plain", wasi(1), &go},
        {"wasi_stderr", "plain", wasi(2), &go},
    };
}

TEST(HostileExhaustion, EndlessTalk_isCutAtItsLimitAndSaidSoOnce) {
    constexpr std::uint64_t kLimit = 1000;
    for (const int size : {0, 1}) {
        for (const Talker& talker : talkers(size)) {
            const auto counter = std::make_shared<Counter>();
            Attack attack{talker.name + (size == 0 ? " with empty lines" : ""), talker.abi, talker.guest, talker.call, deadline_exceeded};
            attack.options = [&](PluginOptions& options) {
                options.observer = counter;
                options.limits.log_bytes = kLimit;
                options.limits.call_time = std::chrono::milliseconds(200);   // enough for that many lines on a busy machine
            };
            expect_ending(attack);
            EXPECT_LE(counter->bytes, kLimit) << attack.name;
            EXPECT_LE(counter->lines, kLimit) << attack.name << ": even an empty line is kept somewhere";
            EXPECT_LE(counter->warnings, 1u) << attack.name;
            EXPECT_EQ(counter->bytes, size == 1 ? kLimit : 0) << attack.name;
        }
    }
}

TEST(HostileExhaustion, EndlessTalk_costsTheHostNoMemory) {
    std::vector<Attack> table;
    for (const Talker& talker : talkers(1)) table.push_back({talker.name, talker.abi, talker.guest, talker.call, deadline_exceeded});
    expect_endings(table);
}

std::string dataflow(const std::string& body) {
    return R"((module (import "dataflow" "output" (func $output (param i32 i32))) (import "dataflow" "error" (func $error (param i32 i32)))
        (memory (export "memory") 16) (func (export "alloc") (param i32) (result i32) (i32.const 1024))
        (func (export "go") (param i32 i32) (result i32) (loop $l )" + body + " (br $l)) (i32.const 0)))";
}

std::string message(const std::string& body) {
    return R"((module (import "wapc" "__guest_response" (func $response (param i32 i32))) (import "wapc" "__guest_error" (func $error (param i32 i32)))
        (import "wapc" "__host_call" (func $host (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 16)
        (func (export "__guest_call") (param i32 i32) (result i32) (loop $l )" + body + " (br $l)) (i32.const 1)))";
}

std::string applet(const std::string& body) {
    return R"((module (import "env" "ws_set_data" (func $set_data (param i32 i32 i32) (result i32)))
        (import "env" "ws_set_db" (func $set_db (param i32 i32 i32 i32) (result i32)))
        (import "env" "ws_get_data" (func $get_data (param i32 i32 i32) (result i32)))
        (import "env" "ws_set_sql_db" (func $sql (param i32 i32) (result i32)))
        (import "stat" "ws_submit_metrics" (func $metrics (param i32 i32) (result i32)))
        (memory (export "memory") 16) (global $i (mut i32) (i32.const 0)) (data (i32.const 65536) "{\22a\22: 1}")
        (func (export "alloc") (param i32) (result i32) (i32.const 1024))
        (func (export "go") (param $rid i32) (result i32)
            (loop $l (global.set $i (i32.add (global.get $i) (i32.const 1))) (i32.store (i32.const 0) (global.get $i)) )" + body + " (br $l)) (i32.const 0)))";
}

TEST(HostileExhaustion, WhatImportsKeep_isBounded) {
    const auto small = [](PluginOptions& options) { options.limits.output_bytes = 100'000; };
    expect_endings({
        {"outputs", "dataflow", dataflow("(call $output (i32.const 0) (i32.const 1000))"), &invoke_go, output_limit, small},
        {"outputs_of_one_byte", "dataflow", dataflow("(call $output (i32.const 0) (i32.const 1))"), &invoke_go, output_limit, small},
        {"empty_outputs", "dataflow", dataflow("(call $output (i32.const 0) (i32.const 0))"), &invoke_go, output_limit, small},
        {"errors", "dataflow", dataflow("(call $error (i32.const 0) (i32.const 100000))"), &invoke_go, deadline_exceeded, small},
        {"one_output_too_large", "dataflow", dataflow("(call $output (i32.const 0) (i32.const 1000000))"), &invoke_go, output_limit, small},
        {"responses", "wapc", message("(call $response (i32.const 0) (i32.const 100000))"), &invoke_go, deadline_exceeded, small},
        {"error_texts", "wapc", message("(call $error (i32.const 0) (i32.const 100000))"), &invoke_go, deadline_exceeded, small},
        {"host_calls", "wapc", message("(drop (call $host (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 99999)))"),
         &invoke_go, deadline_exceeded, small},
        {"resources", "w3bstream", applet("(drop (call $set_data (global.get $i) (i32.const 0) (i32.const 0)))"), &invoke_go, deadline_exceeded},
        {"large_resources", "w3bstream", applet("(drop (call $set_data (global.get $i) (i32.const 0) (i32.const 100000)))"), &invoke_go, deadline_exceeded, small},
        {"one_resource_again_and_again", "w3bstream", applet("(drop (call $set_data (i32.const 5) (i32.const 0) (i32.and (global.get $i) (i32.const 0xffff))))"),
         &invoke_go, deadline_exceeded},
        {"payload_again_and_again", "w3bstream", applet("(drop (call $get_data (local.get $rid) (i32.const 512) (i32.const 516)))"), &invoke_go, deadline_exceeded},
        {"keys", "w3bstream", applet("(drop (call $set_db (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 1000)))"), &invoke_go, deadline_exceeded},
        {"metrics", "w3bstream", applet("(drop (call $metrics (i32.const 65536) (i32.const 8)))"), &invoke_go, deadline_exceeded},
    });
}

TEST(HostileExhaustion, AddressesShownToTheHost_areBounded) {
    const auto guest = R"((module (import "env" "raise_error" (func $raise (param i32))) (memory (export "memory") 200) (global $i (mut i32) (i32.const 0))
        (func (export "allocate") (param i32) (result i32) (i32.const 64)) (func (export "deallocate") (param i32 i32))
        (func (export "get_string_size") (param i32) (result i32) (i32.const 1))
        (func (export "go") (loop $l (global.set $i (i32.add (global.get $i) (i32.const 1))) (call $raise (global.get $i)) (br $l)))))";
    expect_endings({{"raised_errors", "wasp", guest, &go, {output_limit, deadline_exceeded},
                     [](PluginOptions& options) {
                         options.limits.output_bytes = 1000;
                         options.limits.call_time = std::chrono::seconds(2);
                     }}});
}

// One call each that asks for an endless piece of work inside the host, and calls without end that make the host keep something.
std::string wasi(const std::string& body) {
    return R"((module
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_allocate" (func $allocate (param i32 i64 i64) (result i32)))
        (memory (export "memory") 200) (global $i (mut i32) (i32.const 0))
        (func $fill_list (loop $l   ;; a million buffers, each all of memory
            (i32.store (i32.shl (global.get $i) (i32.const 3)) (i32.const 0))
            (i32.store offset=4 (i32.shl (global.get $i) (i32.const 3)) (i32.const 13107200))
            (global.set $i (i32.add (global.get $i) (i32.const 1))) (br_if $l (i32.lt_u (global.get $i) (i32.const 1000000)))))
        (func $name   ;; a new one of eight letters at 16
            (global.set $i (i32.add (global.get $i) (i32.const 1)))
            (i64.store (i32.const 16) (i64.or (i64.const 0x6161616161616161) (i64.and (i64.extend_i32_u (global.get $i)) (i64.const 0x0f))))
            (i32.store8 (i32.const 17) (i32.add (i32.const 97) (i32.and (i32.shr_u (global.get $i) (i32.const 4)) (i32.const 15))))
            (i32.store8 (i32.const 18) (i32.add (i32.const 97) (i32.and (i32.shr_u (global.get $i) (i32.const 8)) (i32.const 15)))))
        (func (export "go") )" + body + "))";
}

void with_directory(PluginOptions& options) {
    options.sandbox.memory_directories.push_back({"/", {{"file", copy_bytes("content")}}, Access::read_write, 1 << 20, 100});
}

TEST(HostileExhaustion, WorkAskedOfWasi_endsAtTheDeadline) {
    expect_endings({
        {"write_of_terabytes", "plain", wasi("(call $fill_list) (loop $l (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1000000) (i32.const 0))) (br $l))"),
         &go, deadline_exceeded},
        {"read_of_terabytes", "plain", wasi("(call $fill_list) (loop $l (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1000000) (i32.const 13107192))) (br $l))"),
         &go, deadline_exceeded},
        {"random_bytes", "plain", wasi("(loop $l (drop (call $random (i32.const 0) (i32.const 13107200))) (br $l))"), &go, deadline_exceeded},
        {"waits", "plain", wasi("(i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const -1)) (loop $l (drop (call $poll (i32.const 0) (i32.const 1024) (i32.const 1) (i32.const 512))) (br $l))"),
         &go, deadline_exceeded, [](PluginOptions& options) { options.sandbox.clock = RealClock{}; }},
        {"waits_of_all_kinds", "plain", wasi("(loop $l (drop (call $poll (i32.const 0) (i32.const 1048576) (i32.const 4096) (i32.const 512))) (br $l))"), &go,
         deadline_exceeded},
        {"opens", "plain", wasi("(loop $l (call $name) (drop (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 8) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 512))) (br $l))"),
         &go, deadline_exceeded, &with_directory},
        {"links", "plain", wasi("(loop $l (call $name) (drop (call $symlink (i32.const 16) (i32.const 8) (i32.const 3) (i32.const 16) (i32.const 8))) (br $l))"), &go,
         deadline_exceeded, &with_directory},
        {"sizes", "plain", wasi(R"((i64.store (i32.const 16) (i64.const 0x656c6966))
            (drop (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4) (i32.const 0) (i64.const 0x1ff) (i64.const 0) (i32.const 0) (i32.const 512)))
            (loop $l (drop (call $allocate (i32.const 4) (i64.const 0) (i64.const 0x7fffffffffffffff))) (br $l)))"), &go, deadline_exceeded, &with_directory},
    });
}

}  // namespace
}  // namespace mortise::hostile
