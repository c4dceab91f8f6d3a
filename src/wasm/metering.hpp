#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <mortise/module_info.hpp>

#include "wasm/opcodes.hpp"

namespace mortise::wasm {

/// What each instruction costs. Without a price an instruction is refused.
class PriceTable {
public:
    static constexpr std::uint64_t kRefused = std::numeric_limits<std::uint64_t>::max();

    PriceTable() { prices_.fill(kRefused); }

    /// A table in which every instruction costs the same.
    static PriceTable uniform(std::uint64_t price);

    void set(Opcode opcode, std::uint64_t price) noexcept { set(opcode, opcode, price); }

    /// Sets the price of all from `first` to `last`, which have the same prefix.
    void set(Opcode first, Opcode last, std::uint64_t price) noexcept;

    /// The price, or kRefused.
    std::uint64_t operator[](Opcode opcode) const noexcept { return prices_[slot(opcode)]; }

private:
    static constexpr std::size_t kGc = 256, kMisc = kGc + 32, kVector = kMisc + 32, kAtomic = kVector + 0x120;
    static constexpr std::size_t kNone = kAtomic + 0x50, kSlots = kNone + 1;  // kNone: what no table knows
    static std::size_t slot(Opcode opcode) noexcept;
    std::array<std::uint64_t, kSlots> prices_;
};

/// How a body is priced.
struct GasRules {
    PriceTable prices;

    /// Added to the price of each block.
    std::uint64_t block_constant = 0;

    /// For each declared local, when its function is entered.
    std::uint64_t per_local = 0;

    /// For each target of a br_table, the default not counted, beside the instruction's price.
    std::uint64_t per_target = 0;

    /// For each page that a memory.grow asks for, paid before it grows, whether it then succeeds or not. 0: nothing is
    /// added.
    std::uint32_t per_page = 0;

    /// What a module may not use at all. Instructions without a price are refused anyway; this is for what is none, such
    /// as a type with two results.
    std::vector<Feature> refused = {};
};

/// How gas is put into a module.
struct GasOptions {
    GasRules rules;

    /// The export under which the host finds the counter, a mutable i64 that begins at 0.
    std::string counter_export;

    /// The export that a start section becomes; where it is there already, it must be the same function. Empty: a start
    /// section stays as it is, and runs with a counter of 0.
    std::string start_export;
};

/// Puts gas metering into a module as paritytech/wasm-instrument 0.4.0 does with its mutable global back end. The
/// counter is a global after all others. Each block begins with a call of an added function gas(price): if the counter
/// is at least the price, compared unsigned, the price is subtracted, else the counter becomes -1 and the guest traps
/// by `unreachable`. Functions are added after all others, so that no index changes. Imports stay as they are. Sections
/// that tell byte offsets in code (branch hints, DWARF, relocations) are left out, since they would lie.
///
/// Errors: as `read_module` without limits; `instrumentation_failed` for a refused instruction or feature (naming it), a
/// price beyond 64 bits, an export of a needed name, or a section that becomes too long.
Result<Bytes> add_gas(BytesView wasm, const GasOptions& options);

/// How checks are put into a module.
struct CheckOptions {
    GasRules rules{.prices = PriceTable::uniform(1)};

    /// The export under which the host finds the counter, a mutable i64 that begins at 0.
    std::string counter_export = "mortise:counter";

    /// The import that is called when the counter is below 0: a function without parameters and results. It may give
    /// the guest more by setting the counter, or end its call by a trap; where it returns without either it is called
    /// again at the next opportunity.
    std::string check_module = "mortise";
    std::string check_name = "check";
};

/// Puts fuel and interruption into a module for engines that have neither. Each block subtracts its price from the
/// counter; at each function's entry and at each loop's head the import `check` is called if the counter is below 0: on
/// the guest's own thread, so that nothing needs to write to the guest from another one. Between two checks runs at
/// most one function's code without a loop. `rules.per_page` and `rules.block_constant` count as in `add_gas`.
///
/// The import comes after all others: the indices of the defined functions grow by one, in the name section too.
/// Sections that tell byte offsets in code are left out.
///
/// Errors: as `add_gas`, also if the module imports that name itself.
Result<Bytes> add_checks(BytesView wasm, const CheckOptions& options = {});

}  // namespace mortise::wasm
