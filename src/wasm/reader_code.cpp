// Function bodies and constant expressions.

#include "base/text.hpp"
#include "wasm/module_reader.hpp"

namespace mortise::wasm {

void ModuleReader::read_bodies() {
    const auto at = in_.at();
    const auto count = read_count();
    if (in_.ok() && count != out_.info.functions.size())
        in_.fail_at(at, base::concat(out_.info.functions.size(), " functions, but ", count, " bodies"));
    out_.bodies.reserve(count);
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) read_body();
    if (in_.ok() && code_needs_data_count_ && !data_count_)
        in_.fail_at(at, "memory.init or data.drop without a data count section");
}

void ModuleReader::read_body() {
    BodyRange body;
    body.size = in_.u32();
    check_limit("bytes in one function", body.size, limits_.body_bytes);
    const auto* outer = in_.enter(body.size);
    if (!in_.ok()) return;
    body.start = in_.at();
    out_.info.code_bytes += body.size;
    read_locals();
    body.code = in_.at();
    out_.bodies.push_back(body);
    read_instructions();
    in_.leave(outer, "a function body");
}

void ModuleReader::read_locals() {
    const auto runs = read_count();
    std::uint64_t locals = 0;
    for (std::uint32_t i = 0; i < runs && in_.ok(); ++i) {
        locals += in_.u32();
        check_limit("locals in one function", locals, limits_.locals);
        read_value_type(in_, features_);
    }
}

void ModuleReader::read_instructions() {
    Instruction instruction;
    std::uint64_t depth = 1;
    while (depth != 0) {
        skip_plain(in_);
        decode_instruction(in_, instruction, features_);
        if (!in_.ok()) return;
        switch (instruction.opcode) {
            case op::kBlock:
            case op::kLoop:
            case op::kIf:
            case op::kTry:
            case op::kTryTable: ++depth; break;
            case op::kEnd:
            case op::kDelegate: --depth; break;
            default: break;
        }
        if (instruction.info.immediates != Immediates::none) check_instruction(instruction);
        // A label is the depth of a frame; the function's own frame is the outermost.
        if (instruction.info.immediates == Immediates::label && depth != 0 && instruction.opcode != op::kDelegate)
            check_index("label", instruction.at, instruction.index, depth);
    }
}

void ModuleReader::check_instruction(const Instruction& instruction) {
    switch (instruction.info.immediates) {
        case Immediates::function:
            return check_index("function", instruction.at, instruction.index, count_of(ExternKind::function));
        case Immediates::type_table:
            check_index("type", instruction.at, instruction.index, out_.info.types.size());
            return check_index("table", instruction.at, instruction.second, count_of(ExternKind::table));
        case Immediates::memory:
            return check_index("memory", instruction.at, instruction.index, count_of(ExternKind::memory));
        case Immediates::br_table:
            return check_limit("targets in one br_table", instruction.index, limits_.br_table_targets);
        case Immediates::block:
        case Immediates::try_table:
            if (instruction.number >= 0)
                check_index("type", instruction.at, static_cast<std::uint64_t>(instruction.number),
                            out_.info.types.size());
            return;
        case Immediates::index:
            if (instruction.opcode == op::kDataDrop) code_needs_data_count_ = true;
            if (instruction.opcode == op::kGlobalGet || instruction.opcode == op::kGlobalSet)
                check_index("global", instruction.at, instruction.index, count_of(ExternKind::global));
            return;
        case Immediates::two_indices:
            if (instruction.opcode == op::kMemoryInit) code_needs_data_count_ = true;
            return;
        default: return;
    }
}

void ModuleReader::read_constant_expression() {
    Instruction instruction;
    do {
        decode_instruction(in_, instruction, features_);
        check_constant(instruction);
    } while (in_.ok() && instruction.opcode != op::kEnd);
}

void ModuleReader::note_function_use(std::uint64_t at) {
    if (detail_ == Detail::function_uses) out_.function_uses.push_back(at);
}

void ModuleReader::check_constant(const Instruction& instruction) {
    switch (instruction.opcode) {
        case op::kEnd:
        case op::kI32Const:
        case op::kI64Const:
        case op::kF32Const:
        case op::kF64Const:
        case op::kV128Const:
        case op::kRefNull: return;
        case op::kGlobalGet:
            check_index("global", instruction.at, instruction.index, mutable_global_.size());
            // A defined global as an initialiser came with garbage collection.
            if (instruction.index >= imported_globals_) features_.add(Feature::gc);
            return;
        case op::kRefFunc:
            note_function_use(instruction.at + 1);
            return check_index("function", instruction.at, instruction.index, count_of(ExternKind::function));
        case op::kI32Add:
        case op::kI32Sub:
        case op::kI32Mul:
        case op::kI64Add:
        case op::kI64Sub:
        case op::kI64Mul: features_.add(Feature::extended_const); return;
        default: break;
    }
    if (instruction.opcode >> 16 != 0xFB)
        in_.fail_at(instruction.at, base::concat(opcode_name(instruction.opcode), " in a constant expression"));
}

}  // namespace mortise::wasm
