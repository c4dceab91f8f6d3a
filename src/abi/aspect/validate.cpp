// Whether the chain accepts a module. The order is the original's: sections as they stand in the file, the entry point, then
// the bodies; so are the words that programs look for.

#include <algorithm>

#include <mortise/abi/aspect.hpp>

#include "abi/aspect/names.hpp"
#include "base/text.hpp"
#include "wasm/instruction.hpp"
#include "wasm/module.hpp"

namespace mortise::abi::aspect {

namespace {

using base::concat;
using wasm::SectionId;

std::unexpected<Error> refuse(std::string text) { return fail(ErrorCode::unsupported, std::move(text)); }

std::string_view feature_words(Feature feature) noexcept {
    switch (feature) {
        case Feature::saturating_conversions: return "saturating float to int conversions support is not enabled";
        case Feature::bulk_memory: return "bulk memory support is not enabled";
        case Feature::reference_types: return "reference types support is not enabled";
        case Feature::simd: return "SIMD support is not enabled";
        case Feature::relaxed_simd: return "relaxed SIMD support is not enabled";
        case Feature::threads: return "threads support is not enabled";
        case Feature::tail_calls: return "tail calls support is not enabled";
        case Feature::multi_memory: return "multi-memory support is not enabled";
        case Feature::memory64: return "memory64 support is not enabled";
        case Feature::exceptions: return "exceptions support is not enabled";
        case Feature::extended_const: return "extended constants support is not enabled";
        case Feature::gc: return "gc support is not enabled";
        case Feature::function_references: return "function references support is not enabled";
        case Feature::mutable_globals:
        case Feature::sign_extension:
        case Feature::multi_value: return {};
    }
    return {};
}

constexpr std::string_view kFloats = "floating-point support is disabled";

Result<void> check_type(ValType type, std::string_view where) {
    switch (type) {
        case ValType::i32:
        case ValType::i64: return {};
        case ValType::f32:
        case ValType::f64: return refuse(concat(kFloats, " (", where, ")"));
        case ValType::v128: return refuse(concat(feature_words(Feature::simd), " (", where, ")"));
        default: return refuse(concat(feature_words(Feature::reference_types), " (", where, ")"));
    }
}

Result<void> check_types(const std::vector<ValType>& types, std::string_view where) {
    for (const ValType type : types) {
        if (auto fits = check_type(type, where); !fits) return fits;
    }
    return {};
}

Result<void> check_size(const SizeRange& size) {
    if (size.is64) return refuse(std::string(feature_words(Feature::memory64)));
    if (size.shared) return refuse(std::string(feature_words(Feature::threads)));
    return {};
}

Result<void> check_table(const TableType& table) {
    if (table.element != ValType::funcref) return refuse(std::string(feature_words(Feature::reference_types)));
    return check_size(table.size);
}

Result<void> check_import(const Import& import) {
    switch (import.kind) {
        case ExternKind::function: return {};
        case ExternKind::table: return check_table(import.table);
        case ExternKind::memory: return check_size(import.memory);
        case ExternKind::global: return check_type(import.global.type, "an imported global");
        case ExternKind::tag: return refuse(std::string(feature_words(Feature::exceptions)));
    }
    return {};
}

Result<void> check_features(const wasm::FeatureSet& features, std::uint64_t at) {
    for (const Feature feature : features.sorted()) {
        if (const auto words = feature_words(feature); !words.empty()) return refuse(concat(words, " (at offset ", base::hex(at), ")"));
    }
    return {};
}

Result<void> check_section(const ModuleInfo& info, const wasm::Section& section) {
    switch (section.id) {
        case SectionId::type:
            for (const FunctionType& type : info.types) {
                if (auto fits = check_types(type.params, "in the types"); !fits) return fits;
                if (auto fits = check_types(type.results, "in the types"); !fits) return fits;
            }
            return {};
        case SectionId::import:
            for (const Import& import : info.imports) {
                if (auto fits = check_import(import); !fits) return fits;
            }
            return {};
        case SectionId::table:
            for (const TableType& table : info.tables) {
                if (auto fits = check_table(table); !fits) return fits;
            }
            return info.imported(ExternKind::table) + info.tables.size() > 1 ? refuse("reference types support is not enabled: several tables")
                                                                            : Result<void>();
        case SectionId::memory:
            for (const SizeRange& memory : info.memories) {
                if (auto fits = check_size(memory); !fits) return fits;
            }
            return info.imported(ExternKind::memory) + info.memories.size() > 1 ? refuse(std::string(feature_words(Feature::multi_memory)))
                                                                               : Result<void>();
        case SectionId::global:
            for (const GlobalType& global : info.globals) {
                if (auto fits = check_type(global.type, "a global"); !fits) return fits;
            }
            return check_features(section.features, section.start);
        case SectionId::element:
        case SectionId::data: return check_features(section.features, section.start);
        case SectionId::tag: return refuse(std::string(feature_words(Feature::exceptions)));
        case SectionId::start: return refuse("start section not allowed");
        case SectionId::data_count: return refuse(std::string(feature_words(Feature::bulk_memory)));
        default: return {};
    }
}

bool is_float(wasm::Opcode opcode) noexcept {
    return (opcode >= 0x2A && opcode <= 0x2B) ||    // loads
           (opcode >= 0x38 && opcode <= 0x39) ||    // stores
           (opcode >= 0x43 && opcode <= 0x44) ||    // constants
           (opcode >= 0x5B && opcode <= 0x66) ||    // comparisons
           (opcode >= 0x8B && opcode <= 0xA6) ||    // arithmetic
           (opcode >= 0xA8 && opcode <= 0xAB) ||    // i32.trunc
           (opcode >= 0xAE && opcode <= 0xBF);      // i64.trunc, conversions to floats, reinterpret
}

// The reader takes a block's own float type as a number: -3 and -4 are f32 and f64.
bool has_float_block(const wasm::Instruction& instruction) noexcept {
    return instruction.info.immediates == wasm::Immediates::block && (instruction.number == -3 || instruction.number == -4);
}

Result<void> check_locals(BytesView wasm, const wasm::BodyRange& body) {
    wasm::Cursor in(wasm, body.start, body.size);
    wasm::FeatureSet features;
    const std::uint32_t runs = in.u32();
    for (std::uint32_t i = 0; i < runs && in.ok(); ++i) {
        in.u32();
        if (auto fits = check_type(wasm::read_value_type(in, features), "a local"); !fits) return fits;
    }
    return {};
}

Result<void> check_body(BytesView wasm, const wasm::BodyRange& body) {
    if (auto fits = check_locals(wasm, body); !fits) return fits;
    wasm::Cursor in(wasm, body.code, body.start + body.size - body.code);
    wasm::Instruction instruction;
    wasm::FeatureSet features;
    while (!in.done()) {
        wasm::decode_instruction(in, instruction, features);
        if (!in.ok()) return fail(in.take_error());
        if (is_float(instruction.opcode) || has_float_block(instruction)) {
            return refuse(concat(kFloats, " (at offset ", base::hex(instruction.at), ")"));
        }
        if (auto fits = check_features(features, instruction.at); !fits) return fits;
    }
    return {};
}

}  // namespace

Result<void> validate(BytesView wasm) {
    const auto module = wasm::parse_module(wasm);
    if (!module) return fail(module.error());
    const ModuleInfo& info = module->info;
    for (const wasm::Section& section : module->sections) {
        if (auto fits = check_section(info, section); !fits) return fits;
    }
    if (info.exported_function(kStartExport) == nullptr) {
        return fail(ErrorCode::missing_export, concat("aspect entrypoint not exported: no function ", kStartExport));
    }
    for (const wasm::BodyRange& body : module->bodies) {
        if (auto fits = check_body(wasm, body); !fits) return fits;
    }
    // What no section showed by itself.
    for (const Feature feature : info.features) {
        if (const auto words = feature_words(feature); !words.empty()) return refuse(std::string(words));
    }
    return {};
}

}  // namespace mortise::abi::aspect
