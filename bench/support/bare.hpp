#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <wasmtime.h>

namespace bench {

/// The bare engine, with the compile options that mortise has by default: epochs on, 512 KiB of stack. Anything that goes wrong
/// ends the program: a benchmark of a failure is worthless.
inline void check(wasmtime_error_t* error, const char* what) {
    if (error == nullptr) return;
    wasm_name_t text;
    wasmtime_error_message(error, &text);
    std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size), text.data);
    std::abort();
}

inline std::vector<std::uint8_t> wasm_of(std::string_view wat) {
    wasm_byte_vec_t out;
    check(wasmtime_wat2wasm(wat.data(), wat.size(), &out), "wat2wasm");
    std::vector<std::uint8_t> bytes(out.data, out.data + out.size);
    wasm_byte_vec_delete(&out);
    return bytes;
}

inline wasmtime_extern_t export_of(wasmtime_context_t* context, const wasmtime_instance_t& instance, std::string_view name) {
    wasmtime_extern_t item;
    if (!wasmtime_instance_export_get(context, &instance, name.data(), name.size(), &item)) std::abort();
    return item;
}

inline void call_unchecked(wasmtime_context_t* context, const wasmtime_func_t& function, wasmtime_val_raw_t* slots, std::size_t count) {
    wasm_trap_t* trap = nullptr;
    wasmtime_error_t* error = wasmtime_func_call_unchecked(context, &function, slots, count, &trap);
    if (error != nullptr || trap != nullptr) [[unlikely]] std::abort();
}

/// A bare engine, linker and store; its members are to be used straight.
struct Bare {
    wasm_engine_t* engine;
    wasmtime_linker_t* linker;
    wasmtime_module_t* module = nullptr;
    wasmtime_store_t* store = nullptr;
    wasmtime_context_t* context = nullptr;
    wasmtime_instance_t instance{};

    explicit Bare(bool epochs = true) {
        wasm_config_t* config = wasm_config_new();
        wasmtime_config_epoch_interruption_set(config, epochs);
        wasmtime_config_max_wasm_stack_set(config, 512 << 10);
        engine = wasm_engine_new_with_config(config);
        linker = wasmtime_linker_new(engine);
    }
    ~Bare() {
        if (store != nullptr) wasmtime_store_delete(store);
        if (module != nullptr) wasmtime_module_delete(module);
        wasmtime_linker_delete(linker);
        wasm_engine_delete(engine);
    }
    Bare(const Bare&) = delete;
    Bare& operator=(const Bare&) = delete;

    void define(const char* from, const char* name, std::vector<wasm_valkind_t> params, std::vector<wasm_valkind_t> results,
                wasmtime_func_unchecked_callback_t callback, void* env) {
        const auto types = [](const std::vector<wasm_valkind_t>& kinds) {
            wasm_valtype_vec_t out;
            wasm_valtype_vec_new_uninitialized(&out, kinds.size());
            for (std::size_t i = 0; i < kinds.size(); ++i) out.data[i] = wasm_valtype_new(kinds[i]);
            return out;
        };
        auto in = types(params), out = types(results);
        wasm_functype_t* type = wasm_functype_new(&in, &out);
        check(wasmtime_linker_define_func_unchecked(linker, from, std::strlen(from), name, std::strlen(name), type, callback, env,
                                                    nullptr), name);
        wasm_functype_delete(type);
    }

    void start(const std::vector<std::uint8_t>& wasm, void* data = nullptr) {
        check(wasmtime_module_new(engine, wasm.data(), wasm.size(), &module), "compile");
        store = wasmtime_store_new(engine, data, nullptr);
        context = wasmtime_store_context(store);
        wasmtime_context_set_epoch_deadline(context, 1'000'000'000);
        wasm_trap_t* trap = nullptr;
        check(wasmtime_linker_instantiate(linker, context, module, &instance, &trap), "instantiate");
        if (trap != nullptr) std::abort();
    }

    wasmtime_extern_t get(std::string_view name) { return export_of(context, instance, name); }

    void call(const wasmtime_func_t& function, wasmtime_val_raw_t* slots, std::size_t count) {
        call_unchecked(context, function, slots, count);
    }
};

}  // namespace bench
