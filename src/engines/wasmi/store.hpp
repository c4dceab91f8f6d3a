#pragma once

#include <memory>
#include <vector>

#include "engine/admission.hpp"
#include "engine/store.hpp"
#include "engines/wasmi/api.hpp"
#include "engines/wasmi/module.hpp"

namespace mortise::engines::wasmi {

/// One sandbox in Wasmi.
class WasmiStore final : public engine::Store {
public:
    /// Errors: `internal`.
    static Result<std::unique_ptr<engine::Store>> make(const CompiledModule& module, const engine::StoreLimits& limits);

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
    std::uint64_t memory_bytes() noexcept override { return limiter_.memory_used; }
    std::uint64_t memory_peak_bytes() noexcept override { return limiter_.memory_peak; }

private:
    /// What an import of an instance is bound to: the vendor's functions belong to a store.
    struct Binding {
        engine::HostFunction call;
        const void* function;
        WasmiStore* store;
    };
    struct Instance {
        std::shared_ptr<const CompiledModule> module;  // owns what its host functions point to
        std::vector<Binding> bindings;                 // the vendor's functions point into it
        std::optional<std::uint32_t> memory;           // its export "memory"
    };

    WasmiStore(const CompiledModule& module, const engine::StoreLimits& limits);

    Result<std::vector<mortise_wasmi_import_t>> resolve(const CompiledModule& module, std::vector<Binding>& bindings);
    Result<std::uint32_t> make_instance(const CompiledModule& module,
                                        const std::vector<mortise_wasmi_import_t>& imports);
    engine::GuestMemory view(std::uint32_t memory) noexcept;

    [[gnu::cold]] engine::Stop failed(const mortise_outcome_t& outcome) noexcept;
    static std::int32_t host_call(const void* binding, mortise_wasmi_store_t* store, mortise_wasmi_caller_t* caller,
                                  std::uint32_t instance, mortise_wasmi_value_t* slots) noexcept;
    static std::int32_t check(void* store) noexcept;

    const std::shared_ptr<const Profile> profile_;
    mortise_limiter_t limiter_{};
    engine::Admission admission_;
    std::vector<Instance> instances_;
    std::vector<Instance> failed_;  // whose data did not fit: by then their functions may be in a table that they share
    StorePtr store_;  // last: its end reads what is above
};

}  // namespace mortise::engines::wasmi
