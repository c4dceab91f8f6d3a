#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>
#include <mortise/module_info.hpp>

namespace mortise::engines::wasm_c_api {

/// What the added import is asked about growth.
enum class Grown : std::int32_t { memory = 0, table = 1 };

/// A module as a library gets it.
struct Prepared {
    Bytes wasm;

    /// What its imports are, in their order: positions among the imports as they were, or kAsksBeforeGrowth: a function
    /// (Grown, number of pages or elements) -> 1 where that is allowed, else 0.
    std::vector<std::size_t> imports;

    static constexpr std::size_t kAsksBeforeGrowth = SIZE_MAX;
};

/// Gives a module what the standard C API leaves out. Its exports are, in this order: what it exports itself, its own
/// memories, its own tables; all under names whose order is theirs, since the API hands exports out without names and some
/// libraries sort them. Its imports are functions, tables, memories, globals, in this order: that is how one library counts
/// them, whatever the order in the binary. Every memory.grow and table.grow is replaced by an added function that asks the
/// added import first.
/// Guests cannot call what is added: an index beyond the guest's own functions is refused. Custom sections are left out.
///
/// Errors: `malformed_module`; `unsupported` (too many functions).
Result<Prepared> prepare(BytesView wasm);

/// Where an export of `prepare` stands in what the instance hands out.
inline std::size_t memory_export(const ModuleInfo& info, std::size_t defined) noexcept {
    return info.exports.size() + defined;
}
inline std::size_t table_export(const ModuleInfo& info, std::size_t defined) noexcept {
    return info.exports.size() + info.memories.size() + defined;
}

}  // namespace mortise::engines::wasm_c_api
