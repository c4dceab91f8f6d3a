#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "wasm/instruction.hpp"

namespace mortise::wasm {

/// A run of code that is paid for at once, where it begins.
struct Block {
    std::uint64_t start = 0;  ///< position of its first instruction
    std::uint64_t price = 0;  ///< never 0
    friend bool operator==(const Block&, const Block&) = default;
};

/// Splits a function's body into blocks such that whoever enters one pays for all that it may run without a branch: the
/// algorithm of paritytech/wasm-instrument 0.4.0, to the bit. A block may reach past the end of an inner `if` or
/// `block` that no branch leaves, so that it is paid in fewer places. Positions are the caller's: byte offsets, or
/// instruction numbers.
class BlockFinder {
public:
    enum class Status : std::uint8_t {
        ok,
        overflow,   ///< a price beyond 64 bits
        malformed,  ///< a label that is not there, or an end too many
    };

    /// Begins a function: `start` is the position of its first instruction, `price` what entering it costs beside that.
    void begin(std::uint64_t start, std::uint64_t price);

    /// Takes the next instruction: its price, the position after it, and the labels that it may branch to beside
    /// `instruction.index` (of br_table, the default included; of try_table, those of its catches).
    Status take(const Instruction& instruction, std::uint64_t price, std::uint64_t next,
                std::span<const std::uint32_t> labels);

    /// True once the function's own `end` was taken.
    bool ended() const noexcept { return stack_.empty(); }

    /// The blocks by ascending start, no two with the same one. Valid until the next `begin`.
    std::span<const Block> blocks();

private:
    struct Frame {
        std::size_t lowest;  ///< the outermost frame that a branch from inside may leave to
        std::uint64_t start;
        std::uint64_t price;
        bool is_loop;
    };

    void push(std::uint64_t start, bool is_loop) { stack_.push_back({stack_.size(), start, 0, is_loop}); }
    Status charge(std::uint64_t price);
    Status finish_block(std::uint64_t next);
    Status end_frame(std::uint64_t next);
    Status branch(std::uint64_t next, std::span<const std::uint32_t> labels);
    /// Lets the innermost frame branch to the label counted from frame `from`.
    Status aim(std::size_t from, std::uint32_t label);

    std::vector<Frame> stack_;
    std::vector<Block> blocks_;
};

}  // namespace mortise::wasm
