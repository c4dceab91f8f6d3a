#pragma once

#include <cstdint>

#include <mortise/error.hpp>
#include <mortise/module_info.hpp>

#include "engine/store.hpp"

namespace mortise::engine {

/// Whether a store still has room for a module, asked before an engine makes an instance of it: numbers of instances,
/// memories and tables, and the sizes with which they begin. What engines share of limits; growth is each engine's own.
class Admission {
public:
    explicit Admission(const StoreLimits& limits) noexcept : limits_(limits) {}

    /// Counts the module in if it fits beside what is used now. Errors: `memory_limit`, naming limit and wish.
    Result<void> admit(const ModuleInfo& info, std::uint64_t memory_bytes_used, std::uint64_t table_elements_used);

private:
    const StoreLimits limits_;
    std::uint64_t memories_ = 0;
    std::uint64_t tables_ = 0;
    std::uint64_t instances_ = 0;
};

}  // namespace mortise::engine
