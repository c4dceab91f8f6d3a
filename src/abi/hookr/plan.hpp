#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <mortise/abi/hookr.hpp>

#include "abi/abi.hpp"
#include "abi/imports.hpp"
#include "abi/message/functions.hpp"

namespace mortise::abi::hookr {

inline constexpr std::string_view kModule = "hookr";
inline constexpr std::string_view kPluginCall = "__plugin_call";
inline constexpr std::string_view kGuestCall = "__guest_call";   ///< its name in generation 0
inline constexpr std::string_view kHostCall = "__host_call";

/// What all instances of a plugin share.
struct Plan {
    Options options;
    std::string_view entry = kPluginCall;          ///< the export that takes calls
    std::vector<std::string_view> initialisers;    ///< those that the plugin exports, in order
    const HostFunctions* host = nullptr;
    std::unordered_map<std::string_view, const detail::HostFn*> by_operation;   ///< into `host`; the last of a name
    NumericBindings numeric;
};

/// The calls of an instance together with the plan that its host calls follow.
class HookrCalls final : public message::Calls {
public:
    HookrCalls(const Plan& plan, engine::Store& store, engine::InstanceId instance, Session& session)
        : Calls(store, instance, session), plan_(plan) {}
    const Plan& plan() const noexcept { return plan_; }

private:
    const Plan& plan_;
};

/// A mark of a generation that is not implemented.
struct LaterGeneration {
    std::string_view name;   ///< e.g. `2b`
    std::string mark;        ///< what shows it
};
std::optional<LaterGeneration> later_generation(const ModuleInfo& info);

/// True if a host function can serve an operation: a payload or nothing in, text, bytes or nothing out.
bool serves_operations(const detail::HostFn& function) noexcept;

engine::Stop host_call(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept;

Result<Prepared> prepare(const Source& source);

std::unique_ptr<Instance> make_instance(const Plan& plan, engine::Store& store, engine::InstanceId instance,
                                        engine::FunctionRef entry, const ModuleInfo& info, Session& session);

}  // namespace mortise::abi::hookr
