#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>
#include <mortise/bytes.hpp>

#include "support/bare.hpp"

namespace bench {

/// A waPC host on the bare C API.
class BareWapc : Bare {
public:
    /// `module` and `guest` are what the protocol calls itself and its plugins: hookr differs from waPC in these, and in the host
    /// call, whose names are one instead of three.
    explicit BareWapc(const std::vector<std::uint8_t>& wasm, const char* module_name = "wapc", const std::string& guest = "guest")
        : protocol_(module_name) {
        import("__" + guest + "_request", 2, 0, guest_request);
        import("__" + guest + "_response", 2, 0, guest_response);
        import("__" + guest + "_error", 2, 0, guest_error);
        if (guest == "guest") import("__host_call", 8, 1, host_call);
        else import("__host_call", 4, 1, host_call_of_one_name);
        import("__host_response_len", 0, 1, host_response_len);
        import("__host_response", 1, 0, host_response);
        import("__host_error_len", 0, 1, host_error_len);
        import("__host_error", 1, 0, host_error);
        import("__console_log", 2, 0, console_log);
        start(wasm);
        memory_ = get("memory").of.memory;
        guest_call_ = get("__" + guest + "_call").of.func;
        wasmtime_extern_t init;
        if (wasmtime_instance_export_get(context, &instance, "wapc_init", 9, &init)) {
            wasmtime_val_raw_t slot;
            call(init.of.func, &slot, 1);
        }
    }

    std::vector<std::byte> invoke(std::string_view operation, mortise::BytesView payload) {
        std::vector<std::byte> response;
        invoke_into(operation, payload, response);
        return response;
    }

    void invoke_into(std::string_view operation, mortise::BytesView payload, std::vector<std::byte>& response) {
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

    void import(const std::string& name, std::size_t params, std::size_t results, wasmtime_func_unchecked_callback_t callback) {
        define(protocol_, name.c_str(), std::vector<wasm_valkind_t>(params, WASM_I32), std::vector<wasm_valkind_t>(results, WASM_I32), callback, this);
    }

    // The memory's bytes of a range that the guest gave; a bad one ends the program.
    std::byte* range(std::int32_t at, std::size_t size) {
        const auto offset = static_cast<std::uint32_t>(at);
        if (std::uint64_t{offset} + size > wasmtime_memory_data_size(context, &memory_)) std::abort();
        return reinterpret_cast<std::byte*>(wasmtime_memory_data(context, &memory_)) + offset;
    }
    mortise::BytesView read(std::int32_t at, std::int32_t size) {
        return {range(at, static_cast<std::uint32_t>(size)), static_cast<std::uint32_t>(size)};
    }
    void write(std::int32_t at, const void* from, std::size_t size) { std::memcpy(range(at, size), from, size); }
    void ask(mortise::BytesView payload) {
        asked_.assign(payload.begin(), payload.end());
        answer_.assign(asked_.begin(), asked_.end());   // the handler: an echo
    }

    static BareWapc& self(void* env) { return *static_cast<BareWapc*>(env); }

    static wasm_trap_t* guest_request(void* env, wasmtime_caller_t*, Slots s, std::size_t) {
        BareWapc& host = self(env);
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
        BareWapc& host = self(env);
        host.names_[0] = mortise::text_of(host.read(s[0].i32, s[1].i32));
        host.names_[1] = mortise::text_of(host.read(s[2].i32, s[3].i32));
        host.names_[2] = mortise::text_of(host.read(s[4].i32, s[5].i32));
        host.ask(host.read(s[6].i32, s[7].i32));
        s[0].i32 = 1;
        return nullptr;
    }
    static wasm_trap_t* host_call_of_one_name(void* env, wasmtime_caller_t*, Slots s, std::size_t) {
        BareWapc& host = self(env);
        host.names_[0] = mortise::text_of(host.read(s[0].i32, s[1].i32));
        host.ask(host.read(s[2].i32, s[3].i32));
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

    const char* protocol_;
    wasmtime_memory_t memory_{};
    wasmtime_func_t guest_call_{};
    std::string_view operation_;
    mortise::BytesView payload_;
    std::vector<std::byte>* response_ = nullptr;
    std::string error_;
    std::string names_[3];
    std::vector<std::byte> asked_, answer_;
};

}  // namespace bench
