// The engine seam beside the bare C API it stands on, in one process: a bound call, a guest that calls the host, a
// fresh sandbox with one call, each with the same compile options and from the same kind of pool. Ratios of the medians
// at the end: bench_engine_seam --benchmark_repetitions=15 --benchmark_enable_random_interleaving=true
#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include <mortise/module_info.hpp>

#include "engines/wasmtime/wasmtime_engine.hpp"
#include "support/bare_pool.hpp"
#include "support/ratios.hpp"

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
struct BareGuest : bench::BarePool {
    BareGuest() {
        define("twice", bare_twice);
        define("peek", bare_peek);
        bind(kWat);
    }
    void define(std::string_view name, wasmtime_func_unchecked_callback_t call) {
        wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new(WASM_I32), wasm_valtype_new(WASM_I32));
        bench::check(wasmtime_linker_define_func_unchecked(linker, "host", 4, name.data(), name.size(), type, call, nullptr, nullptr),
                     "define");
        wasm_functype_delete(type);
    }
};

struct BareStore : bench::BareSandbox {
    wasmtime_memory_t memory{};

    explicit BareStore(const BareGuest& guest) : BareSandbox(guest, &memory) { memory = get("memory").of.memory; }
    std::int32_t call(const wasmtime_func_t& function, std::int32_t a, std::int32_t b) {
        wasmtime_val_raw_t slots[2];
        slots[0].i32 = a;
        slots[1].i32 = b;
        BareSandbox::call(function, slots, 2);
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

}  // namespace

int main(int argc, char** argv) { return bench::Ratios::main(argc, argv, "seam"); }
