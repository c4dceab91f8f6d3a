#pragma once

#include <any>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <mortise/abi_info.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>
#include <mortise/host_functions.hpp>
#include <mortise/instance.hpp>
#include <mortise/limits.hpp>
#include <mortise/module_info.hpp>
#include <mortise/observer.hpp>
#include <mortise/sandbox.hpp>

namespace mortise {

namespace detail {
class PluginState;
}

/// How a plugin is loaded. Defaults: the ABI is read off the module, nothing is open, the usual limits hold.
struct PluginOptions {
    std::string name;                      ///< for errors and logs; the file's name without its ending if empty
    std::string abi;                       ///< one of `Runtime::abis`; empty: recognised. An explicit choice always wins
    std::any abi_options;                  ///< of the type that the ABI's header names, e.g. `abi::wapc::Options`; empty: its defaults
    HostFunctions host;
    Limits limits;
    LoadLimits load_limits;
    Sandbox sandbox;
    std::shared_ptr<Observer> observer;    ///< null: the Runtime's
    std::optional<InstancePolicy> instance_policy;  ///< empty: the ABI's
    std::optional<AfterFailure> after_failure;      ///< empty: the ABI's
    std::string sha256;                    ///< 64 hex digits that the file's bytes must have (`digest_mismatch`); empty: any
    bool interruptible = true;             ///< false, with no time limits: code without checks, which cannot be stopped
};

/// What one instance has of its own, beside what its plugin says.
struct InstanceOptions {
    std::optional<Sandbox> sandbox;        ///< instead of the plugin's
    std::shared_ptr<Observer> observer;    ///< instead of the plugin's
};

/// One module: checked, compiled, its ABI known, its imports resolved. Cheap to copy; all copies are the same plugin. Any
/// thread may use it. Keeps what it needs of its Runtime alive.
class MORTISE_API Plugin {
public:
    /// A new sandbox, its start-up code run. Errors: `trap`, `guest_exit`, `deadline_exceeded` and the other run codes, of
    /// start-up; `memory_limit`; `io` (a directory of the Sandbox cannot be opened, no address space left).
    Result<Instance> instantiate(InstanceOptions options = {}) const;

    /// One call in a sandbox made for it and dropped after it.
    Result<CallOutcome> call_fresh(const CallRequest& request) const;

    const std::string& name() const noexcept;
    const AbiInfo& abi() const noexcept;

    /// Why this ABI, for people, e.g. `imports wapc.__guest_request`.
    const std::string& abi_reason() const noexcept;

    /// The module as it was given.
    const ModuleInfo& module() const noexcept;

    /// SHA-256 of the bytes as they were given, 64 lower-case hex digits.
    const std::string& sha256() const noexcept;

    explicit Plugin(std::shared_ptr<const detail::PluginState> state) noexcept;
    const detail::PluginState& state() const noexcept { return *state_; }

private:
    std::shared_ptr<const detail::PluginState> state_;
};

}  // namespace mortise
