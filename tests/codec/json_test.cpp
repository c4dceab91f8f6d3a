#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "samples.hpp"

using namespace mortise;
using namespace samples;
using ::testing::HasSubstr;

namespace {

template <class T>
std::string text(const T& value) {
    const auto bytes = codec::encode(value, codec::json);
    return bytes ? std::string(text_of(*bytes)) : bytes.error().message();
}
template <class T>
std::string failure(std::string_view json) {
    return test::failure<T>(bytes_of(json), codec::json);
}
template <class T>
T read(std::string_view json) {
    return value(codec::decode<T>(bytes_of(json), codec::json));
}

TEST(JsonEncode, values_have_their_documented_form) {
    EXPECT_EQ(text(Point{1, -2}), R"({"x":1,"y":-2})");
    EXPECT_EQ(text(UINT64_MAX), "18446744073709551615");
    EXPECT_EQ(text(INT64_MIN), "-9223372036854775808");
    EXPECT_EQ(text(1.0), "1.0");
    EXPECT_EQ(text(0.1), "0.1");
    EXPECT_EQ(text(0.1f), "0.1");
    EXPECT_EQ(text(1e300), "1e+300");
    EXPECT_EQ(text(std::numeric_limits<double>::quiet_NaN()), "\"NaN\"");
    EXPECT_EQ(text(-std::numeric_limits<float>::infinity()), "\"-Infinity\"");
    EXPECT_EQ(text(std::string("a\"\\\n\t\x01\x7f\u00e9")), "\"a\\\"\\\\\\n\\t\\u0001\x7f\u00e9\"");
    EXPECT_EQ(text(copy_bytes("foob")), "\"Zm9vYg==\"");
    EXPECT_EQ(text(std::optional<int>()), "null");
    EXPECT_EQ(text(Colour::green), "2");
    EXPECT_EQ(text(std::vector<std::vector<int>>{{}, {1, 2}, {}}), "[[],[1,2],[]]");
    EXPECT_EQ(text(std::map<int, std::string>{{-1, "a"}, {2, "b"}}), R"({"-1":"a","2":"b"})");
    EXPECT_EQ(text(Empty{}), "{}");
    EXPECT_EQ(text(std::vector<Empty>(2)), "[{},{}]");
}

TEST(JsonEncode, is_what_nlohmann_reads_back) {
    Everything all{.flag = true, .text = "\u20ac \b\f\r\x1f", .blob = copy_bytes("x")};
    all.points = {{1, 2}};
    const auto parsed = nlohmann::json::parse(text(all));
    EXPECT_EQ(parsed.size(), 15u);
    EXPECT_EQ(parsed["text"], all.text);
    EXPECT_EQ(parsed["points"][0]["y"], 2);
}

TEST(JsonDecode, takes_what_json_has) {
    EXPECT_EQ(read<Point>(" { \"y\" : 2 ,\n\"x\":1, \"z\":[{\"a\":null}] } "), (Point{1, 2}));
    EXPECT_EQ(read<std::uint64_t>("18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(read<double>("3"), 3.0);
    EXPECT_EQ(read<double>("-1.5e3"), -1500.0);
    EXPECT_TRUE(std::isnan(read<double>("\"NaN\"")));
    EXPECT_EQ(read<float>("\"-Infinity\""), -std::numeric_limits<float>::infinity());
    EXPECT_EQ(read<std::string>("\"\\u20ac\\u0000x\"").size(), 5u);
    EXPECT_EQ(read<Bytes>("\"Zm9vYg\""), copy_bytes("foob"));
    EXPECT_EQ((read<std::map<int, bool>>("{\"-3\":true}")), (std::map<int, bool>{{-3, true}}));
    EXPECT_EQ(read<Point>("{\"x\":1,\"x\":2}").x, 2);
    // Objects that the tools' conversion would take for bytes are objects here.
    EXPECT_EQ((read<std::map<std::string, std::string>>("{\"base64\":\"Zg==\"}")), (std::map<std::string, std::string>{{"base64", "Zg=="}}));
}

TEST(JsonDecode, wrong_types_name_path_wanted_and_got) {
    EXPECT_EQ(failure<Point>("{\"x\":\"1\"}"), "JSON at \"x\": wanted an integer, got a string");
    EXPECT_EQ(failure<Point>("{\"x\":1.0}"), "JSON at \"x\": wanted an integer, got a float");
    EXPECT_EQ(failure<Point>("[1]"), "JSON: wanted an object, got an array");
    EXPECT_EQ(failure<Point>("null"), "JSON: wanted an object, got null");
    EXPECT_EQ(failure<std::vector<Point>>("[{},{\"y\":{}}]"), "JSON at \"[1].y\": wanted an integer, got an object");
    EXPECT_EQ(failure<double>("\"1\""), "JSON: wanted a number, got the string \"1\"");
    EXPECT_EQ(failure<Bytes>("\"*\""), "JSON: wanted bytes as a base64 string, got \"*\"");
    EXPECT_EQ(failure<Bytes>("[1]"), "JSON: wanted bytes as a base64 string, got an array");
    EXPECT_EQ((failure<std::map<int, int>>("{\"x\":1}")), "JSON: wanted an integer as a key, got \"x\"");
    EXPECT_EQ((failure<std::map<std::uint8_t, int>>("{\"256\":1}")), "JSON: the integer 256 does not fit an unsigned 8-bit integer");
    EXPECT_EQ(failure<std::int8_t>("128"), "JSON: the integer 128 does not fit a signed 8-bit integer");
}

TEST(JsonDecode, broken_text_is_an_error_with_its_offset) {
    EXPECT_THAT(failure<Point>(""), HasSubstr("unexpected end of input"));
    EXPECT_THAT(failure<Point>("{\"x\":1"), HasSubstr("(offset 6)"));
    EXPECT_THAT(failure<Point>("{\"x\":1}}"), HasSubstr("(offset 7)"));
    EXPECT_THAT(failure<Point>("{'x':1}"), HasSubstr("line 1, column 2"));
    EXPECT_THAT(failure<std::string>("\"\xff\""), HasSubstr("UTF-8"));
    EXPECT_THAT(failure<std::string>("\"\\ud800\""), HasSubstr("surrogate"));
    EXPECT_THAT(failure<double>("1e999"), HasSubstr("1e999"));
    EXPECT_THAT(failure<double>("NaN"), HasSubstr("JSON"));
    EXPECT_THAT(failure<std::uint64_t>("18446744073709551616"), HasSubstr("does not fit 64 bits"));
    EXPECT_TRUE(codec::decode<Point>(bytes_of("{} and more"), codec::Json{{.trailing = codec::Trailing::ignored}}));
}

TEST(JsonDecode, hostile_depth_ends_at_the_limit) {
    EXPECT_THAT(failure<Point>("{\"z\":" + std::string(1'000'000, '[')), HasSubstr("nested deeper than the limit of 64"));
    EXPECT_THAT(failure<Tree>(std::string(100'000, '{')), HasSubstr("JSON"));
}

}  // namespace
