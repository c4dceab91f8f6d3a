// waPC calls beside a bare waPC host: the protocol's nine imports written straight on the C API, with copies in and out, the
// checks of ranges that memory safety needs, and nothing else. Ratios of the medians at the end:
// bench_wapc --benchmark_repetitions=15 --benchmark_enable_random_interleaving=true
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <mortise/mortise.hpp>

#include "support/bare.hpp"
#include "support/ratios.hpp"

namespace {

using mortise::Bytes;
using mortise::BytesView;
using mortise::bytes_of;

constexpr std::string_view kWat = R"((module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__guest_error" (func $error (param i32 i32)))
  (import "wapc" "__host_call" (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wapc" "__host_response_len" (func $host_response_len (result i32)))
  (import "wapc" "__host_response" (func $host_response (param i32)))
  (memory (export "memory") 4)
  (data (i32.const 0) "binding") (data (i32.const 16) "namespace") (data (i32.const 32) "operation")
  (func (export "__guest_call") (param $op i32) (param $n i32) (result i32)
    (call $request (i32.const 64) (i32.const 1024))
    (if (i32.eq (local.get $op) (i32.const 3))   ;; "ask"
      (then
        (drop (call $host_call (i32.const 0) (i32.const 7) (i32.const 16) (i32.const 9) (i32.const 32) (i32.const 9)
                               (i32.const 1024) (local.get $n)))
        (call $host_response (i32.const 131072))
        (call $response (i32.const 131072) (call $host_response_len))
        (return (i32.const 1))))
    (call $response (i32.const 1024) (local.get $n))
    (i32.const 1))))";

/// A waPC host on the bare C API.
class BareHost : bench::Bare {
public:
    explicit BareHost(const std::vector<std::uint8_t>& wasm) {
        import("__guest_request", 2, 0, guest_request);
        import("__guest_response", 2, 0, guest_response);
        import("__guest_error", 2, 0, guest_error);
        import("__host_call", 8, 1, host_call);
        import("__host_response_len", 0, 1, host_response_len);
        import("__host_response", 1, 0, host_response);
        import("__host_error_len", 0, 1, host_error_len);
        import("__host_error", 1, 0, host_error);
        import("__console_log", 2, 0, console_log);
        start(wasm);
        memory_ = get("memory").of.memory;
        guest_call_ = get("__guest_call").of.func;
        wasmtime_extern_t init;
        if (wasmtime_instance_export_get(context, &instance, "wapc_init", 9, &init)) {
            wasmtime_val_raw_t slot;
            call(init.of.func, &slot, 1);
        }
    }

    std::vector<std::byte> invoke(std::string_view operation, BytesView payload) {
        std::vector<std::byte> response;
        invoke_into(operation, payload, response);
        return response;
    }

    void invoke_into(std::string_view operation, BytesView payload, std::vector<std::byte>& response) {
        operation_ = operation;
        payload_ = payload;
        response.clear();
        response_ = &response;
        error_.clear();
        answer_.clear();
        wasmtime_val_raw_t slots[2];
        slots[0].i32 = static_cast<std::int32_t>(operation.size());
        slots[1].i32 = static_cast<std::int32_t>(payload.size());
        call(guest_call_, slots, 2);
        if (slots[0].i32 == 0) std::abort();
    }

private:
    using Slots = wasmtime_val_raw_t*;

    void import(const char* name, std::size_t params, std::size_t results, wasmtime_func_unchecked_callback_t callback) {
        define("wapc", name, std::vector<wasm_valkind_t>(params, WASM_I32), std::vector<wasm_valkind_t>(results, WASM_I32), callback, this);
    }

    // The memory's bytes of a range that the guest gave; a bad one ends the program.
    std::byte* range(std::int32_t at, std::size_t size) {
        const auto offset = static_cast<std::uint32_t>(at);
        if (std::uint64_t{offset} + size > wasmtime_memory_data_size(context, &memory_)) std::abort();
        return reinterpret_cast<std::byte*>(wasmtime_memory_data(context, &memory_)) + offset;
    }
    BytesView read(std::int32_t at, std::int32_t size) {
        return {range(at, static_cast<std::uint32_t>(size)), static_cast<std::uint32_t>(size)};
    }
    void write(std::int32_t at, const void* from, std::size_t size) { std::memcpy(range(at, size), from, size); }

    static BareHost& self(void* env) { return *static_cast<BareHost*>(env); }

    static wasm_trap_t* guest_request(void* env, wasmtime_caller_t*, Slots s, std::size_t) {
        BareHost& host = self(env);
        host.write(s[0].i32, host.operation_.data(), host.operation_.size());
        host.write(s[1].i32, host.payload_.data(), host.payload_.size());
        return nullptr;
    }
    static wasm_trap_t* guest_response(void* env, wasmtime_caller_t*, Slots s, std::size_t) {
        const auto bytes = self(env).read(s[0].i32, s[1].i32);
        self(env).response_->assign(bytes.begin(), bytes.end());
        return nullptr;
    }
    static wasm_trap_t* guest_error(void* env, wasmtime_caller_t*, Slots s, std::size_t) {
        self(env).error_ = mortise::text_of(self(env).read(s[0].i32, s[1].i32));
        return nullptr;
    }
    static wasm_trap_t* host_call(void* env, wasmtime_caller_t*, Slots s, std::size_t) {
        BareHost& host = self(env);
        host.names_[0] = mortise::text_of(host.read(s[0].i32, s[1].i32));
        host.names_[1] = mortise::text_of(host.read(s[2].i32, s[3].i32));
        host.names_[2] = mortise::text_of(host.read(s[4].i32, s[5].i32));
        const auto payload = host.read(s[6].i32, s[7].i32);
        host.asked_.assign(payload.begin(), payload.end());
        host.answer_.assign(host.asked_.begin(), host.asked_.end());   // the handler: an echo
        s[0].i32 = 1;
        return nullptr;
    }
    static wasm_trap_t* host_response_len(void* env, wasmtime_caller_t*, Slots s, std::size_t) {
        s[0].i32 = static_cast<std::int32_t>(self(env).answer_.size());
        return nullptr;
    }
    static wasm_trap_t* host_response(void* env, wasmtime_caller_t*, Slots s, std::size_t) {
        self(env).write(s[0].i32, self(env).answer_.data(), self(env).answer_.size());
        return nullptr;
    }
    static wasm_trap_t* host_error_len(void*, wasmtime_caller_t*, Slots s, std::size_t) {
        s[0].i32 = 0;
        return nullptr;
    }
    static wasm_trap_t* host_error(void*, wasmtime_caller_t*, Slots, std::size_t) { return nullptr; }
    static wasm_trap_t* console_log(void* env, wasmtime_caller_t*, Slots s, std::size_t) {
        benchmark::DoNotOptimize(self(env).read(s[0].i32, s[1].i32).data());
        return nullptr;
    }

    wasmtime_memory_t memory_{};
    wasmtime_func_t guest_call_{};
    std::string_view operation_;
    BytesView payload_;
    std::vector<std::byte>* response_ = nullptr;
    std::string error_;
    std::string names_[3];
    std::vector<std::byte> asked_, answer_;
};

mortise::Instance guest(BytesView wasm) {
    mortise::PluginOptions options;
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

void bare_new(benchmark::State& state, const Work& work) {
    BareHost host(work.wasm);
    for (auto _ : state) benchmark::DoNotOptimize(host.invoke(work.operation, work.payload).data());
}

void mortise_new(benchmark::State& state, const Work& work) {
    auto instance = guest(work.bytes());
    for (auto _ : state) {
        auto response = instance.invoke(work.operation, work.payload);
        if (!response) [[unlikely]] return state.SkipWithError(response.error().describe().c_str());
        benchmark::DoNotOptimize(response->data());
    }
}

void bare_reused(benchmark::State& state, const Work& work) {
    BareHost host(work.wasm);
    std::vector<std::byte> response;
    for (auto _ : state) {
        host.invoke_into(work.operation, work.payload, response);
        benchmark::DoNotOptimize(response.data());
    }
}

void mortise_reused(benchmark::State& state, const Work& work) {
    auto instance = guest(work.bytes());
    Bytes response;
    for (auto _ : state) {
        auto done = instance.invoke_into(work.operation, work.payload, response);
        if (!done) [[unlikely]] return state.SkipWithError(done.error().describe().c_str());
        benchmark::DoNotOptimize(response.data());
    }
}

void add(const std::string& name, const Work& work) {
    const auto with = [&work](auto run) { return [run, work](benchmark::State& state) { run(state, work); }; };
    benchmark::RegisterBenchmark((name + "_bare").c_str(), with(bare_new));
    benchmark::RegisterBenchmark((name + "_mortise").c_str(), with(mortise_new));
    benchmark::RegisterBenchmark((name + "_reused_bare").c_str(), with(bare_reused));
    benchmark::RegisterBenchmark((name + "_reused_mortise").c_str(), with(mortise_reused));
}

/// A real plugin, where the folder of them is there.
void add_plugin(const std::string& name, const char* file, std::string operation, std::string_view payload) {
    std::ifstream in(std::filesystem::path(MORTISE_SHARED_DIR) / "plugins" / "wapc" / file, std::ios::binary);
    if (!in) return std::fprintf(stderr, "%s is not there: no benchmark %s\n", file, name.c_str()), void();
    add(name, {{std::istreambuf_iterator<char>(in), {}}, std::move(operation), mortise::copy_bytes(payload)});
}

}  // namespace

int main(int argc, char** argv) {
    const auto wasm = bench::wasm_of(kWat);
    add("echo_16", {wasm, "echo", Bytes(16, std::byte{'x'})});
    add("host_call_16", {wasm, "ask", Bytes(16, std::byte{'x'})});
    add("echo_64k", {wasm, "echo", Bytes(64 << 10, std::byte{'x'})});
    add("host_call_64k", {wasm, "ask", Bytes(64 << 10, std::byte{'x'})});
    add_plugin("rust_echo", "rust_guest_test.wasm", "echo", "\xA5hello");
    add_plugin("rust_ping", "rust_basic.wasm", "ping", "hello");
    add_plugin("assemblyscript_hello", "assemblyscript_hello.wasm", "hello", "World");
    add_plugin("zig_hello", "zig_hello.wasm", "hello", "World");
    return bench::Ratios::main(argc, argv);
}
