#include "engines/wasmtime/profile.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "engines/wasmtime/compiled_code.hpp"

namespace mortise::engines::wasmtime {
namespace {

using base::concat;

/// Proposals as the options and the seam have them. Only what is on by default in the compiler may be left alone or
/// switched off: switching one on that the compiler lacks aborts the process.
void set_proposals(wasm_config_t* config, const engine::CompileOptions& options) {
    wasmtime_config_wasm_simd_set(config, options.simd);
    if (!options.simd) wasmtime_config_wasm_relaxed_simd_set(config, false);
    wasmtime_config_wasm_relaxed_simd_deterministic_set(config, true);
    wasmtime_config_wasm_bulk_memory_set(config, options.bulk_memory);
    wasmtime_config_wasm_multi_value_set(config, options.multi_value);
    wasmtime_config_wasm_memory64_set(config, false);
#if defined(WASMTIME_FEATURE_GC)
    wasmtime_config_wasm_reference_types_set(config, options.reference_types);
    wasmtime_config_wasm_function_references_set(config, false);
    wasmtime_config_wasm_gc_set(config, false);
    wasmtime_config_wasm_exceptions_set(config, false);
#endif
#if defined(WASMTIME_FEATURE_THREADS)
    wasmtime_config_wasm_threads_set(config, false);
#endif
}

void set_memory(wasm_config_t* config, const Machine& machine) {
    wasmtime_config_memory_reservation_set(config, machine.memory_reservation);
    wasmtime_config_memory_guard_size_set(config, machine.memory_guard);
    wasmtime_config_memory_reservation_for_growth_set(config, machine.growth_reservation);
}

void set_pool(wasm_config_t* config, const Machine& machine) {
#if defined(WASMTIME_FEATURE_POOLING_ALLOCATOR)
    using PoolPtr = Owned<wasmtime_pooling_allocation_config_t, wasmtime_pooling_allocation_config_delete>;
    const PoolPtr pool(wasmtime_pooling_allocation_config_new());
    const std::uint32_t slots = machine.pool_slots;
    wasmtime_pooling_allocation_config_total_core_instances_set(pool.get(), slots);
    wasmtime_pooling_allocation_config_total_memories_set(pool.get(), kMemoriesPerSlot * slots);
    wasmtime_pooling_allocation_config_total_tables_set(pool.get(), slots * kTablesPerSlot);
    wasmtime_pooling_allocation_config_max_memories_per_module_set(pool.get(), kPooledMemoriesPerModule);
    wasmtime_pooling_allocation_config_max_tables_per_module_set(pool.get(), kTablesPerSlot);
    wasmtime_pooling_allocation_config_table_elements_set(pool.get(), kPooledTableElements);
    wasmtime_pooling_allocation_config_max_memory_size_set(pool.get(), std::size_t{4} << 30);
    wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool.get(), machine.keep_resident);
    wasmtime_pooling_allocation_config_table_keep_resident_set(pool.get(), std::size_t{16} << 10);
#if defined(WASMTIME_FEATURE_GC)
    wasmtime_pooling_allocation_config_total_gc_heaps_set(pool.get(), slots);
#endif
#if defined(WASMTIME_FEATURE_ASYNC)
    wasmtime_pooling_allocation_config_total_stacks_set(pool.get(), 0);  // calls run on the caller's stack
#endif
    wasmtime_pooling_allocation_strategy_set(config, pool.get());
#else
    (void)config;
    (void)machine;
#endif
}

Result<ConfigPtr> make_config(const Machine& machine, const engine::CompileOptions& options) {
    ConfigPtr config(wasm_config_new());
    wasmtime_config_epoch_interruption_set(config.get(), options.interrupt);
    wasmtime_config_consume_fuel_set(config.get(), options.fuel);
#if defined(WASMTIME_FEATURE_ASYNC)
    // The engine insists that its (unused) fibre stacks are larger than what a call may use.
    wasmtime_config_async_stack_size_set(config.get(), options.stack_bytes + (std::size_t{1} << 20));
#endif
    wasmtime_config_max_wasm_stack_set(config.get(), options.stack_bytes);
    // Nothing may unwind through guest code, and registering tables for it makes loading slow.
    wasmtime_config_native_unwind_info_set(config.get(), false);
    if (machine.winch || options.baseline_compiler) {
        wasmtime_config_strategy_set(config.get(), WASMTIME_STRATEGY_WINCH);
    } else {
        wasmtime_config_strategy_set(config.get(), WASMTIME_STRATEGY_CRANELIFT);
        wasmtime_config_cranelift_opt_level_set(config.get(), WASMTIME_OPT_LEVEL_SPEED);
    }
    if (machine.pulley) {
        const ErrorPtr error(wasmtime_config_target_set(config.get(), sizeof(void*) == 8 ? "pulley64" : "pulley32"));
        if (error) return fail(ErrorCode::unsupported, "Wasmtime has no interpreter here: " + message_of(*error));
    }
    set_proposals(config.get(), options);
    set_memory(config.get(), machine);
    return config;
}

Result<void> check_options(const Machine& machine, const engine::CompileOptions& options) {
    std::size_t most = machine.max_stack;
#if !defined(WASMTIME_FEATURE_ASYNC)
    most = std::min(most, std::size_t{2} << 20);  // the engine's own bound, which cannot be raised without that feature
#endif
    if (options.stack_bytes < kMinStack || options.stack_bytes > most) {
        return fail(ErrorCode::unsupported,
                    concat("a stack of ", options.stack_bytes, " bytes: this engine gives ", kMinStack, " to ", most));
    }
    if (!options.baseline_compiler) return {};
#if !defined(WASMTIME_FEATURE_WINCH)
    return fail(ErrorCode::unsupported, "this build of Wasmtime has no baseline compiler");
#else
    if (machine.pulley) return fail(ErrorCode::unsupported, "the interpreter has no baseline compiler");
    return {};
#endif
}

}  // namespace

Result<std::shared_ptr<Profile>> Profile::make(const Machine& machine, const engine::CompileOptions& options) {
    if (auto fits = check_options(machine, options); !fits) return fail(std::move(fits).error());
    auto config = make_config(machine, options);
    if (!config) return fail(std::move(config).error());

    std::shared_ptr<Profile> profile(new Profile(machine, options));
    profile->plain_.reset(wasm_engine_new_with_config(config->release()));
    // Asked again for each profile: every one has a pool of its own, and address space may have run out since.
    if (machine.pool_slots != 0 && has_room_for_pool(machine)) {
        auto pooled = make_config(machine, options);
        if (!pooled) return fail(std::move(pooled).error());
        set_pool(pooled->get(), machine);
        profile->pooled_.reset(wasm_engine_new_with_config(pooled->release()));
        profile->free_slots_ = machine.pool_slots;
    }
    return profile;
}

bool Profile::only_baseline_refuses(BytesView wasm) const {
    if (!machine_.winch && !options_.baseline_compiler) return false;
    Machine machine = machine_;
    engine::CompileOptions options = options_;
    machine.winch = false;
    options.baseline_compiler = false;
    auto config = make_config(machine, options);
    if (!config) return false;
    const EnginePtr engine(wasm_engine_new_with_config(config->release()));
    return validate_module(engine.get(), wasm) == nullptr;
}

bool Profile::take_slots(std::uint32_t count) noexcept {
    std::uint32_t free = free_slots_.load(std::memory_order_relaxed);
    while (free >= count) {
        if (free_slots_.compare_exchange_weak(free, free - count, std::memory_order_acquire, std::memory_order_relaxed))
            return true;
    }
    return false;
}

void Profile::give_slots(std::uint32_t count) noexcept { free_slots_.fetch_add(count, std::memory_order_release); }

Result<std::string> Profile::code_key() const {
    const std::lock_guard lock(key_mutex_);
    if (!key_.empty()) return key_;
    // The engine writes everything that compiled code depends on (its version, the processor's features, settings) into
    // what it saves; for a module without content that is all there is.
    static constexpr std::array<std::uint8_t, 8> kEmptyModule{0, 'a', 's', 'm', 1, 0, 0, 0};
    wasmtime_module_t* module = nullptr;
    ErrorPtr error(wasmtime_module_new(plain_.get(), kEmptyModule.data(), kEmptyModule.size(), &module));
    if (error) return fail(ErrorCode::internal, "the engine cannot compile an empty module: " + message_of(*error));
    const ModulePtr owner(module);
    ByteVec code;
    error.reset(wasmtime_module_serialize(module, code.out()));
    if (error) return fail(ErrorCode::unsupported, "the engine cannot save compiled code: " + message_of(*error));
    key_ = concat("wasmtime-", WASMTIME_VERSION, "-", base::hex(checksum(code.bytes())));
    return key_;
}

}  // namespace mortise::engines::wasmtime
