// The program's own malloc, which counts: it stands before the C library's for everything in the process.

#include "support/allocations.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdlib>

namespace {
thread_local std::uint64_t count = 0;
}

#if defined(__GLIBC__) && !defined(MORTISE_SANITIZED)

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) { return ++count, __libc_malloc(size); }
void* calloc(std::size_t items, std::size_t size) { return ++count, __libc_calloc(items, size); }
void* realloc(void* old, std::size_t size) { return ++count, __libc_realloc(old, size); }
void* memalign(std::size_t alignment, std::size_t size) { return ++count, __libc_memalign(alignment, size); }
void* aligned_alloc(std::size_t alignment, std::size_t size) { return ++count, __libc_memalign(alignment, size); }
int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
    ++count;
    *out = __libc_memalign(alignment, size);
    return *out == nullptr ? ENOMEM : 0;
}
}

namespace mortise::testing {
bool counts_allocations() noexcept { return true; }
}  // namespace mortise::testing

#else

namespace mortise::testing {
bool counts_allocations() noexcept { return false; }
}  // namespace mortise::testing

#endif

namespace mortise::testing {
std::uint64_t allocations() noexcept { return count; }
}  // namespace mortise::testing
