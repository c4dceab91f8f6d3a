#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/abi/wapc.hpp>

#include "abi/abi.hpp"
#include "abi/imports.hpp"
#include "abi/message/functions.hpp"

namespace mortise::abi::wapc {

/// Names of the protocol.
inline constexpr std::string_view kModule = "wapc";
inline constexpr std::string_view kWasmbus = "wasmbus";
inline constexpr std::string_view kGuestCall = "__guest_call";
inline constexpr std::string_view kHostCall = "__host_call";

/// What all instances of a plugin share.
struct Plan {
    Options options;
    std::vector<std::string> initialisers;   ///< those of the options that the plugin exports, in order
    const HostFunctions* host = nullptr;
    NumericBindings numeric;
    std::vector<std::unique_ptr<std::string>> stubs;   ///< names of unknown imports, for what they say when called
};

/// The calls of an instance together with the plan that its host calls follow.
class WapcCalls final : public message::Calls {
public:
    WapcCalls(const Plan& plan, engine::Store& store, engine::InstanceId instance, Session& session)
        : Calls(store, instance, session), plan_(plan) {}
    const Plan& plan() const noexcept { return plan_; }

private:
    const Plan& plan_;
};

/// True for the import modules of the protocol.
bool is_protocol_module(std::string_view module) noexcept;

/// What shows that a module belongs to the fork with call ids, which is not supported; nothing if it does not.
std::optional<std::string> mark_of_vino(const ModuleInfo& info);

/// `__host_call` with `Names` names before the payload: binding, namespace, operation, or the last ones of these.
template <std::size_t Names>
engine::Stop host_call(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept;

Result<Prepared> prepare(const Source& source);

std::unique_ptr<Instance> make_instance(const Plan& plan, engine::Store& store, engine::InstanceId instance,
                                        engine::FunctionRef guest_call, const ModuleInfo& info, Session& session);

}  // namespace mortise::abi::wapc
