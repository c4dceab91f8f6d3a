// The type section and the types of tables, memories, globals and tags.

#include "base/text.hpp"
#include "wasm/module_reader.hpp"

namespace mortise::wasm {
namespace {

constexpr std::uint8_t kRec = 0x4E, kSubFinal = 0x4F, kSub = 0x50, kFunc = 0x60, kStruct = 0x5F, kArray = 0x5E;
constexpr std::uint8_t kTableWithInitialiser = 0x40;
constexpr std::uint64_t kMostPages32 = 65536;
constexpr std::uint64_t kMostPages64 = std::uint64_t{1} << 48;

}  // namespace

void ModuleReader::read_types() {
    const auto groups = read_count("types", limits_.types);
    out_.info.types.reserve(groups);
    for (std::uint32_t i = 0; i < groups && in_.ok(); ++i) read_type_group();
}

void ModuleReader::read_type_group() {
    if (in_.peek() != kRec) return read_subtype();
    in_.skip(1);
    features_.add(Feature::gc);
    const auto count = read_count("types", limits_.types, out_.info.types.size());
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) read_subtype();
}

void ModuleReader::read_subtype() {
    check_limit("types", out_.info.types.size() + 1, limits_.types);
    auto form = in_.u8();
    if (form == kSub || form == kSubFinal) {
        features_.add(Feature::gc);
        const auto supertypes = read_count();
        for (std::uint32_t i = 0; i < supertypes && in_.ok(); ++i) in_.u32();
        form = in_.u8();
    }
    if (in_.ok()) read_composite_type(form);
}

void ModuleReader::read_composite_type(std::uint8_t form) {
    const auto at = in_.at() - 1;
    out_.info.types.emplace_back();
    out_.is_function.push_back(form == kFunc);
    switch (form) {
        case kFunc: return read_function_type();
        case kArray: features_.add(Feature::gc); return read_field_type();
        case kStruct: {
            features_.add(Feature::gc);
            const auto fields = read_count();
            for (std::uint32_t i = 0; i < fields && in_.ok(); ++i) read_field_type();
            return;
        }
        default: in_.fail_at(at, base::concat("unknown form of type ", base::hex(form)));
    }
}

void ModuleReader::read_function_type() {
    auto& type = out_.info.types.back();
    read_value_types(type.params, "parameters of a type");
    read_value_types(type.results, "results of a type");
    if (type.results.size() > 1) features_.add(Feature::multi_value);
}

void ModuleReader::read_value_types(std::vector<ValType>& out, std::string_view what) {
    const auto count = read_count(what, limits_.parameters);
    out.reserve(count);
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) out.push_back(read_value_type(in_, features_));
}

void ModuleReader::read_field_type() {
    constexpr std::uint8_t kI8 = 0x78, kI16 = 0x77;
    const auto packed = in_.peek();
    if (packed == kI8 || packed == kI16)
        in_.skip(1);
    else
        read_value_type(in_, features_);
    const auto at = in_.at();
    if (in_.u8() > 1) in_.fail_at(at, "invalid mutability of a field");
}

SizeRange ModuleReader::read_size_range(std::uint64_t most32, std::uint64_t most64) {
    constexpr std::uint8_t kHasMaximum = 1, kShared = 2, k64 = 4, kAll = 7;
    const auto at = in_.at();
    const auto flags = in_.u8();
    if (flags > kAll) in_.fail_at(at, base::concat("unknown flags of a memory or table ", base::hex(flags)));
    SizeRange size;
    size.shared = (flags & kShared) != 0;
    size.is64 = (flags & k64) != 0;
    const auto most = size.is64 ? most64 : most32;
    const auto read_size = [&]() -> std::uint64_t { return size.is64 ? in_.u64() : in_.u32(); };
    size.minimum = read_size();
    if ((flags & kHasMaximum) != 0) size.maximum = read_size();
    if (size.minimum > most || size.maximum.value_or(0) > most)
        in_.fail_at(at, base::concat("size of a memory or table beyond ", most));
    if (size.maximum && *size.maximum < size.minimum) in_.fail_at(at, "maximum of a memory or table below its minimum");
    if (size.shared) features_.add(Feature::threads);
    if (size.is64) features_.add(Feature::memory64);
    return size;
}

SizeRange ModuleReader::read_memory_type() {
    const auto at = in_.at();
    const auto size = read_size_range(kMostPages32, kMostPages64);
    if (size.shared && !size.maximum) in_.fail_at(at, "shared memory without a maximum");
    return size;
}

TableType ModuleReader::read_table_type() {
    TableType table;
    table.element = read_reference_type(in_, features_);
    table.size = read_size_range(UINT32_MAX, UINT64_MAX);
    return table;
}

GlobalType ModuleReader::read_global_type() {
    GlobalType global;
    global.type = read_value_type(in_, features_);
    const auto at = in_.at();
    const auto mutability = in_.u8();
    if (mutability > 1) in_.fail_at(at, "invalid mutability of a global");
    global.is_mutable = mutability == 1;
    return global;
}

std::uint32_t ModuleReader::read_function_type_index() {
    const auto at = in_.at();
    const auto index = in_.u32();
    check_index("type", at, index, out_.info.types.size());
    if (in_.ok() && !out_.is_function[index])
        in_.fail_at(at, base::concat("type ", index, " is not that of a function"));
    return index;
}

void ModuleReader::read_tag_type() {
    const auto at = in_.at();
    if (in_.u8() != 0) in_.fail_at(at, "unknown attribute of a tag");
    read_function_type_index();
    features_.add(Feature::exceptions);
    ++tags_;
    check_limit("tags", tags_, limits_.tags);
}

void ModuleReader::read_tables() {
    const auto count = read_count("tables", limits_.tables, imported_tables_);
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) read_table();
}

void ModuleReader::read_table() {
    const bool with_initialiser = in_.peek() == kTableWithInitialiser;
    if (with_initialiser) {
        features_.add(Feature::function_references);
        in_.skip(1);
        const auto at = in_.at();
        if (in_.u8() != 0) in_.fail_at(at, "zero byte expected");
    }
    out_.info.tables.push_back(read_table_type());
    if (with_initialiser) read_constant_expression();
}

void ModuleReader::read_memories() {
    const auto count = read_count("memories", limits_.memories, imported_memories_);
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) out_.info.memories.push_back(read_memory_type());
}

void ModuleReader::read_tags() {
    const auto count = read_count("tags", limits_.tags, tags_);
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) read_tag_type();
}

void ModuleReader::read_globals() {
    const auto count = read_count("globals", limits_.globals, mutable_global_.size());
    out_.info.globals.reserve(count);
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) {
        out_.info.globals.push_back(read_global_type());
        read_constant_expression();
        mutable_global_.push_back(out_.info.globals.back().is_mutable);
    }
}

}  // namespace mortise::wasm
