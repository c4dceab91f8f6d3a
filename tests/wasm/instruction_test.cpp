#include "wasm/instruction.hpp"

#include <array>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "module_builder.hpp"
#include "support/matchers.hpp"

namespace mortise::wasm {
namespace {

using mortise::testing::FailsWith;
using mortise::testing::IsOk;
using testing::fixture;
using testing::hex;
using testing::join;

/// The instructions of the text, one name each, in order.
std::vector<std::string> names_in_text(std::string_view wat) {
    std::vector<std::string> names;
    std::istringstream lines{std::string(wat.substr(wat.find("(func (type 0)")))};
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string first, word, last;
        words >> first;
        while (words >> word) last = word;
        if (first == "))") break;
        names.push_back(first);
        if (last == "end") names.push_back(last);
    }
    names.emplace_back("end");  // the function's own
    return names;
}

TEST(Instructions, Every_instruction_of_the_assembler_is_decoded_under_its_name) {
    const auto wasm = fixture("all_instructions.wasm");
    const auto text = fixture("all_instructions.wat");
    const auto parsed = parse_module(wasm);
    ASSERT_THAT(parsed, IsOk());
    const auto& body = parsed->bodies.at(0);
    Cursor in(wasm, body.code, body.start + body.size - body.code);
    std::vector<std::string> names;
    Instruction instruction;
    FeatureSet features;
    while (!in.done()) {
        decode_instruction(in, instruction, features);
        ASSERT_TRUE(in.ok()) << in.take_error().message();
        auto name = opcode_name(instruction.opcode);
        // The assembler's version spells these two without the word.
        if (const auto at = name.find("relaxed_dot"); at != std::string::npos) name.erase(at, 8);
        names.push_back(name);
    }
    EXPECT_EQ(names, names_in_text(text_of(text)));
    EXPECT_GT(names.size(), 500u);
}

TEST(Instructions, Every_known_opcode_has_a_name_and_no_other) {
    for (const Opcode prefix : {0x00u, 0xFBu, 0xFCu, 0xFDu, 0xFEu}) {
        for (Opcode number = 0; number < (prefix == 0 ? 0x100u : 0x200u); ++number) {
            const auto opcode = prefix << 16 | number;
            const auto immediates = opcode_info(opcode).immediates;
            const bool named = !opcode_name(opcode).starts_with("0x");
            EXPECT_EQ(named, immediates != Immediates::unknown && immediates != Immediates::prefix)
                << std::hex << opcode;
        }
    }
}

struct CodeCase {
    const char* name;
    const char* code;  ///< instructions without the last end
    std::optional<Feature> feature;
};

class NewInstruction : public ::testing::TestWithParam<CodeCase> {};

TEST_P(NewInstruction, Instruction_is_decoded_and_its_feature_noted) {
    const auto& c = GetParam();
    const auto info = read_module(testing::module_of_body(join({hex("00"), hex(c.code), hex("0b")})));
    ASSERT_THAT(info, IsOk());
    auto features = info->features;
    std::erase(features, Feature::bulk_memory);  // the data count section of the frame
    if (c.feature)
        EXPECT_THAT(features, ::testing::Contains(*c.feature));
    else
        EXPECT_THAT(features, ::testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Cases, NewInstruction,
    ::testing::Values(
        CodeCase{"nothing", "", {}}, CodeCase{"call_indirect", "11 00 00", {}},
        CodeCase{"call_indirect_padded", "11 00 80 80 80 80 00", Feature::reference_types},
        CodeCase{"block_of_one_result", "02 7f 0b", {}}, CodeCase{"block_of_a_type", "02 00 0b", Feature::multi_value},
        CodeCase{"block_of_v128", "02 7b 0b", Feature::simd},
        CodeCase{"block_of_a_reference", "02 64 00 0b", Feature::function_references},
        CodeCase{"memory_size", "3f 00", {}}, CodeCase{"memory_size_padded", "3f 80 00", Feature::multi_memory},
        CodeCase{"load_of_a_named_memory", "28 42 00 00", Feature::multi_memory},
        CodeCase{"load_with_an_offset_of_64_bits", "28 02 ff ff ff ff ff ff ff ff ff 01", {}},
        CodeCase{"throw_ref", "0a", Feature::exceptions},
        CodeCase{"try_table", "1f 40 04 00 00 00 01 00 00 02 00 03 00 0b", Feature::exceptions},
        CodeCase{"delegate_to_the_caller", "06 40 18 00", Feature::exceptions},
        CodeCase{"call_ref", "14 00", Feature::function_references},
        CodeCase{"return_call_ref", "15 00", Feature::tail_calls}, CodeCase{"ref_eq", "d3", Feature::gc},
        CodeCase{"ref_as_non_null", "d4", Feature::function_references},
        CodeCase{"br_on_null", "d5 00", Feature::function_references},
        CodeCase{"br_on_non_null", "d6 00", Feature::function_references},
        CodeCase{"ref_null_of_a_type", "d0 00", Feature::function_references},
        CodeCase{"ref_null_any", "d0 6e", Feature::gc}, CodeCase{"struct_new", "fb 00 00", Feature::gc},
        CodeCase{"struct_get", "fb 02 00 00", Feature::gc}, CodeCase{"array_new", "fb 06 00", Feature::gc},
        CodeCase{"array_new_fixed", "fb 08 00 03", Feature::gc}, CodeCase{"array_len", "fb 0f", Feature::gc},
        CodeCase{"array_fill", "fb 10 00", Feature::gc}, CodeCase{"array_copy", "fb 11 00 00", Feature::gc},
        CodeCase{"ref_test", "fb 14 6b", Feature::gc}, CodeCase{"ref_cast_null", "fb 17 00", Feature::gc},
        CodeCase{"br_on_cast", "fb 18 03 00 6e 6b", Feature::gc}, CodeCase{"ref_i31", "fb 1c", Feature::gc},
        CodeCase{"i31_get_u", "fb 1e", Feature::gc},
        CodeCase{"prefix_number_padded", "fc 87 80 00", Feature::saturating_conversions}),
    [](const auto& row) { return std::string(row.param.name); });

struct BadCode {
    const char* name;
    const char* code;  ///< the whole body after the locals
    const char* says;
};

class BadInstruction : public ::testing::TestWithParam<BadCode> {};

TEST_P(BadInstruction, Body_is_refused_with_the_offset) {
    const auto& c = GetParam();
    const auto info = read_module(testing::module_of_body(join({hex("00"), hex(c.code)})));
    EXPECT_THAT(info, FailsWith(ErrorCode::malformed_module, std::string(c.says)));
    ASSERT_FALSE(info);
    EXPECT_THAT(info.error().message(), ::testing::HasSubstr("(at offset 0x"));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BadInstruction,
    ::testing::Values(BadCode{"unknown", "27 0b", "unknown instruction 0x27"},
                      BadCode{"unknown_ff", "ff 0b", "unknown instruction 0xff"},
                      BadCode{"unknown_misc", "fc 12 0b", "unknown instruction 0xfc 0x12"},
                      BadCode{"unknown_simd_hole", "fd 9a 01 0b", "unknown instruction 0xfd 0x9a"},
                      BadCode{"unknown_simd_large", "fd 94 02 0b", "unknown instruction 0xfd 0x114"},
                      BadCode{"unknown_gc", "fb 1f 0b", "unknown instruction 0xfb 0x1f"},
                      BadCode{"unknown_atomic", "fe 04 0b", "unknown instruction 0xfe 0x4"},
                      BadCode{"prefix_beyond_16_bits", "fd 80 80 04 0b", "unknown instruction 0xfd 65536"},
                      BadCode{"prefix_at_the_end", "fd", "unexpected end"}, BadCode{"no_end", "01", "unexpected end"},
                      BadCode{"block_without_end", "02 40 0b", "unexpected end"},
                      BadCode{"after_the_end", "0b 01", "1 bytes too many"},
                      BadCode{"end_twice", "0b 0b", "1 bytes too many"},
                      BadCode{"block_of_a_negative_type", "02 80 7f 0b 0b", "invalid block type"},
                      BadCode{"block_of_no_type", "02 01 0b 0b", "no type 1"},
                      BadCode{"label_out_of_range", "0c 01 0b", "no label 1"},
                      BadCode{"function_out_of_range", "10 01 0b", "no function 1"},
                      BadCode{"ref_func_out_of_range", "d2 01 0b", "no function 1"},
                      BadCode{"global_out_of_range", "23 01 0b", "no global 1"},
                      BadCode{"type_out_of_range", "11 01 00 0b", "no type 1"},
                      BadCode{"table_out_of_range", "11 00 01 0b", "no table 1"},
                      BadCode{"memory_out_of_range", "3f 01 0b", "no memory 1"},
                      BadCode{"br_table_beyond_the_bytes", "0e ff ff ff ff 0f 00 0b", "br_table beyond the end"},
                      BadCode{"select_of_many_types", "1c ff ff ff ff 0f 7f 0b", "unknown value type 0xb"},
                      BadCode{"catches_beyond_the_bytes", "1f 40 ff ff ff ff 0f 02 00 0b", "invalid catch"},
                      BadCode{"fence_of_one", "fe 03 01 0b", "zero byte expected"},
                      BadCode{"alignment", "28 21 00 0b", "invalid alignment"},
                      BadCode{"const_of_six_bytes", "41 80 80 80 80 80 00 0b", "number of too many bytes"},
                      BadCode{"cast_flags", "fb 18 04 00 6e 6e 0b", "invalid flags"},
                      BadCode{"heap_type", "d0 7f 0b", "unknown heap type"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Instructions, Plain_ones_are_those_that_decoding_takes_as_they_are) {
    std::size_t plain_ones = 0;
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
        const PlainInstruction plain = kPlainInstructions[opcode];
        if (plain.size == 0) continue;
        ++plain_ones;
        for (unsigned first = 0; first < 256; ++first) {
            for (const unsigned second : {0x00u, 0x0Bu, 0x41u, 0x7Fu, 0x80u, 0xFFu}) {
                if (((first | second << 8) & plain.not_these) != 0) continue;
                const std::array bytes{std::byte(opcode), std::byte(first), std::byte(second)};
                Cursor in{BytesView(bytes)};
                Instruction instruction;
                FeatureSet features;
                decode_instruction(in, instruction, features);
                ASSERT_TRUE(in.ok()) << opcode << " " << first << " " << second;
                ASSERT_EQ(in.at(), plain.size) << opcode << " " << first << " " << second;
                ASSERT_TRUE(features.sorted().empty());
            }
        }
    }
    EXPECT_GT(plain_ones, 100u);
    for (const Opcode checked : {op::kEnd, op::kBlock, op::kBr, op::kCall, op::kGlobalGet, op::kGlobalSet, op::kMemoryGrow})
        EXPECT_EQ(kPlainInstructions[checked].size, 0) << checked;
}

TEST(Instructions, Data_instruction_needs_the_count) {
    const auto module = [](const char* code) {
        return testing::ModuleBuilder()
            .no_type()
            .functions(1)
            .section(SectionId::memory, {hex("00 01")})
            .code({hex(code)})
            .build();
    };
    EXPECT_THAT(read_module(module("00 fc 09 00 0b")),
                FailsWith(ErrorCode::malformed_module, std::string("data count")));
    EXPECT_THAT(read_module(module("00 fc 08 00 00 0b")),
                FailsWith(ErrorCode::malformed_module, std::string("data count")));
    EXPECT_THAT(read_module(module("00 fc 0d 00 0b")), IsOk());
}

}  // namespace
}  // namespace mortise::wasm
