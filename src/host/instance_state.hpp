#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pthread.h>

#include <mortise/instance.hpp>
#include <mortise/plugin.hpp>

#include "abi/abi.hpp"
#include "engine/store.hpp"
#include "host/clock.hpp"
#include "host/plugin_state.hpp"
#include "host/wasi_link.hpp"

namespace mortise::detail {

// In checking builds the gate is exact; in others two plain accesses, which see all but truly simultaneous entries.
#if !defined(NDEBUG) || defined(__SANITIZE_THREAD__) || defined(MORTISE_EXACT_GATE)
inline constexpr bool kExactGate = true;
#else
inline constexpr bool kExactGate = false;
#endif

/// A number of the calling thread's own, as cheaply as there is one.
inline std::uintptr_t this_thread() noexcept {
#if __has_builtin(__builtin_thread_pointer)
    return reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer());
#else
    return static_cast<std::uintptr_t>(pthread_self());
#endif
}

/// What is behind an Instance: one sandbox, made anew where the plugin's policies say so, and the gate through which every
/// call goes. The gate is the hot path: no lock, no allocation, no system call. Cache lines of its own: instances that work
/// on different threads must not slow each other down.
class alignas(64) InstanceState : public std::enable_shared_from_this<InstanceState> {
public:
    static Result<std::shared_ptr<InstanceState>> make(std::shared_ptr<const PluginState> plugin, InstanceOptions options);
    ~InstanceState();
    InstanceState(const InstanceState&) = delete;
    InstanceState& operator=(const InstanceState&) = delete;

    /// Enters the gate for one outermost call where nothing is in the way, and arms the deadline: the sandbox. Null:
    /// `enter` must look. `leave_plain` must follow.
    engine::Store* enter_plain() noexcept;
    void leave_plain() noexcept;

    /// Enters the gate for one call, makes the sandbox anew if it must be, arms deadline and fuel. On success `leave` must
    /// follow with the deadline that it gives.
    Result<std::uint64_t> enter();
    void leave(std::uint64_t outer_deadline) noexcept;

    /// Inside the gate, around what a batch's caller does with an outcome: no call is running, and interrupts count on.
    void begin_batch() noexcept;
    void pause() noexcept;

    /// Inside the gate, after a pause: what `enter` does for one more call.
    Result<void> enter_again();

    /// Inside the gate, before a call: gives it this much time instead. Errors: `invalid_argument`, the code cannot be stopped.
    Result<void> limit_call(std::chrono::milliseconds time);

    /// Marks that guest code runs inside the gate, as opposed to a mere look-up.
    void count_call() noexcept { ++calls_; }

    void interrupt() noexcept;
    InstanceUsage usage() const;
    Result<void> reset();

    /// No more calls; the sandbox goes now, or when the running call ends.
    void close() noexcept;
    bool in_call() const noexcept { return owner_.load(std::memory_order_relaxed) > kAttention; }

    bool reusable() const noexcept { return !closed_ && !session_.marks.poisoned && !in_call(); }

    /// Likewise for callers who know nothing of each other: false also where `AfterFailure::reuse` went on in a sandbox that failed.
    bool shareable() const noexcept { return reusable() && !failed_; }

    const PluginState& plugin() const noexcept { return *plugin_; }
    abi::Instance& abi() noexcept { return *abi_; }
    engine::Store& store() noexcept { return *store_; }
    abi::Session& session() noexcept { return session_; }
    host::WasiWorld* wasi() const noexcept { return wasi_.get(); }   // null if the plugin imports none of it
    std::uint64_t generation() const noexcept { return generation_; }

private:
    InstanceState(std::shared_ptr<const PluginState> plugin, InstanceOptions options);

    Result<void> build();     // a new sandbox, start-up run
    void drop() noexcept;
    Result<void> ready_for_call();
    Result<void> prepare_entry();                                        // the rare cases of `enter`
    Result<std::uint64_t> enter_nested();
    bool take(std::uintptr_t me, std::uintptr_t idle) noexcept;          // the gate, if it is idle in that way
    engine::Store& arm() noexcept;
    void arm_again(engine::Store& store) noexcept;
    void leave_slowly() noexcept;
    void refill_log() noexcept;
    std::uintptr_t idle() const noexcept { return attention_ || closed_ || session_.marks.poisoned ? kAttention : kNobody; }

    // What `owner_` holds while no thread is inside; neither is a thread's number.
    static constexpr std::uintptr_t kNobody = 0;      // a plain call may enter
    static constexpr std::uintptr_t kAttention = 1;   // `enter` must look first: closed, failed, a policy, fuel, not built yet

    const std::shared_ptr<const PluginState> plugin_;
    const InstanceOptions options_;
    const std::shared_ptr<Observer> observer_;

    // The gate, all that a plain call touches close together. `owner_` is the thread that is inside, or how it is idle.
    alignas(64) std::atomic<std::uintptr_t> owner_{kAttention};
    std::uint64_t calls_ = 0;
    std::uint64_t generation_ = 0;   // counts sandboxes: what was bound in an older one must be bound again
    const std::atomic<std::uint64_t>* const now_;
    const std::uint64_t call_ticks_;
    std::unique_ptr<engine::Store> store_;
    bool attention_ = true;          // every call needs `enter`
    bool closing_ = false;           // closed during a call: the sandbox goes when it ends
    bool closed_ = false;
    bool failed_ = false;            // this sandbox was cut short once, and used again all the same
    std::uint32_t nested_ = 0;       // calls in progress inside the outermost one
    std::uint64_t calls_when_built_ = 0;
    abi::Session session_;
    abi::Timing timing_;             // if `session_` points at it
    Instance handle_;                // what host functions get; owns nothing
    std::optional<host::Living> living_;
    std::mutex store_mutex_;         // guards store_ against `interrupt` while it is replaced
    std::atomic<bool> asked_{false}; // `interrupt` was called since the call or the batch began; plain calls look at the store's mark alone
    std::unique_ptr<host::WasiWorld, host::DeleteWasiWorld> wasi_;
    std::unique_ptr<abi::Instance> abi_;
    std::shared_ptr<InstanceState> keep_;   // itself, while it was let go of during a call
};

inline bool InstanceState::take(std::uintptr_t me, std::uintptr_t idle) noexcept {
    if (owner_.load(std::memory_order_relaxed) != idle) return false;
    if constexpr (kExactGate) return owner_.compare_exchange_strong(idle, me, std::memory_order_acquire);
    owner_.store(me, std::memory_order_relaxed);
    return true;
}

inline engine::Store& InstanceState::arm() noexcept {
    engine::Store& store = *store_;   // read once: the compiler takes a write to an atomic for one to anything
    store.interrupt.store(0, std::memory_order_relaxed);
    arm_again(store);
    return store;
}

// Where an interrupt may have come already.
inline void InstanceState::arm_again(engine::Store& store) noexcept {
    store.clear_refused_growth();     // of an earlier call: it does not explain how this one fails
    store.deadline = now_->load(std::memory_order_relaxed) + call_ticks_;
}

inline engine::Store* InstanceState::enter_plain() noexcept {
    if (!take(this_thread(), kNobody)) [[unlikely]] return nullptr;
    return &arm();
}

inline void InstanceState::leave_plain() noexcept {
    if (session_.marks.any()) [[unlikely]] return leave_slowly();
    owner_.store(kNobody, kExactGate ? std::memory_order_release : std::memory_order_relaxed);
}

/// An export bound for one C++ signature.
struct BoundExport : BoundHead {
    std::shared_ptr<InstanceState> state;
    std::string name;
    std::vector<Kind> params;
    Kind result = Kind::none;
    abi::Bound bound;
    std::size_t slots = 1;           // of a raw call: what the caller has room for
    std::uint64_t generation = 0;
    std::optional<Error> error;
};

}  // namespace mortise::detail
