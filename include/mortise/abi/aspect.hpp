#pragma once

#include <any>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>
#include <mortise/host_functions.hpp>
#include <mortise/observer.hpp>

/// The ABI of Artela aspects: gas-metered calls with tagged values. The names in this namespace go with
/// `PluginOptions::abi == "aspect"`.
///
/// Values are int32_t, int64_t, uint64_t, bool, text and bytes, whatever is called; others are `type_mismatch`. A host function
/// (module M, namespace N, method F) is `HostFunctions::add(M, "N.F", function, gas_rule)`; it takes at most three values.
/// An export is looked up when it is called, after `__aspect_start__` ran, as the protocol has it: `Instance::function` of a
/// name that is not exported succeeds, and its call fails with `function_not_found`.
///
/// Gas comes in two units: EVM gas, which calls are given and report, and Wasm gas, which is counted. 1 EVM gas is 1000 Wasm gas.
namespace mortise::abi::aspect {

inline constexpr std::int64_t kWasmGasPerGas = 1000;

/// The most EVM gas that the counter can hold.
inline constexpr std::int64_t kMaxGas = 9'223'372'036'854'775;

/// `CallRequest::options` of a call.
struct CallOptions {
    /// EVM gas for the call, start-up code included; it replaces what was left. 0 to kMaxGas, else `invalid_argument`.
    std::int64_t gas = kMaxGas;
};

/// `CallOutcome::report` of a call, on success and failure.
class CallReport {
public:
    explicit CallReport(std::int64_t wasm_gas_left) noexcept : wasm_gas_left_(wasm_gas_left) {}

    /// EVM gas left, rounded down. 0 where the gas ran out, and where `__aspect_start__` failed.
    std::int64_t gas_left() const noexcept { return wasm_gas_left_ / kWasmGasPerGas; }

    /// Likewise in Wasm gas, exactly.
    std::int64_t wasm_gas_left() const noexcept { return wasm_gas_left_; }

private:
    std::int64_t wasm_gas_left_;   // eight bytes in all, so that std::any holds it without an allocation
};

/// What a gas rule of an embedder's own sees of the guest. Valid during the call that it is given to. All numbers come from a
/// guest and are checked.
class VmContext {
public:
    virtual ~VmContext() = default;

    /// Errors: `bad_pointer`.
    virtual Result<Bytes> read_memory(std::uint32_t address, std::uint32_t size) = 0;
    virtual Result<void> write_memory(std::uint32_t address, BytesView bytes) = 0;

    /// Runs the guest's `allocate`, which costs gas. Errors: `bad_pointer`, and what running the guest can give.
    virtual Result<std::uint32_t> allocate(std::uint32_t size) = 0;

    /// What is left, in EVM gas rounded down, and in Wasm gas. Errors: `out_of_gas` if the counter is below 0.
    virtual Result<std::int64_t> gas() = 0;
    virtual Result<std::int64_t> wasm_gas() = 0;

    /// Takes Wasm gas. Errors: `out_of_gas` if there is not as much; the counter is -1 then and the call ends.
    /// `invalid_argument` for a negative amount.
    virtual Result<void> consume_wasm_gas(std::int64_t amount) = 0;

    /// Errors: `invalid_argument` for negative gas, or more than kMaxGas.
    virtual Result<void> set_gas(std::int64_t gas) = 0;
    virtual Result<void> set_wasm_gas(std::int64_t gas) = 0;

    /// A line for the observer, as if the guest had logged it.
    virtual void log(LogLevel level, std::string_view text) noexcept = 0;
};

/// What a host function may ask of the call that it is part of, and change: the EVM gas.
class MORTISE_API HostContext {
public:
    /// The context of a running host function that takes `const HostCall&`; null outside of aspects. Valid until it returns.
    static HostContext* of(const HostCall& call) noexcept;

    /// EVM gas left. What a host function takes of it is taken from the guest when it returns, also when it fails.
    std::int64_t gas() const noexcept { return gas_; }

    /// Below 0 or beyond kMaxGas the call ends with `host_function_failed`.
    void set_gas(std::int64_t gas) noexcept { gas_ = gas; }

    /// Takes EVM gas; `out_of_gas`, with nothing taken, if there is not as much: return it and the call ends so, the rest kept.
    Result<void> consume(std::int64_t amount);

    /// Wasm gas as the counter has it: before what this function takes.
    std::int64_t wasm_gas() const noexcept { return wasm_gas_; }

    HostContext() = default;
    HostContext(std::int64_t gas, std::int64_t wasm_gas) noexcept : gas_(gas), wasm_gas_(wasm_gas) {}

private:
    std::int64_t gas_ = 0;
    std::int64_t wasm_gas_ = 0;
};

/// `cost` Wasm gas for a call that carries any parameter bytes.
struct StaticGas {
    std::int64_t cost = 0;
    friend bool operator==(const StaticGas&, const StaticGas&) = default;
};

/// `fixed` and `per_byte` for each byte of the parameters' bodies, in Wasm gas, for a call that carries any.
struct DynamicGas {
    std::int64_t fixed = 0;
    std::int64_t per_byte = 0;
    friend bool operator==(const DynamicGas&, const DynamicGas&) = default;
};

/// A rule of the embedder's own: takes what the call costs from `vm`, given the bytes of the parameters' bodies. An error ends
/// the call: `out_of_gas`, else `host_function_failed`.
using CustomGas = std::function<Result<void>(VmContext& vm, std::uint64_t bytes)>;

/// What a host function costs: the `extra` of `HostFunctions::add`. Without one it costs nothing.
using GasRule = std::variant<StaticGas, DynamicGas, CustomGas>;

/// An import of the chain's own runtime and what it costs there.
struct ProductionImport {
    std::string_view module;
    std::string_view name;   ///< with its namespace
    GasRule rule;
};

/// The imports of production aspects: a preset, the functions are the embedder's. Valid as long as the program.
MORTISE_API std::span<const ProductionImport> production_imports();

/// The rule of one of them; nothing for another name. Older guests import all of them from module `index`: that serves too.
MORTISE_API std::optional<GasRule> production_gas(std::string_view module, std::string_view name);

/// Prices of instructions in Wasm gas. An instruction without a price cannot be in an aspect, and none with a prefix can.
struct MORTISE_API GasPrices {
    static constexpr std::uint64_t kRefused = UINT64_MAX;

    std::array<std::uint64_t, 256> instructions;   ///< by opcode; kRefused: none
    std::uint64_t per_block = 0;                   ///< for each metered block
    std::uint64_t per_local = 0;                   ///< for each declared local of a function, at each entry
    std::uint64_t per_target = 0;                  ///< for each target of a br_table but the default
    std::uint32_t per_page = 0;                    ///< for each page that a memory.grow asks for

    GasPrices() noexcept { instructions.fill(kRefused); }

    static const GasPrices& current();   ///< since June 2024 (v0.4.8-rc8)
    static const GasPrices& old();       ///< until v0.4.7-rc7
};

/// Puts gas metering into an aspect, as loading does: a start section becomes the export `__aspect_start__`, the counter the
/// export `__gas_counter__`. Errors: `malformed_module`, `instrumentation_failed`, naming the cause.
MORTISE_API Result<Bytes> instrument(BytesView wasm, const GasPrices& prices = GasPrices::current());

/// Checks that a module is one that the chain accepts: the first version of Wasm with mutable globals, sign extension and
/// multiple values, no floating point, no start section, a function exported as `__aspect_start__`, no export twice. Bodies
/// are checked for what they use, not for their types, which compiling does. Errors: `malformed_module`, `unsupported`,
/// `missing_export`; the texts contain those of the original.
MORTISE_API Result<void> validate(BytesView wasm);

/// The data that a reverted call gives back on the chain: `Error(string)` with the message, ABI-encoded.
MORTISE_API Bytes revert_data(std::string_view message);

/// Keccak-256 as the chain uses it (not SHA3-256). 32 bytes.
MORTISE_API std::array<std::byte, 32> keccak256(BytesView bytes) noexcept;

/// What pools know an aspect's code by: SHA-1 of a zero byte and the module (out of its container, not yet
/// instrumented), 40 lower-case hex digits.
MORTISE_API std::string code_hash(BytesView code);

/// Whether a call of a host function that carries no parameter bytes is charged.
enum class EmptyPayload : std::uint8_t {
    free,     ///< no, as the chain has it
    charged,  ///< fixed parts are always charged
};

/// What a function without a result gives.
enum class VoidExport : std::uint8_t {
    error,    ///< `type_mismatch`, as the chain has it
    success,  ///< no value
};

/// What becomes of a module that exports `__gas_counter__`.
enum class Instrumented : std::uint8_t {
    refuse,  ///< `instrumentation_failed`
    run,     ///< it is run as it is
};

/// What happens, for logs. Which fields mean something follows from `what`. Views are valid during the notification.
struct Event {
    enum class What : std::uint8_t {
        instrumented,        ///< `nanoseconds`, `size_before`, `size_after`; no instance
        created,             ///< an instance
        calling,             ///< `method`
        executed,            ///< `method`; the guest has run, its result is not read yet
        done,                ///< `method`, `nanoseconds`, `gas_left`, `gas_used`, `error`
        host_function_done,  ///< `module`, `space`, `method`, `nanoseconds`, `error`
        aborted,             ///< `text`
        pool_hit,            ///< no instance
        pool_miss,           ///< no instance
    };
    What what{};
    std::uint64_t instance = 0;
    std::string_view module{};
    std::string_view space{};
    std::string_view method{};
    std::string_view text{};
    std::uint64_t nanoseconds = 0;
    std::uint64_t size_before = 0;
    std::uint64_t size_after = 0;
    std::int64_t gas_left = 0;   ///< EVM gas
    std::int64_t gas_used = 0;   ///< EVM gas
    const Error* error = nullptr;
};

/// `PluginOptions::abi_options` of this ABI. The defaults do what the chain does, gas to the last unit.
struct Options {
    EmptyPayload empty_payload = EmptyPayload::free;
    VoidExport void_export = VoidExport::error;
    Instrumented instrumented = Instrumented::refuse;

    /// Null: `GasPrices::current()`.
    std::shared_ptr<const GasPrices> prices{};

    /// The cap on the memory in pages of 64 KiB. Empty: 160, or 512 if the module begins with more than 160. `Limits` hold
    /// beside it.
    std::optional<std::uint32_t> memory_pages{};

    /// Run `validate` on the module before anything else.
    bool validate = false;

    /// Called on whichever thread runs an instance, several at once; what it throws is swallowed. Empty: clocks are not read.
    std::function<void(const Event&)> on_event{};
};

}  // namespace mortise::abi::aspect
