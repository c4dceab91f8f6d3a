#include "wasm/cursor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "module_builder.hpp"

namespace mortise::wasm {
namespace {

using ::testing::HasSubstr;
using testing::hex;

struct NumberCase {
    const char* name;
    const char* bytes;
    char kind;  ///< u: u32, U: u64, s: s32, t: s33, S: s64
    std::optional<std::int64_t> value;
};

class Number : public ::testing::TestWithParam<NumberCase> {};

TEST_P(Number, Leb128_read_strictly) {
    const auto& c = GetParam();
    const auto bytes = hex(c.bytes);
    Cursor in(bytes);
    std::int64_t value = 0;
    switch (c.kind) {
        case 'u': value = in.u32(); break;
        case 'U': value = static_cast<std::int64_t>(in.u64()); break;
        case 's': value = in.s32(); break;
        case 't': value = in.s33(); break;
        default: value = in.s64(); break;
    }
    EXPECT_EQ(in.ok(), c.value.has_value());
    if (c.value) {
        EXPECT_EQ(value, *c.value);
        EXPECT_TRUE(in.done());
    } else {
        EXPECT_EQ(value, 0);
        EXPECT_EQ(in.take_error().code(), ErrorCode::malformed_module);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Number,
    ::testing::Values(
        NumberCase{"u32_zero", "00", 'u', 0}, NumberCase{"u32_two_bytes", "80 01", 'u', 128},
        NumberCase{"u32_most", "ff ff ff ff 0f", 'u', 0xFFFFFFFF}, NumberCase{"u32_padded", "80 80 80 80 00", 'u', 0},
        NumberCase{"u32_unused_bit", "ff ff ff ff 1f", 'u', std::nullopt},
        NumberCase{"u32_unused_high_bit", "80 80 80 80 40", 'u', std::nullopt},
        NumberCase{"u32_six_bytes", "80 80 80 80 80 00", 'u', std::nullopt},
        NumberCase{"u32_cut", "80 80", 'u', std::nullopt}, NumberCase{"u32_nothing", "", 'u', std::nullopt},
        NumberCase{"u64_most", "ff ff ff ff ff ff ff ff ff 01", 'U', -1},
        NumberCase{"u64_unused_bit", "ff ff ff ff ff ff ff ff ff 03", 'U', std::nullopt},
        NumberCase{"u64_eleven_bytes", "80 80 80 80 80 80 80 80 80 80 00", 'U', std::nullopt},
        NumberCase{"s32_minus_one", "7f", 's', -1}, NumberCase{"s32_64", "c0 00", 's', 64},
        NumberCase{"s32_minus_64", "40", 's', -64}, NumberCase{"s32_most", "ff ff ff ff 07", 's', INT32_MAX},
        NumberCase{"s32_least", "80 80 80 80 78", 's', INT32_MIN},
        NumberCase{"s32_padded_minus_one", "ff ff ff ff 7f", 's', -1},
        NumberCase{"s32_too_large", "ff ff ff ff 0f", 's', std::nullopt},
        NumberCase{"s32_too_small", "80 80 80 80 70", 's', std::nullopt},
        NumberCase{"s32_six_bytes", "ff ff ff ff ff 7f", 's', std::nullopt},
        NumberCase{"s33_most_u32", "ff ff ff ff 0f", 't', 0xFFFFFFFF},
        NumberCase{"s33_least", "80 80 80 80 70", 't', -(1LL << 32)},
        NumberCase{"s33_too_large", "ff ff ff ff 1f", 't', std::nullopt}, NumberCase{"s33_minus_one", "7f", 't', -1},
        NumberCase{"s33_unused_bit", "80 80 80 80 30", 't', std::nullopt},
        NumberCase{"s64_most", "ff ff ff ff ff ff ff ff ff 00", 'S', INT64_MAX},
        NumberCase{"s64_least", "80 80 80 80 80 80 80 80 80 7f", 'S', INT64_MIN},
        NumberCase{"s64_unused_bits", "80 80 80 80 80 80 80 80 80 7e", 'S', std::nullopt},
        NumberCase{"s64_sign_without_rest", "ff ff ff ff ff ff ff ff ff 01", 'S', std::nullopt},
        NumberCase{"s64_eleven_bytes", "ff ff ff ff ff ff ff ff ff ff 7f", 'S', std::nullopt}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Cursor, What_the_writer_writes_is_read_back) {
    constexpr std::int64_t kNumbers[] = {0,   1,    -1,   63,        64,        -64,       -65,       127,
                                         128, -128, -129, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1LL << 62};
    for (const auto number : kNumbers) {
        Writer out;
        out.s64(number);
        out.u64(static_cast<std::uint64_t>(number));
        const auto bytes = out.take();
        Cursor in(bytes);
        EXPECT_EQ(in.s64(), number);
        EXPECT_EQ(in.u64(), static_cast<std::uint64_t>(number));
        EXPECT_TRUE(in.ok() && in.done()) << number;
    }
}

TEST(Cursor, First_failure_sticks_and_nothing_is_left) {
    const auto bytes = hex("80 80 80 80 80 80 05");
    Cursor in(bytes);
    in.u32();
    EXPECT_FALSE(in.ok());
    EXPECT_TRUE(in.done());
    EXPECT_EQ(in.u8(), 0);
    EXPECT_EQ(in.u32(), 0u);
    in.refuse("later");
    in.fail("later");
    EXPECT_EQ(in.take_error().message(), "number of too many bytes (at offset 0x0)");
}

TEST(Cursor, Name_must_be_utf8_and_inside) {
    const auto good = hex("02 c3 a9"), bad = hex("02 c3 28"), cut = hex("03 61 62");
    Cursor in(good);
    EXPECT_EQ(in.name(), "\xC3\xA9");
    Cursor ill(bad);
    ill.name();
    EXPECT_THAT(ill.take_error().message(), HasSubstr("not UTF-8 (at offset 0x1)"));
    Cursor short_one(cut);
    short_one.name();
    EXPECT_THAT(short_one.take_error().message(), HasSubstr("unexpected end"));
}

TEST(Cursor, Window_ends_reading_and_must_be_used_up) {
    const auto bytes = hex("01 02 03");
    Cursor in(bytes);
    const auto* outer = in.enter(2);
    in.u8();
    in.u8();
    EXPECT_TRUE(in.done());
    in.leave(outer, "it");
    EXPECT_EQ(in.left(), 1u);
    in.enter(2);
    EXPECT_THAT(in.take_error().message(), HasSubstr("size of 2 bytes where 1 are left"));

    Cursor lazy(bytes);
    const auto* whole = lazy.enter(2);
    lazy.leave(whole, "it");
    EXPECT_THAT(lazy.take_error().message(), HasSubstr("2 bytes too many in it"));
}

TEST(Cursor, Fixed_numbers_are_little_endian) {
    const auto bytes = hex("01 02 03 04 05 06 07 08");
    EXPECT_EQ(Cursor(bytes).fixed32(), 0x04030201u);
    EXPECT_EQ(Cursor(bytes).fixed64(), 0x0807060504030201u);
}

}  // namespace
}  // namespace mortise::wasm
