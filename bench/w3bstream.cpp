// One W3bstream event on a kept instance: the applet gets its data (through its own allocator, while it runs), logs it and stores it.
// Goal: 2 million a second a core. bench_w3bstream --benchmark_repetitions=15
#include <any>
#include <string>

#include <benchmark/benchmark.h>

#include <mortise/abi/w3bstream.hpp>
#include <mortise/mortise.hpp>

namespace {

namespace w3b = mortise::abi::w3bstream;

constexpr std::string_view kWat = R"((module
  (import "env" "ws_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "ws_get_data" (func $get (param i32 i32 i32) (result i32)))
  (import "env" "ws_set_data" (func $set (param i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (global $heap (mut i32) (i32.const 4096))
  (func (export "alloc") (param $n i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get $n)))
    (if (i32.gt_u (global.get $heap) (i32.const 200000)) (then (global.set $heap (i32.add (i32.const 4096) (local.get $n)))))
    (i32.sub (global.get $heap) (local.get $n)))
  (func (export "start") (param $rid i32) (result i32)
    (if (call $get (local.get $rid) (i32.const 16) (i32.const 20)) (then (return (i32.const -1))))
    (if (call $log (i32.const 4) (i32.load (i32.const 16)) (i32.load (i32.const 20))) (then (return (i32.const -2))))
    (if (call $set (i32.const 7) (i32.load (i32.const 16)) (i32.load (i32.const 20))) (then (return (i32.const -3))))
    (i32.const 0))))";

class Listener : public mortise::Observer {
public:
    void guest_log(std::uint64_t, mortise::LogLevel, std::string_view text) override { benchmark::DoNotOptimize(text.data()); }
};

void record(benchmark::State& state, std::shared_ptr<mortise::Observer> observer) {
    mortise::PluginOptions options;
    options.instance_policy = mortise::InstancePolicy::kept;
    options.observer = std::move(observer);
    auto instance = mortise::value(mortise::value(mortise::Runtime().load_bytes(mortise::bytes_of(kWat), options)).instantiate());
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    mortise::Bytes response;
    for (auto _ : state) {
        if (auto done = instance.invoke_into("start", mortise::bytes_of(payload), response); !done) [[unlikely]] {
            return state.SkipWithError(done.error().describe().c_str());
        }
    }
    state.SetItemsProcessed(state.iterations());
}

void record_quiet(benchmark::State& state) { record(state, nullptr); }
void record_observed(benchmark::State& state) { record(state, std::make_shared<Listener>()); }

void fresh_event(benchmark::State& state) {
    const auto plugin = mortise::value(mortise::Runtime().load_bytes(mortise::bytes_of(kWat)));
    const std::any event = w3b::Event{.rid = 1};
    for (auto _ : state) {
        auto outcome = plugin.call_fresh({.name = "start", .form = mortise::CallRequest::Form::message, .options = &event});
        if (!outcome) [[unlikely]] return state.SkipWithError(outcome.error().describe().c_str());
    }
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(record_quiet)->Arg(16)->Arg(1024);
BENCHMARK(record_observed)->Arg(16)->Arg(1024);
BENCHMARK(fresh_event);

}  // namespace

BENCHMARK_MAIN();
