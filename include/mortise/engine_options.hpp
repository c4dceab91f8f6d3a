#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

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
    on,         ///< making an engine fails (`unsupported`) without the address space
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

    /// Slots in a pool, each for one memory and ten tables; at most 20,000. Plugins whose compile options differ
    /// (deadlines, fuel, compiler) have pools of their own. Empty: one for each 4 MiB of main memory, 32 to 256.
    std::optional<std::uint32_t> pool_slots{};

    /// Memory of a pooled slot that is cleared by hand rather than given back to the system when its instance goes, in
    /// bytes: faster for small guests. 256 KiB: larger values made guests that touch little slower.
    std::size_t keep_resident_bytes = std::size_t{256} << 10;

    /// The most that a plugin may ask for as its stack, in bytes, 64 KiB to 1 GiB. The guest runs on the calling
    /// thread's own stack, which must have that much left, else the process dies. 2 MiB: a quarter of a usual thread's
    /// stack.
    std::size_t max_stack_bytes = std::size_t{2} << 20;

    /// Address space reserved for each linear memory, in bytes. With 4 GiB (empty, where the system allows it) compiled
    /// code needs no bounds checks and memory never moves; less is slower and for hosts with little address space
    /// (`ulimit -v`), where it is chosen by itself.
    std::optional<std::uint64_t> memory_reservation_bytes{};
};

/// The settings of every engine; an engine reads its own.
struct EngineOptions {
    WasmtimeOptions wasmtime;
};

}  // namespace mortise
