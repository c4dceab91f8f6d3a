#pragma once

#include <string_view>

#include "wasm/cursor.hpp"
#include "wasm/instruction.hpp"
#include "wasm/module.hpp"

namespace mortise::wasm {

/// Reads one module, section by section, in one pass. Failures stick to the cursor (see there).
class ModuleReader {
public:
    ModuleReader(BytesView wasm, const LoadLimits& limits, Detail detail)
        : in_(wasm), wasm_(wasm), limits_(limits), detail_(detail) {}
    ModuleReader(const ModuleReader&) = delete;
    ModuleReader& operator=(const ModuleReader&) = delete;

    Result<ParsedModule> read();

private:
    void read_header();
    void read_section();
    void check_order(SectionId id, std::uint64_t at);
    void read_content(SectionId id);
    void check_whole();

    void read_types();
    void read_type_group();
    void read_subtype();
    void read_composite_type(std::uint8_t form);
    void read_function_type();
    void read_field_type();
    void read_value_types(std::vector<ValType>& out, std::string_view what);
    void read_imports();
    void read_import();
    void read_functions();
    void read_tables();
    void read_table();
    void read_memories();
    void read_tags();
    void read_globals();
    void read_exports();
    void read_start();
    void read_elements();
    void read_element_segment(std::uint64_t& total);
    void read_data_count();
    void read_data();
    void read_data_segment();
    void read_custom(std::uint64_t section_end);

    void read_bodies();
    void read_body();
    void read_locals();
    void read_instructions();
    void note_function_use(std::uint64_t at);
    void check_instruction(const Instruction& instruction);
    void read_constant_expression();
    void check_constant(const Instruction& instruction);

    SizeRange read_size_range(std::uint64_t most32, std::uint64_t most64);
    SizeRange read_memory_type();
    TableType read_table_type();
    GlobalType read_global_type();
    std::uint32_t read_function_type_index();
    void read_tag_type();

    /// A count of things of at least one byte each, checked against the bytes that are left.
    std::uint32_t read_count();
    /// A count that has a limit; `already` are there before.
    std::uint32_t read_count(std::string_view what, std::uint64_t limit, std::uint64_t already = 0);
    /// Refuses `value` where it is beyond `limit`.
    void check_limit(std::string_view what, std::uint64_t value, std::uint64_t limit);
    /// A name of an import or export.
    std::string_view read_limited_name();
    /// Fails if an index is not below `count`.
    void check_index(std::string_view what, std::uint64_t at, std::uint64_t index, std::uint64_t count);
    std::uint64_t count_of(ExternKind kind) const;

    Cursor in_;
    BytesView wasm_;
    const LoadLimits& limits_;
    Detail detail_;
    ParsedModule out_;
    FeatureSet features_;
    unsigned last_rank_ = 0;
    std::uint32_t imported_functions_ = 0, imported_tables_ = 0, imported_memories_ = 0, imported_globals_ = 0;
    std::uint64_t tags_ = 0;            // imported ones too
    std::vector<bool> mutable_global_;  // of each global, imported ones too
    std::optional<std::uint32_t> data_count_;
    std::uint64_t data_segments_ = 0;
    bool code_needs_data_count_ = false;
};

/// What custom sections tell; never fails.
std::vector<std::string> read_producers(BytesView content);
std::string read_module_name(BytesView content);

}  // namespace mortise::wasm
