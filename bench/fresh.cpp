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

#include "support/bare.hpp"
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

/// The bare engine with a pool, set up as mortise sets up its own.
struct BarePool {
    wasm_engine_t* engine;
    wasmtime_linker_t* linker;
    wasmtime_module_t* module = nullptr;
    wasmtime_instance_pre_t* pre = nullptr;

    explicit BarePool(const std::string& wat) {
        wasm_config_t* config = wasm_config_new();
        wasmtime_config_epoch_interruption_set(config, true);
        wasmtime_config_max_wasm_stack_set(config, 512 << 10);
        wasmtime_config_native_unwind_info_set(config, false);
        wasmtime_pooling_allocation_config_t* pool = wasmtime_pooling_allocation_config_new();
        wasmtime_pooling_allocation_config_total_memories_set(pool, 256);
        wasmtime_pooling_allocation_config_total_core_instances_set(pool, 256);
        wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, 128 << 10);
        wasmtime_pooling_allocation_config_table_keep_resident_set(pool, 16 << 10);
        wasmtime_pooling_allocation_strategy_set(config, pool);
        wasmtime_pooling_allocation_config_delete(pool);
        engine = wasm_engine_new_with_config(config);
        linker = wasmtime_linker_new(engine);
        const auto wasm = bench::wasm_of(wat);
        bench::check(wasmtime_module_new(engine, wasm.data(), wasm.size(), &module), "compile");
        bench::check(wasmtime_linker_instantiate_pre(linker, module, &pre), "bind");
    }
    ~BarePool() {
        wasmtime_instance_pre_delete(pre);
        wasmtime_module_delete(module);
        wasmtime_linker_delete(linker);
        wasm_engine_delete(engine);
    }
    BarePool(const BarePool&) = delete;
    BarePool& operator=(const BarePool&) = delete;

    std::int32_t call_fresh(std::int32_t pages) const {
        wasmtime_store_t* store = wasmtime_store_new(engine, nullptr, nullptr);
        wasmtime_context_t* context = wasmtime_store_context(store);
        wasmtime_store_limiter(store, 256 << 20, 1'000'000, 1, 10, 1);
        wasmtime_context_set_epoch_deadline(context, 1'000'000'000);
        wasmtime_instance_t instance;
        wasm_trap_t* trap = nullptr;
        bench::check(wasmtime_instance_pre_instantiate(pre, context, &instance, &trap), "instantiate");
        wasmtime_extern_t item;
        if (!wasmtime_instance_export_get(context, &instance, "touch", 5, &item)) std::abort();
        wasmtime_val_raw_t slot;
        slot.i32 = pages;
        bench::check(wasmtime_func_call_unchecked(context, &item.of.func, &slot, 1, &trap), "call");
        wasmtime_store_delete(store);
        return slot.i32;
    }
};

void pages_bare(benchmark::State& state, bool image, std::int32_t pages) {
    const BarePool bare(guest(image));
    for (auto _ : state) benchmark::DoNotOptimize(bare.call_fresh(pages));
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
