#include "guest.hpp"

#include <algorithm>

namespace mortise::wasp_tests {

const Runtime& runtime() {
    static const Runtime shared = testing::runtime_under_test();
    return shared;
}

std::string Guest::wat() const {
    std::string out = "(module\n" + imports + memory + R"(
  (data (i32.const 16) "hello\00") (data (i32.const 32) "text %s %n\00") (data (i32.const 64) "\00")
  (data (i32.const 96) "\02\00\00\00\10\20") (data (i32.const 128) "first\00") (data (i32.const 144) "second\00")
  (data (i32.const 160) "ab\00\00")
  (global $heap (mut i32) (i32.const 4096)) (global $last (mut i32) (i32.const 0)) (global $frees (mut i32) (i32.const 0))
  (func $bump (param $n i32) (result i32)
    (global.set $last (local.get $n))
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (i32.and (i32.add (local.get $n) (i32.const 15)) (i32.const -8)))))
  (func $remember (param $p i32) (param $n i32)
    (i32.store (i32.add (i32.const 512) (i32.shl (global.get $frees) (i32.const 3))) (local.get $p))
    (i32.store (i32.add (i32.const 516) (i32.shl (global.get $frees) (i32.const 3))) (local.get $n))
    (global.set $frees (i32.add (global.get $frees) (i32.const 1))))
  (func $strlen (param $p i32) (result i32) (local $i i32)
    (loop $next
      (if (i32.load8_u (i32.add (local.get $p) (local.get $i)))
        (then (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $next))))
    (local.get $i))
  (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "last_size") (result i32) (global.get $last))
  (func (export "frees") (result i32) (global.get $frees))
  (func (export "freed_address") (param i32) (result i32)
    (i32.load (i32.add (i32.const 512) (i32.shl (local.get 0) (i32.const 3)))))
  (func (export "freed_size") (param i32) (result i32)
    (i32.load (i32.add (i32.const 516) (i32.shl (local.get 0) (i32.const 3)))))
)";
    if (has_helpers) {
        out += "(func $allocate (export \"allocate\") (param $n i32) (result i32) " + allocate + ")\n";
        out += "(func $get_string_size (export \"get_string_size\") (param $p i32) (result i32) " + get_string_size + ")\n";
    }
    if (has_deallocate) out += "(func (export \"deallocate\") (param $p i32) (param $n i32) " + deallocate + ")\n";
    return out + more + ")";
}

PluginOptions with(HostFunctions host, abi::wasp::Options options) {
    PluginOptions out;
    out.abi = "wasp";
    out.host = std::move(host);
    out.abi_options = std::move(options);
    return out;
}

PluginOptions with(abi::wasp::Options options) { return with(HostFunctions(), std::move(options)); }

Result<Plugin> load(const Guest& guest, PluginOptions options) {
    return testing::load_wat(runtime(), guest.wat(), std::move(options));
}

Instance start(const Guest& guest, PluginOptions options) { return value(value(load(guest, std::move(options))).instantiate()); }

Freed freed(Instance& instance) {
    Freed out;
    const int count = value(instance.call<int>("frees"));
    for (int i = 0; i < count; ++i) {
        out.emplace_back(value(instance.call<std::uint32_t>("freed_address", i)), value(instance.call<std::uint32_t>("freed_size", i)));
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::string peek(Instance& instance, std::uint32_t at, std::uint32_t count) {
    std::string out;
    for (std::uint32_t i = 0; i < count; ++i) out.push_back(static_cast<char>(value(instance.call<int>("byte", at + i))));
    return out;
}

}  // namespace mortise::wasp_tests
