#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "abi/aspect/plan.hpp"
#include "abi/assemblyscript.hpp"

namespace mortise::abi::aspect {

/// The aspect side of one sandbox. Its calls do not nest.
class AspectInstance final : public Instance {
public:
    AspectInstance(const Plan& plan, const ModuleInfo& info, engine::Store& store, engine::InstanceId id, Session& session);

    /// Runs nothing: start-up code belongs to each call.
    Result<void> start() override;

    /// Binds whatever the name is: what is wrong with it is told by `call`, after `__aspect_start__` ran.
    Result<Bound> bind(std::string_view name, std::optional<std::span<const Kind>> params, Kind result) override;
    Result<Value> call(const Bound& bound, std::span<const ValueView> arguments, const Request& request, Reply& reply) override;

    /// What the guest imports; `function` is the BoundImport of `host_call`.
    static engine::Stop abort(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept;
    static engine::Stop host_call(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept;

private:
    friend class Vm;

    std::int64_t counter() noexcept { return store_.get(counter_).i64; }
    void set_counter(std::int64_t value) noexcept;
    engine::GuestMemory memory() noexcept { return memory_ ? store_.view(*memory_) : engine::GuestMemory(); }

    Result<void> run_start();
    Result<Value> run_method(const Bound& bound, std::span<const ValueView> arguments);
    Result<Value> read_result(const Bound& bound, const engine::RawValue& slot);
    Result<std::uint32_t> allocate(std::uint64_t size);
    Result<std::uint32_t> place(const ValueView& value);
    Error finished(Error error);

    Result<std::uint32_t> run_host_call(const BoundImport& import, const engine::RawValue* slots);
    Result<Value> invoke(const BoundImport& import, std::span<const ValueView> arguments);
    Result<void> charge(const BoundImport& import, std::uint64_t bytes);
    Result<void> take(std::int64_t amount);
    Result<void> update_gas(const HostContext& context, std::int64_t remainder);

    const Plan& plan_;
    const ModuleInfo& info_;
    engine::Store& store_;
    engine::InstanceId id_;
    Session& session_;
    engine::GlobalRef counter_{};
    std::optional<engine::MemoryRef> memory_;
    std::optional<engine::FunctionRef> start_;
    std::optional<engine::FunctionRef> allocate_;
    bool allocate_mismatch_ = false;
    bool start_mismatch_ = false;
    std::int64_t left_ = 0;               // of the counter when the latest method had ended well
    std::optional<AbortReason> abort_;    // of the running call
    std::uint32_t host_depth_ = 0;        // host functions that are running, one inside the other
};

}  // namespace mortise::abi::aspect
