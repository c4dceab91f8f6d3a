#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <mortise/abi/aspect.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>
#include <mortise/instance.hpp>
#include <mortise/plugin.hpp>
#include <mortise/runtime.hpp>

namespace mortise::abi::aspect {

/// Settings of a RuntimePool.
struct PoolOptions {
    /// Runtimes that wait to be used again. 0: none, every one is made and dropped.
    std::size_t capacity = 64;

    /// How aspects are loaded. Its `abi` is `aspect` and its `host` what `acquire` gets, whatever stands here.
    PluginOptions plugin{};

    /// Called with each instance before it is handed out; with an error the runtime is dropped. For one that had waited a new one is
    /// made then, so that it is called a second time; the new one's error is that of `acquire`. What it throws is an error, too, of
    /// code `host_function_failed`. Empty: nothing is called.
    std::function<Result<void>(Instance&)> before_use{};
};

/// An aspect that a pool handed out: a fresh instance of compiled code. Movable; one that was moved from or given back has
/// none. Dropping it without giving it back is fine.
class MORTISE_API PooledRuntime {
public:
    PooledRuntime() noexcept;
    PooledRuntime(PooledRuntime&&) noexcept;
    PooledRuntime& operator=(PooledRuntime&&) noexcept;
    ~PooledRuntime();

    explicit operator bool() const noexcept { return state_ != nullptr; }

    /// `<uuid>:<hash>`: what it is given back under. Empty without an instance.
    const std::string& key() const noexcept;

    /// The instance; only where there is one. Follows the rules of instances: one caller at a time.
    Instance& instance() const noexcept;

private:
    friend class RuntimePool;
    struct State;
    explicit PooledRuntime(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

/// Whether code that waits in the pool may be used.
enum class Refresh { no, yes };

/// Keeps the compiled code of aspects that were used, so that the next use of the same code saves instrumenting and compiling.
/// Each use gets a fresh instance: nothing of an earlier one is seen. Any thread may use it. What waits costs its compiled
/// code, no memory of a guest.
class MORTISE_API RuntimePool {
public:
    RuntimePool(Runtime runtime, PoolOptions options);
    ~RuntimePool();
    RuntimePool(const RuntimePool&) = delete;
    RuntimePool& operator=(const RuntimePool&) = delete;

    /// A runtime of this code, in the chain's container or not, with these host functions: the one given back last among those of the same code, under its old
    /// key, else a new one with a new key, which enters the pool only when it is given back. One that waited and cannot be used
    /// any more is dropped and a new one made. Host functions that are not copies of those it had before cost compiling again.
    /// `Refresh::yes`: always a new one. Errors: as `Runtime::load_bytes` and `Plugin::instantiate`, and those of `before_use`.
    Result<PooledRuntime> acquire(BytesView code, const HostFunctions& host, Refresh refresh = Refresh::no);

    /// Takes a runtime back under its key; its instance is dropped. Where `capacity` wait already, the one that was given back
    /// first goes. Errors: `invalid_argument` (a key that is none, or another runtime's; a runtime of another pool), `closed`
    /// (it was given back before), `busy` (it is in a call).
    Result<void> give_back(std::string_view key, PooledRuntime&& runtime);

    /// Runtimes that wait.
    std::size_t size() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace mortise::abi::aspect
