#include "support/little_memory.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local long pieces_left = -1;             // below 0: as many as there are
thread_local std::size_t largest = SIZE_MAX;

}  // namespace

void* operator new(std::size_t size) {
    if (size > largest || (pieces_left >= 0 && pieces_left-- == 0)) throw std::bad_alloc();
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace mortise::testing {

LittleMemory::LittleMemory(long pieces, std::size_t most) noexcept {
    pieces_left = pieces;
    largest = most;
}

LittleMemory::~LittleMemory() {
    pieces_left = -1;
    largest = SIZE_MAX;
}

}  // namespace mortise::testing
