#pragma once

#include <cstdint>

#include "wasm/cursor.hpp"
#include "wasm/opcodes.hpp"

namespace mortise::wasm {

/// The proposals that a module was seen to use.
class FeatureSet {
public:
    void add(Feature feature) noexcept { bits_ |= std::uint32_t{1} << static_cast<unsigned>(feature); }
    void add(FeatureSet other) noexcept { bits_ |= other.bits_; }
    bool has(Feature feature) const noexcept { return (bits_ >> static_cast<unsigned>(feature) & 1) != 0; }
    std::vector<Feature> sorted() const;

private:
    std::uint32_t bits_ = 0;
};

/// One decoded instruction. Which of the numbers mean something follows from `info.immediates`.
struct Instruction {
    Opcode opcode = 0;
    OpcodeInfo info;
    std::uint64_t at = 0;      ///< offset of its first byte
    std::uint32_t index = 0;   ///< the first index or label; of br_table the number of targets without the default
    std::uint32_t second = 0;  ///< the second index; of br_table the default
    std::uint64_t targets_at =
        0;  ///< offset of the labels of a br_table, the default's the last; of try_table of its catches
    std::int64_t number = 0;   ///< i32.const, i64.const; a block type as it stands in the binary
    std::uint32_t memory = 0;  ///< memory index of a load or store
};

/// Decodes the instruction at the cursor, which fails if there is none or one that nobody knows. Adds to `features`
/// what the instruction uses. Labels and indices are read, not checked.
void decode_instruction(Cursor& in, Instruction& out, FeatureSet& features);

/// Skips plain instructions (see PlainInstruction) up to the first that is not one, or that is near the end: most of a
/// body, at a fraction of the time of decoding. What it skips is nothing that `decode_instruction` would refuse.
void skip_plain(Cursor& in);

/// A heap type or a value type's code: a type index, or a negative number for the abstract ones.
void read_heap_type(Cursor& in, FeatureSet& features);

/// A value type.
ValType read_value_type(Cursor& in, FeatureSet& features);

/// A value type that must be a reference.
ValType read_reference_type(Cursor& in, FeatureSet& features);

}  // namespace mortise::wasm
