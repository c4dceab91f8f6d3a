#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace mortise {

/// How much one instance may use. Every limit has an error code of its own and stops this instance alone.
/// A limit that the engine cannot keep is refused when the plugin is loaded (`unsupported`), never ignored.
struct Limits {
    /// All linear memories of the instance together, in bytes. A module that declares more at the start is refused with
    /// `memory_limit`; growth beyond it answers -1 to the guest, as the specification has it, and a call that then traps
    /// says `memory_limit`. 256 MiB: room for any language runtime, small beside a server.
    std::uint64_t memory_bytes = std::uint64_t{256} << 20;

    /// Linear memories of one instance. 1: what toolchains emit.
    std::uint32_t memories = 1;

    /// Tables of one instance, and the elements of all of them together (`memory_limit`).
    std::uint32_t tables = 10;
    std::uint64_t table_elements = 1'000'000;

    /// Wall time of one call, and of start-up (start section and initialisers), host functions included. Measured in ticks
    /// of the Runtime's clock (10 ms unless set), so a call may run on by up to a tick or two; 0 and less are one
    /// tick. Empty: no limit.
    std::optional<std::chrono::milliseconds> call_time = std::chrono::seconds(30);
    std::optional<std::chrono::milliseconds> start_time = std::chrono::seconds(30);

    /// Fuel for start-up and for each call, counted anew each time (`out_of_fuel`); nested calls use the outer one's. The unit is the engine's own, about one
    /// an instruction. Empty: not counted, which is faster.
    std::optional<std::uint64_t> fuel;

    /// Bytes of a call's result, of one payload that the guest hands to a host function, and of an error text (`output_limit`).
    std::uint64_t output_bytes = std::uint64_t{64} << 20;

    /// Bytes of log text and of captured stdout and stderr, together, per call. What is more is dropped and said so once; a
    /// guest that logs too much does not fail by it. What goes to `OutputLines` is not counted, only cut into lines of this length.
    std::uint64_t log_bytes = std::uint64_t{1} << 20;

    /// Bytes of guest stack. What the engine fixes for all its plugins is set in `RuntimeOptions`; more here is `unsupported`.
    std::optional<std::size_t> stack_bytes;

    /// How deep calls may nest: a host function that calls the same instance again is one level more (`not_reentrant`).
    /// 0 and 1: none.
    std::uint32_t call_depth = 16;

    /// Files, directories and streams that the guest may hold open at once; at least 3, the standard streams.
    std::uint32_t open_files = 128;
};

/// How large a module may be, checked by mortise's own reader before a compiler sees it, since compiling cannot be
/// interrupted. Beyond one of them loading fails with `unsupported`, naming the limit, the value and what the module has.
struct LoadLimits {
    std::uint64_t module_bytes = std::uint64_t{128} << 20;  ///< the whole binary
    std::uint32_t types = 100'000;
    std::uint32_t functions = 200'000;      ///< defined ones
    std::uint32_t imports = 10'000;
    std::uint32_t exports = 100'000;
    std::uint32_t globals = 100'000;
    std::uint32_t data_segments = 100'000;
    std::uint32_t element_segments = 100'000;
    std::uint64_t data_bytes = std::uint64_t{64} << 20;     ///< bytes of all data segments
    std::uint64_t table_entries = 1'000'000;                ///< entries of all element segments
    std::uint32_t body_bytes = 8u << 20;                    ///< of one function
    std::uint32_t locals = 20'000;                          ///< declared locals of one function
    std::uint32_t parameters = 1'000;                       ///< parameters, and results, of one type
    std::uint32_t br_table_targets = 100'000;               ///< of one instruction
    std::uint32_t name_bytes = 100'000;                     ///< of one import or export name
    std::uint32_t tables = 100;                             ///< imported and defined
    std::uint32_t memories = 100;                           ///< imported and defined
    std::uint32_t tags = 10'000;                            ///< imported and defined
    std::uint32_t custom_sections = 10'000;
};

}  // namespace mortise
