#include "wasm/instruction.hpp"

#include "base/text.hpp"

namespace mortise::wasm {
namespace {

constexpr std::int64_t kEmptyBlock = -64;  // 0x40 as a signed number of 7 bits

void read_block_type(Cursor& in, Instruction& out, FeatureSet& features) {
    const auto first = in.peek();
    if (!first) {
        in.u8();
        return;
    }
    // A negative number of one byte is a value type, which may be longer than the byte.
    if ((*first & 0xC0) == 0x40) {
        out.number = static_cast<std::int64_t>(*first) - 0x80;
        if (out.number == kEmptyBlock)
            in.skip(1);
        else
            read_value_type(in, features);
        return;
    }
    out.number = in.s33();
    if (in.ok() && out.number < 0) in.fail_at(out.at, "invalid block type");
    features.add(Feature::multi_value);
}

void read_memarg(Cursor& in, Instruction& out, FeatureSet& features) {
    constexpr std::uint32_t kHasMemory = 0x40;
    const auto at = in.at();
    const auto alignment = in.u32();
    out.memory = 0;
    if ((alignment & kHasMemory) != 0) {
        out.memory = in.u32();
        features.add(Feature::multi_memory);
    }
    if ((alignment & ~kHasMemory) > 32) in.fail_at(at, "invalid alignment");
    // 64 bits are for memory64; what does not fit into 32 for other memories the engine refuses.
    in.u64();
}

void read_br_table(Cursor& in, Instruction& out) {
    out.index = in.u32();
    out.targets_at = in.at();
    // Every label takes a byte: a count beyond the bytes ends here and not after as many rounds.
    if (out.index > in.left()) {
        in.fail("br_table beyond the end of the function");
        return;
    }
    for (std::uint32_t i = 0; i < out.index && in.ok(); ++i) in.u32();
    out.second = in.u32();
}

void read_try_table(Cursor& in, Instruction& out, FeatureSet& features) {
    read_block_type(in, out, features);
    out.index = in.u32();
    out.targets_at = in.at();
    for (std::uint32_t i = 0; i < out.index && in.ok(); ++i) {
        const auto kind = in.u8();
        if (kind > 3) in.fail_at(in.at() - 1, "invalid catch");
        if (kind < 2) in.u32();  // the tag
        in.u32();                // the label
    }
}

void read_types(Cursor& in, FeatureSet& features) {
    const auto count = in.u32();
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) read_value_type(in, features);
}

void read_br_on_cast(Cursor& in, Instruction& out, FeatureSet& features) {
    const auto flags = in.u8();
    if (flags > 3) in.fail_at(in.at() - 1, "invalid flags of a cast");
    out.index = in.u32();
    read_heap_type(in, features);
    read_heap_type(in, features);
}

void read_type_table(Cursor& in, Instruction& out, FeatureSet& features) {
    out.index = in.u32();
    const auto at = in.at();
    out.second = in.u32();
    // The first version has a single zero byte here; any other spelling came with reference types.
    if (out.second != 0 || in.at() != at + 1) features.add(Feature::reference_types);
}

void read_memory_index(Cursor& in, Instruction& out, FeatureSet& features) {
    const auto at = in.at();
    out.index = in.u32();
    if (out.index != 0 || in.at() != at + 1) features.add(Feature::multi_memory);
}

void read_two_indices(Cursor& in, Instruction& out, FeatureSet& features) {
    constexpr Opcode kMemoryCopy = prefixed(0xFC, 10), kTableInit = prefixed(0xFC, 12), kTableCopy = prefixed(0xFC, 14);
    out.index = in.u32();
    out.second = in.u32();
    if ((out.opcode == op::kMemoryInit && out.second != 0) ||
        (out.opcode == kMemoryCopy && (out.index | out.second) != 0))
        features.add(Feature::multi_memory);
    if ((out.opcode == kTableInit && out.second != 0) || (out.opcode == kTableCopy && (out.index | out.second) != 0))
        features.add(Feature::reference_types);
}

void read_immediates(Cursor& in, Instruction& out, FeatureSet& features) {
    switch (out.info.immediates) {
        case Immediates::none: return;
        case Immediates::index:
        case Immediates::function:
        case Immediates::label: out.index = in.u32(); return;
        case Immediates::memarg: read_memarg(in, out, features); return;
        case Immediates::i32: out.number = in.s32(); return;
        case Immediates::i64: out.number = in.s64(); return;
        case Immediates::block: read_block_type(in, out, features); return;
        case Immediates::br_table: read_br_table(in, out); return;
        case Immediates::type_table: read_type_table(in, out, features); return;
        case Immediates::memory: read_memory_index(in, out, features); return;
        case Immediates::two_indices: read_two_indices(in, out, features); return;
        case Immediates::f32: in.skip(4); return;
        case Immediates::f64: in.skip(8); return;
        case Immediates::bytes16: in.skip(16); return;
        case Immediates::lane: in.skip(1); return;
        case Immediates::memarg_lane:
            read_memarg(in, out, features);
            in.skip(1);
            return;
        case Immediates::types: read_types(in, features); return;
        case Immediates::heap_type: read_heap_type(in, features); return;
        case Immediates::try_table: read_try_table(in, out, features); return;
        case Immediates::br_on_cast: read_br_on_cast(in, out, features); return;
        case Immediates::zero_byte:
            if (in.u8() != 0) in.fail_at(in.at() - 1, "zero byte expected");
            return;
        case Immediates::prefix:
        case Immediates::unknown: break;
    }
    in.fail_at(out.at, base::concat("unknown instruction ", opcode_name(out.opcode)));
}

}  // namespace

std::vector<Feature> FeatureSet::sorted() const {
    std::vector<Feature> all;
    for (unsigned i = 0; i < 32; ++i)
        if ((bits_ >> i & 1) != 0) all.push_back(static_cast<Feature>(i));
    return all;
}

void decode_instruction(Cursor& in, Instruction& out, FeatureSet& features) {
    out.at = in.at();
    out.opcode = in.u8();
    out.info = kOpcodes[out.opcode];
    if (out.info.immediates == Immediates::prefix) [[unlikely]] {
        const auto number = in.u32();
        if (number > 0xFFFF) {
            in.fail_at(out.at, base::concat("unknown instruction ", base::hex(out.opcode), " ", number));
            return;
        }
        out.opcode = prefixed(static_cast<std::uint8_t>(out.opcode), number);
        out.info = opcode_info(out.opcode);
    }
    if (out.info.feature != OpcodeInfo::kFirstVersion) [[unlikely]]
        features.add(static_cast<Feature>(out.info.feature));
    if (in.ok()) read_immediates(in, out, features);
}

// No branch depends on the kind of instruction: a processor cannot foresee that one.
void skip_plain(Cursor& in) {
    const BytesView rest = in.rest();
    std::size_t at = 0;
    while (at + 3 <= rest.size()) {
        const auto plain = kPlainInstructions[std::to_integer<std::size_t>(rest[at])];
        const auto after = std::to_integer<unsigned>(rest[at + 1]) | std::to_integer<unsigned>(rest[at + 2]) << 8;
        if (plain.size == 0 || (after & plain.not_these) != 0) break;
        at += plain.size;
    }
    in.skip(at);
}

}  // namespace mortise::wasm
