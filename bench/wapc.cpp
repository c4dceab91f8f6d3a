// waPC calls beside a bare waPC host: the protocol's nine imports written straight on the C API, with copies in and out, the
// checks of ranges that memory safety needs, and nothing else. Ratios of the medians at the end:
// bench_wapc --benchmark_repetitions=15 --benchmark_enable_random_interleaving=true
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <mortise/mortise.hpp>

#include "support/bare_wapc.hpp"
#include "support/ratios.hpp"
#include "support/wapc_guest.hpp"

namespace {

using mortise::Bytes;
using mortise::BytesView;
using mortise::bytes_of;
using BareHost = bench::BareWapc;

mortise::Instance guest(BytesView wasm) {
    mortise::PluginOptions options;
    options.limits.memory_bytes = options.limits.output_bytes = std::uint64_t{1} << 30;
    options.host.on_call([](const mortise::HostCall& call, Bytes& reply) -> mortise::Result<void> {
        reply.assign(call.payload.begin(), call.payload.end());
        return {};
    });
    return mortise::value(mortise::value(mortise::Runtime().load_bytes(wasm, options)).instantiate());
}

/// What a benchmark calls: a module, an operation, a payload.
struct Work {
    std::vector<std::uint8_t> wasm;
    std::string operation;
    Bytes payload;

    BytesView bytes() const { return std::as_bytes(std::span(wasm)); }
};

// Each calls once before it is timed: a large payload is the first to touch most of the guest's memory.
void bare_new(benchmark::State& state, const Work& work) {
    BareHost host(work.wasm);
    host.invoke(work.operation, work.payload);
    for (auto _ : state) benchmark::DoNotOptimize(host.invoke(work.operation, work.payload).data());
}

void mortise_new(benchmark::State& state, const Work& work) {
    auto instance = guest(work.bytes());
    mortise::value(instance.invoke(work.operation, work.payload));
    for (auto _ : state) {
        auto response = instance.invoke(work.operation, work.payload);
        if (!response) [[unlikely]] return state.SkipWithError(response.error().describe().c_str());
        benchmark::DoNotOptimize(response->data());
    }
}

void bare_reused(benchmark::State& state, const Work& work) {
    BareHost host(work.wasm);
    std::vector<std::byte> response;
    host.invoke_into(work.operation, work.payload, response);
    for (auto _ : state) {
        host.invoke_into(work.operation, work.payload, response);
        benchmark::DoNotOptimize(response.data());
    }
}

void mortise_reused(benchmark::State& state, const Work& work) {
    auto instance = guest(work.bytes());
    Bytes response;
    mortise::value(instance.invoke_into(work.operation, work.payload, response));
    for (auto _ : state) {
        auto done = instance.invoke_into(work.operation, work.payload, response);
        if (!done) [[unlikely]] return state.SkipWithError(done.error().describe().c_str());
        benchmark::DoNotOptimize(response.data());
    }
}

void mortise_in_place(benchmark::State& state, const Work& work) {
    auto instance = guest(work.bytes());
    mortise::value(instance.invoke(work.operation, work.payload));
    for (auto _ : state) {
        auto done = instance.with_output(work.operation, work.payload, [](BytesView output) { benchmark::DoNotOptimize(output.data()); });
        if (!done) [[unlikely]] return state.SkipWithError(done.error().describe().c_str());
    }
}

// What seeing a response in place cannot beat: the payload's one way into the guest.
void one_copy(benchmark::State& state, const Work& work) {
    Bytes there(work.payload.size());
    for (auto _ : state) {
        std::memcpy(there.data(), work.payload.data(), there.size());
        benchmark::DoNotOptimize(there.data());
        benchmark::ClobberMemory();
    }
}

void many_mortise(benchmark::State& state, const Work& work) {
    auto instance = guest(work.bytes());
    const std::vector<BytesView> payloads(100, work.payload);
    while (state.KeepRunningBatch(100)) {
        auto done = instance.invoke_many(work.operation, payloads, [](std::size_t, mortise::Result<BytesView> outcome) {
            benchmark::DoNotOptimize(outcome->data());
        });
        if (!done) [[unlikely]] return state.SkipWithError(done.error().describe().c_str());
    }
}

void add_in_place(const std::string& name, const Work& work) {
    benchmark::RegisterBenchmark((name + "_in_place_mortise").c_str(), [&work](benchmark::State& state) { mortise_in_place(state, work); });
    benchmark::RegisterBenchmark((name + "_in_place_bare").c_str(), [&work](benchmark::State& state) { one_copy(state, work); });
}

void add(const std::string& name, const Work& work) {
    const auto kept = std::make_shared<const Work>(work);
    const auto with = [kept](auto run) { return [run, kept](benchmark::State& state) { run(state, *kept); }; };
    benchmark::RegisterBenchmark((name + "_bare").c_str(), with(bare_new));
    benchmark::RegisterBenchmark((name + "_mortise").c_str(), with(mortise_new));
    benchmark::RegisterBenchmark((name + "_reused_bare").c_str(), with(bare_reused));
    benchmark::RegisterBenchmark((name + "_reused_mortise").c_str(), with(mortise_reused));
}

/// A real plugin, where the folder of them is there.
void add_plugin(const std::string& name, const char* file, std::string operation, std::string_view payload) {
    std::ifstream in(std::filesystem::path(MORTISE_SHARED_DIR) / "plugins" / "wapc" / file, std::ios::binary);
    if (in) return add(name, {{std::istreambuf_iterator<char>(in), {}}, std::move(operation), mortise::copy_bytes(payload)});
    for (const char* variant : {"_mortise", "_reused_mortise"}) {
        benchmark::RegisterBenchmark((name + variant).c_str(), [](benchmark::State& state) { state.SkipWithError("no folder of real plugins"); });
    }
}

}  // namespace

int main(int argc, char** argv) {
    const auto wasm = bench::wasm_of(bench::wapc_guest());
    const auto wide = bench::wasm_of(bench::wapc_guest(4200));
    const Work echo_16{wasm, "echo", Bytes(16, std::byte{'x'})}, ask_16{wasm, "ask", Bytes(16, std::byte{'x'})};
    const Work echo_64k{wasm, "echo", Bytes(64 << 10, std::byte{'x'})}, ask_64k{wasm, "ask", Bytes(64 << 10, std::byte{'x'})};
    const Work echo_1m{wide, "echo", Bytes(1 << 20, std::byte{'x'})}, echo_64m{wide, "echo", Bytes(64 << 20, std::byte{'x'})};
    const Work echo_256m{wide, "echo", Bytes(256 << 20, std::byte{'x'})};
    add("echo_16", echo_16);
    benchmark::RegisterBenchmark("echo_16_many_mortise", [&](benchmark::State& state) { many_mortise(state, echo_16); });
    benchmark::RegisterBenchmark("echo_16_many_bare", [&](benchmark::State& state) { bare_reused(state, echo_16); });
    add("host_call_16", ask_16);
    add("echo_64k", echo_64k);
    add_in_place("echo_64k", echo_64k);
    add("host_call_64k", ask_64k);
    add("echo_1m", echo_1m);
    add_in_place("echo_1m", echo_1m);
    add("echo_64m", echo_64m);
    add_in_place("echo_64m", echo_64m);
    add_in_place("echo_256m", echo_256m);
    add_plugin("rust_echo", "rust_guest_test.wasm", "echo", "\xA5hello");
    add_plugin("rust_ping", "rust_basic.wasm", "ping", "hello");
    add_plugin("assemblyscript_hello", "assemblyscript_hello.wasm", "hello", "World");
    add_plugin("zig_hello", "zig_hello.wasm", "hello", "World");
    return bench::Ratios::main(argc, argv);
}
