#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include <mortise/error.hpp>

#include "engine/engine.hpp"
#include "engines/wasmtime/api.hpp"
#include "engines/wasmtime/machine.hpp"

namespace mortise::engines::wasmtime {

/// The vendor engines for one set of compile options: one without a pool, and one with where the machine has room.
/// Modules and stores share it and keep it alive. Any thread.
class Profile {
public:
    /// Errors: `unsupported` (an option that this engine lacks).
    static Result<std::shared_ptr<Profile>> make(const Machine& machine, const engine::CompileOptions& options);

    const Machine& machine() const noexcept { return machine_; }
    const engine::CompileOptions& options() const noexcept { return options_; }
    wasm_engine_t* engine(bool pooled) const noexcept { return pooled ? pooled_.get() : plain_.get(); }
    bool has_pool() const noexcept { return pooled_ != nullptr; }

    /// Takes that many slots of the pool, all or none.
    bool take_slots(std::uint32_t count) noexcept;
    void give_slots(std::uint32_t count) noexcept;

    /// Makes code that runs in either engine look at its deadline.
    void advance_epoch() const noexcept {
        wasmtime_engine_increment_epoch(plain_.get());
        if (pooled_) wasmtime_engine_increment_epoch(pooled_.get());
    }

    /// True if this is the baseline compiler and a module that its validator refused is good for the optimising one:
    /// then the module is not malformed, it uses something that the baseline compiler lacks.
    bool only_baseline_refuses(BytesView wasm) const;

    /// What tells this compiler and its settings from all others, as text for file names.
    Result<std::string> code_key() const;

private:
    Profile(const Machine& machine, const engine::CompileOptions& options) : machine_(machine), options_(options) {}

    const Machine machine_;
    const engine::CompileOptions options_;
    EnginePtr plain_;
    EnginePtr pooled_;
    std::atomic<std::uint32_t> free_slots_{0};
    mutable std::mutex key_mutex_;
    mutable std::string key_;
};

}  // namespace mortise::engines::wasmtime
