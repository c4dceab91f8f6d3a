// Text and bytes through a guest's memory, both ways, byte for byte.

#include "guest.hpp"

namespace mortise::wasp_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using namespace std::string_literals;

constexpr std::string_view kEcho = "(func (export \"echo\") (param i32) (result i32) (local.get 0))";

std::string constant(std::string_view name, std::string_view number) {
    return "(func (export \"" + std::string(name) + "\") (result i32) (i32.const " + std::string(number) + "))";
}

Bytes bytes(std::initializer_list<int> values) {
    Bytes out;
    for (const int one : values) out.push_back(static_cast<std::byte>(one));
    return out;
}

TEST(WaspText, Placed_isItsBytesThenANul) {
    auto instance = start({.more = std::string(kEcho)});
    const auto address = value(instance.call<std::uint32_t>("echo", "ab"));
    EXPECT_EQ(address, 4096u);
    EXPECT_EQ(peek(instance, address, 3), "ab\0"s);
    EXPECT_THAT(freed(instance), ElementsAre(Pair(4096, 3)));
    EXPECT_THAT(instance.call<int>("last_size"), Holds(3));
}

TEST(WaspText, Empty_isOneNul) {
    auto instance = start({.more = std::string(kEcho)});
    const auto address = value(instance.call<std::uint32_t>("echo", ""));
    EXPECT_EQ(peek(instance, address, 1), "\0"s);
    EXPECT_THAT(instance.call<int>("last_size"), Holds(1));
}

TEST(WaspText, WithNulAndCharactersOfSeveralBytes_isCopiedVerbatim) {
    auto instance = start({.more = std::string(kEcho)});
    const std::string text = "h\xc3\xa9\0\xe2\x82\xac\xf0\x9f\x98\x80\xff"s;
    const auto address = value(instance.call<std::uint32_t>("echo", text));
    EXPECT_EQ(peek(instance, address, static_cast<std::uint32_t>(text.size()) + 1), text + "\0"s);
}

TEST(WaspText, Read_hasTheLengthThatTheGuestTells) {
    auto instance = start({.more = constant("hello", "16") + constant("empty", "64")});
    EXPECT_THAT(instance.call<std::string>("hello"), Holds("hello"s));
    EXPECT_THAT(instance.call<std::string>("empty"), Holds(""s));
    EXPECT_THAT(freed(instance), ElementsAre(Pair(16, 5), Pair(64, 0)));
}

TEST(WaspText, Read_isNotEndedByANul) {
    auto instance = start({.more = constant("text", "160"), .get_string_size = "(i32.const 3)"});
    EXPECT_THAT(instance.call<std::string>("text"), Holds("ab\0"s));
}

TEST(WaspText, TrailingNulTrimmed_losesOneNulAndIsFreedWithItsWholeSize) {
    auto instance = start({.more = constant("text", "160") + constant("hello", "16"), .get_string_size = "(i32.const 4)"},
                          with({.trailing_nul = abi::wasp::TrailingNul::trim}));
    EXPECT_THAT(instance.call<std::string>("text"), Holds("ab\0"s));
    EXPECT_THAT(instance.call<std::string>("hello"), Holds("hell"s));
    EXPECT_THAT(freed(instance), ElementsAre(Pair(16, 4), Pair(160, 4)));
}

TEST(WaspText, ThroughTheGuestAndBack_isTheSame) {
    auto instance = start({.more = std::string(kEcho), .memory = "(memory (export \"memory\") 40)"});
    auto echo = value(instance.function<std::string(std::string_view)>("echo"));
    for (const std::size_t size : {0, 1, 15, 16, 17, 4095, 65536, 1000000}) {
        const std::string text(size, 'x');
        EXPECT_THAT(echo(text), Holds(text)) << size;
    }
}

TEST(WaspBytes, Placed_haveTheirLengthInFront) {
    auto instance = start({.more = std::string(kEcho)});
    const auto address = value(instance.call<std::uint32_t>("echo", bytes({0x10, 0x20})));
    EXPECT_EQ(peek(instance, address, 6), "\x02\0\0\0\x10\x20"s);
    EXPECT_THAT(freed(instance), ElementsAre(Pair(address, 6)));
}

TEST(WaspBytes, Empty_areTheLengthAlone) {
    auto instance = start({.more = std::string(kEcho)});
    const auto address = value(instance.call<std::uint32_t>("echo", Bytes()));
    EXPECT_EQ(peek(instance, address, 4), "\0\0\0\0"s);
    EXPECT_THAT(instance.call<int>("last_size"), Holds(4));
}

TEST(WaspBytes, Read_haveTheLengthThatStandsInFront) {
    auto instance = start({.more = constant("some", "96") + constant("unaligned", "97")});
    EXPECT_THAT(instance.call<Bytes>("some"), Holds(bytes({0x10, 0x20})));
    EXPECT_THAT(freed(instance), ElementsAre(Pair(96, 6)));
}

TEST(WaspBytes, AtAnyAddress_areReadAndWritten) {
    auto instance = start({.more = std::string(kEcho), .allocate = "(i32.or (call $bump (i32.add (local.get $n) (i32.const 8))) (i32.const 1))"});
    EXPECT_THAT(instance.call<Bytes>("echo", bytes({1, 2, 3})), Holds(bytes({1, 2, 3})));
}

TEST(WaspText, CopiedAsTheReferenceDoes_isCutTo8BitsWithTheNulOneLate) {
    // The block is filled with 0xEE first; "é" is U+00E9 and two bytes long, "€" U+20AC and three.
    auto instance = start({.more = std::string(kEcho),
                           .allocate = "(local $i i32) (loop $next (i32.store8 (i32.add (i32.const 8192) (local.get $i)) (i32.const 0xee))"
                                       "(br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 32))))"
                                       "(i32.const 8192)"},
                          with({.string_copy = abi::wasp::StringCopy::reference}));
    const auto address = value(instance.call<std::uint32_t>("echo", "a\xc3\xa9\xe2\x82\xac\xff" "b"));
    EXPECT_EQ(peek(instance, address, 10), "a\xe9\xee\xac\xee\xee\xfd" "b\xee\0"s);
}

TEST(WaspText, CopiedAsTheReferenceDoes_staysInsideMemory) {
    auto instance = start({.more = std::string(kEcho), .allocate = "(i32.sub (i32.const 131072) (local.get $n))"},
                          with({.string_copy = abi::wasp::StringCopy::reference}));
    EXPECT_THAT(instance.call<std::uint32_t>("echo", "abc"), Holds(131068u));
}

TEST(WaspText, MemoryMovedByAllocate_isFoundAgain) {
    auto instance = start({.more = "(func (export \"both\") (param i32 i32) (result i32) (local.get 1))",
                           .allocate = "(i32.shl (memory.grow (i32.const 16)) (i32.const 16))",
                           .memory = "(memory (export \"memory\") 1)"});
    EXPECT_THAT(instance.call<std::string>("both", "one", "two"), Holds("two"s));
}

struct PlaceRow {
    const char* name;
    const char* allocate;
    ErrorCode code;
    const char* text;
};

class WaspAllocate : public ::testing::TestWithParam<PlaceRow> {};

TEST_P(WaspAllocate, Hostile_failsTheCallAndWritesNothing) {
    const auto& row = GetParam();
    PluginOptions options = with(abi::wasp::Options{});
    options.limits.memory_bytes = 4 * 65536;
    options.limits.call_time = std::chrono::milliseconds(50);
    auto instance = start({.more = std::string(kEcho) + constant("hello", "16"), .allocate = row.allocate}, std::move(options));
    for (const ValueView& argument : {ValueView("abc"), ValueView(BytesView(bytes({1, 2, 3})))}) {
        EXPECT_THAT(instance.call<std::string>("echo", argument), FailsWith(row.code, row.text));
    }
    EXPECT_EQ(peek(instance, 131070, 2), "\0\0"s);
    EXPECT_THAT(instance.call<std::string>("hello"), Holds("hello"s));
}

const PlaceRow kAllocators[] = {
    {"zero", "(i32.const 0)", ErrorCode::bad_pointer, "returned 0"},
    {"behind_the_end", "(i32.const 131072)", ErrorCode::bad_pointer, "returned 131072"},
    {"last_bytes_outside", "(i32.const 131070)", ErrorCode::bad_pointer, "beyond the guest's memory"},
    {"highest_address", "(i32.const -1)", ErrorCode::bad_pointer, "returned 4294967295"},
    {"half_of_the_addresses", "(i32.const 0x80000000)", ErrorCode::bad_pointer, "returned 2147483648"},
    {"trap", "unreachable", ErrorCode::trap, "parameter 1 of \"echo\""},
    {"endless", "(loop $l (br $l)) (i32.const 0)", ErrorCode::deadline_exceeded, "parameter 1"},
    {"refused_growth", "(drop (memory.grow (i32.const 1000))) (i32.const 0)", ErrorCode::memory_limit, "growth was refused"},
};
INSTANTIATE_TEST_SUITE_P(Kinds, WaspAllocate, ::testing::ValuesIn(kAllocators), [](const auto& row) { return row.param.name; });

TEST(WaspTransfer, TextBeyondTheOutputLimit_isRefused) {
    PluginOptions options = with(abi::wasp::Options{});
    options.limits.output_bytes = 100;
    auto instance = start({.more = constant("f", "0"), .get_string_size = "(i32.const 101)"}, options);
    EXPECT_THAT(instance.call<std::string>("f"), FailsWith(ErrorCode::output_limit, "output_bytes"));
}

struct ReadRow {
    const char* name;
    const char* address;
    const char* size;   ///< of get_string_size
    ErrorCode code;
    const char* text;
};

class WaspRead : public ::testing::TestWithParam<ReadRow> {};

TEST_P(WaspRead, OutsideMemory_failsTheCall) {
    const auto& row = GetParam();
    auto instance = start({.more = constant("f", row.address), .get_string_size = row.size}, with(abi::wasp::Options{}));
    EXPECT_THAT(instance.call<std::string>("f"), FailsWith(row.code, row.text));
    EXPECT_THAT(instance.call<int>("last_size"), Holds(0));
}

const ReadRow kTexts[] = {
    {"negative_size", "16", "(i32.const -1)", ErrorCode::bad_pointer, "get_string_size(16) returned -1"},
    {"lowest_size", "16", "(i32.const 0x80000000)", ErrorCode::bad_pointer, "returned -2147483648"},
    {"past_the_end", "131070", "(i32.const 3)", ErrorCode::bad_pointer, "3 bytes at 131070"},
    {"behind_the_end", "200000", "(i32.const 1)", ErrorCode::bad_pointer, "result of \"f\""},
    {"that_wraps", "-8", "(i32.const 16)", ErrorCode::bad_pointer, "16 bytes at 4294967288"},
    {"largest", "0", "(i32.const 0x7fffffff)", ErrorCode::bad_pointer, "not inside"},
    {"beyond_the_memory_below_the_limit", "0", "(i32.const 0x3ffffff)", ErrorCode::bad_pointer, "not inside"},
    {"trap", "16", "unreachable", ErrorCode::trap, "measured a text"},
};
INSTANTIATE_TEST_SUITE_P(Texts, WaspRead, ::testing::ValuesIn(kTexts), [](const auto& row) { return row.param.name; });

TEST(WaspText, EmptyAnywhere_isFine) {
    auto instance = start({.more = constant("f", "-1"), .get_string_size = "(i32.const 0)"});
    EXPECT_THAT(instance.call<std::string>("f"), Holds(""s));
}

TEST(WaspText, UpToTheLastByte_isFine) {
    auto instance = start({.more = constant("f", "131070"), .get_string_size = "(i32.const 2)"});
    EXPECT_THAT(instance.call<std::string>("f"), Holds("\0\0"s));
}

struct BytesRow {
    const char* name;
    const char* address;
    const char* length;
    const char* text;
};

class WaspBytesRead : public ::testing::TestWithParam<BytesRow> {};

TEST_P(WaspBytesRead, OutsideMemory_failsTheCall) {
    const auto& row = GetParam();
    const std::string body = row.length == nullptr ? "" : "(i32.store (i32.const " + std::string(row.address) + ") (i32.const " + row.length + "))";
    auto instance = start({.more = "(func (export \"f\") (result i32) " + body + "(i32.const " + row.address + "))"});
    EXPECT_THAT(instance.call<Bytes>("f"), FailsWith(ErrorCode::bad_pointer, row.text));
}

const BytesRow kBytes[] = {
    {"length_outside", "131069", nullptr, "the length of bytes at 131069"},
    {"length_behind_the_end", "-1", nullptr, "the length of bytes at 4294967295"},
    {"one_too_many", "131064", "5", "5 of them"},
    {"highest_length", "96", "-1", "4294967295 of them"},
    {"length_that_wraps", "96", "0xffffff9c", "of them"},
    {"behind_the_end", "200000", nullptr, "length of bytes"},
};
INSTANTIATE_TEST_SUITE_P(Lengths, WaspBytesRead, ::testing::ValuesIn(kBytes), [](const auto& row) { return row.param.name; });

TEST(WaspBytes, UpToTheLastByte_areFine) {
    auto instance = start({.more = "(func (export \"f\") (result i32) (i32.store (i32.const 131064) (i32.const 4)) (i32.const 131064))"});
    EXPECT_THAT(instance.call<Bytes>("f"), Holds(bytes({0, 0, 0, 0})));
}

TEST(WaspLimits, ResultsBeyondOutputBytes_areRefused) {
    PluginOptions options = with(abi::wasp::Options{});
    options.limits.output_bytes = 4;
    auto instance = start({.more = constant("text", "16") + constant("short", "160") +
                                   "(func (export \"bytes\") (result i32) (i32.store (i32.const 600) (i32.const 5)) (i32.const 600))"},
                          std::move(options));
    EXPECT_THAT(instance.call<std::string>("text"), FailsWith(ErrorCode::output_limit, "5 bytes"));
    EXPECT_THAT(instance.call<Bytes>("bytes"), FailsWith(ErrorCode::output_limit, "output_bytes"));
    EXPECT_THAT(instance.call<std::string>("short"), Holds("ab"s));
}

TEST(WaspLimits, ArgumentBeyondTheMemory_isRefusedBeforeAllocating) {
    PluginOptions options = with(abi::wasp::Options{});
    options.limits.memory_bytes = 2 * 65536;
    auto instance = start({.more = std::string(kEcho)}, std::move(options));
    EXPECT_THAT(instance.call<int>("echo", std::string(131072, 'x')), FailsWith(ErrorCode::memory_limit, "parameter 1"));
    EXPECT_THAT(instance.call<int>("last_size"), Holds(0));
}

struct LackRow {
    const char* name;
    Guest guest;
    ErrorCode code;
    const char* place_text;
    const char* read_text;
};

class WaspLack : public ::testing::TestWithParam<LackRow> {};

TEST_P(WaspLack, OfWhatTransferNeeds_isToldBeforeTheCall) {
    auto row = GetParam();
    row.guest.more += std::string(kEcho) + "(func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))";
    auto instance = start(row.guest, with(abi::wasp::Options{}));
    EXPECT_THAT(instance.call<int>("add", 2, 3), Holds(5));
    EXPECT_THAT(instance.call<int>("echo", "text"), FailsWith(row.code, row.place_text));
    EXPECT_THAT(instance.call<int>("echo", bytes({1})), FailsWith(row.code, row.place_text));
    EXPECT_THAT(instance.call<std::string>("echo", 16), FailsWith(row.code, row.read_text));
    EXPECT_THAT(instance.function<int(std::string_view)>("echo"), FailsWith(row.code, row.place_text));
}

const LackRow kLacks[] = {
    {"no_helpers", {.has_helpers = false}, ErrorCode::missing_export, "\"allocate\"", "\"get_string_size\""},
    {"other_types",
     {.more = "(func (export \"allocate\") (param i64) (result i32) (i32.const 0))"
              "(func (export \"get_string_size\") (param i32) (result i64) (i64.const 0))",
      .has_helpers = false},
     ErrorCode::export_mismatch, "\"allocate\" is not of type (i32) -> i32", "\"get_string_size\" is not"},
    {"no_memory", {.memory = "(memory 2)"}, ErrorCode::missing_export, "memory \"memory\"", "memory \"memory\""},
    {"memory_of_another_name", {.memory = "(memory (export \"mem\") 2)"}, ErrorCode::missing_export, "memory \"memory\"", "memory \"memory\""},
};
INSTANTIATE_TEST_SUITE_P(Exports, WaspLack, ::testing::ValuesIn(kLacks), [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace mortise::wasp_tests
