#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <mortise_engines.h>
#include <wasmtime.h>

namespace mortise::test {

/// The module that a text in the WebAssembly text format means.
inline std::vector<std::uint8_t> wasm_of(std::string_view text) {
    wasm_byte_vec_t bytes{};
    if (wasmtime_error_t* error = wasmtime_wat2wasm(text.data(), text.size(), &bytes)) {
        wasm_byte_vec_t message{};
        wasmtime_error_message(error, &message);
        ADD_FAILURE() << std::string_view(message.data, message.size);
        wasm_byte_vec_delete(&message);
        wasmtime_error_delete(error);
        return {};
    }
    std::vector<std::uint8_t> result(bytes.data, bytes.data + bytes.size);
    wasm_byte_vec_delete(&bytes);
    return result;
}

inline mortise_limiter_t generous_limits() {
    mortise_limiter_t limiter{};
    limiter.memory_limit = 64 << 20;
    limiter.table_limit = 1'000'000;
    limiter.memories_limit = limiter.tables_limit = limiter.instances_limit = 10;
    return limiter;
}

inline std::string take(mortise_text_t& text) {
    std::string copy(text.data == nullptr ? "" : text.data, text.size);
    mortise_text_free(&text);
    return copy;
}

/// How a call went, with the text owned.
struct Ended {
    int status;
    int code;
    std::string text;

    explicit Ended(mortise_outcome_t outcome) : status(outcome.status), code(outcome.code), text(take(outcome.text)) {}
};

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

struct WasmiOptions {
    bool metered = true;
    std::uint64_t slice = 100'000;
    std::uint64_t stack_bytes = 256 << 10;
    std::uint32_t recursion_depth = 1'000;
    mortise_wasmi_check_t check = nullptr;
    void* check_env = nullptr;
    mortise_limiter_t limiter = generous_limits();
};

/// An engine, one module and a store with its first instance.
class Wasmi {
public:
    using Options = WasmiOptions;

    explicit Wasmi(std::string_view text, std::vector<mortise_wasmi_import_t> imports = {}, Options options = {})
        : limiter(options.limiter) {
        mortise_wasmi_config_t config{};
        config.stack_bytes = options.stack_bytes;
        config.recursion_depth = options.recursion_depth;
        config.metered = options.metered;
        config.bulk_memory = config.references = config.v128 = config.multi_memory = 1;
        engine.reset(mortise_wasmi_engine_new(&config, nullptr));
        module = compile(text);
        if (!module) return;
        store.reset(mortise_wasmi_store_new(module.get(), &limiter, options.slice, options.check, options.check_env));
        Ended made = add(*module, imports);
        EXPECT_EQ(made.status, MORTISE_DONE) << made.text;
    }

    using Module = std::unique_ptr<mortise_wasmi_module_t, Freed<mortise_wasmi_module_delete>>;

    Module compile(std::string_view text) {
        const std::vector<std::uint8_t> wasm = wasm_of(text);
        mortise_text_t error{};
        Module made(mortise_wasmi_compile(engine.get(), wasm.data(), wasm.size(), &error));
        EXPECT_TRUE(made) << take(error);
        mortise_text_free(&error);
        return made;
    }

    Ended add(const mortise_wasmi_module_t& what, std::span<const mortise_wasmi_import_t> imports) {
        return Ended(mortise_wasmi_instantiate(store.get(), &what, imports.data(), imports.size(), &instance));
    }

    std::uint32_t function(std::string_view name) {
        std::uint32_t number = UINT32_MAX;
        EXPECT_TRUE(mortise_wasmi_function(store.get(), instance, name.data(), name.size(), &number)) << name;
        return number;
    }

    Ended call(std::string_view name, std::initializer_list<std::int64_t> arguments = {}) {
        for (mortise_wasmi_value_t& slot : slots) slot = {};
        std::size_t at = 0;
        for (std::int64_t argument : arguments) slots[at++].i64 = argument;
        return Ended(mortise_wasmi_call(store.get(), function(name), slots, std::size(slots)));
    }

    mortise_limiter_t limiter;
    std::unique_ptr<mortise_wasmi_engine_t, Freed<mortise_wasmi_engine_delete>> engine;
    Module module;
    std::unique_ptr<mortise_wasmi_store_t, Freed<mortise_wasmi_store_delete>> store;
    std::uint32_t instance = 0;
    mortise_wasmi_value_t slots[20]{};
};

inline mortise_wasmi_import_t host_function(mortise_wasmi_host_function_t call, const void* env = nullptr) {
    return {.kind = MORTISE_FUNCTION, .from = 0, .call = call, .env = env, .name = nullptr, .name_size = 0};
}

inline mortise_wasmi_import_t linked(std::uint32_t kind, std::uint32_t from, std::string_view name) {
    return {.kind = kind, .from = from, .call = nullptr, .env = nullptr, .name = name.data(), .name_size = name.size()};
}

}  // namespace mortise::test
