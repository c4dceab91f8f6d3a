#pragma once

#include <span>
#include <vector>

#include "wasm/block_finder.hpp"
#include "wasm/metering.hpp"
#include "wasm/module.hpp"
#include "wasm/rewriter.hpp"

namespace mortise::wasm {

/// What is put into bodies: the difference between the two kinds of metering.
class Inserter {
public:
    virtual ~Inserter() = default;

    /// Writes what pays a block; nothing remains on the stack.
    virtual void charge(Writer& out, std::uint64_t price) const = 0;

    /// Writes what stands at a function's entry and at a loop's head, after the charge.
    virtual void check(Writer& out) const = 0;
    virtual bool has_checks() const = 0;
};

/// How indices and memory.grow change.
struct CodeChanges {
    std::uint32_t first_shifted = UINT32_MAX;  ///< functions from there on move up by one
    bool replace_grow = false;
    std::uint32_t first_grow = 0;  ///< index of the first function that replaces a memory.grow

    std::uint32_t function(std::uint32_t index) const noexcept { return index >= first_shifted ? index + 1 : index; }
};

/// Meters one function body after another.
class BodyMeter {
public:
    BodyMeter(BytesView wasm, const GasRules& rules, const CodeChanges& changes, const Inserter& inserter)
        : wasm_(wasm), rules_(rules), changes_(changes), inserter_(inserter) {}
    BodyMeter(const BodyMeter&) = delete;
    BodyMeter& operator=(const BodyMeter&) = delete;

    /// Appends the metered body to a code section, its size before it.
    Result<void> add(const BodyRange& body, Writer& code);

    /// The memories that a replaced memory.grow was seen for; the one of the nth is grown by function `first_grow` + n.
    std::span<const std::uint32_t> grown_memories() const noexcept { return grown_; }

private:
    enum class Change : std::uint8_t { call, ref_func, grow, check };
    struct Edit {
        std::uint64_t at;
        std::uint64_t length;  ///< of what is replaced
        Change change;
        Opcode opcode;
        std::uint32_t index;
    };

    Result<void> scan(const BodyRange& body);
    Result<std::uint64_t> price_of(const Instruction& instruction) const;
    void read_labels(const Instruction& instruction);
    void note_edit(const Instruction& instruction, std::uint64_t next);
    std::uint32_t grow_function(std::uint32_t memory);
    void write_edit(const Edit& edit, Writer& out) const;
    Result<void> splice(const BodyRange& body);

    BytesView wasm_;
    const GasRules& rules_;
    const CodeChanges& changes_;
    const Inserter& inserter_;
    BlockFinder finder_;
    std::vector<std::uint32_t> labels_;
    std::vector<Edit> edits_;  ///< ascending
    std::vector<std::uint32_t> grown_;
    Writer body_;
};

/// The sum of the declared locals of a body.
std::uint64_t count_locals(BytesView wasm, const BodyRange& body);

}  // namespace mortise::wasm
