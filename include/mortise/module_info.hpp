#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>
#include <mortise/limits.hpp>

namespace mortise {

/// A Wasm value type, as far as mortise tells them apart.
enum class ValType : std::uint8_t { i32, i64, f32, f64, v128, funcref, externref, other };

/// The spelling of the text format, e.g. `i32`.
MORTISE_API std::string_view to_string(ValType type) noexcept;

/// The type of a function.
struct FunctionType {
    std::vector<ValType> params;
    std::vector<ValType> results;
    friend bool operator==(const FunctionType&, const FunctionType&) = default;
};

/// As the text format has it, e.g. `(i32 i32) -> i32`, `() -> ()`.
MORTISE_API std::string to_string(const FunctionType& type);

/// Minimum and maximum of a memory in pages of 64 KiB (or of a table in elements).
struct SizeRange {
    std::uint64_t minimum = 0;
    std::optional<std::uint64_t> maximum;
    bool is64 = false;    ///< memory64 or table64
    bool shared = false;  ///< a shared memory
};

enum class ExternKind : std::uint8_t { function, table, memory, global, tag };
/// `function`, `table`, `memory`, `global`, `tag`.
MORTISE_API std::string_view to_string(ExternKind kind) noexcept;

struct TableType {
    ValType element = ValType::funcref;
    SizeRange size;
};

struct GlobalType {
    ValType type = ValType::i32;
    bool is_mutable = false;
};

/// One import. Of `function`, `table`, `memory` and `global` the one that `kind` names is meaningful.
struct Import {
    std::string module;
    std::string name;
    ExternKind kind = ExternKind::function;
    FunctionType function;
    TableType table;
    SizeRange memory;
    GlobalType global;
};

/// One export; `index` counts imported ones first, as in the binary.
struct Export {
    std::string name;
    ExternKind kind = ExternKind::function;
    std::uint32_t index = 0;
};

/// A custom section: its name and where its content stands in the binary.
struct CustomSection {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// A proposal beyond the first version of Wasm that the module's bytes use.
enum class Feature : std::uint8_t {
    mutable_globals, sign_extension, saturating_conversions, multi_value, bulk_memory, reference_types, simd, relaxed_simd,
    threads, tail_calls, multi_memory, memory64, exceptions, extended_const, gc, function_references,
};
/// The proposal's usual name.
MORTISE_API std::string_view to_string(Feature feature) noexcept;

/// What a module says about itself, read without running or compiling it. A value; owns all its text.
struct MORTISE_API ModuleInfo {
    std::vector<FunctionType> types;
    std::vector<Import> imports;                 ///< in the binary's order, all kinds
    std::vector<std::uint32_t> functions;        ///< type index of each defined function
    std::vector<TableType> tables;               ///< defined ones
    std::vector<SizeRange> memories;             ///< defined ones
    std::vector<GlobalType> globals;             ///< defined ones
    std::vector<Export> exports;
    std::optional<std::uint32_t> start;          ///< function index of the start section
    std::vector<CustomSection> custom_sections;
    std::vector<std::string> producers;          ///< "field: name version", from the producers section where it is readable
    std::string name;                            ///< module name of the name section
    std::vector<Feature> features;               ///< sorted
    std::uint64_t data_bytes = 0;                ///< of all data segments
    std::uint64_t code_bytes = 0;                ///< of all function bodies

    /// Number of imported functions, memories, ... : where the index space of the defined ones begins.
    std::uint32_t imported(ExternKind kind) const noexcept;

    /// The type of a function by its index in the module, imported ones first; null if there is none.
    const FunctionType* function_type(std::uint32_t index) const noexcept;

    /// An export by name; null if there is none.
    const Export* find_export(std::string_view name) const noexcept;

    /// The type of an exported function; null if there is no such export or it is no function.
    const FunctionType* exported_function(std::string_view name) const noexcept;

    /// True if any import comes from this module name.
    bool imports_from(std::string_view module) const noexcept;

    /// The sum of the minima of all its memories, in bytes; saturates.
    std::uint64_t minimum_memory_bytes() const noexcept;
};

/// Reads a binary module's description. Errors: `malformed_module` (with the offset), `unsupported` (a component, or beyond
/// a limit, naming it).
MORTISE_API Result<ModuleInfo> read_module(BytesView wasm, const LoadLimits& limits = {});

}  // namespace mortise
