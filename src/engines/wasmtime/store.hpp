#pragma once

#include <memory>
#include <vector>

#include "engine/store.hpp"
#include "engines/wasmtime/api.hpp"
#include "engines/wasmtime/limiter.hpp"
#include "engines/wasmtime/module.hpp"

namespace mortise::engines::wasmtime {

/// One sandbox in Wasmtime.
class WasmtimeStore final : public engine::Store {
public:
    /// Takes slots of the pool where some are free. Errors: `io`.
    static Result<std::unique_ptr<engine::Store>> make(std::shared_ptr<Profile> profile, bool may_pool,
                                                       const engine::StoreLimits& limits);
    ~WasmtimeStore() override;

    Result<engine::InstanceId> instantiate(const engine::Module& module) override;
    std::optional<engine::FunctionRef> function(engine::InstanceId instance, std::string_view name) override;
    std::optional<engine::MemoryRef> memory(engine::InstanceId instance, std::string_view name) override;
    std::optional<engine::GlobalRef> global(engine::InstanceId instance, std::string_view name) override;

    engine::Stop enter(const engine::FunctionRef& function, engine::RawValue* slots,
                       std::size_t count) noexcept override;
    engine::GuestMemory view(const engine::MemoryRef& memory) noexcept override;
    engine::GuestMemory view(engine::Caller caller) noexcept override;
    engine::RawValue get(const engine::GlobalRef& global) noexcept override;
    void set(const engine::GlobalRef& global, engine::RawValue value) noexcept override;

    Result<void> set_fuel(std::uint64_t units) override;
    std::uint64_t fuel_left() noexcept override;
    std::uint64_t memory_bytes() noexcept override;
    std::uint64_t memory_peak_bytes() noexcept override;
    void wake() noexcept override { profile_->advance_epoch(); }

    /// What every import of every module is bound to: finds the store, calls the host function.
    static wasm_trap_t* host_call(void* import, wasmtime_caller_t* caller, wasmtime_val_raw_t* slots,
                                  std::size_t count) noexcept;

private:
    struct Instance {
        wasmtime_instance_t handle;
        std::optional<engine::MemoryRef> memory;  // its export "memory"
        std::shared_ptr<const CompiledModule> module;  // owns what its host functions point to
    };

    /// A memory that somebody asked for, and where it lay when it was looked at last.
    struct Memory {
        wasmtime_memory_t handle;
        engine::GuestMemory seen;
        std::uint64_t seen_at = UINT64_MAX;  // Limiter::memory_bytes
    };

    WasmtimeStore(std::shared_ptr<Profile> profile, const engine::StoreLimits& limits, std::uint32_t slots);

    Result<wasmtime_instance_t> make_instance(const CompiledModule& module, const Variant& variant);
    Result<std::vector<wasmtime_extern_t>> resolve(const CompiledModule& module, const Variant& variant);
    Result<wasmtime_extern_t> resolve_linked(const Import& import, const engine::LinkedImport& link);
    std::optional<wasmtime_extern_t> find(engine::InstanceId instance, std::string_view name,
                                          wasmtime_extern_kind_t kind);
    [[gnu::noinline]] engine::GuestMemory look_at(Memory& memory) noexcept;

    [[gnu::cold]] wasm_trap_t* end_call(engine::Stop said, engine::Stop stop) noexcept;
    [[gnu::cold]] engine::Stop failed(wasmtime_error_t* error, wasm_trap_t* trap) noexcept;
    static wasmtime_error_t* on_epoch(wasmtime_context_t* context, void* store, std::uint64_t* delta,
                                      wasmtime_update_deadline_kind_t* kind) noexcept;

    const std::shared_ptr<Profile> profile_;
    const std::uint32_t slots_;  // of the pool; 0: not pooled
    Limiter limiter_;
    engine::Stop ending_ = engine::Stop::done;  // why a host call or the epoch ends the running call
    StorePtr store_;
    wasmtime_context_t* context_ = nullptr;
    std::vector<Instance> instances_;
    std::vector<Memory> memories_;  // a MemoryRef is an index
    // Of instances whose data did not fit: by then their functions may be in a table that they share.
    std::vector<std::shared_ptr<const CompiledModule>> failed_;
};

}  // namespace mortise::engines::wasmtime
