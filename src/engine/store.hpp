#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <mortise/detail/raw.hpp>
#include <mortise/error.hpp>
#include <mortise/module_info.hpp>

#include "engine/guest_memory.hpp"

namespace mortise::engine {

class Module;

/// Handles into one store: trivially copyable, live as long as the store that gave them, meaningless in another. What the
/// bytes are is the engine's own business.
struct FunctionRef {
    alignas(8) std::byte opaque[16];
    std::uint64_t slots = 1;   ///< that a call of it must bring: the larger of the numbers of parameters and results, at least 1

    /// An engine's own 16 bytes for a function of that type, and back.
    template <class Own>
    static FunctionRef of(const Own& own, const FunctionType& type) noexcept {
        static_assert(sizeof(Own) == sizeof(opaque) && std::is_trivially_copyable_v<Own>);
        FunctionRef made{};
        std::memcpy(made.opaque, &own, sizeof(own));
        made.slots = std::max<std::uint64_t>({1, type.params.size(), type.results.size()});
        return made;
    }
    template <class Own>
    Own own() const noexcept {
        static_assert(sizeof(Own) == sizeof(opaque) && std::is_trivially_copyable_v<Own>);
        Own taken;
        std::memcpy(&taken, opaque, sizeof(taken));
        return taken;
    }
};
struct MemoryRef {
    alignas(8) std::byte opaque[24];
};
struct GlobalRef {
    alignas(8) std::byte opaque[24];
};

/// One of the instances in a store: linked modules live side by side in one sandbox.
struct InstanceId {
    std::uint32_t index = 0;
};

/// What a store may use. All memories, tables and instances of the store count together.
struct StoreLimits {
    std::uint64_t memory_bytes = std::uint64_t{256} << 20;
    std::uint64_t table_elements = 1'000'000;
    std::uint32_t memories = 1;
    std::uint32_t tables = 10;
    std::uint32_t instances = 1;
    bool refused_growth_ends_call = false;  ///< else growth beyond the cap answers -1 to the guest
};

/// Why the latest call of a store stopped, beyond the bare `Stop`. One at a time suffices, also with nested calls: it is set
/// while the frames of a failing call unwind, and the caller of `Store::call` takes it before anything else runs.
struct StopInfo {
    TrapKind trap = TrapKind::unknown;
    bool stack_overflow = false;
    std::int32_t exit_status = 0;
    std::string text;                 ///< the engine's own words, for the message
    std::optional<Error> error;       ///< of a host function
    std::vector<WasmFrame> backtrace; ///< innermost first
};

/// One sandbox: instances, memories, globals, limits. One thread at a time, but for `interrupt`.
/// An engine derives from it; the public fields are the part that all engines share and that a call reads or writes without
/// going through a virtual function.
class Store {
public:
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    /// Adds an instance of a module made by the same engine. Runs no guest code: start sections are exports by then (see
    /// wasm/normalise). Errors: `memory_limit` (minima beyond the limits), `missing_import`, `trap` (initial data or elements
    /// do not fit), `internal`. After an error the instances that were there can be used, but where an instance shares a
    /// table: calls may then end with `Stop::engine`, since an engine may not survive functions of half an instance.
    virtual Result<InstanceId> instantiate(const Module& module) = 0;

    virtual std::optional<FunctionRef> function(InstanceId instance, std::string_view name) = 0;
    virtual std::optional<MemoryRef> memory(InstanceId instance, std::string_view name) = 0;
    virtual std::optional<GlobalRef> global(InstanceId instance, std::string_view name) = 0;

    /// Calls a function whose type the caller knows. `slots` holds the arguments on entry and the results after `done`; where its
    /// `count` is less than the function's, nothing runs: `Stop::engine`. May be called again from inside a host function where
    /// `Capabilities::nested_calls` says so. On anything but `done` the details wait in `take_stop`.
    Stop call(const FunctionRef& function, RawValue* slots, std::size_t count) noexcept {
        if (count < function.slots) [[unlikely]] return too_few(function, count);
        return enter(function, slots, count);
    }

    /// A memory as it is now. Fetch it again after anything that can run the guest: memory may move.
    virtual GuestMemory view(const MemoryRef& memory) noexcept = 0;

    /// The exported memory "memory" of the instance that called a host function; an empty view if it has none, or where the
    /// engine cannot tell (`Capabilities::memory_in_callbacks`).
    virtual GuestMemory view(Caller caller) noexcept = 0;

    virtual RawValue get(const GlobalRef& global) noexcept = 0;
    virtual void set(const GlobalRef& global, RawValue value) noexcept = 0;

    /// Fuel for what runs next; `unsupported` where the module was compiled without it.
    virtual Result<void> set_fuel(std::uint64_t units) = 0;
    virtual std::uint64_t fuel_left() noexcept = 0;

    /// Bytes of every memory of every instance, now and at most so far.
    virtual std::uint64_t memory_bytes() noexcept = 0;
    virtual std::uint64_t memory_peak_bytes() noexcept = 0;

    /// True if a growth of memory or table was refused since `clear_refused_growth`: what explains a failure that follows.
    /// Every outermost call clears it.
    bool growth_was_refused() const noexcept { return *refused_ != 0; }
    void clear_refused_growth() noexcept { *refused_ = 0; }

    /// Makes `interrupt` act soon rather than at the next tick. Any thread.
    virtual void wake() noexcept {}

    /// Leaves the reason why a host function ends the call, and hands `why` back: `return store.stop_with(Stop::exit, info)`.
    Stop stop_with(Stop why, StopInfo info) noexcept {
        stop_ = std::move(info);
        return why;
    }
    Stop stop_with(Error error) noexcept {
        stop_.emplace().error = std::move(error);
        return Stop::host_error;
    }

    /// The details of the latest failed call; empty details if there are none. Leaves none behind.
    StopInfo take_stop() noexcept {
        StopInfo info = stop_ ? std::move(*stop_) : StopInfo{};
        stop_.reset();
        return info;
    }

    /// What a host function's result becomes on its way back into the guest: a late return is a deadline, an interrupt ends
    /// the call. Every engine passes each host call's `Stop` through it.
    Stop after_host_call(Stop stop) const noexcept {
        if (stop == Stop::done) [[likely]] {
            if (interrupt.load(std::memory_order_relaxed) != 0) [[unlikely]] return Stop::cancelled;
            if (clock != nullptr && clock->load(std::memory_order_relaxed) > deadline) [[unlikely]] return Stop::deadline;
        }
        return stop;
    }

    /// `deadline` or `cancelled` if one of them is due, else `done`: for engines' ticks and for host functions that wait.
    Stop due() const noexcept { return after_host_call(Stop::done); }

    /// The last tick of `*clock` at which the guest may still run. A nested call may only lower it, and puts it back.
    std::uint64_t deadline = UINT64_MAX;

    /// Ticks of the Runtime's coarse clock; null: no deadlines.
    const std::atomic<std::uint64_t>* clock = nullptr;

    /// Not zero: end the running call with `cancelled`. The one member that other threads write.
    std::atomic<std::uint32_t> interrupt{0};

    /// What the layers above find again in their host functions. Set before `instantiate`, so that even start-up code finds
    /// them: the ABI's instance, the WASI world, the host's instance state.
    void* abi = nullptr;
    void* wasi = nullptr;
    void* session = nullptr;

protected:
    /// What an engine does for `call`, with slots enough.
    virtual Stop enter(const FunctionRef& function, RawValue* slots, std::size_t count) noexcept = 0;

    std::optional<StopInfo> stop_;

    /// Not 0 after a refused growth. An engine's limiter may keep it elsewhere. No bytes: a write to those could change
    /// anything, as far as the compiler knows, and every call makes one.
    std::uint16_t* refused_ = &own_refused_;
    static std::uint16_t* refused_of(Store& store) noexcept { return store.refused_; }

private:
    [[gnu::cold]] Stop too_few(const FunctionRef& function, std::size_t count) noexcept;

    std::uint16_t own_refused_ = 0;
};

}  // namespace mortise::engine
