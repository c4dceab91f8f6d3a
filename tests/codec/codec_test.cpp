#include <gmock/gmock.h>

#include <list>
#include <set>

#include "samples.hpp"

using namespace mortise;
using namespace samples;

static_assert(codec::Codec<codec::Raw> && codec::Codec<codec::Json> && codec::Codec<codec::MsgPack>);
static_assert(codec::Encodes<codec::Raw, BytesView> && !codec::Encodes<codec::Raw, int> && !codec::Decodes<codec::Raw, int>);
static_assert(codec::Decodes<codec::MsgPack, Everything> && codec::Encodes<codec::Json, Everything>);

namespace {

Everything full() {
    Everything all{.flag = true, .tiny = -100, .small = 65535, .medium = -2'000'000'000, .large = UINT64_MAX, .narrow = 1.5f,
                   .wide = 0.1, .text = "h\u00e9\n\"\\", .blob = {std::byte{0}, std::byte{255}}, .colour = Colour::green};
    all.maybe = "there";
    all.points = {{1, -1}, {INT32_MIN, INT32_MAX}};
    all.counts = {{"a", INT64_MIN}, {"b", INT64_MAX}};
    all.triple = {1, 2, 3};
    all.pair = {"p", true};
    return all;
}

template <class T>
class EachCodec : public ::testing::Test {};
using Both = ::testing::Types<codec::Json, codec::MsgPack>;
TYPED_TEST_SUITE(EachCodec, Both);

TYPED_TEST(EachCodec, everything_comes_back) {
    const TypeParam codec;
    const auto bytes = codec::encode(full(), codec);
    ASSERT_TRUE(bytes) << bytes.error().describe();
    const auto back = codec::decode<Everything>(*bytes, codec);
    ASSERT_TRUE(back) << back.error().describe();
    EXPECT_EQ(*back, full());
}

TYPED_TEST(EachCodec, containers_come_back) {
    const TypeParam codec;
    const auto same = [&](const auto& value) {
        const auto bytes = codec::encode(value, codec);
        const auto back = codec::decode<std::remove_cvref_t<decltype(value)>>(*bytes, codec);
        return back && *back == value;
    };
    EXPECT_TRUE(same(std::vector<bool>{true, false}));
    EXPECT_TRUE(same(std::list<std::string>{"a", "", "b"}));
    EXPECT_TRUE(same(std::set<int>{3, 1, 2}));
    EXPECT_TRUE(same(std::map<std::int64_t, std::string>{{-5, "a"}, {INT64_MIN, "b"}, {7, "c"}}));
    EXPECT_TRUE(same(std::unordered_map<std::string, std::vector<int>>{{"x", {1, 2}}, {"", {}}}));
    EXPECT_TRUE(same(std::tuple<int, std::string, std::optional<bool>>{1, "x", std::nullopt}));
    EXPECT_TRUE(same(std::vector<std::uint8_t>{1, 2, 255}));
    EXPECT_TRUE(same(std::array<std::byte, 2>{std::byte{1}, std::byte{2}}));
    EXPECT_TRUE(same(std::optional<int>{}));
    EXPECT_TRUE(same(std::vector<std::map<std::string, std::vector<double>>>{{{"a", {1, 2.5}}}, {}}));
}

TYPED_TEST(EachCodec, chain_of_pointers_comes_back) {
    const TypeParam codec;
    Chain chain{1, std::make_unique<Chain>(Chain{2, nullptr})};
    const auto bytes = codec::encode(chain, codec);
    const auto back = codec::decode<Chain>(*bytes, codec);
    ASSERT_TRUE(back);
    ASSERT_TRUE(back->next);
    EXPECT_EQ(back->next->value, 2);
    EXPECT_FALSE(back->next->next);
}

TYPED_TEST(EachCodec, failure_leaves_the_buffer_as_it_was) {
    struct Never {
        std::string good, bad;
    };
    Bytes out = copy_bytes("before");
    const TypeParam codec;
    if constexpr (std::same_as<TypeParam, codec::Json>) {
        const auto done = codec.encode(Never{"good", "\xff"}, out);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code(), ErrorCode::encode);
        EXPECT_EQ(done.error().message(), "cannot encode as json at \"bad\": a text that is not UTF-8");
        EXPECT_EQ(text_of(out), "before");
    } else {
        ASSERT_TRUE(codec.encode(1, out));
        EXPECT_EQ(out.size(), 7u);
    }
}

TYPED_TEST(EachCodec, hostile_depth_of_a_recursive_type_ends_at_the_limit) {
    const TypeParam codec{{.max_depth = 10}};
    Tree deep;
    for (int i = 0; i < 10; ++i) deep = Tree{.name = "n", .children = {deep}};
    const auto bytes = codec::encode(deep, codec);
    EXPECT_THAT(test::failure<Tree>(*bytes, codec), ::testing::HasSubstr("nested deeper than the limit of 10"));
    const TypeParam wide{{.max_depth = 30}};
    EXPECT_TRUE(codec::decode<Tree>(*bytes, wide));
}

TYPED_TEST(EachCodec, element_limit_counts_all_containers) {
    const TypeParam codec{{.max_elements = 10}};
    const std::vector<std::vector<int>> value{{1, 2, 3, 4}, {5, 6, 7, 8}};
    const auto bytes = codec::encode(value, codec);
    EXPECT_TRUE((codec::decode<std::vector<std::vector<int>>>(*bytes, codec)));
    const auto more = codec::encode(std::vector<std::vector<int>>{{1, 2, 3, 4}, {5, 6, 7, 8, 9}}, codec);
    EXPECT_THAT((test::failure<std::vector<std::vector<int>>>(*more, codec)), ::testing::HasSubstr("more elements than the limit of 10"));
}

TYPED_TEST(EachCodec, byte_limit_is_named) {
    const TypeParam codec{{.max_bytes = 4}};
    const auto bytes = codec::encode(std::string("12345"), codec);
    EXPECT_THAT(test::failure<std::string>(*bytes, codec), ::testing::HasSubstr("the limit is 4"));
}

TYPED_TEST(EachCodec, unknown_keys_are_skipped_and_missing_ones_left) {
    struct More {
        int x = 1;
        std::vector<std::map<std::string, std::vector<int>>> extra{{{"a", {1}}}, {}};
        std::optional<std::string> nothing;
        double number = 1.5;
        Bytes blob{std::byte{1}};
    };
    const TypeParam codec;
    const auto back = codec::decode<Point>(*codec::encode(More{}, codec), codec);
    ASSERT_TRUE(back) << back.error().describe();
    EXPECT_EQ(*back, (Point{1, 0}));
}

TEST(RawCodec, bytes_and_text_pass_as_they_are) {
    EXPECT_EQ(text_of(*codec::encode(std::string_view("a\xff"), codec::raw)), "a\xff");
    EXPECT_EQ(text_of(*codec::encode(copy_bytes("abc"), codec::raw)), "abc");
    EXPECT_EQ(*codec::decode<std::string>(bytes_of("x\0y"), codec::raw), std::string("x"));
    EXPECT_EQ(*codec::decode<Bytes>(bytes_of("xyz"), codec::raw), copy_bytes("xyz"));
    Bytes out = copy_bytes("a");
    ASSERT_TRUE(codec::raw.encode("b", out));
    EXPECT_EQ(text_of(out), "ab");
}

}  // namespace
