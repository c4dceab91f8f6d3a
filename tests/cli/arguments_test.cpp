#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/arguments.hpp"
#include "cli/kinds.hpp"

namespace {

using namespace mortise;
using namespace mortise::cli;
using testing::HasSubstr;

std::string problem(const Result<Value>& value) { return value ? "" : value.error().message(); }

TEST(Argument, form_decides_where_nothing_else_does) {
    EXPECT_EQ(value_of_text("3", {}, 1).value(), Value(std::int32_t{3}));
    EXPECT_EQ(value_of_text("-2147483648", {}, 1).value(), Value(std::numeric_limits<std::int32_t>::min()));
    EXPECT_EQ(value_of_text("2147483648", {}, 1).value(), Value(std::int64_t{2147483648}));
    EXPECT_EQ(value_of_text("-9223372036854775808", {}, 1).value(), Value(std::numeric_limits<std::int64_t>::min()));
    EXPECT_EQ(value_of_text("18446744073709551615", {}, 1).value(), Value(UINT64_MAX));
    EXPECT_EQ(value_of_text("2.5", {}, 1).value(), Value(2.5));
    EXPECT_EQ(value_of_text("1e3", {}, 1).value(), Value(1000.0));
    EXPECT_EQ(value_of_text("-0.0", {}, 1).value(), Value(-0.0));
    EXPECT_EQ(value_of_text("true", {}, 1).value(), Value(true));
    EXPECT_EQ(value_of_text("false", {}, 1).value(), Value(false));
    for (const char* text : {"", "hello", "True", "0x1f", "nan", "inf", "1 ", " 1", "+1", "--1", "-", ".", "1.2.3", "{\"hex\":\"00\"}"}) {
        EXPECT_EQ(value_of_text(text, {}, 1).value(), Value(text)) << text;
    }
}

TEST(Argument, integer_too_long_for_any_type_is_refused_by_number) {
    EXPECT_THAT(problem(value_of_text("18446744073709551616", {}, 2)), HasSubstr("argument 2"));
    EXPECT_THAT(problem(value_of_text("-9223372036854775809", {}, 3)), HasSubstr("argument 3"));
    EXPECT_THAT(problem(value_of_text("1e999", {}, 1)), HasSubstr("out of range"));
}

TEST(JsonArgument, integer_beyond_64_bits_is_a_float_where_one_is_wanted_and_nothing_else) {
    const auto read = [](const Wanted& wanted) {
        return value_of_json(parse_json("-36893488147419103232", {}, LongIntegers::kept).value(), wanted, 2);
    };
    EXPECT_EQ(read(Kind::f64).value(), Value(-36893488147419103232.0));
    EXPECT_EQ(read(ValType::f32).value(), Value(-36893488147419103232.0f));
    for (const Wanted& wanted : {Wanted(), Wanted(Kind::i32), Wanted(Kind::u64), Wanted(ValType::i64)}) {
        EXPECT_EQ(read(wanted).error().code(), ErrorCode::type_mismatch);
        EXPECT_THAT(problem(read(wanted)), HasSubstr("argument 2: -36893488147419103232 is out of range for "));
    }
    EXPECT_THAT(problem(read(Kind::string)), HasSubstr("argument 2 is string, got -36893488147419103232"));
    EXPECT_THAT(problem(read(Kind::boolean)), HasSubstr("argument 2 is bool"));
}

struct RangeCase { const char* name; Wanted wanted; const char* low; const char* below; const char* high; const char* above; };
class Range : public testing::TestWithParam<RangeCase> {};
TEST_P(Range, ends_are_taken_and_what_is_beyond_is_refused) {
    const auto& p = GetParam();
    EXPECT_TRUE(value_of_text(p.low, p.wanted, 1));
    EXPECT_TRUE(value_of_text(p.high, p.wanted, 1));
    EXPECT_THAT(problem(value_of_text(p.below, p.wanted, 1)), HasSubstr("out of range"));
    EXPECT_THAT(problem(value_of_text(p.above, p.wanted, 1)), HasSubstr("out of range"));
}
INSTANTIATE_TEST_SUITE_P(Integers, Range, testing::Values(
    RangeCase{"i32", Kind::i32, "-2147483648", "-2147483649", "2147483647", "2147483648"},
    RangeCase{"u32", Kind::u32, "0", "-1", "4294967295", "4294967296"},
    RangeCase{"i64", Kind::i64, "-9223372036854775808", "-9223372036854775809", "9223372036854775807", "9223372036854775808"},
    RangeCase{"u64", Kind::u64, "0", "-1", "18446744073709551615", "18446744073709551616"},
    RangeCase{"wasm_i32", ValType::i32, "-2147483648", "-2147483649", "4294967295", "4294967296"},
    RangeCase{"wasm_i64", ValType::i64, "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616"}),
    [](const auto& row) { return row.param.name; });

TEST(Argument, integers_may_be_hex_where_an_integer_is_wanted) {
    EXPECT_EQ(value_of_text("0xff", Kind::i32, 1).value(), Value(std::int32_t{255}));
    EXPECT_EQ(value_of_text("-0x1", Kind::i64, 1).value(), Value(std::int64_t{-1}));
    for (const char* text : {"", "0x", "x", "1.0", "1e3", " 1", "1 ", "+1", "--1", "0xfg", "1_000"}) {
        EXPECT_THAT(problem(value_of_text(text, Kind::i32, 4)), HasSubstr("argument 4 is i32")) << text;
    }
}

TEST(Argument, floats_are_decimal_hex_infinite_or_nan) {
    EXPECT_EQ(value_of_text("3", Kind::f64, 1).value(), Value(3.0));
    EXPECT_EQ(value_of_text("0x1.8p1", Kind::f64, 1).value(), Value(3.0));
    EXPECT_EQ(value_of_text("-inf", Kind::f64, 1).value(), Value(-std::numeric_limits<double>::infinity()));
    EXPECT_EQ(value_of_text("Infinity", Kind::f32, 1).value(), Value(std::numeric_limits<float>::infinity()));
    EXPECT_TRUE(std::isnan(*value_of_text("nan", ValType::f32, 1).value().get_if<float>()));
    EXPECT_TRUE(std::signbit(*value_of_text("-0", ValType::f64, 1).value().get_if<double>()));
    EXPECT_EQ(value_of_text("1e-400", Kind::f64, 1).value(), Value(0.0));
    EXPECT_THAT(problem(value_of_text("1e400", Kind::f64, 1)), HasSubstr("out of range for f64"));
    EXPECT_THAT(problem(value_of_text("1e39", Kind::f32, 1)), HasSubstr("out of range for f32"));
    for (const char* text : {"", "one", "1,5", " 1", "1 ", "+1", "1.0f", "0x", "true"}) {
        EXPECT_THAT(problem(value_of_text(text, Kind::f64, 1)), HasSubstr("argument 1 is f64")) << text;
    }
}

TEST(Argument, single_precision_is_not_rounded_twice) {
    // Nearest double lies exactly between two floats; rounding through it would go the wrong way.
    const char* text = "1.00000005960464485";
    EXPECT_EQ(value_of_text(text, Kind::f32, 1).value(), Value(std::nextafter(1.0f, 2.0f)));
}

TEST(Argument, text_bytes_and_bool_as_asked_for) {
    EXPECT_EQ(value_of_text("42", Kind::string, 1).value(), Value("42"));
    EXPECT_EQ(value_of_text("42", Kind::bytes, 1).value(), Value(copy_bytes("42")));
    EXPECT_EQ(value_of_text(R"({"hex": "00ff"})", Kind::bytes, 1).value(), Value(copy_bytes(std::string_view("\0\xff", 2))));
    EXPECT_EQ(value_of_text("{not json", Kind::bytes, 1).value(), Value(copy_bytes("{not json")));
    EXPECT_THAT(problem(value_of_text(R"({"hex": "0"})", Kind::bytes, 1)), HasSubstr("odd number"));
    EXPECT_THAT(problem(value_of_text(R"({"hex": "00", "hex": "01"})", Kind::bytes, 1)), HasSubstr("argument 1: the key \"hex\" is there more than once"));
    EXPECT_EQ(value_of_text("true", Kind::boolean, 1).value(), Value(true));
    EXPECT_THAT(problem(value_of_text("1", Kind::boolean, 1)), HasSubstr("argument 1 is bool"));
}

Result<Value> of_json(const char* json, const Wanted& wanted = {}) { return value_of_json(parse_json(json).value(), wanted, 1); }

TEST(JsonArgument, type_decides_where_nothing_else_does) {
    EXPECT_EQ(of_json("3").value(), Value(std::int32_t{3}));
    EXPECT_EQ(of_json("-2147483649").value(), Value(std::int64_t{-2147483649}));
    EXPECT_EQ(of_json("18446744073709551615").value(), Value(UINT64_MAX));
    EXPECT_EQ(of_json("2.5").value(), Value(2.5));
    EXPECT_EQ(of_json("3.0").value(), Value(3.0));
    EXPECT_EQ(of_json("true").value(), Value(true));
    EXPECT_EQ(of_json("\"3\"").value(), Value("3"));
    EXPECT_EQ(of_json(R"({"base64": "AP8="})").value(), Value(copy_bytes(std::string_view("\0\xff", 2))));
    EXPECT_THAT(problem(of_json("null")), HasSubstr("argument 1 is null"));
    EXPECT_THAT(problem(of_json("[1]")), HasSubstr("argument 1 is an array"));
}

TEST(JsonArgument, wanted_type_is_kept) {
    EXPECT_EQ(of_json("3", Kind::f64).value(), Value(3.0));
    EXPECT_EQ(of_json("0.1", ValType::f32).value(), Value(0.1f));
    EXPECT_EQ(of_json("\"-inf\"", Kind::f32).value(), Value(-std::numeric_limits<float>::infinity()));
    EXPECT_EQ(of_json("4294967295", ValType::i32).value(), Value(UINT32_MAX));
    EXPECT_EQ(of_json("\"a\"", Kind::bytes).value(), Value(copy_bytes("a")));
    EXPECT_EQ(of_json(R"({"hex": "ff"})", Kind::string).value(), Value("\xff"));
    EXPECT_THAT(problem(of_json("1.0", Kind::i32)), HasSubstr("argument 1 is i32"));
    EXPECT_THAT(problem(of_json("\"1\"", Kind::i32)), HasSubstr("argument 1 is i32"));
    EXPECT_THAT(problem(of_json("true", Kind::f64)), HasSubstr("argument 1 is f64"));
    EXPECT_THAT(problem(of_json("1", Kind::boolean)), HasSubstr("argument 1 is bool"));
    EXPECT_THAT(problem(of_json("1", Kind::string)), HasSubstr("argument 1 is string"));
    EXPECT_THAT(problem(of_json("1", ValType::v128)), HasSubstr("v128"));
}

TEST(Types, either_side_may_be_empty) {
    EXPECT_EQ(parse_types("->").value().params.size(), 0u);
    const auto types = parse_types(" string , i32 -> bytes").value();
    EXPECT_EQ(types.params, (std::vector{Kind::string, Kind::i32}));
    EXPECT_EQ(types.results, (std::vector{Kind::bytes}));
    EXPECT_EQ(parse_types("i32,u32,i64,u64,f32,f64,bool,string,bytes->").value().params.size(), 9u);
    for (const char* text : {"", "i32", "i32->i32->i32", "i32,->", ",->", "int->", "I32->", "none->", "any->", "list->", "->i32;"}) {
        EXPECT_FALSE(parse_types(text)) << text;
    }
}

}  // namespace
