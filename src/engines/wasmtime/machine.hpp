#pragma once

#include <cstddef>
#include <cstdint>

#include <mortise/engine_options.hpp>
#include <mortise/error.hpp>

namespace mortise::engines::wasmtime {

/// What the options come to on this machine: probed once for each engine, because the C API aborts the process where a
/// configuration cannot be kept.
struct Machine {
    bool pulley = false;           ///< interpret: asked for, or executable memory is forbidden
    bool winch = false;            ///< the compiler where a plugin asks for none
    std::uint32_t pool_slots = 0;  ///< 0: no pooling
    std::uint64_t memory_reservation = std::uint64_t{4} << 30;
    std::uint64_t memory_guard = std::uint64_t{32} << 20;
    std::uint64_t growth_reservation = std::uint64_t{2} << 30;
    std::size_t keep_resident = 0;
    bool huge_pages = false;       ///< ask for them behind linear memories
    std::size_t max_stack = 0;
};

/// Slots of one pool have room for this much; what needs more is made without the pool.
inline constexpr std::uint32_t kMemoriesPerSlot = 2;  // one linear memory, and one for references to host objects
inline constexpr std::uint32_t kTablesPerSlot = 10;
inline constexpr std::uint32_t kPooledTableElements = 1'000'000;
inline constexpr std::uint32_t kPooledMemoriesPerModule = 8;
inline constexpr std::size_t kMinStack = std::size_t{64} << 10;

/// Errors: `unsupported`, `invalid_argument`; see `WasmtimeOptions`.
Result<Machine> probe_machine(const WasmtimeOptions& options);

/// Tells the system that this linear memory is better kept in huge pages. A wish: nothing depends on it.
void ask_for_huge_pages(const Machine& machine, void* memory, std::size_t size) noexcept;

/// True if a pool of that many slots can be mapped now.
bool has_room_for_pool(const Machine& machine) noexcept;

}  // namespace mortise::engines::wasmtime
