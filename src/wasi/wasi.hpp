#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <mortise/error.hpp>
#include <mortise/limits.hpp>
#include <mortise/module_info.hpp>
#include <mortise/sandbox.hpp>

#include "engine/engine.hpp"
#include "engine/rehearsal.hpp"
#include "wasi/host_path.hpp"
#include "wasi/stdio.hpp"

namespace mortise::wasi {

struct State;

/// One instance's WASI: its descriptors, clocks, randomness, arguments, environment. The host functions find it through
/// `Store::wasi`, which the host points at it before anything of the guest runs. One thread at a time, like its instance.
class World {
public:
    explicit World(std::unique_ptr<State> state) noexcept;
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    State& state() noexcept { return *state_; }

    /// Hands an incomplete last line to `OutputLines` functions: for when a call ends. Never fails.
    void flush() noexcept;

    /// Descriptors that are open now.
    std::uint32_t open_files() const noexcept;

    /// Of a rehearsal: whether each descriptor is what it was at first.
    bool same_descriptors() const noexcept;

    /// Of a rehearsal: writes what was held back. What cannot be written is lost, as guests lose it. May throw what the sandbox's
    /// functions do.
    void release(const engine::Store& store);

private:
    std::unique_ptr<State> state_;
};

/// The world that a sandbox describes: opens its directories. `sink` gets captured output and must outlive the world.
/// Errors: `io` (a directory cannot be opened), `invalid_argument` (a NUL in an argument, a name of a variable with `=`,
/// directories of one name, an empty function, initial files that do not fit, fewer `open_files` than it starts with).
/// `rehearsal`: what the guest does is asked for there, and what it writes to this process's streams or functions is held back.
Result<std::unique_ptr<World>> make_world(const Sandbox& sandbox, const Limits& limits, OutputSink& sink,
                                          Resolver resolver = best_resolver(), engine::Rehearsal* rehearsal = nullptr);

/// Which module names an ABI's guests may import WASI by.
struct Policy {
    bool preview1 = true;   ///< `wasi_snapshot_preview1`
    bool unstable = true;   ///< `wasi_unstable`
    bool legacy = false;    ///< `wasi`: an old alias of `wasi_unstable`
};

/// The binding for an import, its type checked; nothing if the module is none of WASI's, the policy forbids it, or WASI has
/// no such function. Errors: `import_mismatch`.
Result<std::optional<engine::HostImport>> resolve(const Import& import, const Policy& policy);

}  // namespace mortise::wasi
