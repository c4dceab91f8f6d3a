#include <mortise/module_info.hpp>

#include <algorithm>

#include "base/checked.hpp"
#include "wasm/module.hpp"

namespace mortise {
namespace {

void append_types(std::string& out, const std::vector<ValType>& types) {
    out += '(';
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (i != 0) out += ' ';
        out += to_string(types[i]);
    }
    out += ')';
}

}  // namespace

std::string_view to_string(ValType type) noexcept {
    switch (type) {
        case ValType::i32: return "i32";
        case ValType::i64: return "i64";
        case ValType::f32: return "f32";
        case ValType::f64: return "f64";
        case ValType::v128: return "v128";
        case ValType::funcref: return "funcref";
        case ValType::externref: return "externref";
        case ValType::other: return "other";
    }
    return "unknown";
}

std::string to_string(const FunctionType& type) {
    std::string out;
    append_types(out, type.params);
    out += " -> ";
    if (type.results.size() == 1)
        out += to_string(type.results.front());
    else
        append_types(out, type.results);
    return out;
}

std::string_view to_string(ExternKind kind) noexcept {
    switch (kind) {
        case ExternKind::function: return "function";
        case ExternKind::table: return "table";
        case ExternKind::memory: return "memory";
        case ExternKind::global: return "global";
        case ExternKind::tag: return "tag";
    }
    return "unknown";
}

std::string_view to_string(Feature feature) noexcept {
    switch (feature) {
        case Feature::mutable_globals: return "mutable_globals";
        case Feature::sign_extension: return "sign_extension";
        case Feature::saturating_conversions: return "saturating_conversions";
        case Feature::multi_value: return "multi_value";
        case Feature::bulk_memory: return "bulk_memory";
        case Feature::reference_types: return "reference_types";
        case Feature::simd: return "simd";
        case Feature::relaxed_simd: return "relaxed_simd";
        case Feature::threads: return "threads";
        case Feature::tail_calls: return "tail_calls";
        case Feature::multi_memory: return "multi_memory";
        case Feature::memory64: return "memory64";
        case Feature::exceptions: return "exceptions";
        case Feature::extended_const: return "extended_const";
        case Feature::gc: return "gc";
        case Feature::function_references: return "function_references";
    }
    return "unknown";
}

std::uint32_t ModuleInfo::imported(ExternKind kind) const noexcept {
    return static_cast<std::uint32_t>(std::ranges::count(imports, kind, &Import::kind));
}

const FunctionType* ModuleInfo::function_type(std::uint32_t index) const noexcept {
    for (const auto& import : imports) {
        if (import.kind != ExternKind::function) continue;
        if (index == 0) return &import.function;
        --index;
    }
    if (index >= functions.size() || functions[index] >= types.size()) return nullptr;
    return &types[functions[index]];
}

const Export* ModuleInfo::find_export(std::string_view wanted) const noexcept {
    const auto found = std::ranges::find(exports, wanted, &Export::name);
    return found != exports.end() ? &*found : nullptr;
}

const FunctionType* ModuleInfo::exported_function(std::string_view wanted) const noexcept {
    const auto* found = find_export(wanted);
    return found != nullptr && found->kind == ExternKind::function ? function_type(found->index) : nullptr;
}

bool ModuleInfo::imports_from(std::string_view module) const noexcept {
    return std::ranges::find(imports, module, &Import::module) != imports.end();
}

std::uint64_t ModuleInfo::minimum_memory_bytes() const noexcept {
    constexpr std::uint64_t kPageBytes = 65536;
    std::uint64_t pages = 0;
    const auto add = [&](const SizeRange& memory) {
        pages = base::checked_add(pages, memory.minimum).value_or(UINT64_MAX);
    };
    for (const auto& import : imports)
        if (import.kind == ExternKind::memory) add(import.memory);
    for (const auto& memory : memories) add(memory);
    return base::checked_mul(pages, kPageBytes).value_or(UINT64_MAX);
}

Result<ModuleInfo> read_module(BytesView wasm, const LoadLimits& limits) {
    auto parsed = wasm::parse_module(wasm, limits);
    if (!parsed) return fail(std::move(parsed).error());
    return std::move(parsed->info);
}

}  // namespace mortise
