#include "guest.hpp"

#include <any>

namespace mortise::aspect_tests {

using abi::aspect::CallOptions;
using abi::aspect::CallReport;
using abi::aspect::kMaxGas;
using abi::aspect::kWasmGasPerGas;

const Runtime& runtime() {
    static const Runtime shared = testing::runtime_under_test();
    return shared;
}

std::string Guest::wat() const {
    std::string out = "(module\n" + imports + memory + R"(
  (data (i32.const 16) "\0a\00\03\00\00\00xyz")
  (data (i32.const 32) "\0b\00\01\00\00\00\09")
  (data (i32.const 48) "\03\00\04\00\00\00\fe\ff\ff\ff")
  (data (i32.const 64) "\08\00\08\00\00\00\05\00\00\00\00\00\00\00")
  (data (i32.const 80) "\09\00\01\00\00\00\00")
  (data (i32.const 96) "\09\00\01\00\00\00\01")
  (data (i32.const 112) "\04\00\08\00\00\00\ff\ff\ff\ff\ff\ff\ff\ff")
  (data (i32.const 128) "\0a\00\00\00\00\00")
  (data (i32.const 144) "\0b\00\00\00\00\00")
  (global $heap (mut i32) (i32.const 4096))
  (func $bump (param $n i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (local.get $n))))
  (func (export "echo") (param i32) (result i32) (local.get 0))
)" + start;
    out += "(func $allocate (export \"allocate\") (param $n i32) (result i32) " + allocate + ")\n";
    static constexpr std::pair<const char*, const char*> kConstants[] = {
        {"none", "0"}, {"xyz", "16"}, {"bytes", "32"}, {"i32", "48"}, {"u64", "64"}, {"no", "80"}, {"yes", "96"}, {"i64", "112"},
        {"empty", "128"}, {"no_bytes", "144"}};
    for (const auto& [name, address] : kConstants) {
        out += std::string("(func (export \"") + name + "\") (result i32) (i32.const " + address + "))\n";
    }
    return out + more + ")";
}

PluginOptions with(HostFunctions host, abi::aspect::Options options) {
    PluginOptions out;
    out.abi = "aspect";
    out.host = std::move(host);
    out.abi_options = std::move(options);
    return out;
}

PluginOptions with(abi::aspect::Options options) { return with(HostFunctions(), std::move(options)); }

Result<Plugin> load(const Guest& guest, PluginOptions options) {
    return testing::load_wat(runtime(), guest.wat(), std::move(options));
}

Instance start(const Guest& guest, PluginOptions options) { return value(value(load(guest, std::move(options))).instantiate()); }

Outcome call(Instance& instance, std::string_view method, std::vector<ValueView> arguments, std::int64_t gas, Kind wanted) {
    const std::any options = CallOptions{gas};
    CallOutcome outcome;
    auto done = instance.perform({.name = method, .arguments = arguments, .wanted = wanted, .options = &options}, outcome);
    Outcome out{Value()};
    if (done) out.value = std::move(outcome.value);
    else out.value = fail(std::move(done).error());
    if (const auto* report = std::any_cast<CallReport>(&outcome.report)) {
        out.wasm_gas_left = report->wasm_gas_left();
        out.gas_left = report->gas_left();
    }
    return out;
}

std::int64_t gas_of(Instance& instance, std::string_view method, std::vector<ValueView> arguments) {
    const Outcome outcome = call(instance, method, std::move(arguments));
    EXPECT_GE(outcome.wasm_gas_left, 0);
    return kMaxGas * kWasmGasPerGas - outcome.wasm_gas_left;
}

}  // namespace mortise::aspect_tests
