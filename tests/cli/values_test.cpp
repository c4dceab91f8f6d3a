#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "cli/values.hpp"

namespace {

using namespace mortise;
using namespace mortise::cli;

struct Row { const char* name; Value value; const char* json; const char* text; const char* hex; };
class ValueForms : public testing::TestWithParam<Row> {};
TEST_P(ValueForms, are_exact) {
    EXPECT_EQ(to_line(value_to_json(GetParam().value)), GetParam().json);
    EXPECT_EQ(value_to_text(GetParam().value), GetParam().text);
    EXPECT_EQ(value_to_hex(GetParam().value), GetParam().hex);
}
INSTANTIATE_TEST_SUITE_P(Values, ValueForms, testing::Values(
    Row{"none", Value(), "null", "", ""},
    Row{"i32", Value(std::int32_t{-1}), "-1", "-1", "0xffffffff"},
    Row{"u32", Value(UINT32_MAX), "4294967295", "4294967295", "0xffffffff"},
    Row{"i64", Value(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808", "-9223372036854775808", "0x8000000000000000"},
    Row{"u64", Value(UINT64_MAX), "18446744073709551615", "18446744073709551615", "0xffffffffffffffff"},
    Row{"f32", Value(0.1f), "0.1", "0.1", "0x1.99999ap-4"},
    Row{"f32_large", Value(16777216.0f), "16777216.0", "16777216", "0x1p+24"},
    Row{"f64", Value(0.1), "0.1", "0.1", "0x1.999999999999ap-4"},
    Row{"f64_whole", Value(3.0), "3.0", "3", "0x1.8p+1"},
    Row{"f64_minus_zero", Value(-0.0), "-0.0", "-0", "-0x0p+0"},
    Row{"f64_largest", Value(std::numeric_limits<double>::max()), "1.7976931348623157e+308", "1.7976931348623157e+308", "0x1.fffffffffffffp+1023"},
    Row{"nan", Value(std::numeric_limits<double>::quiet_NaN()), "\"nan\"", "nan", "nan"},
    Row{"infinity", Value(std::numeric_limits<float>::infinity()), "\"inf\"", "inf", "inf"},
    Row{"minus_infinity", Value(-std::numeric_limits<double>::infinity()), "\"-inf\"", "-inf", "-inf"},
    Row{"yes", Value(true), "true", "true", "0x1"},
    Row{"no", Value(false), "false", "false", "0x0"},
    Row{"string", Value("hé\n"), "\"hé\\n\"", "hé\n", "68c3a90a"},
    Row{"string_not_utf8", Value("\xff"), R"({"base64":"/w=="})", "\xff", "ff"},
    Row{"bytes", Value(copy_bytes("hi")), R"({"base64":"aGk=","text":"hi"})", "hi", "6869"},
    Row{"list", Value(Value::List{Value(std::int32_t{1}), Value(2.5)}), "[1,2.5]", "[1, 2.5]", "[0x1, 0x1.4p+1]"},
    Row{"empty_list", Value(Value::List{}), "[]", "[]", "[]"}),
    [](const auto& row) { return row.param.name; });

TEST(ValueAsKind, changes_sign_but_not_width) {
    EXPECT_EQ(as_kind(Value(std::int32_t{-1}), Kind::u32).value(), Value(UINT32_MAX));
    EXPECT_EQ(as_kind(Value(UINT64_MAX), Kind::i64).value(), Value(std::int64_t{-1}));
    EXPECT_EQ(as_kind(Value(std::int32_t{2}), Kind::boolean).value(), Value(true));
    EXPECT_EQ(as_kind(Value(2.5), Kind::any).value(), Value(2.5));
    EXPECT_EQ(as_kind(Value(std::int32_t{1}), Kind::i64).error().code(), ErrorCode::type_mismatch);
    EXPECT_EQ(as_kind(Value(1.0f), Kind::f64).error().code(), ErrorCode::type_mismatch);
    EXPECT_EQ(as_kind(Value("1"), Kind::i32).error().code(), ErrorCode::type_mismatch);
}

}  // namespace
