// The engine seam beside the bare C API it stands on, in one process: a bound call, a guest that calls the host, a
// fresh sandbox with one call, each with the same compile options and from the same kind of pool. Ratios of the medians
// at the end: bench_engine_seam --benchmark_repetitions=15 --benchmark_enable_random_interleaving=true
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include <mortise/module_info.hpp>

#include "engines/wasmtime/wasmtime_engine.hpp"
#include "support/bare.hpp"

namespace {

using mortise::engine::RawValue;
using mortise::engine::Stop;

constexpr std::string_view kWat = R"((module
  (import "host" "twice" (func $twice (param i32) (result i32)))
  (import "host" "peek" (func $peek (param i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 16) "some initial data, so that there is an image")
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "ask") (param i32) (result i32) (call $twice (local.get 0)))
  (func (export "peek") (param i32) (result i32) (call $peek (local.get 0)))
  (func (export "touch") (param i32) (result i32) (i32.store (local.get 0) (i32.const 7)) (i32.load (local.get 0)))
))";

wasm_trap_t* bare_twice(void*, wasmtime_caller_t*, wasmtime_val_raw_t* slots, std::size_t) {
    slots[0].i32 *= 2;
    return nullptr;
}

/// What a host of the bare API writes to read one byte of its guest: the memory was looked up at the start.
wasm_trap_t* bare_peek(void*, wasmtime_caller_t* caller, wasmtime_val_raw_t* slots, std::size_t) {
    wasmtime_context_t* context = wasmtime_caller_context(caller);
    const auto* memory = static_cast<const wasmtime_memory_t*>(wasmtime_context_get_data(context));
    const std::uint8_t* data = wasmtime_memory_data(context, memory);
    const auto at = static_cast<std::uint32_t>(slots[0].i32);
    slots[0].i32 = at < wasmtime_memory_data_size(context, memory) ? data[at] : -1;
    return nullptr;
}

/// The bare engine with the options that the seam's engine gives it.
struct BareGuest {
    wasm_engine_t* engine = nullptr;
    wasmtime_linker_t* linker = nullptr;
    wasmtime_module_t* module = nullptr;
    wasmtime_instance_pre_t* pre = nullptr;

    BareGuest() {
        wasm_config_t* config = wasm_config_new();
        wasmtime_config_epoch_interruption_set(config, true);
        wasmtime_config_max_wasm_stack_set(config, 512 << 10);
        wasmtime_config_native_unwind_info_set(config, false);
        wasmtime_config_wasm_gc_set(config, false);
        wasmtime_config_wasm_function_references_set(config, false);
        wasmtime_config_wasm_exceptions_set(config, false);
        wasmtime_pooling_allocation_config_t* pool = wasmtime_pooling_allocation_config_new();
        wasmtime_pooling_allocation_config_total_memories_set(pool, 100);
        wasmtime_pooling_allocation_config_total_core_instances_set(pool, 100);
        wasmtime_pooling_allocation_config_total_stacks_set(pool, 0);
        wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, 256 << 10);
        wasmtime_pooling_allocation_config_table_keep_resident_set(pool, 16 << 10);
        wasmtime_pooling_allocation_strategy_set(config, pool);
        wasmtime_pooling_allocation_config_delete(pool);
        engine = wasm_engine_new_with_config(config);
        linker = wasmtime_linker_new(engine);
        define("twice", bare_twice);
        define("peek", bare_peek);
        const auto wasm = bench::wasm_of(kWat);
        bench::check(wasmtime_module_new(engine, wasm.data(), wasm.size(), &module), "compile");
        bench::check(wasmtime_linker_instantiate_pre(linker, module, &pre), "bind");
    }
    ~BareGuest() {
        wasmtime_instance_pre_delete(pre);
        wasmtime_module_delete(module);
        wasmtime_linker_delete(linker);
        wasm_engine_delete(engine);
    }
    BareGuest(const BareGuest&) = delete;
    BareGuest& operator=(const BareGuest&) = delete;

    void define(std::string_view name, wasmtime_func_unchecked_callback_t call) {
        wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new(WASM_I32), wasm_valtype_new(WASM_I32));
        bench::check(wasmtime_linker_define_func_unchecked(linker, "host", 4, name.data(), name.size(), type, call,
                                                           nullptr, nullptr),
                     "define");
        wasm_functype_delete(type);
    }
};

struct BareStore {
    wasmtime_store_t* store;
    wasmtime_context_t* context;
    wasmtime_instance_t instance{};
    wasmtime_memory_t memory{};

    explicit BareStore(const BareGuest& guest)
        : store(wasmtime_store_new(guest.engine, &memory, nullptr)), context(wasmtime_store_context(store)) {
        wasmtime_store_limiter(store, 256 << 20, 1'000'000, 1, 10, 1);
        wasmtime_context_set_epoch_deadline(context, 1'000'000'000);
        wasm_trap_t* trap = nullptr;
        bench::check(wasmtime_instance_pre_instantiate(guest.pre, context, &instance, &trap), "instantiate");
        memory = get("memory").of.memory;
    }
    ~BareStore() { wasmtime_store_delete(store); }
    BareStore(const BareStore&) = delete;
    BareStore& operator=(const BareStore&) = delete;

    wasmtime_extern_t get(std::string_view name) {
        wasmtime_extern_t item;
        if (!wasmtime_instance_export_get(context, &instance, name.data(), name.size(), &item)) std::abort();
        return item;
    }
    std::int32_t call(const wasmtime_func_t& function, std::int32_t a, std::int32_t b) {
        wasmtime_val_raw_t slots[2];
        slots[0].i32 = a;
        slots[1].i32 = b;
        wasm_trap_t* trap = nullptr;
        wasmtime_error_t* error = wasmtime_func_call_unchecked(context, &function, slots, 2, &trap);
        if (error != nullptr || trap != nullptr) [[unlikely]]
            std::abort();
        return slots[0].i32;
    }
};

Stop seam_twice(const void*, mortise::engine::Store&, mortise::engine::Caller, RawValue* slots) noexcept {
    slots[0].i32 *= 2;
    return Stop::done;
}

Stop seam_peek(const void*, mortise::engine::Store& store, mortise::engine::Caller caller, RawValue* slots) noexcept {
    slots[0].i32 = store.view(caller).load<std::uint8_t>(static_cast<std::uint32_t>(slots[0].i32)).value_or(0);
    return Stop::done;
}

struct SeamGuest {
    std::unique_ptr<mortise::engine::Engine> engine = mortise::value(mortise::engines::make_wasmtime());
    std::shared_ptr<mortise::engine::Module> module;
    std::atomic<std::uint64_t> clock{1};

    SeamGuest() {
        const auto wasm = mortise::value(engine->parse_text(kWat));
        const auto info = mortise::value(mortise::read_module(wasm));
        const std::vector<mortise::engine::Resolved> imports{mortise::engine::HostImport{seam_twice, nullptr},
                                                             mortise::engine::HostImport{seam_peek, nullptr}};
        module = mortise::value(engine->compile({info, wasm, imports, {}}, {}));
    }
};

struct SeamStore {
    std::unique_ptr<mortise::engine::Store> store;
    mortise::engine::InstanceId id;

    explicit SeamStore(const SeamGuest& guest)
        : store(mortise::value(guest.module->new_store({}))), id(mortise::value(store->instantiate(*guest.module))) {
        store->clock = &guest.clock;
        store->deadline = 1000;
    }
    std::int32_t call(const mortise::engine::FunctionRef& function, std::int32_t a, std::int32_t b) {
        RawValue slots[2];
        slots[0].i32 = a;
        slots[1].i32 = b;
        if (store->call(function, slots, 2) != Stop::done) [[unlikely]]
            std::abort();
        return slots[0].i32;
    }
};

/// A call of one export again and again, its argument the earlier result.
void call_bare(benchmark::State& state, const char* name, std::int32_t first) {
    const BareGuest guest;
    BareStore store(guest);
    const auto function = store.get(name).of.func;
    std::int32_t n = first;
    for (auto _ : state) benchmark::DoNotOptimize(n = store.call(function, n, 1));
}

void call_seam(benchmark::State& state, const char* name, std::int32_t first) {
    const SeamGuest guest;
    SeamStore store(guest);
    const auto function = store.store->function(store.id, name).value();
    std::int32_t n = first;
    for (auto _ : state) benchmark::DoNotOptimize(n = store.call(function, n, 1));
}

void fresh_bare(benchmark::State& state) {
    const BareGuest guest;
    for (auto _ : state) {
        BareStore store(guest);
        benchmark::DoNotOptimize(store.call(store.get("touch").of.func, 40'000, 0));
    }
}

void fresh_seam(benchmark::State& state) {
    const SeamGuest guest;
    for (auto _ : state) {
        SeamStore store(guest);
        benchmark::DoNotOptimize(store.call(*store.store->function(store.id, "touch"), 40'000, 0));
    }
}

BENCHMARK_CAPTURE(call_bare, add, "add", 1);
BENCHMARK_CAPTURE(call_seam, add, "add", 1);
BENCHMARK_CAPTURE(call_bare, guest_host_guest, "ask", 1);
BENCHMARK_CAPTURE(call_seam, guest_host_guest, "ask", 1);
BENCHMARK_CAPTURE(call_bare, host_reads_memory, "peek", 0);
BENCHMARK_CAPTURE(call_seam, host_reads_memory, "peek", 0);
BENCHMARK(fresh_bare);
BENCHMARK(fresh_seam);

/// Prints as usual, and keeps the time of every repetition for the ratios.
class Ratios : public benchmark::ConsoleReporter {
public:
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (run.run_type == Run::RT_Iteration)
                times_[run.run_name.function_name].push_back(run.GetAdjustedCPUTime());
        }
        ConsoleReporter::ReportRuns(runs);
    }
    void print() {
        for (auto& [name, times] : times_) {
            const auto at = name.find("bare");
            if (at == std::string::npos) continue;
            std::string seam = name;
            const auto other = times_.find(seam.replace(at, 4, "seam"));
            if (other == times_.end()) continue;
            std::printf("%-36s %8.1f / %8.1f ns = %.3f\n", seam.c_str(), median(other->second), median(times),
                        median(other->second) / median(times));
        }
    }

private:
    static double median(std::vector<double>& times) {
        std::sort(times.begin(), times.end());
        return times[times.size() / 2];
    }
    std::map<std::string, std::vector<double>> times_;
};

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    Ratios ratios;
    benchmark::RunSpecifiedBenchmarks(&ratios);
    ratios.print();
    benchmark::Shutdown();
}
