// hookr calls beside a bare host of the same protocol. Ratios of the medians at the end:
// bench_hookr --benchmark_repetitions=15 --benchmark_enable_random_interleaving=true
#include <span>

#include <mortise/mortise.hpp>

#include "support/bare_wapc.hpp"
#include "support/hookr_guest.hpp"
#include "support/ratios.hpp"

namespace {

void bare(benchmark::State& state) {
    bench::BareWapc host(bench::wasm_of(bench::kHookrGuest), "hookr", "plugin");
    const mortise::Bytes payload(static_cast<std::size_t>(state.range(0)), std::byte{'x'});
    for (auto _ : state) benchmark::DoNotOptimize(host.invoke("echo", payload).data());
}

void ours(benchmark::State& state) {
    const auto plugin = mortise::value(mortise::Runtime().load_bytes(mortise::bytes_of(bench::kHookrGuest)));
    auto instance = mortise::value(plugin.instantiate());
    const mortise::Bytes payload(static_cast<std::size_t>(state.range(0)), std::byte{'x'});
    for (auto _ : state) {
        auto response = instance.invoke("echo", payload);
        if (!response) [[unlikely]] return state.SkipWithError(response.error().describe().c_str());
        benchmark::DoNotOptimize(response->data());
    }
}

}  // namespace

int main(int argc, char** argv) {
    for (const int size : {16, 65536}) {
        const std::string name = size == 16 ? "echo_16" : "echo_64k";
        benchmark::RegisterBenchmark((name + "_bare").c_str(), bare)->Arg(size);
        benchmark::RegisterBenchmark((name + "_mortise").c_str(), ours)->Arg(size);
    }
    return bench::Ratios::main(argc, argv);
}
