#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

using ::testing::ElementsAre;

const std::string kOldest = R"(
  (import "env" "log" (func $log (param i32 i32)))
  (import "env" "get_data" (func $get_data (param i32 i32 i32) (result i32)))
  (import "env" "set_data" (func $set_data (param i32 i32 i32) (result i32)))
  (import "env" "get_db" (func $get_db (param i32 i32) (result i32)))
  (import "env" "set_db" (func $set_db (param i32 i32 i32))))";

TEST(W3bstreamGenerations, Oldest_worksThroughMalloc) {
    const auto recorder = std::make_shared<Recorder>();
    const Guest guest{.start = R"(
        (call $log (i32.const 16) (i32.const 3))
        (if (call $get_db (i32.const 16) (i32.const 3)) (then (return (i32.const 50))))
        (call $set_db (i32.const 16) (i32.const 3) (i32.const -123))
        (if (i32.ne (call $get_db (i32.const 16) (i32.const 3)) (i32.const -123)) (then (return (i32.const 51))))
        (call $give (call $get_data (local.get $rid) (i32.const 512) (i32.const 516))))",
                      .alloc = R"((func (export "malloc") (param i32) (result i32) (i32.const 2000)))", .imports = kOldest};
    const auto host = std::make_shared<Host>();
    const Ran ran = run(guest, {.payload = "old", .services = host, .observer = recorder});
    EXPECT_EQ(ran.value, 0);
    EXPECT_EQ(ran.given(), "old");
    EXPECT_THAT(recorder->logs(), ElementsAre("key"));
    EXPECT_EQ(host->state().at("key"), (Bytes{std::byte{0x85}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}}));
}

TEST(W3bstreamGenerations, UnreadableKeyOrOddValue_isZeroWithALine) {
    const Guest guest{.start = "(i32.add (call $get_db (i32.const 65535) (i32.const 9)) (call $get_db (i32.const 16) (i32.const 3)))",
                      .imports = kOldest};
    const auto host = std::make_shared<Host>();
    ASSERT_THAT(host->set({}, "key", bytes_of("five5")), IsOk());
    EXPECT_EQ(code(guest, {.services = host}), 0);
    EXPECT_EQ(host->take_log().size(), 2u);
}

TEST(W3bstreamGenerations, SameNameWithTwoTypes_inOneModule) {
    const auto recorder = std::make_shared<Recorder>();
    const Guest guest{.start = R"(
        (call $log1 (i32.const 16) (i32.const 3))
        (drop (call $log2 (i32.const 4) (i32.const 32) (i32.const 5)))
        (call $set1 (i32.const 16) (i32.const 3) (i32.const 7))
        (drop (call $get2 (i32.const 16) (i32.const 3) (i32.const 512) (i32.const 516)))
        (drop (call $set2 (i32.const 32) (i32.const 5) (i32.const 40) (i32.const 4)))
        (if (i32.ne (i32.load (i32.load (i32.const 512))) (i32.const 7)) (then (return (i32.const 60))))
        (call $get1 (i32.const 32) (i32.const 5)))",
                      .more = R"((data (i32.const 40) "\09\00\00\00"))",
                      .imports = R"(
  (import "env" "ws_log" (func $log1 (param i32 i32)))
  (import "env" "ws_log" (func $log2 (param i32 i32 i32) (result i32)))
  (import "env" "ws_get_db" (func $get1 (param i32 i32) (result i32)))
  (import "env" "ws_get_db" (func $get2 (param i32 i32 i32 i32) (result i32)))
  (import "env" "ws_set_db" (func $set1 (param i32 i32 i32)))
  (import "env" "ws_set_db" (func $set2 (param i32 i32 i32 i32) (result i32))))"};
    EXPECT_EQ(code(guest, {.observer = recorder}), 9);
    EXPECT_THAT(recorder->logs(), ElementsAre("key", "value"));
}

TEST(W3bstreamGenerations, TransactionsWithoutAChain_goToTheDefault) {
    const std::string json = R"({"to":"0x1","value":"5","data":"0xff"})";
    const std::string at = "(i32.const 1024) (i32.const " + std::to_string(json.size()) + ")";
    const Guest guest{.start = "(drop (call $tx2 " + at + ")) (call $give (call $tx4 " + at + " (i32.const 512) (i32.const 516)))",
                      .data = escaped(json),
                      .more = "(func (export \"call\") (param i32) (result i32) (call $call2 " + at + "))",
                      .imports = R"(
  (import "env" "ws_set_data" (func $set_data (param i32 i32 i32) (result i32)))
  (import "env" "ws_send_tx" (func $tx2 (param i32 i32) (result i32)))
  (import "env" "ws_send_tx" (func $tx4 (param i32 i32 i32 i32) (result i32)))
  (import "env" "ws_call_contract" (func $call2 (param i32 i32) (result i32))))"};
    const auto host = std::make_shared<Host>();
    const Ran ran = run(guest, {.options = {.default_chain = 4689}, .services = host});
    EXPECT_EQ(ran.value, 0);
    EXPECT_EQ(ran.given(), "0xhash");
    ASSERT_EQ(host->transactions.size(), 2u);
    EXPECT_EQ(host->transactions[0].chain_id, 4689u);
    EXPECT_EQ(code(guest, {.handler = "call", .options = {.default_chain = 1}, .services = host}), 0);
    EXPECT_EQ(host->transactions.back().chain_id, 1u);
    EXPECT_EQ(code(guest, {.services = host}), -1);
    EXPECT_EQ(code(guest, {.handler = "call", .services = host}), -1);
    EXPECT_EQ(host->transactions.size(), 3u);
    EXPECT_THAT(load(guest, {.options = {.document_names = false}}), FailsWith(ErrorCode::missing_import, "ws_send_tx"));
}

TEST(W3bstreamGenerations, CapitalNamesOfTheDocument) {
    const Guest guest{.start = R"((drop (call $set (i32.const 16) (i32.const 3) (i32.const 32) (i32.const 5)))
        (call $give (call $get (i32.const 16) (i32.const 3) (i32.const 512) (i32.const 516))))",
                      .imports = R"(
  (import "env" "ws_set_data" (func $set_data (param i32 i32 i32) (result i32)))
  (import "env" "ws_get_dB" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "env" "ws_set_dB" (func $set (param i32 i32 i32 i32) (result i32))))"};
    EXPECT_EQ(run(guest).given(), "value");
    EXPECT_THAT(load(guest, {.options = {.document_names = false}}), FailsWith(ErrorCode::missing_import, "ws_get_dB"));
}

TEST(W3bstreamGenerations, EarliestExperiments) {
    const auto recorder = std::make_shared<Recorder>();
    const Guest guest{.start = R"(
        (call $log (i32.const -5))
        (call $get_data (local.get $rid) (i32.const 512) (i32.const 516))
        (if (i32.ne (i32.load (i32.const 516)) (i32.const 7)) (then (return (i32.const 50))))
        (if (i32.ne (call $inc (i32.const 16) (i32.const 3) (i32.const 5)) (i32.const 5)) (then (return (i32.const 51))))
        (if (i32.ne (call $inc (i32.const 16) (i32.const 3) (i32.const -7)) (i32.const -2)) (then (return (i32.const 52))))
        (i32.sub (call $add (i32.const 2147483647) (i32.const 1)) (i32.add (call $get (i32.const 16) (i32.const 3)) (i32.const -2147483646))))",
                      .imports = R"(
  (import "env" "ws_log" (func (param i32 i32)))
  (import "env" "log" (func $log (param i32)))
  (import "env" "get_data_2" (func $get_data (param i32 i32 i32)))
  (import "env" "get" (func $get (param i32 i32) (result i32)))
  (import "env" "inc" (func $inc (param i32 i32 i32) (result i32)))
  (import "env" "add" (func $add (param i32 i32) (result i32))))"};
    EXPECT_EQ(code(guest, {.observer = recorder}), 0);
    EXPECT_THAT(recorder->logs(), ElementsAre("-5"));
}

}  // namespace
}  // namespace mortise::w3bstream_tests
