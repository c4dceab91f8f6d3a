#include "wasm/block_finder.hpp"

#include <algorithm>

#include "base/checked.hpp"

namespace mortise::wasm {

void BlockFinder::begin(std::uint64_t start, std::uint64_t price) {
    stack_.clear();
    blocks_.clear();
    push(start, false);
    stack_.back().price = price;
}

BlockFinder::Status BlockFinder::take(const Instruction& instruction, std::uint64_t price, std::uint64_t next,
                                      std::span<const std::uint32_t> labels) {
    if (stack_.empty()) return Status::malformed;
    const auto opcode = instruction.opcode;
    switch (opcode) {
        // Their prices are not charged. A catch is entered like an else: not by running into it.
        case op::kElse:
        case op::kCatch:
        case op::kCatchAll: return finish_block(next);
        case op::kEnd:
        case op::kDelegate: return end_frame(next);
        default: break;
    }
    if (const auto charged = charge(price); charged != Status::ok) return charged;
    switch (opcode) {
        case op::kBlock:
        case op::kTry: push(stack_.back().start, false); return Status::ok;
        case op::kIf: push(next, false); return Status::ok;
        case op::kLoop: push(next, true); return Status::ok;
        case op::kTryTable: {
            // A caught exception leaves the frame like a branch; the labels count from outside of it.
            const auto outside = stack_.size() - 1;
            push(stack_.back().start, false);
            for (const auto label : labels)
                if (const auto aimed = aim(outside, label); aimed != Status::ok) return aimed;
            return Status::ok;
        }
        case op::kBr:
        case op::kBrIf:
        case op::kBrOnNull:
        case op::kBrOnNonNull:
        case op::kBrOnCast:
        case op::kBrOnCastFail: return branch(next, std::span(&instruction.index, 1));
        case op::kBrTable: return branch(next, labels);
        case op::kReturn:
        case op::kReturnCall:
        case op::kReturnCallIndirect:
        case op::kReturnCallRef: {
            const auto function = static_cast<std::uint32_t>(stack_.size() - 1);
            return branch(next, std::span(&function, 1));
        }
        default: return Status::ok;
    }
}

BlockFinder::Status BlockFinder::charge(std::uint64_t price) {
    const auto sum = base::checked_add(stack_.back().price, price);
    if (!sum) return Status::overflow;
    stack_.back().price = *sum;
    return Status::ok;
}

BlockFinder::Status BlockFinder::finish_block(std::uint64_t next) {
    auto& top = stack_.back();
    const Block block{top.start, top.price};
    top.start = next;
    top.price = 0;
    if (stack_.size() > 1) {
        auto& parent = stack_[stack_.size() - 2];
        if (parent.start == block.start) {
            const auto sum = base::checked_add(parent.price, block.price);
            if (!sum) return Status::overflow;
            parent.price = *sum;
            return Status::ok;
        }
    }
    if (block.price > 0) blocks_.push_back(block);
    return Status::ok;
}

BlockFinder::Status BlockFinder::end_frame(std::uint64_t next) {
    if (const auto finished = finish_block(next); finished != Status::ok) return finished;
    const auto lowest = stack_.back().lowest;
    stack_.pop_back();
    if (stack_.empty()) return Status::ok;
    auto& top = stack_.back();
    top.lowest = std::min(top.lowest, lowest);
    // A branch from inside may pass by what follows, which therefore is a block of its own.
    return lowest < stack_.size() ? finish_block(next) : Status::ok;
}

BlockFinder::Status BlockFinder::branch(std::uint64_t next, std::span<const std::uint32_t> labels) {
    if (const auto finished = finish_block(next); finished != Status::ok) return finished;
    const auto from = stack_.size() - 1;
    for (const auto label : labels)
        if (const auto aimed = aim(from, label); aimed != Status::ok) return aimed;
    return Status::ok;
}

BlockFinder::Status BlockFinder::aim(std::size_t from, std::uint32_t label) {
    if (label > from) return Status::malformed;
    const auto target = from - label;
    if (!stack_[target].is_loop) stack_.back().lowest = std::min(stack_.back().lowest, target);
    return Status::ok;
}

std::span<const Block> BlockFinder::blocks() {
    std::ranges::sort(blocks_, {}, &Block::start);
    return blocks_;
}

}  // namespace mortise::wasm
