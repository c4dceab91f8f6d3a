#pragma once

#include <cstdint>
#include <string_view>

#include "support/bare.hpp"

namespace bench {

/// The bare engine with a pool of sandboxes, set up as mortise sets up its own, and a module to be instantiated again and again; its
/// members are to be used straight. What the module imports has to be defined before `bind`.
struct BarePool {
    wasm_engine_t* engine;
    wasmtime_linker_t* linker;
    wasmtime_module_t* module = nullptr;
    wasmtime_instance_pre_t* pre = nullptr;

    BarePool() {
        constexpr std::uint32_t kSlots = 256;
        wasm_config_t* config = wasm_config_new();
        wasmtime_config_epoch_interruption_set(config, true);
        wasmtime_config_max_wasm_stack_set(config, 512 << 10);
        wasmtime_config_native_unwind_info_set(config, false);
        wasmtime_config_wasm_gc_set(config, false);
        wasmtime_config_wasm_function_references_set(config, false);
        wasmtime_config_wasm_exceptions_set(config, false);
        wasmtime_pooling_allocation_config_t* pool = wasmtime_pooling_allocation_config_new();
        wasmtime_pooling_allocation_config_total_memories_set(pool, kSlots);
        wasmtime_pooling_allocation_config_total_core_instances_set(pool, kSlots);
        wasmtime_pooling_allocation_config_total_stacks_set(pool, 0);
        wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, 128 << 10);
        wasmtime_pooling_allocation_config_table_keep_resident_set(pool, 16 << 10);
        wasmtime_pooling_allocation_strategy_set(config, pool);
        wasmtime_pooling_allocation_config_delete(pool);
        engine = wasm_engine_new_with_config(config);
        linker = wasmtime_linker_new(engine);
    }
    ~BarePool() {
        if (pre != nullptr) wasmtime_instance_pre_delete(pre);
        if (module != nullptr) wasmtime_module_delete(module);
        wasmtime_linker_delete(linker);
        wasm_engine_delete(engine);
    }
    BarePool(const BarePool&) = delete;
    BarePool& operator=(const BarePool&) = delete;

    void bind(std::string_view wat) {
        const auto wasm = wasm_of(wat);
        check(wasmtime_module_new(engine, wasm.data(), wasm.size(), &module), "compile");
        check(wasmtime_linker_instantiate_pre(linker, module, &pre), "bind");
    }
};

/// A sandbox of a bare pool, with limits as mortise sets them.
struct BareSandbox {
    wasmtime_store_t* store;
    wasmtime_context_t* context;
    wasmtime_instance_t instance{};

    explicit BareSandbox(const BarePool& pool, void* data = nullptr)
        : store(wasmtime_store_new(pool.engine, data, nullptr)), context(wasmtime_store_context(store)) {
        wasmtime_store_limiter(store, 256 << 20, 1'000'000, 1, 10, 1);
        wasmtime_context_set_epoch_deadline(context, 1'000'000'000);
        wasm_trap_t* trap = nullptr;
        check(wasmtime_instance_pre_instantiate(pool.pre, context, &instance, &trap), "instantiate");
        if (trap != nullptr) [[unlikely]] std::abort();
    }
    ~BareSandbox() { wasmtime_store_delete(store); }
    BareSandbox(const BareSandbox&) = delete;
    BareSandbox& operator=(const BareSandbox&) = delete;

    wasmtime_extern_t get(std::string_view name) { return export_of(context, instance, name); }
    void call(const wasmtime_func_t& function, wasmtime_val_raw_t* slots, std::size_t count) {
        call_unchecked(context, function, slots, count);
    }
};

}  // namespace bench
