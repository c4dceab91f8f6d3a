#include "base/text.hpp"
#include "wasm/instruction.hpp"

namespace mortise::wasm {
namespace {

/// The abstract heap types, by the byte that stands for them.
bool note_abstract_heap_type(std::uint8_t code, FeatureSet& features) {
    switch (code) {
        case 0x70:  // func
        case 0x6F:  // extern
            features.add(Feature::reference_types);
            return true;
        case 0x69:  // exn
        case 0x74:  // noexn
            features.add(Feature::exceptions);
            return true;
        case 0x6E:  // any
        case 0x6D:  // eq
        case 0x6C:  // i31
        case 0x6B:  // struct
        case 0x6A:  // array
        case 0x71:  // none
        case 0x72:  // noextern
        case 0x73:  // nofunc
            features.add(Feature::gc);
            return true;
        default: return false;
    }
}

/// `ref` or `ref null` and a heap type.
ValType read_typed_reference(Cursor& in, bool nullable, FeatureSet& features) {
    const auto heap = in.peek();
    read_heap_type(in, features);
    features.add(Feature::function_references);
    // The long spelling of funcref and externref.
    if (nullable && heap == 0x70) return ValType::funcref;
    if (nullable && heap == 0x6F) return ValType::externref;
    return ValType::other;
}

}  // namespace

void read_heap_type(Cursor& in, FeatureSet& features) {
    const auto at = in.at();
    const auto first = in.peek();
    if (first && note_abstract_heap_type(*first, features)) {
        in.skip(1);
        return;
    }
    const auto type = in.s33();
    if (in.ok() && type < 0) in.fail_at(at, "unknown heap type");
    features.add(Feature::function_references);
}

ValType read_value_type(Cursor& in, FeatureSet& features) {
    const auto at = in.at();
    const auto code = in.u8();
    switch (code) {
        case 0x7F: return ValType::i32;
        case 0x7E: return ValType::i64;
        case 0x7D: return ValType::f32;
        case 0x7C: return ValType::f64;
        case 0x7B: features.add(Feature::simd); return ValType::v128;
        case 0x70: features.add(Feature::reference_types); return ValType::funcref;
        case 0x6F: features.add(Feature::reference_types); return ValType::externref;
        case 0x63: return read_typed_reference(in, true, features);
        case 0x64: return read_typed_reference(in, false, features);
        default: break;
    }
    if (!note_abstract_heap_type(code, features)) in.fail_at(at, base::concat("unknown value type ", base::hex(code)));
    return ValType::other;
}

ValType read_reference_type(Cursor& in, FeatureSet& features) {
    const auto at = in.at();
    const auto first = in.peek();
    // A table of functions is as old as Wasm.
    if (first == 0x70) {
        in.skip(1);
        return ValType::funcref;
    }
    const auto type = read_value_type(in, features);
    if (in.ok() && type < ValType::funcref) in.fail_at(at, "a reference type is expected");
    return type;
}

}  // namespace mortise::wasm
