#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/module_info.hpp>

#include "wasm/instruction.hpp"

namespace mortise::wasm {

/// Section numbers of the binary format.
enum class SectionId : std::uint8_t {
    custom = 0,
    type = 1,
    import = 2,
    function = 3,
    table = 4,
    memory = 5,
    global = 6,
    export_ = 7,
    start = 8,
    element = 9,
    code = 10,
    data = 11,
    data_count = 12,
    tag = 13,
};

std::string_view to_string(SectionId id) noexcept;

/// Where a section must stand among the others, which its number does not tell; custom sections stand anywhere.
unsigned section_rank(SectionId id) noexcept;

/// Where a section stands in the binary.
struct Section {
    SectionId id = SectionId::custom;
    std::uint64_t start = 0;    ///< of its number
    std::uint64_t content = 0;  ///< of what follows its size
    std::uint64_t size = 0;     ///< of the content
    FeatureSet features{};      ///< that it uses; only after `parse_module`

    std::uint64_t end() const noexcept { return content + size; }
};

/// Where a function's body stands: its locals and instructions, without the size before them.
struct BodyRange {
    std::uint64_t start = 0;
    std::uint64_t size = 0;
    std::uint64_t code = 0;  ///< offset of the first instruction
};

/// A module with what rewriters need beside the public description: offsets into the binary that it was read from.
struct ParsedModule {
    ModuleInfo info;
    std::vector<Section> sections;
    std::vector<BodyRange> bodies;  ///< one a defined function
    std::vector<bool> is_function;  ///< of each type: a struct or array has an empty entry in `info.types`

    /// Offsets of the function indices in the table, global and element sections, ascending; only if asked for.
    std::vector<std::uint64_t> function_uses;

    /// The section of that number; null if there is none. Not for custom ones.
    const Section* find(SectionId id) const noexcept;
};

/// What `parse_module` is to note beside what it always notes.
enum class Detail : std::uint8_t { none, function_uses };

/// Reads a module. Errors as `read_module`.
Result<ParsedModule> parse_module(BytesView wasm, const LoadLimits& limits = {}, Detail detail = Detail::none);

/// Limits that no module exceeds, to read again what was accepted before.
LoadLimits no_load_limits() noexcept;

/// The sections of a module that `read_module` accepted, without looking into them.
Result<std::vector<Section>> read_sections(BytesView wasm);

/// The functions' names from the name section. Owns its text. Empty where there is no name section, or one that cannot
/// be read: what stands before the damage is kept.
class FunctionNames {
public:
    FunctionNames() = default;
    FunctionNames(const ModuleInfo& info, BytesView wasm);

    /// The name of a function by its index in the module, imported ones first; empty if it has none. Valid as long as
    /// this.
    std::string_view function_name(std::uint32_t index) const noexcept;

    std::size_t size() const noexcept { return names_.size(); }

private:
    struct Name {
        std::uint32_t index;
        std::uint32_t size;
        std::size_t at;  ///< in text_
    };
    std::vector<Name> names_;  ///< by index
    std::string text_;
};

}  // namespace mortise::wasm
