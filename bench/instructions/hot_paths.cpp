// The hot paths, one after the other, for callgrind to count their instructions: see check.py. Counting is switched on around each
// batch alone. usage: hot_paths   (under valgrind --tool=callgrind --instr-atstart=no)
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(name)
#endif

#include <mortise/abi/aspect.hpp>
#include <mortise/mortise.hpp>

namespace {

using mortise::Bytes;
using mortise::Instance;
using mortise::Plugin;
using mortise::PluginOptions;
using mortise::value;

constexpr int kRuns = 500;     // of a batch
constexpr int kBatches = 4;    // the least counts: the clock's thread falls into some

constexpr std::string_view kNumbers = R"((module
  (import "host" "twice" (func $twice (param i32) (result i32)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "ask") (param i32) (result i32) (call $twice (local.get 0)))))";

constexpr std::string_view kWapc = R"((module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__host_call" (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "__guest_call") (param $op i32) (param $n i32) (result i32)
    (call $request (i32.const 64) (i32.const 1024))
    (if (i32.eq (local.get $op) (i32.const 3)) (then (drop (call $host_call
      (i32.const 64) (i32.const 3) (i32.const 64) (i32.const 3) (i32.const 64) (i32.const 3) (i32.const 1024) (local.get $n)))))
    (call $response (i32.const 1024) (local.get $n))
    (i32.const 1))))";

constexpr std::string_view kWasp = R"((module
  (import "env" "raise_error" (func $raise (param i32)))
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "deallocate") (param i32 i32))
  (func (export "get_string_size") (param i32) (result i32) (i32.const 16))
  (func (export "same") (param i32) (result i32) (local.get 0))))";

constexpr std::string_view kAspect = R"((module
  (import "text-api" "__TextApi__.same" (func $same (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "__aspect_start__"))
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "echo") (param i32) (result i32) (local.get 0))))";

Plugin load(std::string_view wat, PluginOptions options = {}) {
    mortise::RuntimeOptions quiet;
    quiet.tick = std::chrono::seconds(1);
    options.host.add("host", "twice", [](int x) { return 2 * x; });
    options.host.on_call([](const mortise::HostCall& call, Bytes& reply) -> mortise::Result<void> {
        reply.assign(call.payload.begin(), call.payload.end());
        return {};
    });
    return value(mortise::Runtime(quiet).load_bytes(mortise::bytes_of(wat), std::move(options)));
}

template <class F>
void count([[maybe_unused]] const char* name, int runs, F run) {
    for (int i = 0; i < 20; ++i) run();
    for (int batch = 0; batch < kBatches; ++batch) {
        CALLGRIND_START_INSTRUMENTATION;
        run();   // the first after the start is translated anew
        CALLGRIND_ZERO_STATS;
        for (int i = 0; i < runs; ++i) run();
        CALLGRIND_DUMP_STATS_AT(name);
        CALLGRIND_STOP_INSTRUMENTATION;
    }
}

void must(bool good) {
    if (!good) std::abort();
}

}  // namespace

int main() {
    const std::string text(16, 'x');
    {
        auto guest = value(load(kNumbers).instantiate());
        const auto add = value(guest.function<int(int, int)>("add"));
        count("bound_add", kRuns, [&] { must(*add(2, 3) == 5); });
        const auto ask = value(guest.function<int(int)>("ask"));
        count("host_lambda", kRuns, [&] { must(*ask(2) == 4); });
    }
    {
        auto guest = value(load(kWapc).instantiate());
        Bytes response;
        count("wapc_echo_16", kRuns, [&] { must(guest.invoke_into("echo", mortise::bytes_of(text), response).has_value()); });
        count("wapc_host_call_16", kRuns, [&] { must(guest.invoke_into("ask", mortise::bytes_of(text), response).has_value()); });
    }
    {
        auto guest = value(load(kWasp).instantiate());
        const auto same = value(guest.function<std::string(std::string_view)>("same"));
        count("wasp_text_16", kRuns, [&] { must(same(text).has_value()); });
    }
    {
        PluginOptions options;
        options.host.add("text-api", "__TextApi__.same", [](std::string_view in) { return std::string(in); });
        auto guest = value(load(kAspect, options).instantiate());
        const auto echo = value(guest.function<std::string(std::string_view)>("echo"));
        count("aspect_text_gas", kRuns, [&] { must(echo(text).has_value()); });
    }
    {
        const auto plugin = load(kWapc);
        count("fresh_wapc_echo", kRuns / 10, [&] { must(value(plugin.instantiate()).invoke("echo", text).has_value()); });
    }
}
