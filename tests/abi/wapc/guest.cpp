#include "guest.hpp"

namespace mortise::wapc_tests {

const Runtime& runtime() {
    static const Runtime shared = testing::runtime_under_test();
    return shared;
}

std::string Guest::wat() const {
    const auto import = [this](std::string_view name, std::string_view type) {
        return "(import \"" + module + "\" \"__" + std::string(name) + "\" (func $" + std::string(name) + " " + std::string(type) + "))\n";
    };
    return "(module\n" + import("guest_request", "(param i32 i32)") + import("guest_response", "(param i32 i32)") +
           import("guest_error", "(param i32 i32)") +
           import("host_call", "(param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)") +
           import("host_response_len", "(result i32)") + import("host_response", "(param i32)") +
           import("host_error_len", "(result i32)") + import("host_error", "(param i32)") +
           import("console_log", "(param i32 i32)") + imports + R"(
  (memory (export "memory") )" + pages + R"()
  (data (i32.const 0) "bd") (data (i32.const 8) "ns") (data (i32.const 16) "op")
  (data (i32.const 32) "it broke") (data (i32.const 64) "an answer") (data (i32.const 96) "\ff\fe") (data (i32.const 128) "a line")
  (func $fetch (call $guest_request (i32.const 1024) (i32.const 4096)))
  (func $answer (param i32 i32) (result i32) (call $guest_response (local.get 0) (local.get 1)) (i32.const 1))
  (func $fail (param i32 i32) (result i32) (call $guest_error (local.get 0) (local.get 1)) (i32.const 0))
  (func $ask (param i32 i32) (result i32)
    (call $host_call (i32.const 0) (i32.const 2) (i32.const 8) (i32.const 2) (i32.const 16) (i32.const 2) (local.get 0) (local.get 1)))
  (func $take (result i32)
    (if (result i32) (call $host_error_len)
      (then (call $host_error (i32.const 8192)) (call $fail (i32.const 8192) (call $host_error_len)))
      (else (call $host_response (i32.const 8192)) (call $answer (i32.const 8192) (call $host_response_len)))))
)" + more + R"(
  (func (export "__guest_call") (param $op i32) (param $n i32) (result i32) )" + guest_call + "))";
}

PluginOptions with(HostFunctions host, abi::wapc::Options options) {
    PluginOptions out;
    out.host = std::move(host);
    out.abi_options = std::move(options);
    return out;
}

PluginOptions with(abi::wapc::Options options) { return with(HostFunctions(), std::move(options)); }

Result<Plugin> load(const Guest& guest, PluginOptions options) {
    return testing::load_wat(runtime(), guest.wat(), std::move(options));
}

Instance start(const Guest& guest, PluginOptions options) { return value(value(load(guest, std::move(options))).instantiate()); }

Result<std::string> invoke(Instance& instance, std::string_view operation, std::string_view payload) {
    auto response = instance.invoke(operation, payload);
    if (!response) return fail(std::move(response).error());
    return std::string(text_of(*response));
}

}  // namespace mortise::wapc_tests
