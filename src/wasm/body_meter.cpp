#include "wasm/body_meter.hpp"

#include <algorithm>

#include "base/checked.hpp"
#include "base/text.hpp"

namespace mortise::wasm {
namespace {

std::unexpected<Error> overflow() { return fail(ErrorCode::instrumentation_failed, "a price beyond 64 bits"); }

}  // namespace

std::uint64_t count_locals(BytesView wasm, const BodyRange& body) {
    Cursor in(wasm, body.start, body.size);
    FeatureSet ignored;
    std::uint64_t locals = 0;
    const auto runs = in.u32();
    for (std::uint32_t i = 0; i < runs && in.ok(); ++i) {
        locals += in.u32();
        read_value_type(in, ignored);
    }
    return locals;
}

Result<void> BodyMeter::add(const BodyRange& body, Writer& code) {
    if (auto scanned = scan(body); !scanned) return scanned;
    if (auto spliced = splice(body); !spliced) return spliced;
    code.sized(body_.view());
    return {};
}

Result<void> BodyMeter::scan(const BodyRange& body) {
    edits_.clear();
    const auto locals = rules_.per_local != 0 ? count_locals(wasm_, body) : 0;
    const auto entry = base::checked_mul(locals, rules_.per_local);
    if (!entry) return overflow();
    finder_.begin(body.code, *entry);
    if (inserter_.has_checks()) edits_.push_back({body.code, 0, Change::check, 0, 0});

    Cursor in(wasm_, body.code, body.start + body.size - body.code);
    Instruction instruction;
    FeatureSet ignored;
    while (!in.done()) {
        decode_instruction(in, instruction, ignored);
        if (!in.ok()) return fail(in.take_error());
        const auto price = price_of(instruction);
        if (!price) return fail(price.error());
        read_labels(instruction);
        switch (finder_.take(instruction, *price, in.at(), labels_)) {
            case BlockFinder::Status::ok: break;
            case BlockFinder::Status::overflow: return overflow();
            case BlockFinder::Status::malformed:
                return fail(ErrorCode::malformed_module,
                            base::concat("no such label (at offset ", base::hex(instruction.at), ")"));
        }
        note_edit(instruction, in.at());
    }
    return {};
}

Result<std::uint64_t> BodyMeter::price_of(const Instruction& instruction) const {
    const auto price = rules_.prices[instruction.opcode];
    if (price == PriceTable::kRefused)
        return fail(ErrorCode::instrumentation_failed, base::concat("no price for ", opcode_name(instruction.opcode),
                                                                    " (at offset ", base::hex(instruction.at), ")"));
    if (instruction.opcode != op::kBrTable) return price;
    const auto targets = base::checked_mul(rules_.per_target, std::uint64_t{instruction.index});
    const auto sum = targets ? base::checked_add(price, *targets) : std::nullopt;
    if (!sum) return overflow();
    return *sum;
}

void BodyMeter::read_labels(const Instruction& instruction) {
    labels_.clear();
    if (instruction.opcode != op::kBrTable && instruction.opcode != op::kTryTable) return;
    Cursor in(wasm_, instruction.targets_at, wasm_.size() - instruction.targets_at);
    if (instruction.opcode == op::kBrTable) {
        for (std::uint64_t i = 0; i <= instruction.index; ++i) labels_.push_back(in.u32());
        return;
    }
    for (std::uint32_t i = 0; i < instruction.index; ++i) {
        if (in.u8() < 2) in.u32();  // the tag
        labels_.push_back(in.u32());
    }
}

void BodyMeter::note_edit(const Instruction& instruction, std::uint64_t next) {
    const auto length = next - instruction.at;
    switch (instruction.opcode) {
        case op::kCall:
        case op::kReturnCall:
        case op::kRefFunc:
            if (changes_.function(instruction.index) != instruction.index)
                edits_.push_back(
                    {instruction.at, length, Change::call, instruction.opcode, changes_.function(instruction.index)});
            return;
        case op::kMemoryGrow:
            if (changes_.replace_grow)
                edits_.push_back({instruction.at, length, Change::grow, op::kCall, grow_function(instruction.index)});
            return;
        case op::kLoop:
            if (inserter_.has_checks()) edits_.push_back({next, 0, Change::check, 0, 0});
            return;
        default: return;
    }
}

std::uint32_t BodyMeter::grow_function(std::uint32_t memory) {
    const auto found = std::ranges::find(grown_, memory);
    const auto number = static_cast<std::uint32_t>(found - grown_.begin());
    if (found == grown_.end()) grown_.push_back(memory);
    return changes_.first_grow + number;
}

void BodyMeter::write_edit(const Edit& edit, Writer& out) const {
    if (edit.change == Change::check) return inserter_.check(out);
    out.opcode(edit.opcode);
    out.u32(edit.index);
}

Result<void> BodyMeter::splice(const BodyRange& body) {
    body_.clear();
    Splicer splicer(wasm_, body.start, body.start + body.size, body_);
    auto edit = edits_.cbegin();
    // What stands before an instruction comes in the order charge, check; a replaced instruction after both.
    const auto write_edits_before = [&](std::uint64_t position) {
        for (; edit != edits_.cend() && edit->at < position; ++edit) {
            write_edit(*edit, splicer.copy_to(edit->at));
            splicer.skip(edit->length);
        }
    };
    // A counter that is compared as a signed number must not wrap between two checks.
    std::uint64_t room = inserter_.has_checks() ? INT64_MAX / 2 : UINT64_MAX;
    for (const auto& block : finder_.blocks()) {
        const auto price = base::checked_add(block.price, rules_.block_constant);
        if (!price || *price > room) return overflow();
        if (inserter_.has_checks()) room -= *price;
        write_edits_before(block.start);
        inserter_.charge(splicer.copy_to(block.start), *price);
    }
    write_edits_before(UINT64_MAX);
    splicer.finish();
    if (body_.size() > UINT32_MAX) return fail(ErrorCode::instrumentation_failed, "a function becomes too long");
    return {};
}

}  // namespace mortise::wasm
