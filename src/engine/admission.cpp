#include "engine/admission.hpp"

#include <string_view>

#include "base/text.hpp"

namespace mortise::engine {
namespace {

constexpr std::uint64_t kPage = 65'536;

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) noexcept {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/// Bytes of the memories that the module defines; imported ones are counted where they are defined.
std::uint64_t defined_memory_bytes(const ModuleInfo& info) noexcept {
    std::uint64_t bytes = 0;
    for (const SizeRange& memory : info.memories) {
        bytes = saturating_add(bytes, memory.minimum > UINT64_MAX / kPage ? UINT64_MAX : memory.minimum * kPage);
    }
    return bytes;
}

std::uint64_t defined_table_elements(const ModuleInfo& info) noexcept {
    std::uint64_t elements = 0;
    for (const TableType& table : info.tables) elements = saturating_add(elements, table.size.minimum);
    return elements;
}

std::unexpected<Error> too_many(std::string_view what, std::uint64_t wanted, std::uint64_t limit) {
    return fail(ErrorCode::memory_limit,
                base::concat("the sandbox would have ", wanted, " ", what, ", its limit is ", limit));
}

}  // namespace

Result<void> Admission::admit(const ModuleInfo& info, std::uint64_t memory_bytes_used,
                              std::uint64_t table_elements_used) {
    const std::uint64_t memories = memories_ + info.memories.size();
    const std::uint64_t tables = tables_ + info.tables.size();
    const std::uint64_t bytes = saturating_add(memory_bytes_used, defined_memory_bytes(info));
    const std::uint64_t elements = saturating_add(table_elements_used, defined_table_elements(info));
    if (instances_ + 1 > limits_.instances) return too_many("instances", instances_ + 1, limits_.instances);
    if (memories > limits_.memories) return too_many("memories", memories, limits_.memories);
    if (tables > limits_.tables) return too_many("tables", tables, limits_.tables);
    if (bytes > limits_.memory_bytes) return too_many("bytes of memory at the start", bytes, limits_.memory_bytes);
    if (elements > limits_.table_elements)
        return too_many("table elements at the start", elements, limits_.table_elements);
    instances_ += 1;
    memories_ = memories;
    tables_ = tables;
    return {};
}

}  // namespace mortise::engine
