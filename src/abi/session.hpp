#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

#include <mortise/limits.hpp>
#include <mortise/observer.hpp>

#include "abi/timing.hpp"
#include "engine/rehearsal.hpp"
#include "engine/store.hpp"

namespace mortise {
class Instance;
}

namespace mortise::abi {

/// What host/ lends to the ABI of one instance for the instance's life: who it is, what it may use, where its words go. Host
/// functions reach it through `Store::session`. One thread at a time, like its instance.
struct Session {
    std::uint64_t instance_id = 0;
    const Limits* limits = nullptr;
    Observer* observer = nullptr;        ///< null: nobody listens, so events are not even built
    mortise::Instance* handle = nullptr; ///< what a HostCall hands to host functions
    std::uint64_t log_left = 0;          ///< bytes that the running call may still log; all of them again when it ends
    bool log_cut = false;                ///< the cut was already said in this call
    std::string_view start_export;       ///< what the module's start section became, `() -> ()`; empty if it had none
    bool started = false;                ///< the sandbox begins as a copy of a started one: start-up code must not run again
    Timing* timing = nullptr;            ///< null unless the plugin was loaded with an observer
    bool lending = false;                ///< somebody looks at guest memory: no guest code may run

    /// What the end of an outermost call has to look at; side by side, so that a call that left nothing sees it at one look.
    struct Marks {
        bool poisoned = false;   ///< guest code was cut short: no more of it may run until a new instantiation
        bool logged = false;     ///< something was logged in this call: `log_left` must be set again
        bool ending = false;     ///< something is to be done at the end of each call: WASI's output, a close
        bool spare = false;
        bool any() const noexcept { return std::bit_cast<std::uint32_t>(*this) != 0; }
    } marks;

    /// The sandbox's random source; empty: the operating system's.
    std::function<void(std::span<std::byte> out)> random;

    /// Usually null: what start-up must ask before it has an effect outside of its sandbox.
    engine::Rehearsal* rehearsal = nullptr;

    /// Hands a guest's log line to the observer, lossily made UTF-8 and cut at the limit. Never fails.
    void log(LogLevel level, std::string_view text) noexcept;

    /// Hands captured output to the observer, cut at the limit (shared with `log`). Never fails.
    void output(Stream stream, BytesView bytes) noexcept;

    void warn(std::string_view text) noexcept;

    /// Random bits of the sandbox's source, for ABIs whose guests ask for a seed. May throw what the source throws, and
    /// throws where a rehearsal must not draw any.
    std::uint64_t random_bits() const;

    void host_call(const HostCallEvent& event) noexcept;

    static Session& of(engine::Store& store) noexcept { return *static_cast<Session*>(store.session); }
};

/// Guest memory is lent to a function outside of mortise as long as this lives: calls into the instance are refused, since guest
/// code could move or overwrite what is lent.
class Lending {
public:
    explicit Lending(Session& session) noexcept : session_(session), outer_(std::exchange(session.lending, true)) {}
    ~Lending() { session_.lending = outer_; }
    Lending(const Lending&) = delete;
    Lending& operator=(const Lending&) = delete;

private:
    Session& session_;
    const bool outer_;
};

/// Runs an exported function and notes in the session when the guest was cut short.
inline engine::Stop run(Session& session, engine::Store& store, const engine::FunctionRef& function, engine::RawValue* slots,
                        std::size_t count) noexcept {
    const engine::Stop stop = store.call(function, slots, count);
    if (stop != engine::Stop::done) [[unlikely]] session.marks.poisoned = true;
    return stop;
}

/// The error that a stop stands for, with trap, backtrace, exit status or host error from the store. A failure after a refused
/// growth of memory is a `memory_limit`.
Error error_of_stop(engine::Store& store, engine::Stop stop);

/// Runs the module's former start section, if it had one, then nothing else. Errors as `error_of_stop`.
Result<void> run_start_section(Session& session, engine::Store& store, engine::InstanceId instance);

/// Runs an initialiser `() -> ()` if the module exports one of that name and type; skips it otherwise. `proc_exit(0)` counts as
/// success and keeps the instance usable. Errors: as `error_of_stop`, with the initialiser named.
Result<void> run_initialiser(Session& session, engine::Store& store, engine::InstanceId instance, const ModuleInfo& info,
                             std::string_view name);

}  // namespace mortise::abi
