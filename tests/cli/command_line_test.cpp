#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command_line.hpp"
#include "cli/plugin_flags.hpp"

namespace {

using namespace mortise::cli;
using testing::ElementsAre;

struct Line {
    CommandLine line{"test [options] ARG...", "A test."};
    CLI::Option* value = line.option("--value", "TEXT", "a value");
    CLI::Option* many = line.options("--many", "TEXT", "values");
    CLI::Option* flag = line.flag("--flag", "a flag");

    std::optional<int> parse(std::vector<std::string> arguments, Options where = Options::anywhere) { return line.parse(arguments, where); }
};

TEST(CommandLine, options_stand_anywhere_among_operands) {
    Line t;
    EXPECT_FALSE(t.parse({"a", "--flag", "b", "--value", "v", "c"}));
    EXPECT_THAT(t.line.operands(), ElementsAre("a", "b", "c"));
    EXPECT_TRUE(given(t.flag));
    EXPECT_EQ(text_of_option(t.value), "v");
}

TEST(CommandLine, operands_are_taken_as_they_are) {
    Line t;
    EXPECT_FALSE(t.parse({"", "-", "-5", "-.5", "-1e3", "-inf", "-nan", "{}", "[1,2]", "a,b", "a=b"}));
    EXPECT_THAT(t.line.operands(), ElementsAre("", "-", "-5", "-.5", "-1e3", "-inf", "-nan", "{}", "[1,2]", "a,b", "a=b"));
}

TEST(CommandLine, values_are_taken_as_they_are) {
    for (const std::string value : {"", "-", "--", "--flag", "--help", "{}", "[1,2]", "a,b", "a=b", "%%", "\"quoted\""}) {
        Line t;
        EXPECT_FALSE(t.parse({"--value", value, "--many", value, "--many=" + value, "x"})) << value;
        EXPECT_EQ(text_of_option(t.value), value);
        EXPECT_THAT(t.many->results(), ElementsAre(value, value));
        EXPECT_THAT(t.line.operands(), ElementsAre("x"));
        EXPECT_FALSE(given(t.flag));
    }
}

TEST(CommandLine, two_dashes_end_the_options) {
    Line t;
    EXPECT_FALSE(t.parse({"a", "--", "--flag", "--", "-x"}));
    EXPECT_THAT(t.line.operands(), ElementsAre("a", "--flag", "--", "-x"));
    EXPECT_FALSE(given(t.flag));
}

TEST(CommandLine, the_first_operand_ends_the_options_where_they_stand_before) {
    Line t;
    EXPECT_FALSE(t.parse({"--flag", "a", "--value", "v", "--help", "--"}, Options::before_operands));
    EXPECT_THAT(t.line.operands(), ElementsAre("a", "--value", "v", "--help", "--"));
    EXPECT_FALSE(given(t.value));
}

TEST(CommandLine, wrong_usage_ends_with_status_2) {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"--nope"}, {"-x"}, {"--value"}, {"--flag=1"}, {"--value", "a", "--value", "b"}, {"--valu", "x"}, {"--=x"}, {"---"}}) {
        Line t;
        EXPECT_EQ(t.parse(arguments), 2) << arguments.front();
    }
}

TEST(CommandLine, a_flag_may_be_repeated) {
    Line t;
    EXPECT_FALSE(t.parse({"--flag", "--flag"}));
    EXPECT_TRUE(given(t.flag));
}

TEST(Directory, has_two_names_and_maybe_ro) {
    const auto plain = parse_directory("./data::/data").value();
    EXPECT_EQ(plain.host_path, "./data");
    EXPECT_EQ(plain.guest_path, "/data");
    EXPECT_EQ(plain.access, mortise::Access::read_write);
    const auto read_only = parse_directory("a::b:ro").value();
    EXPECT_EQ(read_only.guest_path, "b");
    EXPECT_EQ(read_only.access, mortise::Access::read_only);
    for (const char* text : {"", "::", "a", "a:b", "a::", "::b", "a:::ro", "a::b:rx:ro::"}) {
        const auto directory = parse_directory(text);
        if (directory) EXPECT_FALSE(directory->guest_path.empty()) << text;
        else EXPECT_EQ(directory.error().code(), mortise::ErrorCode::invalid_argument);
    }
    EXPECT_FALSE(parse_directory("a::"));
    EXPECT_FALSE(parse_directory("a:::ro"));
}

TEST(Variable, is_a_key_and_a_value) {
    EXPECT_EQ(parse_variable("A=b=c").value(), std::pair(std::string("A"), std::string("b=c")));
    EXPECT_EQ(parse_variable("A=").value().second, "");
    EXPECT_FALSE(parse_variable("A"));
    EXPECT_FALSE(parse_variable("=b"));
}

}  // namespace
