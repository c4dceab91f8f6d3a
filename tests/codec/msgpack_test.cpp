#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <limits>

#include <msgpack.hpp>

#include "samples.hpp"

using namespace mortise;
using namespace samples;
using test::failure;
using test::hex;
using test::packed;
using ::testing::HasSubstr;

namespace {

struct Query {
    std::string q;
};
struct Key {
    std::int32_t k = 0;
};
struct Number {
    std::int32_t n = 0;
};

TEST(MsgPackEncode, examples_of_the_abi_pages) {
    EXPECT_EQ(packed(Query{"on"}), "81 A1 71 A2 6F 6E");
    EXPECT_EQ(packed(Key{300}), "81 A1 6B CD 01 2C");
    EXPECT_EQ(packed(Number{5}), "81 A1 6E 05");
    EXPECT_EQ(packed(std::string("h\u00e9")), "A3 68 C3 A9");
}

TEST(MsgPackEncode, integers_take_their_shortest_form) {
    const std::pair<std::int64_t, std::string_view> rows[] = {
        {0, "00"}, {127, "7F"}, {128, "CC 80"}, {255, "CC FF"}, {256, "CD 01 00"}, {65535, "CD FF FF"}, {65536, "CE 00 01 00 00"},
        {0xFFFFFFFF, "CE FF FF FF FF"}, {0x100000000, "CF 00 00 00 01 00 00 00 00"},
        {INT64_MAX, "CF 7F FF FF FF FF FF FF FF"}, {-1, "FF"}, {-32, "E0"}, {-33, "D0 DF"}, {-128, "D0 80"}, {-129, "D1 FF 7F"},
        {-32768, "D1 80 00"}, {-32769, "D2 FF FF 7F FF"}, {INT32_MIN, "D2 80 00 00 00"},
        {std::int64_t{INT32_MIN} - 1, "D3 FF FF FF FF 7F FF FF FF"}, {INT64_MIN, "D3 80 00 00 00 00 00 00 00"}};
    for (const auto& [number, bytes] : rows) {
        EXPECT_EQ(packed(number), bytes);
        EXPECT_EQ(codec::decode<std::int64_t>(hex(bytes), codec::msgpack).value_or(42), number);
    }
    EXPECT_EQ(packed(UINT64_MAX), "CF FF FF FF FF FF FF FF FF");
}

TEST(MsgPackEncode, floats_keep_their_width) {
    EXPECT_EQ(packed(1.5f), "CA 3F C0 00 00");
    EXPECT_EQ(packed(1.5), "CB 3F F8 00 00 00 00 00 00");
    EXPECT_EQ(packed(std::numeric_limits<double>::infinity()), "CB 7F F0 00 00 00 00 00 00");
}

TEST(MsgPackEncode, headers_take_their_shortest_form) {
    const auto head = [](std::size_t n, const auto& value, std::size_t bytes) {
        const auto out = codec::encode(value, codec::msgpack);
        EXPECT_GE(out->size(), n);
        return test::to_hex(BytesView(*out).first(bytes));
    };
    EXPECT_EQ(head(31, std::string(31, 'x'), 1), "BF");
    EXPECT_EQ(head(32, std::string(32, 'x'), 2), "D9 20");
    EXPECT_EQ(head(255, std::string(255, 'x'), 2), "D9 FF");
    EXPECT_EQ(head(256, std::string(256, 'x'), 3), "DA 01 00");
    EXPECT_EQ(head(65536, std::string(65536, 'x'), 5), "DB 00 01 00 00");
    EXPECT_EQ(head(0, Bytes(), 2), "C4 00");
    EXPECT_EQ(head(255, Bytes(255), 2), "C4 FF");
    EXPECT_EQ(head(256, Bytes(256), 3), "C5 01 00");
    EXPECT_EQ(head(65536, Bytes(65536), 5), "C6 00 01 00 00");
    EXPECT_EQ(head(15, std::vector<int>(15), 1), "9F");
    EXPECT_EQ(head(16, std::vector<int>(16), 3), "DC 00 10");
    EXPECT_EQ(head(65536, std::vector<int>(65536), 5), "DD 00 01 00 00");
    std::map<int, int> many;
    for (int i = 0; i < 70000; ++i) {
        many[i] = 0;
        if (i == 14) { EXPECT_EQ(head(30, many, 1), "8F"); }
        if (i == 15) { EXPECT_EQ(head(32, many, 3), "DE 00 10"); }
    }
    EXPECT_EQ(head(140000, many, 5), "DF 00 01 11 70");
}

TEST(MsgPackEncode, long_content_beyond_the_writers_buffer_is_whole) {
    struct Two {
        std::string a, b;
    };
    for (const std::size_t size : {400u, 505u, 511u, 512u, 513u, 2000u}) {
        const Two two{std::string(size, 'a'), std::string(size + 1, 'b')};
        const auto back = codec::decode<Two>(*codec::encode(two, codec::msgpack), codec::msgpack);
        ASSERT_TRUE(back) << size;
        EXPECT_EQ(back->a, two.a);
        EXPECT_EQ(back->b, two.b);
    }
}

TEST(MsgPackEncode, agrees_with_msgpack_cxx) {
    msgpack::sbuffer theirs;
    msgpack::packer<msgpack::sbuffer> packer(theirs);
    packer.pack_map(2).pack(std::string("x")).pack(-70000).pack(std::string("y")).pack(70000);
    const auto ours = codec::encode(Point{-70000, 70000}, codec::msgpack);
    EXPECT_EQ(text_of(*ours), std::string_view(theirs.data(), theirs.size()));
}

TEST(MsgPackDecode, any_integer_width_that_fits) {
    for (const std::string_view five : {"05", "CC 05", "CD 00 05", "CE 00 00 00 05", "CF 00 00 00 00 00 00 00 05", "D0 05", "D1 00 05",
                                        "D2 00 00 00 05", "D3 00 00 00 00 00 00 00 05"}) {
        EXPECT_EQ(codec::decode<std::int8_t>(hex(five), codec::msgpack).value_or(0), 5) << five;
        EXPECT_EQ(codec::decode<std::uint64_t>(hex(five), codec::msgpack).value_or(0), 5u) << five;
        EXPECT_EQ(codec::decode<double>(hex(five), codec::msgpack).value_or(0), 5.0) << five;
    }
    for (const std::string_view minus : {"FF", "D0 FF", "D1 FF FF", "D2 FF FF FF FF", "D3 FF FF FF FF FF FF FF FF"}) {
        EXPECT_EQ(codec::decode<std::int8_t>(hex(minus), codec::msgpack).value_or(0), -1) << minus;
        EXPECT_THAT(failure<std::uint64_t>(hex(minus)), HasSubstr("the integer -1 does not fit an unsigned 64-bit integer"));
    }
    EXPECT_THAT(failure<std::int8_t>(hex("CC 80")), HasSubstr("the integer 128 does not fit a signed 8-bit integer"));
    EXPECT_THAT(failure<std::int64_t>(hex("CF FF FF FF FF FF FF FF FF")), HasSubstr("18446744073709551615 does not fit"));
    EXPECT_THAT(failure<std::uint16_t>(hex("CE 00 01 00 00")), HasSubstr("65536 does not fit an unsigned 16-bit"));
}

TEST(MsgPackDecode, floats_of_both_widths) {
    EXPECT_EQ(*codec::decode<double>(hex("CA 3F C0 00 00"), codec::msgpack), 1.5);
    EXPECT_EQ(*codec::decode<float>(hex("CB 3F F8 00 00 00 00 00 00"), codec::msgpack), 1.5f);
    EXPECT_TRUE(std::isnan(*codec::decode<float>(hex("CB 7F F8 00 00 00 00 00 00"), codec::msgpack)));
    EXPECT_TRUE(std::isinf(*codec::decode<float>(hex("CB FF F0 00 00 00 00 00 00"), codec::msgpack)));
    EXPECT_THAT(failure<float>(hex("CB 7F E0 00 00 00 00 00 00")), HasSubstr("does not fit a 32-bit float"));
}

TEST(MsgPackDecode, wide_maps_and_keys_as_bytes_are_taken) {
    for (const std::string_view form : {"81 A1 6B 05", "DE 00 01 A1 6B 05", "DF 00 00 00 01 A1 6B 05", "81 D9 01 6B 05",
                                        "81 C4 01 6B 05", "81 C5 00 01 6B 05", "81 DA 00 01 6B 05"}) {
        const auto back = codec::decode<Key>(hex(form), codec::msgpack);
        ASSERT_TRUE(back) << form << ": " << back.error().describe();
        EXPECT_EQ(back->k, 5);
    }
}

TEST(MsgPackDecode, repeated_key_takes_the_last_whole) {
    EXPECT_EQ(codec::decode<Key>(hex("82 A1 6B 05 A1 6B 06"), codec::msgpack)->k, 6);
    struct Outer {
        Point p;
        std::vector<int> v;
    };
    // p = {x: 1, y: 2}, then p = {y: 3}; v = [1], then v = [2].
    const auto back = codec::decode<Outer>(
        hex("84 A1 70 82 A1 78 01 A1 79 02 A1 70 81 A1 79 03 A1 76 91 01 A1 76 91 02"), codec::msgpack);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->p, (Point{0, 3}));
    EXPECT_EQ(back->v, std::vector<int>{2});
}

TEST(MsgPackDecode, keys_out_of_order_find_their_members) {
    EXPECT_EQ(*codec::decode<Point>(hex("83 A1 79 02 A1 7A C0 A1 78 01"), codec::msgpack), (Point{1, 2}));
}

TEST(MsgPackDecode, nil_is_only_for_what_can_be_empty) {
    struct Maybe {
        std::optional<int> m = 3;
    };
    EXPECT_FALSE(codec::decode<Maybe>(hex("81 A1 6D C0"), codec::msgpack)->m.has_value());
    EXPECT_EQ(codec::decode<Maybe>(hex("80"), codec::msgpack)->m, 3);
    EXPECT_THAT(failure<Key>(hex("81 A1 6B C0")), HasSubstr("at \"k\": wanted an integer, got nil"));
    EXPECT_THAT(failure<Key>(hex("C0")), HasSubstr("wanted a map, got nil"));
}

TEST(MsgPackDecode, wrong_types_name_path_wanted_and_got) {
    EXPECT_EQ(failure<Key>(hex("81 A1 6B A1 78")), "MessagePack at \"k\": wanted an integer, got a string (offset 3)");
    EXPECT_EQ(failure<Query>(hex("81 A1 71 C4 01 78")), "MessagePack at \"q\": wanted a string, got bytes (offset 3)");
    EXPECT_EQ(failure<Query>(hex("81 A1 71 05")), "MessagePack at \"q\": wanted a string, got an integer (offset 3)");
    EXPECT_EQ(failure<std::int32_t>(hex("CB 3F F0 00 00 00 00 00 00")), "MessagePack: wanted an integer, got a float (offset 0)");
    EXPECT_EQ(failure<std::vector<Point>>(hex("92 80 81 A1 79 90")), "MessagePack at \"[1].y\": wanted an integer, got an array (offset 5)");
    EXPECT_EQ((failure<std::map<std::string, std::vector<bool>>>(hex("81 A1 61 91 01"))),
              "MessagePack at \"a[0]\": wanted a boolean, got an integer (offset 4)");
    EXPECT_EQ((failure<std::pair<int, int>>(hex("93 01 02 03"))), "MessagePack: wanted an array of 2, got one of 3 (offset 1)");
    EXPECT_EQ(failure<Bytes>(hex("A1 61")), "MessagePack: wanted bytes, got a string (offset 0)");
    EXPECT_EQ(failure<bool>(hex("C1")), "MessagePack: wanted a boolean, got the invalid byte 0xc1 (offset 0)");
    EXPECT_EQ(failure<Key>(hex("81 05 05")), "MessagePack: wanted a string as a key, got an integer (offset 1)");
    EXPECT_EQ(failure<double>(hex("C7 01 05 00")), "MessagePack: wanted a number, got an extension (offset 0)");
}

TEST(MsgPackDecode, every_kind_of_value_can_be_skipped) {
    for (const std::string_view value : {"C0", "C2", "C3", "05", "FF", "CC 80", "CD 01 00", "CE 00 01 00 00", "CF 00 00 00 01 00 00 00 00",
                                         "D0 80", "D1 80 00", "D2 80 00 00 00", "D3 80 00 00 00 00 00 00 00", "CA 00 00 00 00",
                                         "CB 00 00 00 00 00 00 00 00", "A1 61", "D9 01 61", "DA 00 01 61", "DB 00 00 00 01 61", "C4 01 00",
                                         "C5 00 01 00", "C6 00 00 00 01 00", "C7 02 05 00 00", "C8 00 02 05 00 00", "C9 00 00 00 02 05 00 00",
                                         "D4 05 00", "D5 05 00 00", "D6 05 00 00 00 00", "D7 05 00 00 00 00 00 00 00 00",
                                         "D8 05 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "92 01 91 02", "DC 00 01 01",
                                         "DD 00 00 00 01 01", "82 A1 61 01 05 90", "DE 00 01 01 01", "DF 00 00 00 01 01 01", "80", "90", "A0"}) {
        // {"?": value, "k": 7}
        const auto bytes = hex("82 A1 3F " + std::string(value) + " A1 6B 07");
        const auto back = codec::decode<Key>(bytes, codec::msgpack);
        ASSERT_TRUE(back) << value << ": " << back.error().describe();
        EXPECT_EQ(back->k, 7) << value;
        // Cut anywhere it is an error, never more.
        for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
            EXPECT_NE(failure<Key>(BytesView(bytes).first(cut)), "decoded") << value << " cut at " << cut;
        }
    }
    EXPECT_THAT(failure<Key>(hex("81 A1 3F C1")), HasSubstr("at \"?\": wanted a value, got the invalid byte 0xc1"));
}

TEST(MsgPackDecode, deep_unknown_value_needs_no_stack) {
    Bytes bytes = hex("82 A1 3F");
    bytes.insert(bytes.end(), 500'000, std::byte{0x91});
    bytes.push_back(std::byte{0xC0});
    const auto rest = hex("A1 6B 07");
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    const auto back = codec::decode<Key>(bytes, codec::msgpack);
    ASSERT_TRUE(back) << back.error().describe();
    EXPECT_EQ(back->k, 7);
}

TEST(MsgPackDecode, empty_truncated_and_trailing_input_are_told_apart) {
    EXPECT_THAT(failure<Key>(BytesView()), HasSubstr("the input is empty"));
    EXPECT_THAT(failure<Key>(hex("81 A1")), HasSubstr("the input ends inside a value"));
    EXPECT_THAT(failure<Key>(hex("81 A1 6B 05 00 00")), HasSubstr("2 byte(s) follow the value"));
    EXPECT_TRUE(codec::decode<Key>(hex("81 A1 6B 05 00"), codec::MsgPack{{.trailing = codec::Trailing::ignored}}));
}

TEST(MsgPackDecode, sizes_beyond_the_input_are_refused_before_anything_is_allocated) {
    for (const std::string_view lie : {"DD FF FF FF FF", "DF FF FF FF FF", "DC FF FF", "9F 00", "8F 00", "DD 7F FF FF FF 00 00"}) {
        EXPECT_NE(failure<std::vector<Everything>>(hex(lie)), "decoded") << lie;
        EXPECT_NE((failure<std::map<std::string, Everything>>(hex(lie))), "decoded") << lie;
        EXPECT_NE(failure<Everything>(hex(lie)), "decoded") << lie;
    }
    for (const std::string_view lie : {"DB FF FF FF FF 00", "DA FF FF 00", "D9 FF 00", "BF 00"}) {
        EXPECT_THAT(failure<std::string>(hex(lie)), HasSubstr("ends inside")) << lie;
    }
    for (const std::string_view lie : {"C6 FF FF FF FF 00", "C5 FF FF 00", "C4 FF 00"}) {
        EXPECT_THAT(failure<Bytes>(hex(lie)), HasSubstr("ends inside")) << lie;
    }
}

}  // namespace
