// The peers that are built here: mortise, the bare engine, native code.
// usage: peer_ours guests FOLDER         writes the guests of the cases
//        peer_ours run CASES SECONDS     see ../README.md
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <mortise/mortise.hpp>

#include "support/bare_wapc.hpp"
#include "support/bare_wasp.hpp"
#include "support/hookr_guest.hpp"
#include "support/wapc_guest.hpp"

namespace {

using mortise::Bytes;
using mortise::BytesView;
using mortise::value;

// Answers with its input as it lies in Extism's own memory: no guest of Extism can do less.
constexpr std::string_view kExtism = R"((module
  (import "extism:host/env" "input_offset" (func $at (result i64)))
  (import "extism:host/env" "input_length" (func $length (result i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "echo") (result i32) (call $output (call $at) (call $length)) (i32.const 0))))";

constexpr std::string_view kNumbers = R"((module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))))";

struct Case {
    std::string kind, name, operation;
    std::vector<std::uint8_t> wasm;
    Bytes payload;
    BytesView module() const { return std::as_bytes(std::span(wasm)); }
    std::string_view text() const { return mortise::text_of(payload); }
};

std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(in), {}};
}

void write_guest(const std::filesystem::path& path, std::string_view wat) {
    const auto wasm = bench::wasm_of(wat);
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(wasm.data()), static_cast<std::streamsize>(wasm.size()));
}

/// Nanoseconds of one run: the mean of all that fit into the time, after a warm-up of a tenth of it.
double measure(double seconds, const auto& run) {
    using Clock = std::chrono::steady_clock;
    const auto since = [](Clock::time_point at) { return std::chrono::duration<double>(Clock::now() - at).count(); };
    // Ever longer batches, until reading the clock between them costs nothing.
    std::uint64_t batch = 1;
    for (const auto begin = Clock::now(); since(begin) < seconds / 10;) {
        const auto at = Clock::now();
        for (std::uint64_t i = 0; i < batch; ++i) run();
        if (since(at) < 1e-4) batch *= 2;
    }
    const auto begin = Clock::now();
    for (std::uint64_t calls = batch;; calls += batch) {
        for (std::uint64_t i = 0; i < batch; ++i) run();
        if (const double took = since(begin); took >= seconds) return took * 1e9 / static_cast<double>(calls);
    }
}

void tell(std::string_view peer, const Case& of, double nanoseconds) {
    const std::string engine = "wasmtime " WASMTIME_VERSION;
    const std::string version = peer.starts_with("mortise") ? "mortise " + std::string(mortise::version()) + ", " + engine
                                : peer == "bare"            ? engine
                                                            : "";
    std::printf("{\"peer\":\"%.*s\",\"version\":\"%s\",\"case\":\"%s\",\"ns\":%.1f}\n", static_cast<int>(peer.size()), peer.data(),
                version.c_str(), of.name.c_str(), nanoseconds);
}

mortise::Plugin load(const Case& of) {
    mortise::PluginOptions options;
    options.host.on_call([](const mortise::HostCall& call, Bytes& reply) -> mortise::Result<void> {
        reply.assign(call.payload.begin(), call.payload.end());
        return {};
    });
    options.host.add("env", "twice", [](std::string_view text) { return std::string(text) + std::string(text); });
    return value(mortise::Runtime().load_bytes(of.module(), options));
}

void run_messages(const Case& of, double seconds, bench::BareWapc bare) {
    tell("bare", of, measure(seconds, [&] { benchmark::DoNotOptimize(bare.invoke(of.operation, of.payload).data()); }));
    auto guest = value(load(of).instantiate());
    tell("mortise", of, measure(seconds, [&] { benchmark::DoNotOptimize(value(guest.invoke(of.operation, of.payload)).data()); }));
    tell("mortise, in place", of, measure(seconds, [&] {
        if (!guest.with_output(of.operation, of.payload, [](BytesView out) { benchmark::DoNotOptimize(out.data()); })) std::abort();
    }));
    std::vector<std::byte> copy(of.payload.size());
    tell("memcpy", of, measure(seconds, [&] {
        std::memcpy(copy.data(), of.payload.data(), copy.size());
        benchmark::DoNotOptimize(copy.data());
        benchmark::ClobberMemory();
    }));
    std::function<Bytes(BytesView)> native = [](BytesView in) { return mortise::copy_bytes(in); };
    benchmark::DoNotOptimize(native);
    tell("std::function", of, measure(seconds, [&] { benchmark::DoNotOptimize(native(of.payload).data()); }));
}

void run_fresh(const Case& of, double seconds) {
    const auto plugin = load(of);
    tell("mortise", of, measure(seconds, [&] {
        benchmark::DoNotOptimize(value(plugin.call_fresh({.name = of.operation, .form = mortise::CallRequest::Form::message,
                                                         .payload = of.payload})));
    }));
}

void run_wasp(const Case& of, double seconds) {
    bench::BareWasp bare(of.wasm);
    const auto callee = bare.function(of.operation);
    tell("bare", of, measure(seconds, [&] { benchmark::DoNotOptimize(bare.call_text(callee, of.text())); }));
    auto guest = value(load(of).instantiate());
    const auto function = value(guest.function<std::string(std::string_view)>(of.operation));
    tell("mortise", of, measure(seconds, [&] { benchmark::DoNotOptimize(value(function(of.text())).data()); }));
    std::function<std::string(std::string_view)> native = [](std::string_view in) { return std::string(in); };
    benchmark::DoNotOptimize(native);
    tell("std::function", of, measure(seconds, [&] { benchmark::DoNotOptimize(native(of.text()).data()); }));
}

void run_wasp_fresh(const Case& of, double seconds) {
    const auto plugin = load(of);
    tell("mortise", of, measure(seconds, [&] {
        benchmark::DoNotOptimize(value(plugin.call_fresh<std::string>(of.operation, of.text())));
    }));
}

void run_numbers(const Case& of, double seconds, bench::Bare& bare) {
    const auto function = bare.get(of.operation).of.func;
    tell("bare", of, measure(seconds, [&] {
        wasmtime_val_raw_t slots[2];
        slots[0].i32 = 2;
        slots[1].i32 = 3;
        bare.call(function, slots, 2);
        benchmark::DoNotOptimize(slots[0].i32);
    }));
    auto guest = value(load(of).instantiate());
    const auto add = value(guest.function<int(int, int)>(of.operation));
    tell("mortise", of, measure(seconds, [&] { benchmark::DoNotOptimize(*add(2, 3)); }));
    std::function<int(int, int)> native = [](int a, int b) { return a + b; };
    benchmark::DoNotOptimize(native);
    tell("std::function", of, measure(seconds, [&] { benchmark::DoNotOptimize(native(2, 3)); }));
}

void run_case(const Case& of, double seconds) {
    if (of.kind == "wapc") return run_messages(of, seconds, bench::BareWapc(of.wasm));
    if (of.kind == "hookr") return run_messages(of, seconds, bench::BareWapc(of.wasm, "hookr", "plugin"));
    if (of.kind == "wapc-fresh" || of.kind == "hookr-fresh") return run_fresh(of, seconds);
    if (of.kind == "wasp") return run_wasp(of, seconds);
    if (of.kind == "wasp-fresh") return run_wasp_fresh(of, seconds);
    if (of.kind == "wasp-numbers") {
        bench::BareWasp bare(of.wasm);
        return run_numbers(of, seconds, bare);
    }
    if (of.kind == "numbers") {
        bench::Bare bare;
        bare.start(of.wasm);
        return run_numbers(of, seconds, bare);
    }
}

void run(const char* cases, double seconds) {
    std::ifstream in(cases);
    for (std::string line; std::getline(in, line);) {
        std::stringstream fields(line);
        std::string wasm, payload;
        Case of;
        for (std::string* field : {&of.kind, &of.name, &wasm, &of.operation, &payload}) std::getline(fields, *field, '\t');
        if (of.kind.starts_with("extism")) continue;
        of.wasm = read_file(wasm);
        const auto bytes = read_file(payload);
        of.payload = mortise::copy_bytes(std::as_bytes(std::span(bytes)));
        run_case(of, seconds);
    }
}

}  // namespace

int main(int argc, char** argv) try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() == 2 && arguments[0] == "guests") {
        const std::filesystem::path folder = arguments[1];
        write_guest(folder / "wapc.wasm", bench::wapc_guest());
        write_guest(folder / "hookr.wasm", bench::kHookrGuest);
        write_guest(folder / "wasp.wasm", bench::kWaspGuest);
        write_guest(folder / "extism.wasm", kExtism);
        write_guest(folder / "numbers.wasm", kNumbers);
        return 0;
    }
    if (arguments.size() == 3 && arguments[0] == "run") return run(argv[2], std::stod(arguments[2])), 0;
    std::fprintf(stderr, "usage: peer_ours guests FOLDER | run CASES SECONDS\n");
    return 2;
} catch (const std::exception& error) {
    std::fprintf(stderr, "peer_ours: %s\n", error.what());
    return 1;
}
