#include "abi/wasp/free_set.hpp"

#include <algorithm>

namespace mortise::abi::wasp {

void FreeSet::clear() {
    blocks_.clear();
    compact_at_ = kRoom;
    sealed_ = false;
    if (blocks_.capacity() > 16 * kRoom) blocks_.shrink_to_fit();
}

void FreeSet::compact() {
    if (blocks_.size() == 2) {
        if (blocks_[0].address == blocks_[1].address) blocks_.erase(blocks_.begin());
        return;
    }
    if (blocks_.size() <= 8) {   // a usual call: no sorting
        std::size_t kept = 0;
        for (std::size_t i = 0; i < blocks_.size(); ++i) {
            const auto same = std::find_if(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(kept),
                                           [&](const Block& block) { return block.address == blocks_[i].address; });
            if (same != blocks_.begin() + static_cast<std::ptrdiff_t>(kept)) same->size = blocks_[i].size;
            else blocks_[kept++] = blocks_[i];
        }
        blocks_.resize(kept);
        return;
    }
    std::stable_sort(blocks_.begin(), blocks_.end(), [](const Block& a, const Block& b) { return a.address < b.address; });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        const bool last = i + 1 == blocks_.size() || blocks_[i + 1].address != blocks_[i].address;
        if (last) blocks_[kept++] = blocks_[i];
    }
    blocks_.resize(kept);
}

}  // namespace mortise::abi::wasp
