// Aspect calls, gas counted, beside a bare host of the same protocol on the same instrumented module; and the speed of
// instrumenting. Ratios of the medians at the end:
// bench_aspect --benchmark_repetitions=15 --benchmark_enable_random_interleaving=true
#include <array>
#include <string>

#include <mortise/abi/aspect.hpp>
#include <mortise/mortise.hpp>

#include "support/bare.hpp"
#include "support/ratios.hpp"

namespace {

namespace aspect = mortise::abi::aspect;

// Start-up code resets the heap, as that of a converted start section does; `echo` returns a new value.
constexpr std::string_view kWat = R"((module
  (import "text-api" "__TextApi__.same" (func $same (param i32) (result i32)))
  (memory (export "memory") 4)
  (global $heap (mut i32) (i32.const 4096))
  (func (export "__aspect_start__") (global.set $heap (i32.const 4096)))
  (func $allocate (export "allocate") (param i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (local.get 0))))
  (func (export "echo") (param i32) (result i32) (local.get 0))
  (func (export "ask") (param i32) (result i32) (call $same (local.get 0)))
))";

constexpr std::int64_t kGas = 1'000'000;

class BareHost : bench::Bare {
public:
    BareHost() {
        define("text-api", "__TextApi__.same", {WASM_I32}, {WASM_I32}, same, this);
        const auto wasm = bench::wasm_of(kWat);
        const auto metered = mortise::value(aspect::instrument({reinterpret_cast<const std::byte*>(wasm.data()), wasm.size()}));
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(metered.data());
        start({bytes, bytes + metered.size()});
        memory_ = get("memory").of.memory;
        counter_ = get("__gas_counter__").of.global;
        start_ = get("__aspect_start__").of.func;
        allocate_ = get("allocate").of.func;
    }

    wasmtime_func_t function(std::string_view name) { return get(name).of.func; }

    std::string call_text(const wasmtime_func_t& function, std::string_view text, std::int64_t& gas_left) {
        set_counter(kGas * 1000);
        wasmtime_val_raw_t slot;
        call(start_, &slot, 1);
        slot.i32 = static_cast<std::int32_t>(place(text));
        call(function, &slot, 1);
        const std::int64_t left = counter();
        if (left < 0) std::abort();
        gas_left = left / 1000;
        return std::string(read(static_cast<std::uint32_t>(slot.i32)));
    }

private:
    char* range(std::uint64_t at, std::uint64_t size) {
        if (at + size > wasmtime_memory_data_size(context, &memory_)) std::abort();
        return reinterpret_cast<char*>(wasmtime_memory_data(context, &memory_)) + at;
    }
    std::uint32_t place(std::string_view text) {
        wasmtime_val_raw_t slot;
        slot.i32 = static_cast<std::int32_t>(text.size() + 6);
        call(allocate_, &slot, 1);
        const auto address = static_cast<std::uint32_t>(slot.i32);
        char* block = range(address, text.size() + 6);
        const std::int16_t type = 10;
        const auto size = static_cast<std::int32_t>(text.size());
        std::memcpy(block, &type, 2);
        std::memcpy(block + 2, &size, 4);
        std::memcpy(block + 6, text.data(), text.size());
        return address;
    }
    std::string_view read(std::uint32_t address) {
        std::int16_t type;
        std::int32_t size;
        std::memcpy(&type, range(address, 6), 2);
        std::memcpy(&size, range(address, 6) + 2, 4);
        if (type != 10 || size < 0) std::abort();
        return {range(std::uint64_t{address} + 6, static_cast<std::uint64_t>(size)), static_cast<std::size_t>(size)};
    }
    std::int64_t counter() {
        wasmtime_val_t value;
        wasmtime_global_get(context, &counter_, &value);
        return value.of.i64;
    }
    void set_counter(std::int64_t gas) {
        wasmtime_val_t value{};
        value.kind = WASMTIME_I64;
        value.of.i64 = gas;
        bench::check(wasmtime_global_set(context, &counter_, &value), "set the counter");
    }
    static wasm_trap_t* same(void* env, wasmtime_caller_t*, wasmtime_val_raw_t* slots, std::size_t) {
        auto& self = *static_cast<BareHost*>(env);
        const std::string_view text = self.read(static_cast<std::uint32_t>(slots[0].i32));
        const std::int64_t charge = 1000 + 10 * static_cast<std::int64_t>(text.size());
        const std::int64_t left = self.counter();
        if (left < charge) std::abort();
        self.set_counter(left - charge);
        const std::string result(text);
        slots[0].i32 = static_cast<std::int32_t>(self.place(result));
        return nullptr;
    }

    wasmtime_memory_t memory_{};
    wasmtime_global_t counter_{};
    wasmtime_func_t start_{}, allocate_{};
};

void bare(benchmark::State& state, std::string_view function) {
    BareHost host;
    const auto callee = host.function(function);
    const std::string text(16, 'x');
    std::int64_t gas_left = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(host.call_text(callee, text, gas_left));
        benchmark::DoNotOptimize(gas_left);
    }
}

void ours(benchmark::State& state, std::string_view function) {
    mortise::PluginOptions options;
    options.host.add("text-api", "__TextApi__.same", [](std::string_view text) { return std::string(text); },
                     aspect::GasRule(aspect::DynamicGas{1000, 10}));
    auto instance = mortise::value(mortise::value(mortise::Runtime().load_bytes(mortise::bytes_of(kWat), options)).instantiate());
    const auto call = mortise::value(instance.function<std::string(std::string_view)>(function));
    const std::string text(16, 'x');
    for (auto _ : state) benchmark::DoNotOptimize(call(text).value());
}

void text_bare(benchmark::State& state) { bare(state, "echo"); }
void text_mortise(benchmark::State& state) { ours(state, "echo"); }
void host_call_bare(benchmark::State& state) { bare(state, "ask"); }
void host_call_mortise(benchmark::State& state) { ours(state, "ask"); }
BENCHMARK(text_bare);
BENCHMARK(text_mortise);
BENCHMARK(host_call_bare);
BENCHMARK(host_call_mortise);

// A module of about `size` bytes of functions with loops, branches, calls and memory.
mortise::Bytes large_module(std::size_t size) {
    std::string wat = "(module (memory 1) (global $g (mut i32) (i32.const 0))";
    const std::size_t functions = size / 76;
    for (std::size_t i = 0; i < functions; ++i) {
        wat += "(func (param i32 i64) (result i32) (local i32 i64) (block $out (loop $in (br_if $out (i32.eqz (local.get 0)))"
               "(local.set 0 (i32.sub (local.get 0) (i32.const 1))) (local.set 3 (i64.add (local.get 1) (i64.const 123456789)))"
               "(i32.store offset=8 (local.get 2) (i32.wrap_i64 (local.get 3)))"
               "(if (i32.gt_u (local.get 2) (i32.const 1000)) (then (global.set $g (i32.load (local.get 2)))) (else (return (i32.const 7))))"
               "(br $in))) (i32.mul (global.get $g) (i32.const 3)))";
    }
    const auto wasm = bench::wasm_of(wat + ")");
    const auto* bytes = reinterpret_cast<const std::byte*>(wasm.data());
    return {bytes, bytes + wasm.size()};
}

// Bytes a second must not fall with the size.
void instrument(benchmark::State& state) {
    const mortise::Bytes wasm = large_module(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) benchmark::DoNotOptimize(mortise::value(aspect::instrument(wasm)));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * wasm.size()));
}
BENCHMARK(instrument)->Arg(64 << 10)->Arg(1 << 20)->Arg(8 << 20)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) { return bench::Ratios::main(argc, argv); }
