#include "engines/wasmtime/limiter.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"

namespace mortise::engines::wasmtime {
namespace {

using base::concat;

constexpr std::uint64_t kPage = 65'536;

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) noexcept {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/// Bytes of the memories that the module defines; imported ones are counted where they are defined.
std::uint64_t defined_memory_bytes(const ModuleInfo& info) noexcept {
    std::uint64_t bytes = 0;
    for (const SizeRange& memory : info.memories) {
        bytes = saturating_add(bytes, memory.minimum > UINT64_MAX / kPage ? UINT64_MAX : memory.minimum * kPage);
    }
    return bytes;
}

std::uint64_t defined_table_elements(const ModuleInfo& info) noexcept {
    std::uint64_t elements = 0;
    for (const TableType& table : info.tables) elements = saturating_add(elements, table.size.minimum);
    return elements;
}

std::unexpected<Error> too_many(std::string_view what, std::uint64_t wanted, std::uint64_t limit) {
    return fail(ErrorCode::memory_limit,
                concat("the sandbox would have ", wanted, " ", what, ", its limit is ", limit));
}

#if !MORTISE_WASMTIME_OWN
std::int64_t as_signed(std::uint64_t limit) noexcept {
    return static_cast<std::int64_t>(std::min<std::uint64_t>(limit, std::numeric_limits<std::int64_t>::max()));
}
#endif

}  // namespace

Limiter::Limiter(const engine::StoreLimits& limits) noexcept {
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

Result<void> Limiter::admit(const ModuleInfo& info) {
    const std::uint64_t memories = memories_ + std::uint64_t{info.memories.size()};
    const std::uint64_t tables = tables_ + std::uint64_t{info.tables.size()};
    const std::uint64_t bytes = saturating_add(state_.memory_used, defined_memory_bytes(info));
    const std::uint64_t elements = saturating_add(state_.table_used, defined_table_elements(info));
    if (instances_ + 1 > state_.instances_limit) return too_many("instances", instances_ + 1, state_.instances_limit);
    if (memories > state_.memories_limit) return too_many("memories", memories, state_.memories_limit);
    if (tables > state_.tables_limit) return too_many("tables", tables, state_.tables_limit);
    if (bytes > state_.memory_limit) return too_many("bytes of memory at the start", bytes, state_.memory_limit);
    if (elements > state_.table_limit) return too_many("table elements at the start", elements, state_.table_limit);
    instances_ += 1;
    memories_ = static_cast<std::uint32_t>(memories);
    tables_ = static_cast<std::uint32_t>(tables);
    return {};
}

}  // namespace mortise::engines::wasmtime
