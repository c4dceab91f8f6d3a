#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/admission.hpp"
#include "engine/store.hpp"
#include "engines/wasmtime/api.hpp"

#if MORTISE_WASMTIME_OWN
#include <mortise_engines.h>
#endif

namespace mortise::engines::wasmtime {

/// What a store may use and uses. With our own build of the engine everything is summed and refusals are noted; an
/// installed C API only caps each memory and table by itself, so there a store holds one instance with one memory (see
/// the capabilities).
class Limiter {
public:
    explicit Limiter(const engine::StoreLimits& limits) noexcept;
    Limiter(const Limiter&) = delete;
    Limiter& operator=(const Limiter&) = delete;

    /// Whether every growth is counted in `memory_bytes` before it happens.
    static constexpr bool kCounts = MORTISE_WASMTIME_OWN != 0;

    /// Puts a new store under this limiter, which must outlive it.
    void install(wasmtime_store_t& store) noexcept;

    /// Whether a module with these definitions still fits. Errors: `memory_limit`, naming limit and wish.
    Result<void> admit(const ModuleInfo& info) { return admission_.admit(info, state_.memory_used, state_.table_used); }

    std::uint64_t memory_bytes() const noexcept { return state_.memory_used; }
    std::uint64_t memory_peak_bytes() const noexcept { return state_.memory_peak; }

    /// Not 0 after a refused growth: the marks for memories and, right behind it, for tables, as one.
    std::uint16_t* refused() noexcept {
        using State = decltype(state_);
        static_assert(offsetof(State, growth_refused) % 2 == 0 && offsetof(State, table_refused) == offsetof(State, growth_refused) + 1);
        return reinterpret_cast<std::uint16_t*>(&state_.growth_refused);
    }
    bool refusal_ends_call() const noexcept { return state_.refused_growth_ends_call != 0; }

    /// For an engine that does not count: the bytes of the memories that can be seen.
    void observe(std::uint64_t bytes) noexcept {
        state_.memory_used = bytes;
        if (bytes > state_.memory_peak) state_.memory_peak = bytes;
    }

private:
#if MORTISE_WASMTIME_OWN
    mortise_limiter_t state_{};
#else
    struct {
        std::uint64_t memory_limit, memory_used, memory_peak, table_limit, table_used;
        std::uint32_t memories_limit, tables_limit, instances_limit;
        std::uint8_t growth_refused, table_refused, refused_growth_ends_call;
    } state_{};
#endif
    engine::Admission admission_;
};

}  // namespace mortise::engines::wasmtime
