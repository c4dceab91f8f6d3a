#include "base/text.hpp"

#include <gtest/gtest.h>

#include <mortise/bytes.hpp>

namespace mortise::base {
namespace {

TEST(Concat, Parts_follow_each_other) {
    EXPECT_EQ(concat("a", std::string("b"), 'c', 1, -2, UINT64_MAX), "abc1-218446744073709551615");
    EXPECT_EQ(concat(), "");
}

TEST(Hex, Number_has_a_prefix_and_no_leading_zeros) {
    EXPECT_EQ(hex(0), "0x0");
    EXPECT_EQ(hex(0x1f), "0x1f");
    EXPECT_EQ(hex(UINT64_MAX), "0xffffffffffffffff");
}

TEST(Quoted, Plain_text_stands_between_quotes) { EXPECT_EQ(quoted("shout"), "\"shout\""); }

TEST(Quoted, Control_characters_and_quotes_are_escaped) {
    EXPECT_EQ(quoted(std::string_view("a\0\n\x1b[31m\"\\", 10)), "\"a\\x00\\x0a\\x1b[31m\\\"\\\\\"");
}

TEST(Quoted, Ill_formed_text_is_repaired) { EXPECT_EQ(quoted("\xFF"), "\"\xEF\xBF\xBD\""); }

TEST(Quoted, Long_text_is_cut_between_characters) {
    EXPECT_EQ(quoted("abcdef", 3), "\"abc...\"");
    EXPECT_EQ(quoted("abcdef", 6), "\"abcdef\"");
    EXPECT_EQ(quoted("ab\xC3\xA9", 3), "\"ab...\"");
    EXPECT_EQ(quoted("\x80\x80\x80\x80", 2), "\"...\"");
}

}  // namespace
}  // namespace mortise::base
