// A sandbox for every call, beside the bare engine's pooled instantiation with the same call in one process:
// bench_fresh --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true
//
// NAME_bare and NAME_mortise touch the same guest; "pages_N" writes to N pages of 64 KiB of a memory with 2 MB of initial data.
// wapc_* is the Rust guest of the waPC test suite: each call in a sandbox that started by itself, or that is a copy of a
// started one (snapshot). 100,000 calls in a row: memory_growth tells what they left behind.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>

#include <benchmark/benchmark.h>

#include <mortise/mortise.hpp>

#include "support/bare_pool.hpp"
#include "support/ratios.hpp"

namespace {

std::string guest(bool image) {
    std::string wat = R"((module (memory (export "memory") 40)
      (func (export "touch") (param i32) (result i32) (local $i i32)
        (loop $l
          (i32.store (i32.mul (local.get $i) (i32.const 65536)) (i32.const 7))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $l (i32.lt_u (local.get $i) (local.get 0))))
        (i32.load (i32.const 0)))
    )";
    if (image) {
        const std::string page(16'384, 'x');
        for (int i = 0; i < 128; ++i) wat += "(data (i32.const " + std::to_string(i * 16'384) + ") \"" + page + "\")\n";
    }
    return wat + ")";
}

std::int32_t call_fresh(const bench::BarePool& pool, std::int32_t pages) {
    bench::BareSandbox sandbox(pool);
    wasmtime_val_raw_t slot;
    slot.i32 = pages;
    sandbox.call(sandbox.get("touch").of.func, &slot, 1);
    return slot.i32;
}

void pages_bare(benchmark::State& state, bool image, std::int32_t pages) {
    bench::BarePool pool;
    pool.bind(guest(image));
    for (auto _ : state) benchmark::DoNotOptimize(call_fresh(pool, pages));
}

void pages_mortise(benchmark::State& state, bool image, std::int32_t pages) {
    const mortise::Runtime runtime;
    const auto plugin = mortise::value(runtime.load_bytes(mortise::bytes_of(guest(image))));
    const auto keeps_the_clock = mortise::value(plugin.instantiate());   // as in a server that is never without one
    for (auto _ : state) benchmark::DoNotOptimize(mortise::value(plugin.call_fresh<std::int32_t>("touch", pages)));
}

void empty_1_bare(benchmark::State& state) { pages_bare(state, false, 1); }
void empty_1_mortise(benchmark::State& state) { pages_mortise(state, false, 1); }
void image_1_bare(benchmark::State& state) { pages_bare(state, true, 1); }
void image_1_mortise(benchmark::State& state) { pages_mortise(state, true, 1); }
void image_16_bare(benchmark::State& state) { pages_bare(state, true, 16); }
void image_16_mortise(benchmark::State& state) { pages_mortise(state, true, 16); }
BENCHMARK(empty_1_bare);
BENCHMARK(empty_1_mortise);
BENCHMARK(image_1_bare);
BENCHMARK(image_1_mortise);
BENCHMARK(image_16_bare);
BENCHMARK(image_16_mortise);

std::size_t resident_bytes() {
    std::ifstream in("/proc/self/statm");
    std::size_t total = 0, resident = 0;
    in >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void sequential_100000(benchmark::State& state) {
    const auto plugin = mortise::value(mortise::Runtime().load_bytes(mortise::bytes_of(guest(false))));
    for (int i = 0; i < 2'000; ++i) mortise::value(plugin.call_fresh<std::int32_t>("touch", 1));
    const auto before = resident_bytes();
    for (auto _ : state) {
        for (int i = 0; i < 100'000; ++i) mortise::value(plugin.call_fresh<std::int32_t>("touch", 1));
    }
    state.counters["memory_growth"] = static_cast<double>(resident_bytes()) - static_cast<double>(before);
}
BENCHMARK(sequential_100000)->Iterations(1)->Unit(benchmark::kMillisecond);

/// Real guests, started for each call or copied from a started one.
void wapc(benchmark::State& state, const std::string& file, const std::string& operation, mortise::SnapshotUse use) {
    const auto path = std::filesystem::path(MORTISE_SHARED_DIR) / "plugins" / "wapc" / file;
    if (!std::filesystem::exists(path)) return state.SkipWithError("no folder of real plugins");
    mortise::PluginOptions options;
    options.snapshot.use = use;
    options.host.on_call([](const mortise::HostCall&, mortise::Bytes&) -> mortise::Result<void> { return {}; });
    const auto plugin = mortise::value(mortise::Runtime().load(path, options));
    if (use != mortise::SnapshotUse::off && !plugin.snapshot_refusal().empty()) return state.SkipWithError(plugin.snapshot_refusal().c_str());
    const auto keeps_the_clock = mortise::value(plugin.instantiate());
    if (auto once = plugin.invoke_fresh(operation, "payload"); !once) return state.SkipWithError(once.error().describe().c_str());
    for (auto _ : state) benchmark::DoNotOptimize(mortise::value(plugin.invoke_fresh(operation, "payload")));
}
BENCHMARK_CAPTURE(wapc, rust_started, "rust_basic.wasm", "ping", mortise::SnapshotUse::off);
BENCHMARK_CAPTURE(wapc, rust_copied, "rust_basic.wasm", "ping", mortise::SnapshotUse::when_safe);
BENCHMARK_CAPTURE(wapc, tinygo_started, "tinygo_hello_2020.wasm", "hello", mortise::SnapshotUse::off);
BENCHMARK_CAPTURE(wapc, tinygo_copied, "tinygo_hello_2020.wasm", "hello", mortise::SnapshotUse::when_safe);
BENCHMARK_CAPTURE(wapc, assemblyscript_started, "assemblyscript_hello.wasm", "hello", mortise::SnapshotUse::off);
BENCHMARK_CAPTURE(wapc, assemblyscript_copied, "assemblyscript_hello.wasm", "hello", mortise::SnapshotUse::when_safe);

}  // namespace

int main(int argc, char** argv) { return bench::Ratios::main(argc, argv); }
