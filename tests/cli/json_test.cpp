#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/json.hpp"

namespace {

using namespace mortise::cli;
using testing::HasSubstr;

std::string problem(std::string_view text, JsonLimits limits = {}) {
    const auto json = parse_json(text, limits);
    if (json) return "";
    EXPECT_EQ(json.error().code(), mortise::ErrorCode::invalid_argument);
    return json.error().message();
}

TEST(Json, integers_of_64_bits_stay_exact) {
    EXPECT_EQ(to_line(parse_json("[18446744073709551615, -9223372036854775808, 0, -1]").value()),
              "[18446744073709551615,-9223372036854775808,0,-1]");
}

TEST(Json, longer_integers_are_refused_not_rounded) {
    EXPECT_THAT(problem("18446744073709551616"), HasSubstr("does not fit in 64 bits"));
    EXPECT_THAT(problem("[-9223372036854775809]"), HasSubstr("does not fit in 64 bits"));
    EXPECT_EQ(problem("1e30"), "");
}

TEST(Json, longer_integers_are_kept_as_their_digits_where_that_is_asked_for) {
    const auto json = parse_json(R"([1, 1.5, {"x": -18446744073709551616}])", {}, LongIntegers::kept).value();
    EXPECT_EQ(long_integer(json[2]["x"]), "-18446744073709551616");
    EXPECT_EQ(find_long_integer(json), "-18446744073709551616");
    EXPECT_EQ(long_integer(json[0]), std::nullopt);
    EXPECT_EQ(long_integer(json), std::nullopt);
    EXPECT_EQ(find_long_integer(json[1]), std::nullopt);
    EXPECT_EQ(find_long_integer(parse_json("[18446744073709551615, {}]").value()), std::nullopt);
    EXPECT_EQ(kind_of_json(json[2]["x"]), "an integer beyond 64 bits");
}

TEST(Json, text_is_json_whatever_its_keys_and_numbers) {
    EXPECT_TRUE(is_json(R"({"a": 1, "a": 99999999999999999999})"));
    EXPECT_FALSE(is_json("{it} is text"));
    EXPECT_FALSE(is_json(std::string(100'000, '[')));
}

TEST(Json, members_keep_their_order) {
    EXPECT_EQ(to_line(parse_json(R"({"z": 1, "a": {"y": [], "b": {}}, "m": null})").value()), R"({"z":1,"a":{"y":[],"b":{}},"m":null})");
}

TEST(Json, repeated_keys_are_refused_in_their_own_object_alone) {
    EXPECT_THAT(problem(R"({"a": 1, "b": 2, "a": 3})"), HasSubstr("\"a\" is there more than once"));
    EXPECT_THAT(problem(R"([{"x": {"a": 1, "a": 1}}])"), HasSubstr("more than once"));
    EXPECT_EQ(problem(R"([{"a": 1}, {"a": {"a": 2}}])"), "");
}

TEST(Json, depth_is_bounded) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_EQ(problem(nested(64)), "");
    EXPECT_THAT(problem(nested(65)), HasSubstr("deeper than 64"));
    EXPECT_THAT(problem(std::string(5'000'000, '[')), HasSubstr("deeper than 64"));
}

TEST(Json, the_number_of_values_is_bounded) {
    EXPECT_EQ(problem("[1,2,3]", {.values = 4}), "");
    EXPECT_THAT(problem("[1,2,3]", {.values = 3}), HasSubstr("more than 3 values"));
    EXPECT_THAT(problem(R"({"a":[],"b":{}})", {.values = 2}), HasSubstr("more than 2 values"));
}

TEST(Json, an_object_of_very_many_members_takes_no_quadratic_time) {
    std::string text = "{";
    for (int i = 0; i < 200'000; ++i) text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
    EXPECT_EQ(parse_json(text + "}").value().size(), 200'000u);
}

struct BadCase { const char* name; std::string text; };
class JsonBad : public testing::TestWithParam<BadCase> {};
TEST_P(JsonBad, is_refused_with_the_place) { EXPECT_THAT(problem(GetParam().text), HasSubstr("not JSON at byte ")); }
INSTANTIATE_TEST_SUITE_P(Texts, JsonBad, testing::Values(
    BadCase{"empty", ""}, BadCase{"blank", "  "}, BadCase{"word", "hello"}, BadCase{"cut", "{\"a\": "}, BadCase{"two", "1 2"},
    BadCase{"trailing_comma", "[1,]"}, BadCase{"single_quotes", "{'a': 1}"}, BadCase{"comment", "// x\n1"}, BadCase{"nan", "NaN"},
    BadCase{"leading_zero", "01"}, BadCase{"plus", "+1"}, BadCase{"invalid_utf8", "\"\xff\""}, BadCase{"overlong", "\"\xc0\xaf\""},
    BadCase{"surrogate", "\"\xed\xa0\x80\""}, BadCase{"lone_escape", "\"\\ud800\""}, BadCase{"control", "\"\x01\""},
    BadCase{"nul", std::string("\"a\0b\"", 5)}, BadCase{"overflow", "1e999"}, BadCase{"long_string", "\"" + std::string(100'000, 'x')}),
    [](const auto& row) { return row.param.name; });

TEST(Json, an_error_text_is_short_whatever_was_read) { EXPECT_LT(problem("\"" + std::string(1'000'000, 'x')).size(), 300u); }

TEST(Json, printing_replaces_what_is_no_text) { EXPECT_EQ(to_line(Json("a\xff")), "\"a\xef\xbf\xbd\""); }

}  // namespace
