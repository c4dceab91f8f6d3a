#include "guest.hpp"

namespace mortise::hookr_tests {

const Runtime& runtime() {
    static const Runtime shared = testing::runtime_under_test();
    return shared;
}

std::string Guest::wat() const {
    const auto import = [](std::string_view name, std::string_view id, std::string_view type) {
        return "(import \"hookr\" \"__" + std::string(name) + "\" (func $" + std::string(id) + " " + std::string(type) + "))\n";
    };
    const std::string prefix = older_names ? "guest" : "plugin";
    return "(module\n" + import(prefix + "_request", "request", "(param i32 i32)") +
           import(prefix + "_response", "response", "(param i32 i32)") + import(prefix + "_error", "error", "(param i32 i32)") +
           import("host_call", "host_call", "(param i32 i32 i32 i32) (result i32)") +
           import("host_response_len", "host_response_len", "(result i32)") + import("host_response", "host_response", "(param i32)") +
           import("host_error_len", "host_error_len", "(result i32)") + import("host_error", "host_error", "(param i32)") +
           import("log", "log", "(param i32 i32)") + imports + R"(
  (memory (export "memory") 1)
  (data (i32.const 16) "op") (data (i32.const 32) "it broke") (data (i32.const 64) "an answer")
  (data (i32.const 96) "\ff\fe") (data (i32.const 128) "a line")
  (func $fetch (call $request (i32.const 1024) (i32.const 4096)))
  (func $answer (param i32 i32) (result i32) (call $response (local.get 0) (local.get 1)) (i32.const 1))
  (func $fail (param i32 i32) (result i32) (call $error (local.get 0) (local.get 1)) (i32.const 0))
  (func $ask (param i32 i32) (result i32) (call $host_call (i32.const 16) (i32.const 2) (local.get 0) (local.get 1)))
  (func $take (result i32)
    (if (result i32) (call $host_error_len)
      (then (call $host_error (i32.const 8192)) (call $fail (i32.const 8192) (call $host_error_len)))
      (else (call $host_response (i32.const 8192)) (call $answer (i32.const 8192) (call $host_response_len)))))
)" + more + "\n  (func (export \"__" + prefix + "_call\") (param $op i32) (param $n i32) (result i32) " + plugin_call + "))";
}

PluginOptions with(HostFunctions host, abi::hookr::Options options) {
    PluginOptions out;
    out.host = std::move(host);
    out.abi_options = options;
    return out;
}

PluginOptions with(abi::hookr::Options options) { return with(HostFunctions(), options); }

Result<Plugin> load(const Guest& guest, PluginOptions options) {
    return testing::load_wat(runtime(), guest.wat(), std::move(options));
}

Instance start(const Guest& guest, PluginOptions options) { return value(value(load(guest, std::move(options))).instantiate()); }

Result<std::string> invoke(Instance& instance, std::string_view operation, std::string_view payload) {
    auto response = instance.invoke(operation, payload);
    if (!response) return fail(std::move(response).error());
    return std::string(text_of(*response));
}

}  // namespace mortise::hookr_tests
