#pragma once

#include <any>
#include <vector>

#include "engine/admission.hpp"
#include "engines/native/module.hpp"

namespace mortise::native::detail {

/// A sandbox of a native module: one instance, a byte arena for a memory, values for globals that an ABI added.
class Machine final : public engine::Store {
public:
    Machine(const engine::CompileOptions& options, const engine::StoreLimits& limits)
        : options_(options), limits_(limits), admission_(limits) {}

    Result<engine::InstanceId> instantiate(const engine::Module& module) override;
    std::optional<engine::FunctionRef> function(engine::InstanceId instance, std::string_view name) override;
    std::optional<engine::MemoryRef> memory(engine::InstanceId instance, std::string_view name) override;
    std::optional<engine::GlobalRef> global(engine::InstanceId instance, std::string_view name) override;
    engine::Stop enter(const engine::FunctionRef& function, engine::RawValue* slots, std::size_t count) noexcept override;
    engine::GuestMemory view(const engine::MemoryRef&) noexcept override { return memory_view(); }
    engine::GuestMemory view(engine::Caller) noexcept override { return memory_view(); }
    engine::RawValue get(const engine::GlobalRef& global) noexcept override;
    void set(const engine::GlobalRef& global, engine::RawValue value) noexcept override;
    Result<void> set_fuel(std::uint64_t units) override;
    std::uint64_t fuel_left() noexcept override { return 0; }
    std::uint64_t memory_bytes() noexcept override { return memory_.size(); }
    std::uint64_t memory_peak_bytes() noexcept override { return memory_.size(); }

    // What a native function's Context does.
    std::span<std::byte> bytes(std::uint64_t at, std::uint64_t count);
    std::int32_t grow(std::uint32_t pages);
    std::uint32_t allocate(std::uint32_t count);
    void call_import(std::uint32_t position, engine::RawValue* slots);
    void step();
    std::any& state() noexcept { return state_; }
    engine::GuestMemory memory_view() noexcept { return {memory_.data(), memory_.size()}; }

private:
    /// Thrown through the plugin's own frames when its call is to end; what to say waits in `ending_`.
    struct Ended {};

    [[noreturn]] void end(engine::Stop why);
    engine::Stop run(const Module::Function& function, engine::RawValue* slots);
    engine::Stop trapped(TrapKind kind, std::string_view text) noexcept;

    const engine::CompileOptions options_;
    const engine::StoreLimits limits_;
    engine::Admission admission_;
    std::shared_ptr<const engines::native_modules::BoundModule> module_;
    std::vector<std::byte> memory_;
    std::vector<engine::RawValue> globals_;
    std::any state_;
    std::uint64_t next_free_ = 1024;   // of `allocate`
    engine::Stop ending_ = engine::Stop::done;
};

}  // namespace mortise::native::detail
