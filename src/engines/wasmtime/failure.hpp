#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/store.hpp"
#include "engines/wasmtime/api.hpp"

namespace mortise::engines::wasmtime {

/// How a call or an instantiation failed: by an error, or by a trap, which our own build of the engine hands out as an error.
class Failure {
public:
    /// One of the two is there, or none: then `failed()` is false.
    Failure(ErrorPtr error, TrapPtr trap);

    bool failed() const noexcept { return error_ != nullptr || trap_ != nullptr; }
    bool trapped() const noexcept { return trapped_; }
    std::string words() const;
    std::vector<WasmFrame> backtrace() const;

    /// What a trap is to the layers above, with its details but for the backtrace.
    engine::Stop classify(engine::StopInfo& info) const;

private:
    ErrorPtr error_;
    TrapPtr trap_;
    bool trapped_ = false;
    std::optional<wasmtime_trap_code_t> code_;
};

}  // namespace mortise::engines::wasmtime
