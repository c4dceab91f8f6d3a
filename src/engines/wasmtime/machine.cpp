#include "engines/wasmtime/machine.hpp"

#include <algorithm>

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "engines/wasmtime/api.hpp"

namespace mortise::engines::wasmtime {
namespace {

using base::concat;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
constexpr std::uint64_t kTableElementBytes = 16;  // at least what the engine counts for one
/// Address space that pools leave alone: instances without a pool need some, too. Sanitizers have little to give.
#if defined(MORTISE_SANITIZED)
constexpr std::uint64_t kLeftForOthers = 256 * kGiB;
constexpr std::uint32_t kSanitizedSlots = 8;
#else
constexpr std::uint64_t kLeftForOthers = 32'768 * kGiB;
#endif

bool can_map(std::uint64_t bytes, int protection) noexcept {
    void* at = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return false;
    munmap(at, bytes);
    return true;
}

bool may_execute() noexcept {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* at = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return false;
    const bool may = mprotect(at, page, PROT_READ | PROT_EXEC) == 0;
    munmap(at, page);
    return may;
}

/// The process's own bound on address space, which a pool would eat up for everyone else.
std::uint64_t address_space_limit() noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
    return limit.rlim_cur;
}

std::uint32_t default_slots() noexcept {
#if defined(MORTISE_SANITIZED)
    return kSanitizedSlots;
#else
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page <= 0) return 32;
    const std::uint64_t memory = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(memory / (4 * kMiB), 32, 256));
#endif
}

Result<void> choose_compiler(const WasmtimeOptions& options, Machine& machine) {
    const bool jit = may_execute();
    switch (options.compiler) {
        case WasmtimeCompiler::automatic: machine.pulley = !jit; break;
        case WasmtimeCompiler::cranelift: break;
        case WasmtimeCompiler::winch: machine.winch = true; break;
        case WasmtimeCompiler::pulley: machine.pulley = true; break;
    }
    if (!machine.pulley && !jit) {
        return fail(ErrorCode::unsupported,
                    "this system forbids executable memory; use Wasmtime's interpreter, Pulley");
    }
#if !defined(WASMTIME_FEATURE_PULLEY)
    if (machine.pulley) return fail(ErrorCode::unsupported, "this build of Wasmtime has no interpreter (Pulley)");
#endif
#if !defined(WASMTIME_FEATURE_WINCH)
    if (machine.winch) return fail(ErrorCode::unsupported, "this build of Wasmtime has no baseline compiler (Winch)");
#endif
#if !defined(WASMTIME_FEATURE_COMPILER)
    return fail(ErrorCode::unsupported, "this build of Wasmtime has no compiler");
#else
    return {};
#endif
}

Result<void> choose_memory(const WasmtimeOptions& options, Machine& machine) {
    const bool roomy = address_space_limit() >= 64 * kGiB && can_map(64 * kGiB, PROT_NONE);
    if (options.memory_reservation_bytes) {
        if (*options.memory_reservation_bytes > 64 * kGiB) {
            return fail(ErrorCode::invalid_argument,
                        concat("memory reservation of ", *options.memory_reservation_bytes, " bytes is beyond 64 GiB"));
        }
        machine.memory_reservation = *options.memory_reservation_bytes;
    } else if (!roomy) {
        machine.memory_reservation = 0;
    }
    if (machine.memory_reservation < 4 * kGiB) {
        machine.memory_guard = 64 << 10;
        machine.growth_reservation = std::max<std::uint64_t>(machine.memory_reservation, kMiB);
    }
    return {};
}

Result<void> choose_pool(const WasmtimeOptions& options, Machine& machine) {
    if (options.pooling == WasmtimePooling::off || options.pool_slots == 0U) return {};
    const bool demanded = options.pooling == WasmtimePooling::on;
#if !defined(WASMTIME_FEATURE_POOLING_ALLOCATOR)
    if (demanded) return fail(ErrorCode::unsupported, "this build of Wasmtime has no pooling allocator");
    return {};
#else
    machine.pool_slots = options.pool_slots.value_or(default_slots());
    if (machine.pool_slots > 20'000) {
        return fail(ErrorCode::invalid_argument, concat(machine.pool_slots, " pool slots are beyond 20000"));
    }
    // Without whole reservations pooled memories could not grow to what limits allow.
    if (machine.memory_reservation >= 4 * kGiB && (demanded || address_space_limit() == UINT64_MAX)) {
        if (has_room_for_pool(machine)) return {};
        if (!options.pool_slots) {
            machine.pool_slots = 32;
            if (has_room_for_pool(machine)) return {};
        }
    }
    if (demanded) {
        return fail(ErrorCode::unsupported,
                    concat("no address space for a pool of ", machine.pool_slots, " instances"));
    }
    machine.pool_slots = 0;
    return {};
#endif
}

}  // namespace

bool has_room_for_pool(const Machine& machine) noexcept {
    const auto memory = base::checked_mul<std::uint64_t>(machine.pool_slots * kMemoriesPerSlot + 1,
                                                         machine.memory_reservation + machine.memory_guard);
    const std::uint64_t tables = kTableElementBytes * kPooledTableElements * kTablesPerSlot * machine.pool_slots;
    // The engine maps tables readable at once, which strict overcommit counts.
    return memory && can_map(*memory + kLeftForOthers, PROT_NONE) && can_map(tables, PROT_READ | PROT_WRITE);
}

void ask_for_huge_pages(const Machine& machine, void* memory, std::size_t size) noexcept {
#if defined(MADV_HUGEPAGE)
    // A whole reservation belongs to the memory, so that what it grows by later is asked for, too.
    const std::uint64_t reserved = machine.memory_reservation >= 4 * kGiB ? 4 * kGiB : size;
    if (memory != nullptr && reserved != 0) madvise(memory, static_cast<std::size_t>(reserved), MADV_HUGEPAGE);
#else
    (void)machine, (void)memory, (void)size;
#endif
}

Result<Machine> probe_machine(const WasmtimeOptions& options) {
    Machine machine;
    machine.keep_resident = options.keep_resident_bytes;
    machine.huge_pages = options.huge_pages;
    machine.max_stack = options.max_stack_bytes;
    if (machine.max_stack < kMinStack || machine.max_stack > kGiB) {
        return fail(ErrorCode::invalid_argument,
                    concat("a greatest stack of ", machine.max_stack, " bytes is not within 64 KiB and 1 GiB"));
    }
    if (machine.keep_resident > kGiB) {
        return fail(ErrorCode::invalid_argument,
                    concat(machine.keep_resident, " bytes to keep resident are beyond 1 GiB"));
    }
    if (auto done = choose_compiler(options, machine); !done) return fail(std::move(done).error());
    if (auto done = choose_memory(options, machine); !done) return fail(std::move(done).error());
    if (auto done = choose_pool(options, machine); !done) return fail(std::move(done).error());
    return machine;
}

}  // namespace mortise::engines::wasmtime
