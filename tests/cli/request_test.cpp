#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/request.hpp"

namespace {

using namespace mortise;
using namespace mortise::cli;
using testing::HasSubstr;

std::string problem(const char* line) {
    const auto request = parse_request(line);
    if (request) return "";
    EXPECT_EQ(request.error().code(), ErrorCode::invalid_argument);
    return request.error().message();
}

TEST(Request, every_member_is_read) {
    const auto request = parse_request(R"({"name": "sum", "args": [1, "x"], "types": "i32,string->string", "payload": {"text": "p"},
        "fresh": true, "gas": 7, "rid": 4294967295, "resources": {"0": {"hex": "ff"}, "2": {"text": "t"}}, "reset_state": true})").value();
    EXPECT_EQ(request.name, "sum");
    EXPECT_EQ(to_line(*request.arguments), "[1,\"x\"]");
    EXPECT_EQ(request.types->params.size(), 2u);
    EXPECT_EQ(text_of(*request.payload), "p");
    EXPECT_TRUE(request.fresh);
    EXPECT_EQ(request.gas, 7u);
    EXPECT_EQ(request.resource, UINT32_MAX);
    ASSERT_EQ(request.resources.size(), 2u);
    EXPECT_EQ(request.resources[1].first, 2u);
    EXPECT_TRUE(request.reset_state);
}

TEST(Request, only_the_name_is_needed_and_it_may_be_empty) {
    const auto request = parse_request(R"({"name": ""})").value();
    EXPECT_EQ(request.name, "");
    EXPECT_FALSE(request.arguments || request.types || request.payload || request.fresh || request.gas || request.resource || request.reset_state);
}

TEST(Request, errors_name_the_member) {
    EXPECT_THAT(problem("[]"), HasSubstr("a request must be an object, not an array"));
    EXPECT_THAT(problem("{}"), HasSubstr("needs a name"));
    EXPECT_THAT(problem(R"({"name": 1})"), HasSubstr("name must be a string"));
    EXPECT_THAT(problem(R"({"name": "a", "args": {}})"), HasSubstr("args must be an array"));
    EXPECT_THAT(problem(R"({"name": "a", "types": "i32"})"), HasSubstr("types: "));
    EXPECT_THAT(problem(R"({"name": "a", "payload": "p"})"), HasSubstr("payload: write an object"));
    EXPECT_THAT(problem(R"({"name": "a", "fresh": 1})"), HasSubstr("fresh must be true or false"));
    EXPECT_THAT(problem(R"({"name": "a", "gas": 1.0})"), HasSubstr("gas must be a whole number"));
    EXPECT_THAT(problem(R"({"name": "a", "rid": 4294967296})"), HasSubstr("rid is too large"));
    EXPECT_THAT(problem(R"({"name": "a", "accumulator": "b"})"), HasSubstr("accumulator: write an object"));
    EXPECT_THAT(problem(R"({"name": "a", "resources": []})"), HasSubstr("resources must be an object"));
    EXPECT_THAT(problem(R"({"name": "a", "resources": {"x": {"text": ""}}})"), HasSubstr("\"x\" is no resource id"));
    EXPECT_THAT(problem(R"({"name": "a", "resources": {"-1": {"text": ""}}})"), HasSubstr("\"-1\" is no resource id"));
    EXPECT_THAT(problem(R"({"name": "a", "resources": {"1": {"text": ""}, "01": {"text": ""}}})"), HasSubstr("id 1 is there more than once"));
    EXPECT_THAT(problem(R"({"name": "a", "resources": {"1": 5}})"), HasSubstr("resource 1: "));
    EXPECT_THAT(problem(R"({"name": "a", "reset_state": null})"), HasSubstr("reset_state must be true or false"));
    EXPECT_THAT(problem(R"({"name": "a", "nmae": "b"})"), HasSubstr("no member \"nmae\""));
    EXPECT_THAT(problem(R"({"name": "a", "name": "b"})"), HasSubstr("more than once"));
}

}  // namespace
