#include <gmock/gmock.h>

#include "samples.hpp"

using namespace mortise;
using test::hex;
using ::testing::HasSubstr;

namespace {

std::string pack(std::string_view json) {
    const auto out = codec::msgpack_from_json(json);
    return out ? test::to_hex(*out) : out.error().message();
}
std::string unpack(std::string_view bytes) {
    const auto out = codec::json_from_msgpack(hex(bytes));
    return out ? *out : out.error().message();
}

struct Row {
    std::string_view name, json, msgpack;
};

TEST(Transcode, golden_vectors_both_ways) {
    const Row rows[] = {
        {"nil", "null", "C0"},
        {"booleans", "[true,false]", "92 C3 C2"},
        {"small", "[0,127,-1,-32]", "94 00 7F FF E0"},
        {"wide", "[128,65536,-33,-32769]", "94 CC 80 CE 00 01 00 00 D0 DF D2 FF FF 7F FF"},
        {"largest", "18446744073709551615", "CF FF FF FF FF FF FF FF FF"},
        {"least", "-9223372036854775808", "D3 80 00 00 00 00 00 00 00"},
        {"float", "1.5", "CB 3F F8 00 00 00 00 00 00"},
        {"float that is whole", "1.0", "CB 3F F0 00 00 00 00 00 00"},
        {"text", "\"h\u00e9\"", "A3 68 C3 A9"},
        {"map keeps its order", R"({"n":5,"a":[]})", "82 A1 6E 05 A1 61 90"},
        {"bytes of text", R"({"base64":"Zm9v","text":"foo"})", "C4 03 66 6F 6F"},
        {"bytes", R"({"base64":"/w=="})", "C4 01 FF"},
        {"ext", R"({"ext":-1,"base64":"AAAAAQ=="})", "D6 FF 00 00 00 01"},
        {"nested bytes", R"({"a":[{"base64":"/w=="},{}]})", "81 A1 61 92 C4 01 FF 80"},
        {"empty containers", R"([{},[],""])", "93 80 90 A0"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(pack(row.json), row.msgpack) << row.name;
        EXPECT_EQ(unpack(row.msgpack), row.json) << row.name;
    }
}

TEST(Transcode, objects_that_only_resemble_bytes_stay_objects) {
    EXPECT_EQ(pack(R"({"base64":1})"), "81 A6 62 61 73 65 36 34 01");
    EXPECT_THAT(pack(R"({"base64":"Zg==","x":1})"), HasSubstr("82 A6"));
    EXPECT_THAT(pack(R"({"text":"x"})"), HasSubstr("81 A4"));
    EXPECT_THAT(pack(R"({"ext":300,"base64":""})"), HasSubstr("82 A3"));
    EXPECT_THAT(pack(R"({"base64":"*"})"), HasSubstr("broken base64"));
}

TEST(Transcode, what_json_lacks_has_its_documented_form) {
    EXPECT_EQ(unpack("CB 7F F8 00 00 00 00 00 00"), "\"NaN\"");
    EXPECT_EQ(unpack("CA FF 80 00 00"), "\"-Infinity\"");
    EXPECT_EQ(unpack("CA 3D CC CC CD"), "0.1");
    EXPECT_EQ(unpack("A1 FF"), R"({"base64":"/w=="})");
    EXPECT_EQ(unpack("87 01 C0 FF C0 C0 C0 C3 C0 C4 01 78 C0 C4 01 FF C0 CB 3F F8 00 00 00 00 00 00 C0"),
              R"({"1":null,"-1":null,"null":null,"true":null,"x":null,"/w==":null,"1.5":null})");
    EXPECT_THAT(unpack("81 90 01"), HasSubstr("a container as a key"));
    EXPECT_THAT(unpack("81 D4 01 01 01"), HasSubstr("an extension as a key"));
}

TEST(Transcode, broken_msgpack_is_an_error) {
    EXPECT_THAT(unpack(""), HasSubstr("the input is empty"));
    EXPECT_THAT(unpack("92 01"), HasSubstr("the input ends inside a value"));
    EXPECT_THAT(unpack("C1"), HasSubstr("an invalid byte"));
    EXPECT_THAT(unpack("01 02"), HasSubstr("1 byte(s) follow the value"));
    EXPECT_THAT(unpack("DD FF FF FF FF"), HasSubstr("more elements than the limit"));
    EXPECT_THAT(unpack("DB FF FF FF FF 00"), HasSubstr("ends inside"));
    const Bytes deep(100'000, std::byte{0x91});
    EXPECT_THAT(codec::json_from_msgpack(deep).error().message(), HasSubstr("nested deeper than the limit of 64"));
    EXPECT_TRUE(codec::json_from_msgpack(hex("01 02"), {.trailing = codec::Trailing::ignored}));
}

TEST(Transcode, broken_json_is_an_error) {
    EXPECT_THAT(pack("{"), HasSubstr("JSON: line 1"));
    EXPECT_THAT(pack("18446744073709551616"), HasSubstr("does not fit 64 bits"));
    EXPECT_THAT(pack("-9223372036854775809"), HasSubstr("does not fit 64 bits"));
    EXPECT_THAT(pack(std::string(100'000, '[')), HasSubstr("nested deeper"));
    EXPECT_THAT(codec::msgpack_from_json("[1,2,3]", {.max_elements = 2}).error().message(), HasSubstr("more elements than the limit of 2"));
    EXPECT_THAT(codec::msgpack_from_json("[1,2,3]", {.max_bytes = 2}).error().message(), HasSubstr("the limit is 2"));
}

}  // namespace
