#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include <mortise/runtime.hpp>

#include "abi/abi.hpp"
#include "engine/engine.hpp"
#include "host/clock.hpp"
#include "host/compiler_turn.hpp"
#include "trust/code_cache.hpp"

namespace mortise::detail {

/// What a Runtime and everything made with it share.
class RuntimeState {
public:
    explicit RuntimeState(RuntimeOptions options);

    const RuntimeOptions& options() const noexcept { return options_; }
    const std::vector<std::unique_ptr<abi::Abi>>& abis() const noexcept { return abis_; }

    /// The ABI of this name; null if this build has none.
    const abi::Abi* find_abi(std::string_view name) const noexcept;

    /// The engine, made by the first call. Any thread. Errors: as `Runtime::engine`; the same again at each call.
    Result<engine::Engine*> engine();

    host::Clock& clock() noexcept { return clock_; }
    CompilerTurn& compiler_turn() noexcept { return compiler_turn_; }

    /// The compiled-code cache: null if there is to be none, else the cache, opened by the first call, or why it is of no use.
    using CodeCache = std::shared_ptr<const Result<trust::CodeCache>>;
    CodeCache code_cache();

    /// Opens it again after its folder was deleted, once for all who find that. The old one if there can be no other.
    CodeCache reopen_code_cache(const CodeCache& gone);

private:
    const RuntimeOptions options_;
    const std::vector<std::unique_ptr<abi::Abi>> abis_;
    std::once_flag made_;
    Result<std::unique_ptr<engine::Engine>> engine_;   // written once, under made_
    CompilerTurn compiler_turn_;
    std::mutex cache_mutex_;
    CodeCache code_cache_;                             // guarded by it; null until it is opened
    std::atomic<engine::Engine*> ticking_{nullptr};    // what the clock's thread tells of its ticks
    host::Clock clock_;                                // last: its thread ends before the engine goes
};

}  // namespace mortise::detail
