// One plugin on one and on two threads: instances of their own, and leases of one pool, taken for each call and for a hundred. Compare
// items_per_second of /threads:1 and /threads:2 (goal: 1.9 times), on a machine that has two processors to itself.
#include <memory>

#include <benchmark/benchmark.h>

#include <mortise/mortise.hpp>

namespace {

constexpr std::string_view kWat = R"((module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (memory (export "memory") 4)
  (func (export "__guest_call") (param $op i32) (param $n i32) (result i32)
    (call $request (i32.const 64) (i32.const 1024))
    (call $response (i32.const 1024) (local.get $n))
    (i32.const 1))))";

const mortise::Plugin& plugin() {
    static const auto loaded = mortise::value(mortise::Runtime().load_bytes(mortise::bytes_of(kWat)));
    return loaded;
}

const mortise::Pool& pool() {
    static const auto made = mortise::value(mortise::Pool::make(plugin(), {.max_instances = 4, .wait = std::chrono::seconds(10)}));
    return made;
}

void call(mortise::Instance& instance, mortise::Bytes& response) {
    static const mortise::Bytes payload(16, std::byte{'x'});
    if (!instance.invoke_into("echo", payload, response)) std::abort();
    benchmark::DoNotOptimize(response.data());
}

void own_instances(benchmark::State& state) {
    auto instance = mortise::value(plugin().instantiate());
    mortise::Bytes response;
    for (auto _ : state) call(instance, response);
    state.SetItemsProcessed(state.iterations());
}

void pool_lease_per_call(benchmark::State& state) {
    mortise::Bytes response;
    for (auto _ : state) {
        auto lease = mortise::value(pool().acquire());
        call(*lease, response);
    }
    state.SetItemsProcessed(state.iterations());
}

void pool_lease_per_hundred(benchmark::State& state) {
    mortise::Bytes response;
    while (state.KeepRunningBatch(100)) {
        auto lease = mortise::value(pool().acquire());
        for (int i = 0; i < 100; ++i) call(*lease, response);
    }
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(own_instances)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(pool_lease_per_call)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(pool_lease_per_hundred)->Threads(1)->Threads(2)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
