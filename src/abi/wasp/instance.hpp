#pragma once

#include <memory>
#include <string>
#include <vector>

#include "abi/wasp/entered.hpp"
#include "abi/wasp/guest.hpp"
#include "abi/wasp/plan.hpp"

namespace mortise::abi::wasp {

/// What one call keeps until it ends; calls nest.
struct Frame {
    FreeSet frees;
    bool raised = false;
    bool aborted = false;
    std::string raised_text;   ///< of `env.raise_error`, or of `env.abort` where nothing was raised before

    void reset() noexcept {
        frees.clear();
        raised = aborted = false;
    }
};

/// The wasp side of one sandbox.
class WaspInstance final : public Instance {
public:
    WaspInstance(const Plan& plan, const ModuleInfo& info, engine::Store& store, engine::InstanceId id, Session& session);

    Result<void> start() override;
    Result<Bound> bind(std::string_view name, std::optional<std::span<const Kind>> params, Kind result) override;
    Result<Value> call(const Bound& bound, std::span<const ValueView> arguments, const Request& request, Reply& reply) override;

    /// What the guest imports; `function` is the Callback of the last two; the raw one
    /// takes numbers alone, without listeners.
    static engine::Stop raise_error(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept;
    static engine::Stop abort(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept;
    static engine::Stop raw_callback(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept;
    static engine::Stop callback(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept;

private:
    /// Buffers of one running callback: what its text and bytes are copied into, since they must outlive nested calls.
    struct Scope {
        std::vector<char> copies;
        std::vector<std::size_t> ends;   ///< of each parameter in `copies`
        std::vector<ValueView> views;

        void reset() noexcept;
    };

    Frame& frame() noexcept { return *frames_[depth_ - 1]; }
    Result<void> check_param(std::string_view function, std::size_t index, Kind kind, ValType type) const;
    Result<void> check_result(std::string_view function, const FunctionType& type, Kind wanted) const;
    Result<void> check_arguments(const Bound& bound, std::span<const ValueView> arguments) const;
    Result<Value> call_in_frame(const Bound& bound, std::span<const ValueView> arguments, Frame& frame);
    Result<Value> result_of(const Bound& bound, const engine::RawValue* slots, Frame& frame);
    Result<void> finish(Frame& frame, Reply* reply);
    void report_end(const Bound& bound, const Result<Value>& result, std::uint64_t nanoseconds) const noexcept;

    Result<void> read_params(const Callback& callback, const engine::RawValue* slots, Scope& scope);
    Result<engine::RawValue> place_result(const Callback& callback, const Value& result);
    Result<engine::RawValue> run_callback(const Callback& callback, const engine::RawValue* slots);

    const Plan& plan_;
    const ModuleInfo& info_;
    engine::Store& store_;
    engine::InstanceId id_;
    Session& session_;
    Guest guest_;
    std::vector<std::unique_ptr<Frame>> frames_;   // those below depth_ are in use, the others wait to be used again
    std::size_t depth_ = 0;
    std::vector<std::unique_ptr<Scope>> scopes_;
    std::size_t scope_depth_ = 0;
    std::uint32_t host_depth_ = 0;   // host functions that are running, one inside the other
};

}  // namespace mortise::abi::wasp
