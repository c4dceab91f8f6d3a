#include "engines/wasmtime/limiter.hpp"

#include <algorithm>
#include <limits>


namespace mortise::engines::wasmtime {
namespace {

#if !MORTISE_WASMTIME_OWN
std::int64_t as_signed(std::uint64_t limit) noexcept {
    return static_cast<std::int64_t>(std::min<std::uint64_t>(limit, std::numeric_limits<std::int64_t>::max()));
}
#endif

}  // namespace

Limiter::Limiter(const engine::StoreLimits& limits) noexcept : admission_(limits) {
    state_.memory_limit = limits.memory_bytes;
    state_.table_limit = limits.table_elements;
    state_.memories_limit = limits.memories;
    state_.tables_limit = limits.tables;
    state_.instances_limit = limits.instances;
    state_.refused_growth_ends_call = limits.refused_growth_ends_call ? 1 : 0;
}

void Limiter::install(wasmtime_store_t& store) noexcept {
#if MORTISE_WASMTIME_OWN
    mortise_wasmtime_store_limiter(&store, &state_);
#else
    wasmtime_store_limiter(&store, as_signed(state_.memory_limit), as_signed(state_.table_limit),
                           state_.instances_limit, state_.tables_limit, state_.memories_limit);
#endif
}

}  // namespace mortise::engines::wasmtime
