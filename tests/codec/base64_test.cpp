#include <gmock/gmock.h>

#include <mortise/codec/base64.hpp>

using namespace mortise;

TEST(Base64, vectors_of_rfc_4648_both_ways) {
    const std::pair<std::string_view, std::string_view> rows[] = {{"", ""},         {"f", "Zg=="},     {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},  {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : rows) {
        EXPECT_EQ(codec::base64_encode(bytes_of(plain)), encoded);
        const auto back = codec::base64_decode(encoded);
        ASSERT_TRUE(back) << encoded;
        EXPECT_EQ(text_of(*back), plain);
    }
}

TEST(Base64, unpadded_and_spare_bits_are_taken) {
    for (const std::string_view text : {"Zg", "Zh==", "Zh", "Zg=="}) {
        const auto back = codec::base64_decode(text);
        ASSERT_TRUE(back) << text;
        EXPECT_EQ(text_of(*back), "f");
    }
    EXPECT_EQ(text_of(*codec::base64_decode("Zm8")), "fo");
}

TEST(Base64, what_is_none_is_refused) {
    for (const std::string_view text : {"Z", "Zg=", "Zm9v=", "Zm9v==", "Z===", "====", "Zm 9v", "Zm9v\n", "Zm-_", "Zg==Zg==", "=", "Zm9vZ"}) {
        EXPECT_FALSE(codec::base64_decode(text)) << text;
    }
}

TEST(Base64, every_byte_comes_back) {
    Bytes all;
    for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::byte>(i));
    EXPECT_EQ(codec::base64_decode(codec::base64_encode(all)), all);
}
