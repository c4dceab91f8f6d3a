#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include <mortise/error.hpp>
#include <mortise/limits.hpp>
#include <mortise/module_info.hpp>
#include <mortise/sandbox.hpp>

#include "abi/abi.hpp"
#include "abi/session.hpp"
#include "engine/engine.hpp"
#include "engine/store.hpp"

namespace mortise::host {

/// One instance's WASI world with where its output goes: joins wasi/ and abi/, which do not know each other.
class WasiWorld;

struct DeleteWasiWorld {
    void operator()(WasiWorld* world) const noexcept;
};

/// What WASI binds an import to; nothing if the import is none of WASI's that the policy allows. Errors: `import_mismatch`.
Result<std::optional<engine::Resolved>> resolve_wasi(const Import& import, const abi::WasiPolicy& policy);

/// The world that a sandbox describes; a rehearsal's if the session is one's. `session` must outlive it. Errors: `io`.
Result<std::unique_ptr<WasiWorld, DeleteWasiWorld>> make_wasi_world(const Sandbox& sandbox, const Limits& limits,
                                                                    const abi::WasiPolicy& policy, abi::Session& session);

/// The sandbox's random source, for ABIs whose guests ask for a seed; empty where it is the operating system's.
std::function<void(std::span<std::byte>)> random_of(const Sandbox& sandbox);

/// Lets the store's host functions find the world.
void attach_wasi(engine::Store& store, WasiWorld& world) noexcept;

/// Of a rehearsal (`Session::rehearsal`): whether each open file is what it was at first.
bool same_descriptors(const WasiWorld& world) noexcept;

/// Of a rehearsal: writes what was held back. May throw what the sandbox's functions do.
void release_output(WasiWorld& world, const engine::Store& store);

/// Hands on what a guest wrote of a last line without its end: for when a call ends.
void flush_wasi(WasiWorld& world) noexcept;

}  // namespace mortise::host
