#include "base/text.hpp"
#include "wasm/module_reader.hpp"

namespace mortise::wasm {

std::string_view to_string(SectionId id) noexcept {
    switch (id) {
        case SectionId::custom: return "custom";
        case SectionId::type: return "type";
        case SectionId::import: return "import";
        case SectionId::function: return "function";
        case SectionId::table: return "table";
        case SectionId::memory: return "memory";
        case SectionId::global: return "global";
        case SectionId::export_: return "export";
        case SectionId::start: return "start";
        case SectionId::element: return "element";
        case SectionId::code: return "code";
        case SectionId::data: return "data";
        case SectionId::data_count: return "data count";
        case SectionId::tag: return "tag";
    }
    return "unknown";
}

unsigned section_rank(SectionId id) noexcept {
    switch (id) {
        case SectionId::custom: return 0;
        case SectionId::type: return 1;
        case SectionId::import: return 2;
        case SectionId::function: return 3;
        case SectionId::table: return 4;
        case SectionId::memory: return 5;
        case SectionId::tag: return 6;
        case SectionId::global: return 7;
        case SectionId::export_: return 8;
        case SectionId::start: return 9;
        case SectionId::element: return 10;
        case SectionId::data_count: return 11;
        case SectionId::code: return 12;
        case SectionId::data: return 13;
    }
    return 0;
}

const Section* ParsedModule::find(SectionId id) const noexcept {
    for (const auto& section : sections)
        if (section.id == id) return &section;
    return nullptr;
}

Result<ParsedModule> parse_module(BytesView wasm, const LoadLimits& limits, Detail detail) {
    return ModuleReader(wasm, limits, detail).read();
}

LoadLimits no_load_limits() noexcept {
    constexpr auto kMost = UINT32_MAX;
    return {.module_bytes = UINT64_MAX,
            .types = kMost,
            .functions = kMost,
            .imports = kMost,
            .exports = kMost,
            .globals = kMost,
            .data_segments = kMost,
            .element_segments = kMost,
            .data_bytes = UINT64_MAX,
            .table_entries = UINT64_MAX,
            .body_bytes = kMost,
            .locals = kMost,
            .parameters = kMost,
            .br_table_targets = kMost,
            .name_bytes = kMost,
            .tables = kMost,
            .memories = kMost,
            .tags = kMost,
            .custom_sections = kMost};
}

Result<ParsedModule> ModuleReader::read() {
    read_header();
    while (in_.ok() && !in_.done()) read_section();
    check_whole();
    if (!in_.ok()) return fail(in_.take_error());
    out_.info.features = features_.sorted();
    return std::move(out_);
}

void ModuleReader::read_header() {
    constexpr std::string_view kMagic{"\0asm", 4};
    constexpr std::uint32_t kVersion = 1, kComponentLayer = 1;
    if (!text_of(wasm_).starts_with(kMagic)) {
        // A module cut inside the magic is not one either, but says so with its length.
        if (!wasm_.empty() && wasm_.size() < kMagic.size() && kMagic.starts_with(text_of(wasm_)))
            in_.fail_at(wasm_.size(), "unexpected end");
        else
            in_.fail("not a WebAssembly module (no \\0asm magic)");
        return;
    }
    check_limit("bytes", wasm_.size(), limits_.module_bytes);
    in_.skip(kMagic.size());
    const auto at = in_.at();
    const auto version = in_.fixed32();
    if (!in_.ok() || version == kVersion) return;
    if (version >> 16 == kComponentLayer)
        in_.refuse("this is a WebAssembly component, not a core module: components are not supported");
    else
        in_.fail_at(at, base::concat("unknown binary version ", version));
}

void ModuleReader::read_section() {
    Section section;
    section.start = in_.at();
    const auto number = in_.u8();
    if (number > static_cast<std::uint8_t>(SectionId::tag)) {
        in_.fail_at(section.start, base::concat("unknown section ", number + 0u));
        return;
    }
    section.id = static_cast<SectionId>(number);
    check_order(section.id, section.start);
    section.size = in_.u32();
    const auto* outer = in_.enter(section.size);
    if (!in_.ok()) return;
    section.content = in_.at();
    const FeatureSet before = std::exchange(features_, FeatureSet());
    if (section.id == SectionId::custom)
        read_custom(section.end());
    else
        read_content(section.id);
    section.features = features_;
    features_.add(before);
    out_.sections.push_back(section);
    in_.leave(outer, base::concat("the ", to_string(section.id), " section"));
}

void ModuleReader::check_order(SectionId id, std::uint64_t at) {
    if (id == SectionId::custom) return;
    const auto rank = section_rank(id);
    if (rank <= last_rank_) in_.fail_at(at, base::concat(to_string(id), " section twice or out of order"));
    last_rank_ = rank;
}

void ModuleReader::read_content(SectionId id) {
    switch (id) {
        case SectionId::type: return read_types();
        case SectionId::import: return read_imports();
        case SectionId::function: return read_functions();
        case SectionId::table: return read_tables();
        case SectionId::memory: return read_memories();
        case SectionId::tag: return read_tags();
        case SectionId::global: return read_globals();
        case SectionId::export_: return read_exports();
        case SectionId::start: return read_start();
        case SectionId::element: return read_elements();
        case SectionId::data_count: return read_data_count();
        case SectionId::code: return read_bodies();
        case SectionId::data: return read_data();
        case SectionId::custom: return;
    }
}

void ModuleReader::check_whole() {
    if (!in_.ok()) return;
    if (out_.bodies.size() != out_.info.functions.size())
        in_.fail(base::concat(out_.info.functions.size(), " functions, but ", out_.bodies.size(), " bodies"));
    if (data_count_ && *data_count_ != data_segments_)
        in_.fail(
            base::concat("the data count is ", *data_count_, ", but there are ", data_segments_, " data segments"));
    // After a feature was seen, so that the sum over imported and defined ones counts.
    if (count_of(ExternKind::memory) > 1) features_.add(Feature::multi_memory);
    if (count_of(ExternKind::table) > 1) features_.add(Feature::reference_types);
}

void ModuleReader::read_custom(std::uint64_t section_end) {
    check_limit("custom sections", out_.info.custom_sections.size() + 1, limits_.custom_sections);
    CustomSection custom;
    custom.name = in_.name();
    if (!in_.ok()) return;
    custom.offset = in_.at();
    custom.size = section_end - custom.offset;
    const auto content = in_.bytes(custom.size);
    if (custom.name == "name" && out_.info.name.empty()) out_.info.name = read_module_name(content);
    if (custom.name == "producers" && out_.info.producers.empty()) out_.info.producers = read_producers(content);
    out_.info.custom_sections.push_back(std::move(custom));
}

std::uint32_t ModuleReader::read_count() {
    const auto at = in_.at();
    const auto count = in_.u32();
    if (count <= in_.left()) return count;
    in_.fail_at(at, base::concat("count of ", count, " where ", in_.left(), " bytes are left"));
    return 0;
}

std::uint32_t ModuleReader::read_count(std::string_view what, std::uint64_t limit, std::uint64_t already) {
    const auto at = in_.at();
    const auto count = in_.u32();
    check_limit(what, already + count, limit);
    if (!in_.ok()) return 0;
    if (count <= in_.left()) return count;
    in_.fail_at(at, base::concat("count of ", count, " ", what, " where ", in_.left(), " bytes are left"));
    return 0;
}

void ModuleReader::check_limit(std::string_view what, std::uint64_t value, std::uint64_t limit) {
    if (value > limit && in_.ok())
        in_.refuse(base::concat("the module has ", value, " ", what, ", more than the limit of ", limit));
}

std::string_view ModuleReader::read_limited_name() {
    const auto name = in_.name();
    check_limit("bytes in the name of an import or export", name.size(), limits_.name_bytes);
    return name;
}

void ModuleReader::check_index(std::string_view what, std::uint64_t at, std::uint64_t index, std::uint64_t count) {
    if (index >= count && in_.ok()) in_.fail_at(at, base::concat("no ", what, " ", index, ", there are ", count));
}

std::uint64_t ModuleReader::count_of(ExternKind kind) const {
    switch (kind) {
        case ExternKind::function: return imported_functions_ + out_.info.functions.size();
        case ExternKind::table: return imported_tables_ + out_.info.tables.size();
        case ExternKind::memory: return imported_memories_ + out_.info.memories.size();
        case ExternKind::global: return mutable_global_.size();
        case ExternKind::tag: return tags_;
    }
    return 0;
}

Result<std::vector<Section>> read_sections(BytesView wasm) {
    Cursor in(wasm);
    std::vector<Section> sections;
    in.skip(8);
    while (in.ok() && !in.done()) {
        Section section;
        section.start = in.at();
        section.id = static_cast<SectionId>(in.u8());
        section.size = in.u32();
        section.content = in.at();
        in.skip(section.size);
        sections.push_back(section);
    }
    if (!in.ok()) return fail(in.take_error());
    return sections;
}

}  // namespace mortise::wasm
