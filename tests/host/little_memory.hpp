#pragma once

namespace mortise::testing {

/// While it lives this thread gets so many pieces of memory from `operator new`; the next one is refused, once.
class LittleMemory {
public:
    explicit LittleMemory(long pieces) noexcept;
    ~LittleMemory();
    LittleMemory(const LittleMemory&) = delete;
    LittleMemory& operator=(const LittleMemory&) = delete;
};

}  // namespace mortise::testing
