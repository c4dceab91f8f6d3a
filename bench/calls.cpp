// Bound calls of numeric exports, and guests that call host lambdas, beside the bare engine.
#include <benchmark/benchmark.h>

#include <mortise/mortise.hpp>

#include "support/bare.hpp"

namespace {

constexpr std::string_view kWat = R"((module
  (import "host" "twice" (func $twice (param i32) (result i32)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "ask") (param i32) (result i32) (call $twice (local.get 0)))
))";

wasm_trap_t* bare_twice(void*, wasmtime_caller_t*, wasmtime_val_raw_t* slots, std::size_t) {
    slots[0].i32 *= 2;
    return nullptr;
}

struct BareGuest : bench::Bare {
    BareGuest() {
        define("host", "twice", {WASM_I32}, {WASM_I32}, bare_twice, nullptr);
        start(bench::wasm_of(kWat));
    }
};

mortise::Instance guest() {
    mortise::PluginOptions options;
    options.host.add("host", "twice", [](int x) { return 2 * x; });
    return mortise::value(mortise::value(mortise::Runtime().load_bytes(mortise::bytes_of(kWat), options)).instantiate());
}

void add_bare(benchmark::State& state) {
    BareGuest bare;
    const auto add = bare.get("add").of.func;
    int n = 0;
    for (auto _ : state) {
        wasmtime_val_raw_t slots[2];
        slots[0].i32 = n;
        slots[1].i32 = 1;
        bare.call(add, slots, 2);
        n = slots[0].i32;
    }
    benchmark::DoNotOptimize(n);
}
BENCHMARK(add_bare);

void add_mortise(benchmark::State& state) {
    auto instance = guest();
    const auto add = mortise::value(instance.function<int(int, int)>("add"));
    int n = 0;
    for (auto _ : state) n = *add(n, 1);
    benchmark::DoNotOptimize(n);
}
BENCHMARK(add_mortise);

void host_lambda_bare(benchmark::State& state) {
    BareGuest bare;
    const auto ask = bare.get("ask").of.func;
    for (auto _ : state) {
        wasmtime_val_raw_t slots[1];
        slots[0].i32 = 21;
        bare.call(ask, slots, 1);
        benchmark::DoNotOptimize(slots[0].i32);
    }
}
BENCHMARK(host_lambda_bare);

void host_lambda_mortise(benchmark::State& state) {
    auto instance = guest();
    const auto ask = mortise::value(instance.function<int(int)>("ask"));
    for (auto _ : state) benchmark::DoNotOptimize(*ask(21));
}
BENCHMARK(host_lambda_mortise);

}  // namespace

BENCHMARK_MAIN();
