#include "wasm/block_finder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aspect_rules.hpp"
#include "module_builder.hpp"

namespace mortise::wasm {
namespace {

using testing::hex;

/// The blocks of a body without locals, by the numbers of its instructions.
std::vector<Block> blocks_of(const char* code, const PriceTable& prices) {
    const auto bytes = hex(code);
    Cursor in(bytes);
    BlockFinder finder;
    finder.begin(0, 0);
    Instruction instruction;
    FeatureSet features;
    for (std::uint64_t number = 0; !in.done(); ++number) {
        decode_instruction(in, instruction, features);
        if (!in.ok()) throw std::invalid_argument(in.take_error().message());
        std::vector<std::uint32_t> labels;
        if (instruction.opcode == op::kBrTable) {
            Cursor targets(bytes, instruction.targets_at, bytes.size() - instruction.targets_at);
            for (std::uint32_t i = 0; i <= instruction.index; ++i) labels.push_back(targets.u32());
        }
        if (instruction.opcode == op::kTryTable) {
            Cursor targets(bytes, instruction.targets_at, bytes.size() - instruction.targets_at);
            for (std::uint32_t i = 0; i < instruction.index; ++i) {
                if (targets.u8() < 2) targets.u32();
                labels.push_back(targets.u32());
            }
        }
        const auto status = finder.take(instruction, prices[instruction.opcode], number + 1, labels);
        if (status != BlockFinder::Status::ok) throw std::invalid_argument("not taken");
    }
    EXPECT_TRUE(finder.ended());
    const auto blocks = finder.blocks();
    return {blocks.begin(), blocks.end()};
}

struct BodyCase {
    const char* name;
    const char* code;
    std::vector<Block> blocks;
};

void PrintTo(const BodyCase& c, std::ostream* out) { *out << c.name; }

class AspectPrices : public ::testing::TestWithParam<BodyCase> {};

TEST_P(AspectPrices, Body_is_split_as_the_reference_does) {
    EXPECT_EQ(blocks_of(GetParam().code, testing::aspect_rules().prices), GetParam().blocks);
}

// The worked examples of the aspect ABI's description, section 5.6.
INSTANTIATE_TEST_SUITE_P(
    WorkedExamples, AspectPrices,
    ::testing::Values(BodyCase{"straight", "20 00 41 02 6c 0b", {{0, 150}}},
                      BodyCase{"if_else", "20 00 04 40 41 01 21 00 05 01 0b 20 00 1a 0b", {{0, 330}, {2, 90}, {5, 10}}},
                      BodyCase{"if_return", "20 00 04 40 0f 0b 41 01 1a 0b", {{0, 190}, {2, 100}, {4, 110}}},
                      BodyCase{"counting_loop",
                               "02 40 03 40 20 00 45 0d 01 20 00 41 01 6b 21 00 0c 00 0b 0b 0b",
                               {{0, 300}, {2, 203}, {5, 360}}},
                      BodyCase{"block_br_if", "02 40 20 00 0d 00 41 01 1a 0b 41 01 1a 0b", {{0, 450}, {3, 110}}},
                      BodyCase{"memory_grow", "41 01 40 00 1a 0b", {{0, 435110}}}),
    [](const auto& row) { return std::string(row.param.name); });

class UnitPrices : public ::testing::TestWithParam<BodyCase> {};

TEST_P(UnitPrices, Body_is_split_where_control_may_split) {
    EXPECT_EQ(blocks_of(GetParam().code, PriceTable::uniform(1)), GetParam().blocks);
}

// Each worked out by hand from the table of section 5.6.
INSTANTIATE_TEST_SUITE_P(
    ByHand, UnitPrices,
    ::testing::Values(
        BodyCase{"empty_body", "0b", {}}, BodyCase{"empty_loop", "03 40 0b 0b", {{0, 1}}},
        // The tail after an inner block that a br to the outermost leaves is a block of its own; so is what follows the
        // outer one not, because every way leads there.
        BodyCase{"branch_past_an_inner_block", "02 40 02 40 20 00 0d 01 01 0b 01 0b 01 0b", {{0, 5}, {4, 1}, {6, 1}}},
        // Code after an unconditional branch is paid for as well.
        BodyCase{"dead_code", "02 40 0c 00 01 01 0b 0b", {{0, 2}, {2, 2}}},
        BodyCase{"unreachable_does_not_end_a_block", "00 01 01 0b", {{0, 3}}},
        BodyCase{"call_does_not_end_a_block", "10 00 10 00 0b", {{0, 2}}},
        // A branch to a loop's head goes back, so the code after the loop is always reached.
        BodyCase{"backward_branch", "03 40 20 00 0d 00 0b 01 0b", {{0, 2}, {1, 2}}},
        BodyCase{
            "return_in_a_loop", "03 40 20 00 04 40 0f 0b 0c 00 0b 01 0b", {{0, 1}, {1, 2}, {3, 1}, {5, 1}, {7, 1}}},
        BodyCase{"br_table_to_all", "02 40 02 40 20 00 0e 02 00 01 00 0b 01 0b 01 0b", {{0, 5}, {5, 1}}},
        BodyCase{"br_table_default_alone_leaves", "02 40 02 40 20 00 0e 00 01 0b 01 0b 01 0b", {{0, 5}, {5, 1}}},
        BodyCase{
            "if_without_else_that_branches_out", "02 40 20 00 04 40 0c 01 0b 01 0b 01 0b", {{0, 4}, {3, 1}, {5, 1}}},
        BodyCase{"br_to_the_function", "02 40 20 00 0d 01 01 0b 01 0b", {{0, 3}, {3, 1}, {5, 1}}},
        BodyCase{"else_alone", "20 00 04 40 05 01 0b 0b", {{0, 2}, {3, 1}}},
        // Not of the reference: it has neither tail calls nor exceptions.
        BodyCase{"tail_call_is_a_return", "20 00 04 40 12 00 0b 01 0b", {{0, 2}, {2, 1}, {4, 1}}},
        BodyCase{"legacy_catch_is_entered_apart", "06 40 10 00 07 00 01 19 01 01 0b 01 0b", {{0, 3}, {3, 1}, {5, 2}}},
        BodyCase{"delegate_is_an_end", "06 40 10 00 18 00 01 0b", {{0, 3}}},
        BodyCase{"catch_to_an_outer_block",
                 "02 40 02 40 1f 40 01 02 01 10 00 0b 01 0b 01 0b 01 0b",
                 {{0, 5}, {5, 1}, {7, 1}}},
        BodyCase{"br_on_null_branches", "02 40 d0 70 d5 00 1a 01 0b 01 0b", {{0, 4}, {3, 2}}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(BlockFinder, Price_of_entering_counts_in_the_first_block) {
    BlockFinder finder;
    finder.begin(7, 30);
    Instruction end;
    end.opcode = op::kEnd;
    ASSERT_EQ(finder.take(end, 5, 8, {}), BlockFinder::Status::ok);
    EXPECT_THAT(finder.blocks(), ::testing::ElementsAre(Block{7, 30}));
}

TEST(BlockFinder, Sum_beyond_64_bits_is_an_overflow) {
    BlockFinder finder;
    Instruction nop;
    nop.opcode = op::kNop;
    finder.begin(0, 1);
    EXPECT_EQ(finder.take(nop, UINT64_MAX - 1, 1, {}), BlockFinder::Status::ok);
    EXPECT_EQ(finder.take(nop, 1, 2, {}), BlockFinder::Status::overflow);
}

TEST(BlockFinder, Sum_with_the_enclosing_block_beyond_64_bits_is_an_overflow) {
    BlockFinder finder;
    Instruction block, nop, end;
    block.opcode = op::kBlock;
    nop.opcode = op::kNop;
    end.opcode = op::kEnd;
    finder.begin(0, 1);
    EXPECT_EQ(finder.take(block, 0, 1, {}), BlockFinder::Status::ok);
    EXPECT_EQ(finder.take(nop, UINT64_MAX, 2, {}), BlockFinder::Status::ok);
    EXPECT_EQ(finder.take(end, 0, 3, {}), BlockFinder::Status::overflow);
}

TEST(BlockFinder, Wrong_labels_and_ends_are_malformed) {
    BlockFinder finder;
    Instruction br, end;
    br.opcode = op::kBr;
    br.index = 1;
    end.opcode = op::kEnd;
    finder.begin(0, 0);
    EXPECT_EQ(finder.take(br, 1, 1, {}), BlockFinder::Status::malformed);
    finder.begin(0, 0);
    EXPECT_EQ(finder.take(end, 1, 1, {}), BlockFinder::Status::ok);
    EXPECT_EQ(finder.take(end, 1, 2, {}), BlockFinder::Status::malformed);
}

}  // namespace
}  // namespace mortise::wasm
