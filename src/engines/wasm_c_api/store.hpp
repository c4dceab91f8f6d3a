#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "engine/admission.hpp"
#include "engine/store.hpp"
#include "engines/wasm_c_api/library.hpp"
#include "engines/wasm_c_api/module.hpp"

namespace mortise::engines::wasm_c_api {

/// One sandbox in a library.
class LibraryStore final : public engine::Store {
public:
    /// Errors: `io`.
    static Result<std::unique_ptr<engine::Store>> make(std::shared_ptr<const Library> library,
                                                       const engine::CompileOptions& options,
                                                       const engine::StoreLimits& limits);
    ~LibraryStore() override;

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
    std::uint64_t fuel_left() noexcept override { return 0; }
    std::uint64_t memory_bytes() noexcept override;
    std::uint64_t memory_peak_bytes() noexcept override { return memory_bytes(); }  // memories never shrink

private:
    struct Instance;

    /// What a host function is made with: which import of which instance. The API has no word for the caller.
    struct Binding {
        LibraryStore* store;
        Instance* instance;
        engine::HostImport import;
        const FunctionType* type;
    };

    /// One of the instances, with all that must be deleted before the store is.
    struct Instance {
        explicit Instance(const Api& api);
        ~Instance();
        Instance(const Instance&) = delete;
        Instance& operator=(const Instance&) = delete;

        const Api& api;
        std::shared_ptr<const CompiledModule> module;
        std::deque<Binding> bindings;  // host functions hold their addresses
        std::vector<Owned<c::Function>> functions;
        Owned<c::Instance> handle;
        c::Vec<c::Extern*> exports;
        std::vector<c::Memory*> memories;  // its own, not imported ones
        std::vector<c::Table*> tables;
        c::Memory* memory = nullptr;       // its export "memory"
    };

    LibraryStore(std::shared_ptr<const Library> library, const engine::CompileOptions& options,
                 const engine::StoreLimits& limits);

    Result<std::vector<c::Extern*>> resolve(Instance& instance);
    Result<c::Extern*> resolve_import(Instance& instance, std::size_t position);
    Result<c::Extern*> bind(Instance& instance, const Import& import, const engine::HostImport& host);
    Result<c::Extern*> bind_growth(Instance& instance);
    Result<c::Extern*> resolve_linked(Instance& instance, const Import& import, const engine::LinkedImport& link);
    Result<c::Extern*> new_function(Instance& instance, const FunctionType& type, c::Callback callback, void* env);
    Result<void> check_link_type(const Import& import, const Instance& from, std::uint32_t index, c::Extern* found);
    Result<void> adopt_exports(Instance& instance);
    const Instance* at(engine::InstanceId id) const noexcept;
    std::uint64_t table_elements() noexcept;

    static c::Trap* host_call(void* binding, const c::Vec<c::Value>* arguments, c::Vec<c::Value>* results) noexcept;
    static c::Trap* ask_growth(void* store, const c::Vec<c::Value>* arguments, c::Vec<c::Value>* results) noexcept;
    [[gnu::cold]] c::Trap* end_call(engine::Stop said, engine::Stop stop) noexcept;
    [[gnu::cold]] engine::Stop failed(c::Trap* trap) noexcept;

    const std::shared_ptr<const Library> library_;
    const Api& api_;
    const engine::CompileOptions options_;
    const engine::StoreLimits limits_;
    engine::Admission admission_;
    Owned<c::Store> store_;
    std::vector<std::unique_ptr<Instance>> instances_;
    engine::Stop ending_ = engine::Stop::done;  // why a host function ends the running call
};

}  // namespace mortise::engines::wasm_c_api
