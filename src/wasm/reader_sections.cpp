// Imports, functions, exports, start, elements and data.

#include <algorithm>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "wasm/module_reader.hpp"

namespace mortise::wasm {

void ModuleReader::read_imports() {
    const auto count = read_count("imports", limits_.imports);
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) read_import();
}

void ModuleReader::read_import() {
    auto& import = out_.info.imports.emplace_back();
    import.module = read_limited_name();
    import.name = read_limited_name();
    const auto at = in_.at();
    const auto kind = in_.u8();
    if (kind > 4) in_.fail_at(at, base::concat("unknown kind of import ", kind + 0u));
    if (!in_.ok()) return;
    import.kind = static_cast<ExternKind>(kind);
    switch (import.kind) {
        case ExternKind::function: {
            const auto type = read_function_type_index();
            if (in_.ok()) import.function = out_.info.types[type];
            ++imported_functions_;
            return;
        }
        case ExternKind::table:
            import.table = read_table_type();
            check_limit("tables", ++imported_tables_, limits_.tables);
            return;
        case ExternKind::memory:
            import.memory = read_memory_type();
            check_limit("memories", ++imported_memories_, limits_.memories);
            return;
        case ExternKind::global:
            import.global = read_global_type();
            ++imported_globals_;
            mutable_global_.push_back(import.global.is_mutable);
            if (import.global.is_mutable) features_.add(Feature::mutable_globals);
            return;
        case ExternKind::tag: return read_tag_type();
    }
}

void ModuleReader::read_functions() {
    const auto count = read_count("functions", limits_.functions);
    out_.info.functions.reserve(count);
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) out_.info.functions.push_back(read_function_type_index());
}

void ModuleReader::read_exports() {
    const auto count = read_count("exports", limits_.exports);
    out_.info.exports.reserve(count);
    // Sorted rather than hashed: the names come from the guest, which could make a hash table slow.
    std::vector<std::pair<std::string_view, std::uint64_t>> names;  // views into the binary
    names.reserve(count);
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) {
        const auto start = in_.at();
        const auto name = read_limited_name();
        const auto at = in_.at();
        const auto kind = in_.u8();
        if (kind > 4) in_.fail_at(at, base::concat("unknown kind of export ", kind + 0u));
        const auto index = in_.u32();
        if (!in_.ok()) return;
        const Export found{std::string(name), static_cast<ExternKind>(kind), index};
        check_index(to_string(found.kind), at, index, count_of(found.kind));
        names.emplace_back(name, start);
        if (in_.ok() && found.kind == ExternKind::global && mutable_global_[index])
            features_.add(Feature::mutable_globals);
        out_.info.exports.push_back(found);
    }
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names, {}, [](const auto& entry) { return entry.first; });
    if (twice != names.end())
        in_.fail_at(std::next(twice)->second, base::concat("duplicate export ", base::quoted(twice->first)));
}

void ModuleReader::read_start() {
    const auto at = in_.at();
    const auto index = in_.u32();
    check_index("function", at, index, count_of(ExternKind::function));
    if (!in_.ok()) return;
    const auto* type = out_.info.function_type(index);
    if (type == nullptr || *type != FunctionType{})
        in_.fail_at(at, base::concat("start function ", index, " has parameters or results"));
    out_.info.start = index;
}

void ModuleReader::read_elements() {
    const auto count = read_count("element segments", limits_.element_segments);
    std::uint64_t total = 0;
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) read_element_segment(total);
}

void ModuleReader::read_element_segment(std::uint64_t& total) {
    constexpr std::uint32_t kNotActive = 1, kExplicit = 2, kExpressions = 4;
    const auto at = in_.at();
    const auto flags = in_.u32();
    if (flags > (kNotActive | kExplicit | kExpressions))
        in_.fail_at(at, base::concat("unknown form of element segment ", flags));
    if (flags != 0) features_.add(Feature::bulk_memory);
    if ((flags & kNotActive) == 0) {
        const auto table_at = in_.at();
        const auto table = (flags & kExplicit) != 0 ? in_.u32() : 0;
        check_index("table", table_at, table, count_of(ExternKind::table));
        if (table != 0) features_.add(Feature::reference_types);
        read_constant_expression();
    } else if ((flags & kExplicit) != 0) {
        features_.add(Feature::reference_types);  // declared for ref.func
    }
    if ((flags & (kNotActive | kExplicit)) != 0) {
        const auto kind_at = in_.at();
        if ((flags & kExpressions) != 0)
            read_reference_type(in_, features_);
        else if (in_.u8() != 0)
            in_.fail_at(kind_at, "unknown kind of element segment");
    }
    const auto entries = in_.u32();
    total += entries;
    check_limit("entries in element segments", total, limits_.table_entries);
    for (std::uint32_t i = 0; i < entries && in_.ok(); ++i) {
        const auto entry_at = in_.at();
        if ((flags & kExpressions) != 0) {
            read_constant_expression();
        } else {
            note_function_use(entry_at);
            check_index("function", entry_at, in_.u32(), count_of(ExternKind::function));
        }
    }
}

void ModuleReader::read_data_count() {
    features_.add(Feature::bulk_memory);
    const auto count = in_.u32();
    check_limit("data segments", count, limits_.data_segments);
    data_count_ = count;
}

void ModuleReader::read_data() {
    const auto count = read_count("data segments", limits_.data_segments);
    for (std::uint32_t i = 0; i < count && in_.ok(); ++i) read_data_segment();
    data_segments_ = count;
}

void ModuleReader::read_data_segment() {
    constexpr std::uint32_t kPassive = 1, kExplicit = 2;
    const auto at = in_.at();
    const auto flags = in_.u32();
    if (flags > kExplicit) in_.fail_at(at, base::concat("unknown form of data segment ", flags));
    if (flags != 0) features_.add(Feature::bulk_memory);
    if (flags != kPassive) {
        const auto memory_at = in_.at();
        const auto memory = flags == kExplicit ? in_.u32() : 0;
        check_index("memory", memory_at, memory, count_of(ExternKind::memory));
        if (memory != 0) features_.add(Feature::multi_memory);
        read_constant_expression();
    }
    const auto size = in_.u32();
    out_.info.data_bytes += size;
    check_limit("bytes of data", out_.info.data_bytes, limits_.data_bytes);
    in_.skip(size);
}

}  // namespace mortise::wasm
