#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mortise::abi::wasp {

/// The blocks that are freed when a call ends: each address once, with the size seen last.
class FreeSet {
public:
    struct Block {
        std::uint32_t address;
        std::uint32_t size;
    };

    /// Adds a block; address 0 is never one. False if there are `most` different ones already: a guest decides how many
    /// addresses it shows, and must not fill the host's memory with them.
    bool add(std::uint32_t address, std::uint32_t size, std::size_t most) {
        if (address == 0 || sealed_) return true;
        if (blocks_.size() >= compact_at_) {
            compact();
            if (blocks_.size() >= most) return false;
            compact_at_ = blocks_.size() + kRoom + blocks_.size();
        }
        blocks_.push_back({address, size});
        return true;
    }

    /// The blocks, each address once. From now on `add` adds nothing, since freeing runs the guest, which may show more
    /// addresses while the blocks are gone through. Valid until `clear`.
    std::span<const Block> seal() {
        if (blocks_.size() > 1) compact();
        sealed_ = true;
        return blocks_;
    }

    bool empty() const noexcept { return blocks_.empty(); }

    /// Forgets all; keeps room for a usual call.
    void clear();

private:
    static constexpr std::size_t kRoom = 64;

    void compact();

    std::vector<Block> blocks_;   // in the order of `add`, an address maybe more than once
    std::size_t compact_at_ = kRoom;
    bool sealed_ = false;
};

}  // namespace mortise::abi::wasp
