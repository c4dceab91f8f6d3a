#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/payload.hpp"

namespace {

using namespace mortise;
using namespace mortise::cli;
using testing::HasSubstr;

std::string read(const char* json) {
    auto bytes = parse_payload(parse_json(json).value(), "payload");
    return bytes ? to_hex(*bytes) : bytes.error().message();
}

TEST(Payload, every_form_is_read) {
    EXPECT_EQ(read(R"({"text": "hé"})"), "68c3a9");
    EXPECT_EQ(read(R"({"text": ""})"), "");
    EXPECT_EQ(read(R"({"hex": "00fF"})"), "00ff");
    EXPECT_EQ(read(R"({"base64": "AP8="})"), "00ff");
    EXPECT_EQ(read(R"({"base64": "AP8"})"), "00ff");
    EXPECT_EQ(read(R"({"json": {"a":  [1, 2]}})"), to_hex(bytes_of(R"({"a":[1,2]})")));
    EXPECT_EQ(read(R"({"json": null})"), to_hex(bytes_of("null")));
    EXPECT_EQ(read(R"({"msgpack": {"n": 5}})"), "81a16e05");
    EXPECT_EQ(read(R"({"msgpack": 18446744073709551615})"), "cfffffffffffffffff");
}

TEST(Payload, what_outcomes_have_is_read_back) {
    for (const char* bytes : {"", "text", "\xff\xfe"}) {
        const auto back = parse_payload(bytes_to_json(bytes_of(bytes)), "payload");
        EXPECT_EQ(text_of(back.value()), bytes);
    }
}

TEST(Payload, text_stands_beside_base64_only_where_the_bytes_are_utf8) {
    EXPECT_EQ(to_line(bytes_to_json(bytes_of("hi"))), R"({"base64":"aGk=","text":"hi"})");
    EXPECT_EQ(to_line(bytes_to_json(bytes_of("\xff"))), R"({"base64":"/w=="})");
}

TEST(Payload, errors_say_what_is_wrong) {
    EXPECT_THAT(read(R"("text")"), HasSubstr("payload: write an object"));
    EXPECT_THAT(read(R"({})"), HasSubstr("0 members"));
    EXPECT_THAT(read(R"({"text": "a", "hex": "00"})"), HasSubstr("2 members"));
    EXPECT_THAT(read(R"({"utf8": "a"})"), HasSubstr("no form \"utf8\""));
    EXPECT_THAT(read(R"({"text": 5})"), HasSubstr("text must be a string, not an integer"));
    EXPECT_THAT(read(R"({"hex": "000"})"), HasSubstr("odd number"));
    EXPECT_THAT(read(R"({"hex": "0g"})"), HasSubstr("character 2"));
    EXPECT_THAT(read(R"({"base64": "*"})"), HasSubstr("base64 is wrong"));
    EXPECT_THAT(read(R"({"base64": "aGk=", "text": "ho"})"), HasSubstr("not the same bytes"));
}

}  // namespace
