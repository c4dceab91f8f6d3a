#pragma once

#include <cstddef>
#include <cstdint>

namespace mortise::testing {

/// While it lives, this thread's `operator new` refuses what it is made for. Programs that use it take little_memory.cpp among their
/// sources.
class LittleMemory {
public:
    /// Refuses the piece after so many, once.
    static LittleMemory after(long pieces) noexcept { return LittleMemory(pieces, SIZE_MAX); }
    /// Refuses every piece that is larger.
    static LittleMemory in_pieces_of(std::size_t most) noexcept { return LittleMemory(-1, most); }

    ~LittleMemory();
    LittleMemory(const LittleMemory&) = delete;
    LittleMemory& operator=(const LittleMemory&) = delete;

private:
    LittleMemory(long pieces, std::size_t most) noexcept;
};

}  // namespace mortise::testing
