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

/// The vendor engines for one set of compile options: one without a pool, and one with where the machine has room. Modules
/// and stores share it and keep it alive. Any thread.
class Profile {
public:
    /// Errors: `unsupported` (an option that this engine lacks).
    static Result<std::shared_ptr<Profile>> make(const Machine& machine, const engine::CompileOptions& options);

    /// Whether the same machine with its optimising compiler accepts a module that the baseline compiler refused.
    static bool is_valid_when_optimising(Machine machine, engine::CompileOptions options, BytesView wasm);

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

    /// What tells this compiler and its settings from all others, as text for file names.
    Result<std::string> code_key() const;

private:
    Profile(const engine::CompileOptions& options) : options_(options) {}

    engine::CompileOptions options_;
    EnginePtr plain_;
    EnginePtr pooled_;
    std::atomic<std::uint32_t> free_slots_{0};
    mutable std::mutex key_mutex_;
    mutable std::string key_;
};

}  // namespace mortise::engines::wasmtime
