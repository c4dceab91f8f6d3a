#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/exit_status.hpp"
#include "cli/report.hpp"
#include "cli/text.hpp"

namespace {

using namespace mortise;
using namespace mortise::cli;

TEST(OneLine, is_one_line_that_no_terminal_obeys) {
    EXPECT_EQ(one_line("a\nb\r\t\x1b[31m\x7f"), "a\\nb\\r\\t\\x1b[31m\\x7f");
    EXPECT_EQ(one_line("caf\xc3\xa9"), "caf\xc3\xa9");
    EXPECT_EQ(one_line("\xc2\x9b" "31m"), "\\x9b31m");
    EXPECT_EQ(one_line("\xff"), "\xef\xbf\xbd");
    EXPECT_EQ(one_line(std::string_view("\0", 1)), "\\x00");
}

TEST(InQuotes, cuts_long_texts_between_characters) {
    EXPECT_EQ(in_quotes("a"), "\"a\"");
    const std::string cut = in_quotes(std::string(79, 'x') + "\xc3\xa9\xc3\xa9");
    EXPECT_EQ(cut, '"' + std::string(79, 'x') + "...\"");
}

TEST(Nearest, finds_slips_of_the_finger_alone) {
    const std::vector<std::string> names{"--json", "--jsonl", "--output"};
    EXPECT_EQ(nearest("--jsno", names), "--json");
    EXPECT_EQ(nearest("--ouptut", names), "--output");
    EXPECT_EQ(nearest("--verbose", names), "");
    EXPECT_EQ(nearest(std::string(1000, 'x'), names), "");
}

TEST(DescribeInLine, has_the_guests_words_once) {
    EXPECT_EQ(describe_in_line(Error(ErrorCode::guest_error, "it broke").set_guest_message("it broke")), "it broke");
    EXPECT_EQ(describe_in_line(Error(ErrorCode::trap, "unreachable").set_guest_message("because")), "unreachable: because");
}

struct Row { ErrorCode code; int status; };
TEST(ExitStatus, is_the_one_of_the_contract) {
    for (const auto& [code, status] : std::vector<Row>{
             {ErrorCode::malformed_module, 2}, {ErrorCode::unsupported, 2}, {ErrorCode::missing_import, 2}, {ErrorCode::import_mismatch, 2},
             {ErrorCode::missing_export, 2}, {ErrorCode::export_mismatch, 2}, {ErrorCode::abi_unknown, 2}, {ErrorCode::digest_mismatch, 3},
             {ErrorCode::bad_signature, 3}, {ErrorCode::denied, 3}, {ErrorCode::instrumentation_failed, 2}, {ErrorCode::invalid_argument, 2},
             {ErrorCode::type_mismatch, 2}, {ErrorCode::function_not_found, 2}, {ErrorCode::not_found, 2}, {ErrorCode::guest_error, 1},
             {ErrorCode::no_response, 1}, {ErrorCode::trap, 1}, {ErrorCode::guest_exit, 1}, {ErrorCode::bad_pointer, 1},
             {ErrorCode::stack_overflow, 1}, {ErrorCode::memory_limit, 1}, {ErrorCode::output_limit, 1}, {ErrorCode::out_of_fuel, 1},
             {ErrorCode::out_of_gas, 1}, {ErrorCode::deadline_exceeded, 1}, {ErrorCode::cancelled, 1}, {ErrorCode::not_reentrant, 1},
             {ErrorCode::poisoned, 1}, {ErrorCode::busy, 1}, {ErrorCode::closed, 1}, {ErrorCode::host_function_failed, 1},
             {ErrorCode::host_abort, 1}, {ErrorCode::decode, 1}, {ErrorCode::encode, 1}, {ErrorCode::io, 4}, {ErrorCode::internal, 4}}) {
        EXPECT_EQ(exit_status(Error(code, "x")), status) << to_string(code);
    }
    EXPECT_EQ(exit_status(Error(ErrorCode::type_mismatch, "x").set_blame(Blame::guest)), 1);
}

}  // namespace
