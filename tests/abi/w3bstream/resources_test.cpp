#include "abi/w3bstream/resources.hpp"

#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

std::string text(const std::optional<BytesView>& bytes) { return bytes ? std::string(text_of(*bytes)) : "nothing"; }

TEST(W3bstreamResources, ManyAreFoundAgain) {
    w3b::ResourceTable table;
    for (int round = 0; round < 3; ++round) {
        for (std::uint32_t i = 0; i < 1000; ++i) ASSERT_TRUE(table.set(i * 7, bytes_of(std::to_string(i)), 1 << 20));
        for (std::uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(text(table.find(i * 7)), std::to_string(i));
        EXPECT_EQ(text(table.find(1)), "nothing");
        table.clear();
        EXPECT_EQ(text(table.find(7)), "nothing");
    }
}

TEST(W3bstreamResources, CountAndBytesAreBounded) {
    w3b::ResourceTable table;
    for (std::uint32_t i = 0; i < 65'536; ++i) ASSERT_TRUE(table.set(i, {}, 100));
    EXPECT_FALSE(table.set(70'000, {}, 100));
    EXPECT_TRUE(table.set(5, bytes_of("12345"), 5));
    EXPECT_FALSE(table.set(6, bytes_of("1"), 5));
    EXPECT_TRUE(table.set(5, bytes_of("1"), 5));
    EXPECT_TRUE(table.set(6, bytes_of("1234"), 5));
}

TEST(W3bstreamResources, PinnedBytesStayWhereTheyAre_andCount) {
    w3b::ResourceTable table;
    ASSERT_TRUE(table.set(1, bytes_of("first"), 20));
    const auto view = table.find(1);
    table.pin();
    ASSERT_TRUE(table.set(1, bytes_of("second"), 20));
    for (std::uint32_t i = 2; i < 100; ++i) ASSERT_TRUE(table.set(i, {}, 20));
    EXPECT_EQ(text(view), "first");
    EXPECT_EQ(text(table.find(1)), "second");
    EXPECT_FALSE(table.set(200, bytes_of("0123456789"), 20));
    table.unpin();
}

TEST(W3bstreamResources, TakenAreThoseThatWereSet) {
    w3b::ResourceTable table;
    table.lend(1, bytes_of("lent"));
    table.lend(2, bytes_of("lent"));
    ASSERT_TRUE(table.set(2, bytes_of("set"), 100));
    const auto all = table.take();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].first, 2u);
    EXPECT_EQ(text_of(all[0].second), "set");
    EXPECT_EQ(text(table.find(1)), "nothing");
}

}  // namespace
}  // namespace mortise::w3bstream_tests
