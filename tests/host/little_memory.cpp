#include "little_memory.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local long pieces_left = -1;   // below 0: as many as there are

}  // namespace

void* operator new(std::size_t size) {
    if (pieces_left >= 0 && pieces_left-- == 0) throw std::bad_alloc();
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace mortise::testing {

LittleMemory::LittleMemory(long pieces) noexcept { pieces_left = pieces; }
LittleMemory::~LittleMemory() { pieces_left = -1; }

}  // namespace mortise::testing
