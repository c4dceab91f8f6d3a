#pragma once

#include <any>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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

/// When a plugin's code is optimised.
enum class Compilation : std::uint8_t {
    optimised,   ///< by `load`
    baseline,    ///< never: compiled at once, slower to run (`unsupported` where the engine has one compiler)
    background,  ///< as `baseline`, and once more in a thread; instances made when that is done run optimised code. Where there
                 ///< is no baseline compiler, or it lacks what the module uses, or optimised code is in the cache: `optimised`
};

/// Whether new instances begin as copies of one that was started when the plugin was loaded, so that a guest's start-up (start
/// section, initialisers, language runtime) is paid once. The module is started, and what its memory and globals then hold
/// becomes the initial content of a new module, which is compiled in its place.
enum class SnapshotUse : std::uint8_t {
    off,        ///< each instance runs its own start-up
    when_safe,  ///< a snapshot where nothing speaks against it, see `SnapshotOptions`; `Plugin::snapshot_refusal` says what did
    required,   ///< likewise, but loading fails with `unsupported`, naming the reason
};

/// A snapshot is refused where copies would differ from instances that started by themselves: the module changes tables or
/// drops segments at run time, imports memories, tables or mutable globals, has mutable references, several memories, or one of
/// more than 256 MiB (each byte is looked at); its ABI starts at each call (aspects); its start-up failed, called a host function
/// other than to log, drew random numbers, looked at a clock, used files, read input, or left an open file changed. Arguments and
/// environment may be read: they are the plugin's own, and an instance with a sandbox of its own starts by itself.
///
/// To know this `load` starts the plugin once, for at most `Limits::start_time`. That run ends before the first thing that is not
/// allowed: no host function is called, no input read, no file touched for a snapshot that is refused. What it logs, or writes to
/// stdout and stderr, is held back (1 MiB at most): handed on when the snapshot is taken, once, by an instance number that no
/// Instance has; dropped when it is refused, as each instance then says it for itself.
struct SnapshotOptions {
    /// Off: `load` would run guest code and compile more, which pays only for a guest whose instances are made often.
    SnapshotUse use = SnapshotUse::off;

    // What start-up may do all the same. It then happens once, when the plugin is loaded, even if something else leads to a refusal,
    // and each copy has the very same of it.
    bool allow_host_calls = false;   ///< also those that the observer hears of at once. What the host keeps of an instance knows no copy
    bool allow_random = false;       ///< the same random numbers, and what was made of them, in every instance: no secret stays one.
                                     ///< A `SeededRandom` begins anew in each copy, with the numbers that start-up had
    bool allow_clock = false;        ///< the time of loading; a `FixedClock` begins anew in each copy
    bool allow_files = false;        ///< looking and reading: contents as they were then. Never: changing them, leaving one open, input
};

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
    Compilation compilation = Compilation::optimised;
    SnapshotOptions snapshot;
    bool trust_compiled_code = false;      ///< true: take compiled code in the file (`Runtime::compile`) whoever made it. It is run
    bool interruptible = true;             ///< false, with no time limits: code without checks, which cannot be stopped
};

/// What one instance has of its own, beside what its plugin says.
struct InstanceOptions {
    std::optional<Sandbox> sandbox;        ///< instead of the plugin's
    std::shared_ptr<Observer> observer;    ///< instead of the plugin's

    /// Instead of the plugin's `Limits` of these names, longer or shorter. The plugin's code must be one that can be stopped: it is
    /// unless the plugin has no time limits and is not `interruptible`; else `invalid_argument`.
    std::optional<std::chrono::milliseconds> call_time{}, start_time{};
};

/// One module: checked, compiled, its ABI known, its imports resolved. Cheap to copy; all copies are the same plugin. Any
/// thread may use it. Keeps what it needs of its Runtime alive.
class MORTISE_API Plugin {
public:
    Plugin(const Plugin&) = default;   // moving is copying: there is no empty one
    Plugin& operator=(const Plugin&) = default;

    /// A new sandbox, its start-up code run. Errors: `trap`, `guest_exit`, `deadline_exceeded` and the other run codes, of
    /// start-up; `memory_limit`; `io` (a directory of the Sandbox cannot be opened, no address space left, no thread for the clock);
    /// `invalid_argument` (the Sandbox: a NUL in an argument, two directories of one name, an empty function ...).
    Result<Instance> instantiate(InstanceOptions options = {}) const;

    /// One call in a sandbox made for it and dropped after it. Errors: those of `instantiate` and of the call.
    Result<CallOutcome> call_fresh(const CallRequest& request) const;

    /// Likewise in the everyday forms of `Instance::call` and `Instance::invoke`.
    template <class R = void, class... A>
        requires(!(codec::Codec<A> || ...))
    Result<R> call_fresh(std::string_view name, const A&... arguments) const {
        auto instance = instantiate();
        if (!instance) return std::unexpected(std::move(instance).error());
        return instance->template call<R>(name, arguments...);
    }
    Result<Bytes> invoke_fresh(std::string_view name, BytesView payload) const;
    Result<Bytes> invoke_fresh(std::string_view name, std::string_view payload) const { return invoke_fresh(name, bytes_of(payload)); }

    const std::string& name() const noexcept;
    const AbiInfo& abi() const noexcept;

    /// Why this ABI, for people, e.g. `imports wapc.__guest_request`.
    const std::string& abi_reason() const noexcept;

    /// The module as it was given.
    const ModuleInfo& module() const noexcept;

    /// SHA-256 of the bytes as they were given, 64 lower-case hex digits.
    const std::string& sha256() const noexcept;

    /// Why new instances are no copies of a started one (`SnapshotOptions`), for people; empty if they are.
    const std::string& snapshot_refusal() const noexcept;

    /// False while new instances get code of the baseline compiler (`Compilation`).
    bool optimised() const noexcept;

    /// Waits until background compilation is over; true if the code is optimised now. An observer that this compilation warns
    /// is not kept waiting, and may drop the plugin.
    bool wait_until_optimised() const;

    explicit Plugin(std::shared_ptr<const detail::PluginState> state) noexcept;
    const detail::PluginState& state() const noexcept { return *state_; }

private:
    std::shared_ptr<const detail::PluginState> state_;
};

}  // namespace mortise
