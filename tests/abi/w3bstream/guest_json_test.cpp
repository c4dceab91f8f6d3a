#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

const std::string kCells = "(i32.const 512) (i32.const 516)";

std::string repeated(std::string_view text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
}

// Hands the event's payload to an import.
std::int32_t handed_to(const std::string& call, const std::string& more, const std::string& json, const std::shared_ptr<Host>& host) {
    const std::string data = "(i32.load (i32.const 512)) (i32.load (i32.const 516)) ";
    return code({.start = "(drop (call $get_data (local.get $rid)" + kCells + "))(call " + call + " " + data + more + ")", .pages = "200"},
                {.payload = json, .services = host});
}

struct Row {
    const char* name;
    std::string call, more;
    std::int32_t code;
};
const Row kRows[] = {{"transaction", "$send_tx (i32.const 1)", kCells, -1}, {"operator", "$send_tx_op (i32.const 1)", kCells, -1},
                     {"contract", "$call_contract (i32.const 1)", kCells, -1}, {"route", "$api", kCells, 0},
                     {"execute", "$set_sql", "", -1}, {"query", "$get_sql", kCells, -1}};

// Copied, printed or dropped level by level, such a value would use up the host's stack.
TEST(W3bstreamGuestJson, NestedWithoutEnd_isRefused) {
    constexpr std::size_t kLevels = 500'000;
    const auto host = std::make_shared<Host>();
    for (const std::string& deep : {repeated("[", kLevels) + repeated("]", kLevels), repeated("{\"a\":", kLevels) + "1" + repeated("}", kLevels),
                                    repeated("[", kLevels)}) {
        const std::string forms[] = {deep, R"({"to":)" + deep + R"(,"value":"1","Method":)" + deep + R"(,"Url":"/x","statement":"select 1","params":[)" + deep + "]}",
                                     R"({"to":"1","value":"1","operatorName":)" + deep + R"(,"Url":"/x","Header":{"a":)" + deep +
                                         R"(},"statement":"select 1","params":)" + deep + "}"};
        for (const std::string& json : forms) {
            for (const Row& row : kRows) EXPECT_EQ(handed_to(row.call, row.more, json, host), row.code) << row.name << ": " << json.substr(0, 30);
        }
    }
    EXPECT_TRUE(host->transactions.empty());
    EXPECT_TRUE(host->requests.empty());
}

TEST(W3bstreamGuestJson, MoreValuesThanAnybodyNeeds_areRefused) {
    const auto host = std::make_shared<Host>();
    const std::string many = R"({"to":"1","value":"1","data":[)" + repeated("0,", 1'100'000) + "0]}";
    EXPECT_EQ(handed_to("$send_tx (i32.const 1)", kCells, many, host), -1);
    const std::string some = R"({"to":"1","value":"1","rest":[)" + repeated("0,", 100'000) + "0]}";
    EXPECT_EQ(handed_to("$send_tx (i32.const 1)", kCells, some, host), 0);
}

TEST(W3bstreamGuestJson, BracketsInsideStrings_areNoLevels) {
    const auto host = std::make_shared<Host>();
    const std::string json = R"({"to":"1","value":"1","data":")" + repeated(R"([{,\"\\)", 300'000) + R"("})";
    EXPECT_EQ(handed_to("$send_tx (i32.const 1)", kCells, json, host), 0);
    ASSERT_EQ(host->transactions.size(), 1u);
    EXPECT_EQ(host->transactions[0].data.size(), 5u * 300'000);
}

TEST(W3bstreamGuestJson, MetricsAreOnlyChecked_howeverDeep) {
    const auto host = std::make_shared<Host>();
    EXPECT_EQ(handed_to("$metrics", "", "{\"a\":" + repeated("[", 500'000) + repeated("]", 500'000) + "}", host), 0);
    EXPECT_EQ(handed_to("$metrics", "", "{\"a\":" + repeated("[", 500'000), host), -1);
    EXPECT_EQ(handed_to("$metrics", "", " [1]", host), -1);
}

TEST(W3bstreamGuestJson, MetricsInMemory_haveALimitInBytes) {
    const auto services = std::make_shared<w3b::MemoryServices>(w3b::MemoryServices::Settings{.metrics_bytes = 10});
    const auto submitted = [&](const std::string& json) {
        return code({.start = "(call $metrics (i32.const 1024) (i32.const " + std::to_string(json.size()) + "))", .data = escaped(json)}, {.services = services});
    };
    EXPECT_EQ(submitted("123456"), 0);
    EXPECT_EQ(submitted("12345"), -1);
    EXPECT_EQ(submitted("1234"), 0);
    EXPECT_EQ(submitted("1"), -1);
    EXPECT_EQ(services->take_metrics().size(), 2u);
    EXPECT_EQ(submitted("1234567890"), 0);
}

}  // namespace
}  // namespace mortise::w3bstream_tests
