#include "base/checked.hpp"

#include <gtest/gtest.h>

namespace mortise::base {
namespace {

constexpr std::uint64_t kMost = UINT64_MAX;

struct RangeCase {
    const char* name;
    std::uint64_t at, count, size, limit;
    bool inside;
};

class InRange : public ::testing::TestWithParam<RangeCase> {};

TEST_P(InRange, Range_checked_without_wrapping) {
    const auto& c = GetParam();
    EXPECT_EQ(in_range(c.at, c.count, c.size, c.limit), c.inside);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, InRange,
    ::testing::Values(RangeCase{"all", 0, 16, 4, 64, true}, RangeCase{"one_too_many", 0, 17, 4, 64, false},
                      RangeCase{"one_too_far", 1, 16, 4, 64, false}, RangeCase{"empty_at_the_end", 64, 0, 4, 64, true},
                      RangeCase{"empty_beyond", 65, 0, 4, 64, false}, RangeCase{"empty_of_nothing", 0, 0, 0, 0, true},
                      RangeCase{"size_zero", 3, kMost, 0, 3, true},
                      RangeCase{"product_wraps_to_zero", 0, std::uint64_t{1} << 62, 4, 64, false},
                      RangeCase{"sum_wraps", kMost, 1, 1, 64, false},
                      RangeCase{"sum_wraps_to_inside", kMost - 3, 8, 1, 64, false},
                      RangeCase{"everything_there_is", 0, kMost, 1, kMost, true},
                      RangeCase{"one_byte_at_the_very_end", kMost, 1, 1, kMost, false}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(CheckedArithmetic, Value_that_fits_is_given) {
    EXPECT_EQ(checked_add<std::uint32_t>(1, 2), 3u);
    EXPECT_EQ(checked_add<std::uint32_t>(UINT32_MAX - 1, 1), UINT32_MAX);
    EXPECT_EQ(checked_sub<std::uint32_t>(2, 2), 0u);
    EXPECT_EQ(checked_sub<std::int32_t>(INT32_MIN + 1, 1), INT32_MIN);
    EXPECT_EQ(checked_mul<std::uint64_t>(UINT32_MAX, UINT32_MAX), std::uint64_t{UINT32_MAX} * UINT32_MAX);
}

TEST(CheckedArithmetic, Value_that_does_not_fit_is_nothing) {
    EXPECT_EQ(checked_add<std::uint32_t>(UINT32_MAX, 1), std::nullopt);
    EXPECT_EQ(checked_add<std::int64_t>(INT64_MAX, 1), std::nullopt);
    EXPECT_EQ(checked_sub<std::uint32_t>(0, 1), std::nullopt);
    EXPECT_EQ(checked_sub<std::int32_t>(INT32_MIN, 1), std::nullopt);
    EXPECT_EQ(checked_mul<std::uint64_t>(std::uint64_t{1} << 32, std::uint64_t{1} << 32), std::nullopt);
    EXPECT_EQ(checked_mul<std::int32_t>(INT32_MIN, -1), std::nullopt);
}

}  // namespace
}  // namespace mortise::base
