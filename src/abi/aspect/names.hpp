#pragma once

#include <string_view>

namespace mortise::abi::aspect {

inline constexpr std::string_view kStartExport = "__aspect_start__";
inline constexpr std::string_view kCounterExport = "__gas_counter__";
inline constexpr std::string_view kAllocate = "allocate";
inline constexpr std::string_view kMemory = "memory";

}  // namespace mortise::abi::aspect
