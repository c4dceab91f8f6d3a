#include <mortise/bytes.hpp>

#include <gtest/gtest.h>

namespace mortise {
namespace {

struct TextCase {
    const char* name;
    std::string_view text;
    std::string_view repaired;  ///< the same where the text is well-formed
};

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

class Utf8 : public ::testing::TestWithParam<TextCase> {};

TEST_P(Utf8, Text_checked_and_repaired) {
    const auto& c = GetParam();
    EXPECT_EQ(is_utf8(c.text), c.text == c.repaired);
    EXPECT_EQ(to_utf8_lossy(c.text), c.repaired);
    // Behind ASCII, which is skipped eight bytes at a time, at every distance.
    for (std::size_t before = 1; before < 18; ++before) {
        const auto text = std::string(before, 'x').append(c.text);
        EXPECT_EQ(is_utf8(text), c.text == c.repaired) << before;
        EXPECT_EQ(to_utf8_lossy(text), std::string(before, 'x').append(c.repaired)) << before;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Utf8,
    ::testing::Values(
        TextCase{"empty", "", ""}, TextCase{"ascii", "abcdefghijklmnop", "abcdefghijklmnop"},
        TextCase{"zero_byte", {"a\0b", 3}, {"a\0b", 3}}, TextCase{"two_bytes", "\xC3\xA9", "\xC3\xA9"},
        TextCase{"first_of_two", "\xC2\x80", "\xC2\x80"}, TextCase{"first_of_three", "\xE0\xA0\x80", "\xE0\xA0\x80"},
        TextCase{"last_before_surrogates", "\xED\x9F\xBF", "\xED\x9F\xBF"},
        TextCase{"first_after_surrogates", "\xEE\x80\x80", "\xEE\x80\x80"},
        TextCase{"first_of_four", "\xF0\x90\x80\x80", "\xF0\x90\x80\x80"},
        TextCase{"last_of_all", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
        TextCase{"lone_continuation", "\x80", kReplacement}, TextCase{"lead_alone", "\xC3", kReplacement},
        TextCase{"cut_three", "\xE2\x82", kReplacement}, TextCase{"cut_four", "\xF0\x9F\x98", kReplacement},
        TextCase{"lead_before_ascii", "\xE2\x82x", "\xEF\xBF\xBDx"},
        TextCase{"overlong_two", "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        TextCase{"overlong_three", "\xE0\x80\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        TextCase{"surrogate", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        TextCase{"beyond_the_last", "\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        TextCase{"no_such_lead", "\xFF", kReplacement}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Utf8, Every_character_is_well_formed) {
    for (std::uint32_t c = 0x80; c <= 0x10FFFF; ++c) {
        if (c >= 0xD800 && c <= 0xDFFF) continue;
        std::string text;
        const auto put = [&](std::uint32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
        if (c < 0x800) {
            put(0xC0 | c >> 6);
        } else if (c < 0x10000) {
            put(0xE0 | c >> 12);
            put(0x80 | (c >> 6 & 0x3F));
        } else {
            put(0xF0 | c >> 18);
            put(0x80 | (c >> 12 & 0x3F));
            put(0x80 | (c >> 6 & 0x3F));
        }
        put(0x80 | (c & 0x3F));
        ASSERT_TRUE(is_utf8(text)) << std::hex << c;
    }
}

TEST(Bytes, Text_and_bytes_are_views_of_each_other) {
    const std::string_view text = "payload";
    EXPECT_EQ(text_of(bytes_of(text)), text);
    EXPECT_EQ(text_of(copy_bytes(text)), text);
    EXPECT_EQ(text_of(copy_bytes(bytes_of(text))), text);
    EXPECT_TRUE(text_of(BytesView{}).empty());
}

}  // namespace
}  // namespace mortise
