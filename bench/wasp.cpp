// wasp calls beside a bare host of the same protocol: allocate, write, call, measure, read, free, and nothing else. Ratios of
// the medians at the end: bench_wasp --benchmark_repetitions=15 --benchmark_enable_random_interleaving=true
#include <string>

#include <mortise/mortise.hpp>

#include "support/bare_wasp.hpp"
#include "support/ratios.hpp"

namespace {

void bare(benchmark::State& state, std::string_view function) {
    bench::BareWasp host(bench::wasm_of(bench::kWaspGuest));
    const auto callee = host.function(function);
    const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
    for (auto _ : state) benchmark::DoNotOptimize(host.call_text(callee, text));
}

void ours(benchmark::State& state, std::string_view function) {
    mortise::PluginOptions options;
    options.host.add("env", "twice", [](std::string_view text) { return std::string(text) + std::string(text); });
    const auto plugin = mortise::value(mortise::Runtime().load_bytes(mortise::bytes_of(bench::kWaspGuest), options));
    auto instance = mortise::value(plugin.instantiate());
    const auto call = mortise::value(instance.function<std::string(std::string_view)>(function));
    const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
    for (auto _ : state) benchmark::DoNotOptimize(call(text).value());
}

void text_bare(benchmark::State& state) { bare(state, "shout"); }
void text_mortise(benchmark::State& state) { ours(state, "shout"); }
void text_of_1024_bare(benchmark::State& state) { bare(state, "shout"); }
void text_of_1024_mortise(benchmark::State& state) { ours(state, "shout"); }
void callback_bare(benchmark::State& state) { bare(state, "ask"); }
void callback_mortise(benchmark::State& state) { ours(state, "ask"); }
BENCHMARK(text_bare)->Arg(16);
BENCHMARK(text_mortise)->Arg(16);
BENCHMARK(text_of_1024_bare)->Arg(1024);
BENCHMARK(text_of_1024_mortise)->Arg(1024);
BENCHMARK(callback_bare)->Arg(16);
BENCHMARK(callback_mortise)->Arg(16);

}  // namespace

int main(int argc, char** argv) { return bench::Ratios::main(argc, argv); }
