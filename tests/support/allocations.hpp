#pragma once

#include <cstdint>

namespace mortise::testing {

/// False where allocations are not counted: under sanitizers, which have an allocator of their own, and outside glibc.
bool counts_allocations() noexcept;

/// Calls of malloc and its relatives by this thread so far, of all code in the process, engines included. Programs that
/// use it take allocations.cpp among their sources.
std::uint64_t allocations() noexcept;

}  // namespace mortise::testing
