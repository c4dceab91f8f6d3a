#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace mortise {

/// What turns Wasm into something that runs, in Wasmtime.
enum class WasmtimeCompiler : std::uint8_t {
    automatic,  ///< Cranelift; Pulley where the system forbids executable memory (seccomp, SELinux, PaX)
    cranelift,  ///< optimised machine code
    winch,      ///< machine code at once, slower to run; lacks some proposals (tail calls, relaxed SIMD)
    pulley,     ///< Wasmtime's own bytecode, interpreted: no executable memory, about ten times slower
};

/// Whether instances come from a pool of prepared slots.
enum class WasmtimePooling : std::uint8_t {
    automatic,  ///< where there is address space for it
    on,         ///< making an engine fails (`unsupported`) without the address space, or with less than 4 GiB reserved
    off,
};

/// How a Wasmtime engine is made. A value; every default suits a server and a command alike.
struct WasmtimeOptions {
    /// The compiler for plugins. `winch` here makes it the default; a plugin alone asks for it as its baseline
    /// compiler.
    WasmtimeCompiler compiler = WasmtimeCompiler::automatic;

    /// A pooled instance is made and dropped several times faster: memory, table and image are mapped beforehand. It
    /// costs address space (8 GiB for each slot) and, in use, `keep_resident_bytes` for each slot that was used and is
    /// idle. Instances beyond the pool's slots are made without it, more slowly; nothing fails.
    WasmtimePooling pooling = WasmtimePooling::automatic;

    /// Slots in a pool, each for one memory and ten tables; at most 20,000; 0: no pool. Plugins whose compile options differ
    /// (deadlines, fuel, compiler) have pools of their own. Empty: one for each 4 MiB of main memory, 32 to 256.
    std::optional<std::uint32_t> pool_slots{};

    /// Memory of a pooled slot that is cleared by hand rather than given back to the system when its instance goes, in
    /// bytes, at most 1 GiB: faster for small guests. 128 KiB: more made guests slower that touch little of it.
    std::size_t keep_resident_bytes = std::size_t{128} << 10;

    /// The most that a plugin may ask for as its stack, in bytes, 64 KiB to 1 GiB. The guest runs on the calling
    /// thread's own stack, which must have that much left, else the process dies. 2 MiB: a quarter of a usual thread's
    /// stack.
    std::size_t max_stack_bytes = std::size_t{2} << 20;

    /// Address space reserved for each linear memory, in bytes, at most 64 GiB. With 4 GiB (empty, where the system allows it) compiled
    /// code needs no bounds checks and memory never moves; less is slower and for hosts with little address space
    /// (`ulimit -v`), where it is chosen by itself.
    std::optional<std::uint64_t> memory_reservation_bytes{};

    /// Asks the system for huge pages behind linear memories, as far as it offers them on request (transparent huge pages
    /// set to `madvise` or `always`; ignored elsewhere). Off: a memory that is touched then costs 2 MiB at least, and
    /// clearing it for the next instance takes longer. For guests that work on many megabytes.
    bool huge_pages = false;
};

/// How a Wasmi engine is made. A value. Wasmi interprets: it needs no executable memory and little address space, loads
/// modules fast, and runs code ten to a hundred times slower than a compiler's.
struct WasmiOptions {
    /// The most that a plugin may ask for as its stack, in bytes, 64 KiB to 1 GiB. It is memory of Wasmi's own, not of the
    /// calling thread. 2 MiB: as for Wasmtime, so that a plugin's limits fit both.
    std::size_t max_stack_bytes = std::size_t{2} << 20;

    /// How often running code looks at its deadline and at `Instance::interrupt`, in units of Wasmi's fuel (about one for
    /// each simple instruction), 1,000 to 1,000,000,000. A million: about every 2 ms. One instruction is never divided:
    /// filling a large memory is one step. Wasmi 2.0 cannot go on after a `table.grow` by eight elements or more that meets
    /// such a look: that call fails with `internal`, the more rarely the larger the interval.
    std::uint64_t check_interval = 1'000'000;
};

namespace native {
class Module;
}

/// What a native engine runs: plugins that are functions of this program, see <mortise/native.hpp>.
struct NativeOptions {
    std::vector<std::shared_ptr<const native::Module>> modules{};   ///< of unique names; none is null
};

/// The settings of every engine; an engine reads its own.
struct EngineOptions {
    NativeOptions native{};
    WasmtimeOptions wasmtime{};
    WasmiOptions wasmi{};
};

}  // namespace mortise
