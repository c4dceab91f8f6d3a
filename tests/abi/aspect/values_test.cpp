// Tagged values through a guest's memory, both ways, byte for byte.

#include <limits>

#include "abi/aspect/marshal.hpp"
#include "guest.hpp"

namespace mortise::aspect_tests {
namespace {

using abi::aspect::encode;
using abi::aspect::encoded_size;
using abi::aspect::read_body;
using abi::aspect::read_header;
using ::testing::HasSubstr;
using namespace std::string_literals;

Bytes bytes(std::initializer_list<int> values) {
    Bytes out;
    for (const int one : values) out.push_back(static_cast<std::byte>(one));
    return out;
}

struct GoldenRow {
    const char* name;
    Value value;
    Bytes encoded;
};

const std::vector<GoldenRow>& golden() {
    static const std::vector<GoldenRow> rows{
        {"text", Value("xyz"), bytes({0x0A, 0, 3, 0, 0, 0, 0x78, 0x79, 0x7A})},
        {"bytes", Value(bytes({9})), bytes({0x0B, 0, 1, 0, 0, 0, 9})},
        {"i32", Value(std::int32_t{-2}), bytes({3, 0, 4, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF})},
        {"u64", Value(std::uint64_t{5}), bytes({8, 0, 8, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0})},
        {"no", Value(false), bytes({9, 0, 1, 0, 0, 0, 0})},
        {"yes", Value(true), bytes({9, 0, 1, 0, 0, 0, 1})},
        {"i64", Value(std::int64_t{-1}), bytes({4, 0, 8, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})},
        {"empty", Value(""), bytes({0x0A, 0, 0, 0, 0, 0})},
        {"no_bytes", Value(Bytes()), bytes({0x0B, 0, 0, 0, 0, 0})},
        {"i32_lowest", Value(std::int32_t{INT32_MIN}), bytes({3, 0, 4, 0, 0, 0, 0, 0, 0, 0x80})},
        {"u64_highest", Value(std::uint64_t{UINT64_MAX}), bytes({8, 0, 8, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})},
        {"text_of_several_bytes", Value("\xe2\x82\xac"), bytes({0x0A, 0, 3, 0, 0, 0, 0xE2, 0x82, 0xAC})},
    };
    return rows;
}

TEST(AspectValues, Encoded_areTheBytesOfThePage) {
    for (const auto& row : golden()) {
        Bytes out(encoded_size(ValueView(row.value)));
        encode(ValueView(row.value), out);
        EXPECT_EQ(out, row.encoded) << row.name;
    }
}

TEST(AspectValues, Decoded_areTheValuesOfThePage) {
    for (const auto& row : golden()) {
        Bytes memory = row.encoded;
        const engine::GuestMemory view(memory.data(), memory.size());
        const auto header = value(read_header(view, 0));
        EXPECT_EQ(value(read_body(view, 0, header)).to_value(), row.value) << row.name;
    }
}

TEST(AspectValues, ThroughTheGuestAndBack_areTheSame) {
    auto instance = start({});
    for (const auto& row : golden()) EXPECT_THAT(call(instance, "echo", {ValueView(row.value)}).value, Holds(row.value)) << row.name;
    const std::string large(50000, 'x');
    EXPECT_THAT(instance.call<std::string>("echo", large), Holds(large));
}

TEST(AspectValues, MadeByTheGuest_comeBackByTheirTag) {
    auto instance = start({});
    for (const auto& row : golden()) {
        if (row.name == "text"s || std::string_view(row.name).find('_') != std::string_view::npos) continue;
        EXPECT_THAT(instance.call<Value>(row.name), Holds(row.value)) << row.name;
    }
    EXPECT_THAT(instance.call<std::string>("xyz"), Holds("xyz"s));
    EXPECT_THAT(instance.call<Bytes>("no_bytes"), Holds(Bytes()));
    EXPECT_THAT(instance.call<bool>("yes"), Holds(true));
    EXPECT_THAT(instance.call<std::uint64_t>("u64"), Holds(std::uint64_t{5}));
    EXPECT_THAT(instance.call<Value>("none"), Holds(Value()));
    EXPECT_THAT(instance.call<void>("none"), IsOk());
    EXPECT_THAT(instance.call<void>("xyz"), IsOk());
}

TEST(AspectValues, OfAnotherTagThanAskedFor_areAMismatch) {
    auto instance = start({});
    EXPECT_THAT(instance.call<std::string>("i32"), FailsWith(ErrorCode::type_mismatch, "the result is i32, asked for string"));
    EXPECT_THAT(instance.call<std::int32_t>("i64"), FailsWith(ErrorCode::type_mismatch));
    EXPECT_THAT(instance.call<Bytes>("xyz"), FailsWith(ErrorCode::type_mismatch));
    EXPECT_THAT(instance.call<std::uint64_t>("i64"), FailsWith(ErrorCode::type_mismatch));
    EXPECT_THAT(instance.call<std::string>("none"), FailsWith(ErrorCode::type_mismatch, "no value"));
}

TEST(AspectValues, OfKindsWithoutATag_areRefused) {
    auto instance = start({});
    for (const ValueView& argument : {ValueView(std::uint32_t{1}), ValueView(1.5f), ValueView(1.5), ValueView()}) {
        EXPECT_THAT(call(instance, "echo", {argument}).value, FailsWith(ErrorCode::type_mismatch, "argument 1 of \"echo\""));
    }
}

struct FrameRow {
    const char* name;
    const char* data;      ///< in the text format, at 1024
    const char* text;      ///< null: it is fine
    const char* address = "1024";
};

class AspectFrame : public ::testing::TestWithParam<FrameRow> {};

TEST_P(AspectFrame, ThatIsWrong_isADecodeError) {
    const auto& row = GetParam();
    auto instance = start({.more = "(data (i32.const 1024) \"" + std::string(row.data) + "\") (func (export \"f\") (result i32) (i32.const " + row.address + "))"});
    const Outcome outcome = call(instance, "f", {}, 1000);
    if (row.text == nullptr) {
        EXPECT_THAT(outcome.value, IsOk());
    } else {
        EXPECT_THAT(outcome.value, FailsWith(ErrorCode::decode, row.text));
    }
    EXPECT_EQ(outcome.wasm_gas_left, 1000 * 1000 - 1116);
}

const FrameRow kFrames[] = {
    {"type_0", "\\00\\00\\00\\00\\00\\00", "type of index 0 is not valid"},
    {"int8", "\\01\\00\\01\\00\\00\\00\\01", "type of index 1 is not valid"},
    {"uint32", "\\07\\00\\04\\00\\00\\00\\01\\00\\00\\00", "type of index 7 is not valid"},
    {"type_12", "\\0c\\00\\00\\00\\00\\00", "type of index 12 is not valid"},
    {"type_266", "\\0a\\01\\00\\00\\00\\00", "type of index 266 is not valid"},
    {"negative_type", "\\ff\\ff\\00\\00\\00\\00", "type of index -1 is not valid"},
    {"negative_length", "\\0a\\00\\ff\\ff\\ff\\ff", "length of -1"},
    {"lowest_length", "\\0b\\00\\00\\00\\00\\80", "length of -2147483648"},
    {"body_outside", "\\0a\\00\\ff\\ff\\ff\\7f", "memory out of bound: 2147483647 bytes"},
    {"body_one_too_long", "\\0a\\00\\fb\\fb\\00\\00", "memory out of bound: 64507 bytes"},
    {"body_up_to_the_end", "\\0a\\00\\fa\\fb\\00\\00", nullptr},
    {"short_i32", "\\03\\00\\03\\00\\00\\00\\01\\02\\03", "has 3 byte(s)"},
    {"short_i64", "\\04\\00\\07\\00\\00\\00", "has 7 byte(s)"},
    {"short_u64", "\\08\\00\\00\\00\\00\\00", "has 0 byte(s)"},
    {"short_bool", "\\09\\00\\00\\00\\00\\00", "has 0 byte(s)"},
    {"long_i32", "\\03\\00\\05\\00\\00\\00\\01\\00\\00\\00\\09", nullptr},
    {"header_outside", "", "header of a value at 65531", "65531"},
    {"header_up_to_the_end", "", "type of index 0", "65530"},
    {"behind_the_end", "", "header of a value at 65536", "65536"},
    {"highest_address", "", "header of a value at 4294967295", "-1"},
    {"address_beyond_2_gib", "", "header of a value at 2147483648", "0x80000000"},
};
INSTANTIATE_TEST_SUITE_P(Frames, AspectFrame, ::testing::ValuesIn(kFrames), [](const auto& row) { return row.param.name; });

TEST(AspectValues, BoolOfTheGuest_isTrueForExactly1) {
    auto instance = start({.more = "(data (i32.const 1024) \"\\09\\00\\01\\00\\00\\00\\02\") (func (export \"two\") (result i32) (i32.const 1024))"});
    EXPECT_THAT(instance.call<bool>("two"), Holds(false));
    EXPECT_THAT(instance.call<bool>("yes"), Holds(true));
}

TEST(AspectValues, LongBodyOfANumber_isReadFromItsFront) {
    auto instance = start({.more = "(data (i32.const 1024) \"\\03\\00\\06\\00\\00\\00\\07\\00\\00\\00\\ff\\ff\") (func (export \"f\") (result i32) (i32.const 1024))"});
    EXPECT_THAT(instance.call<std::int32_t>("f"), Holds(7));
}

TEST(AspectValues, BeyondTheLimitOnOutput_areRefused) {
    PluginOptions options = with(abi::aspect::Options{});
    options.limits.output_bytes = 2;
    auto instance = start({}, std::move(options));
    EXPECT_THAT(instance.call<std::string>("xyz"), FailsWith(ErrorCode::output_limit, "3 bytes"));
    EXPECT_THAT(instance.call<Bytes>("bytes"), IsOk());
}

struct AllocateRow {
    const char* name;
    const char* allocate;
    ErrorCode code;
    const char* text;
};

class AspectAllocate : public ::testing::TestWithParam<AllocateRow> {};

TEST_P(AspectAllocate, Hostile_failsTheCall) {
    const auto& row = GetParam();
    PluginOptions options = with(abi::aspect::Options{});
    options.limits.call_time = std::chrono::milliseconds(50);
    auto instance = start({.allocate = row.allocate}, std::move(options));
    EXPECT_THAT(call(instance, "echo", {"abc"}).value, FailsWith(row.code, row.text));
    EXPECT_THAT(instance.call<std::string>("xyz"), Holds("xyz"s));
}

const AllocateRow kAllocators[] = {
    {"zero", "(i32.const 0)", ErrorCode::bad_pointer, "allocate(9) returned 0"},
    {"behind_the_end", "(i32.const 65536)", ErrorCode::bad_pointer, "returned 65536"},
    {"last_byte_outside", "(i32.const 65528)", ErrorCode::bad_pointer, "returned 65528"},
    {"highest_address", "(i32.const -1)", ErrorCode::bad_pointer, "returned 4294967295"},
    {"trap", "unreachable", ErrorCode::trap, "argument 1 of \"echo\""},
    {"endless", "(loop $l (br $l)) (i32.const 0)", ErrorCode::deadline_exceeded, "argument 1"},
};
INSTANTIATE_TEST_SUITE_P(Kinds, AspectAllocate, ::testing::ValuesIn(kAllocators), [](const auto& row) { return row.param.name; });

TEST(AspectAllocate, ThatGrowsTheMemory_isFollowed) {
    auto instance = start({.allocate = "(i32.shl (memory.grow (i32.const 1)) (i32.const 16))"});
    EXPECT_THAT(instance.call<std::string>("echo", "moved"), Holds("moved"s));
}

}  // namespace
}  // namespace mortise::aspect_tests
