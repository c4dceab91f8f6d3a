#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "cli/units.hpp"

namespace {

using namespace mortise::cli;
using std::chrono::milliseconds;

struct SizeCase { const char* name; const char* text; std::uint64_t bytes; };
class SizeGood : public testing::TestWithParam<SizeCase> {};
TEST_P(SizeGood, is_read) { EXPECT_EQ(parse_size(GetParam().text).value(), GetParam().bytes); }
INSTANTIATE_TEST_SUITE_P(Sizes, SizeGood, testing::Values(
    SizeCase{"zero", "0", 0}, SizeCase{"plain", "65536", 65536}, SizeCase{"bytes", "7B", 7}, SizeCase{"kibi", "512KiB", 512 << 10},
    SizeCase{"mebi", "64MiB", 64u << 20}, SizeCase{"gibi", "1GiB", 1u << 30}, SizeCase{"tebi", "2TiB", std::uint64_t{2} << 40},
    SizeCase{"largest", "18446744073709551615", UINT64_MAX}, SizeCase{"largest_unit", "16777215TiB", std::uint64_t{16777215} << 40}),
    [](const auto& row) { return row.param.name; });

struct BadCase { const char* name; const char* text; };
class SizeBad : public testing::TestWithParam<BadCase> {};
TEST_P(SizeBad, is_refused_with_the_text) {
    const auto size = parse_size(GetParam().text);
    ASSERT_FALSE(size);
    EXPECT_EQ(size.error().code(), mortise::ErrorCode::invalid_argument);
    EXPECT_NE(size.error().message().find(GetParam().text), std::string::npos) << size.error().message();
}
INSTANTIATE_TEST_SUITE_P(Sizes, SizeBad, testing::Values(
    BadCase{"empty", ""}, BadCase{"unit_alone", "MiB"}, BadCase{"sign", "+5"}, BadCase{"negative", "-5"}, BadCase{"blank", "5 MiB"},
    BadCase{"leading_blank", " 5"}, BadCase{"decimal_unit", "5MB"}, BadCase{"lower_case", "5mib"}, BadCase{"fraction", "1.5MiB"},
    BadCase{"hex", "0x10"}, BadCase{"too_large", "18446744073709551616"}, BadCase{"too_large_unit", "16777216TiB"}),
    [](const auto& row) { return row.param.name; });

TEST(Duration, units_become_milliseconds) {
    EXPECT_EQ(parse_duration("500ms").value(), milliseconds(500));
    EXPECT_EQ(parse_duration("2s").value(), milliseconds(2000));
    EXPECT_EQ(parse_duration("3min").value(), milliseconds(180'000));
    EXPECT_EQ(parse_duration("1h").value(), milliseconds(3'600'000));
}

class DurationBad : public testing::TestWithParam<BadCase> {};
TEST_P(DurationBad, is_refused) { EXPECT_FALSE(parse_duration(GetParam().text)); }
INSTANTIATE_TEST_SUITE_P(Durations, DurationBad, testing::Values(
    BadCase{"empty", ""}, BadCase{"no_unit", "500"}, BadCase{"zero", "0s"}, BadCase{"negative", "-1s"}, BadCase{"fraction", "1.5s"},
    BadCase{"micro", "5us"}, BadCase{"blank", "5 s"}, BadCase{"upper", "5S"}, BadCase{"huge", "99999999999999999999s"},
    BadCase{"wraps", "18446744073709551615h"}, BadCase{"longer_than_1000_years", "8760001h"}),
    [](const auto& row) { return row.param.name; });

TEST(Duration, the_longest_is_1000_years) { EXPECT_TRUE(parse_duration("8760000h")); }

TEST(Count, takes_digits_alone) {
    EXPECT_EQ(parse_count("0").value(), 0u);
    EXPECT_EQ(parse_count("18446744073709551615").value(), UINT64_MAX);
    for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x1", "1e3", "18446744073709551616", "one"}) EXPECT_FALSE(parse_count(text)) << text;
}

}  // namespace
