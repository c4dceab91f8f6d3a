#include "engines/native/module_bytes.hpp"

#include <algorithm>

#include <mortise/native.hpp>

#include "wasm/module.hpp"
#include "wasm/writer.hpp"

namespace mortise::native {
namespace {

using wasm::SectionId;
using wasm::Writer;

constexpr std::uint8_t kFunctionForm = 0x60, kI32 = 0x7F;

void put_types(Writer& out, const std::vector<ValType>& types) {
    out.u64(types.size());
    // i32, i64, f32, f64 are numbered downwards.
    for (const ValType type : types) out.u8(static_cast<std::uint8_t>(kI32 - std::to_underlying(type)));
}

void put_type(Writer& out, const FunctionType& type) {
    out.u8(kFunctionForm);
    put_types(out, type.params);
    put_types(out, type.results);
}

void put_section(Writer& out, SectionId id, const Writer& content) {
    out.u8(std::to_underlying(id));
    out.sized(content.view());
}

void put_memory(Writer& out, const SizeRange& memory) {
    out.u32(1);
    out.u8(memory.maximum ? 1 : 0);
    out.u64(memory.minimum);
    if (memory.maximum) out.u64(*memory.maximum);
}

}  // namespace

Module::Module(std::string name) : name_(std::move(name)) {}

Module& Module::memory(std::uint32_t pages, std::optional<std::uint32_t> maximum_pages) {
    memory_ = SizeRange{.minimum = pages, .maximum = maximum_pages, .is64 = false, .shared = false};
    return *this;
}

Module& Module::add_erased(Function function) {
    const auto known = std::ranges::find(functions_, function.name, &Function::name);
    if (known == functions_.end()) functions_.push_back(std::move(function));
    else *known = std::move(function);
    return *this;
}

// One type for each import and then for each function; each function's body is `unreachable`.
Bytes Module::wasm() const {
    Writer out, types, imports, functions, memory, exports, code, custom;
    for (const int byte : {0x00, 0x61, 0x73, 0x6D, 1, 0, 0, 0}) out.u8(static_cast<std::uint8_t>(byte));
    custom.name(engines::native_modules::kSection);
    custom.bytes(bytes_of(name_));
    put_section(out, SectionId::custom, custom);
    types.u64(imports_.size() + functions_.size());
    imports.u64(imports_.size());
    std::uint32_t type = 0;
    for (const Imported& import : imports_) {
        put_type(types, import.type);
        imports.name(import.module);
        imports.name(import.name);
        imports.u8(std::to_underlying(ExternKind::function));
        imports.u32(type++);
    }
    functions.u64(functions_.size());
    exports.u64(functions_.size() + (memory_ ? 1 : 0));
    code.u64(functions_.size());
    for (const Function& function : functions_) {
        put_type(types, function.type);
        exports.name(function.name);
        exports.u8(std::to_underlying(ExternKind::function));
        exports.u32(type);
        functions.u32(type++);
        for (const int byte : {3, 0, 0x00, 0x0B}) code.u8(static_cast<std::uint8_t>(byte));
    }
    if (memory_) {
        put_memory(memory, *memory_);
        exports.name("memory");
        exports.u8(std::to_underlying(ExternKind::memory));
        exports.u32(0);
    }
    put_section(out, SectionId::type, types);
    put_section(out, SectionId::import, imports);
    put_section(out, SectionId::function, functions);
    if (memory_) put_section(out, SectionId::memory, memory);
    put_section(out, SectionId::export_, exports);
    put_section(out, SectionId::code, code);
    return out.take();
}

}  // namespace mortise::native
