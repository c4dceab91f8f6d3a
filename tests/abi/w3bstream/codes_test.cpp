#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

using ::testing::HasSubstr;

enum class Back : std::uint8_t { works, broken, none };

struct Row {
    std::string name, call;
    std::int32_t legacy, rc54;
    Back back = Back::works;
    std::string data = "";
};

// Arguments: a key and a value that can be read, JSON at 1024, cells at 512 and 516; BAD is an address outside, CELLS two outside.
constexpr std::string_view kTo = R"({"to":"0x1","value":"5"})";

std::vector<Row> rows() {
    const std::string key = "(i32.const 16) (i32.const 3) ", value = "(i32.const 32) (i32.const 5) ";
    const std::string missing = "(i32.const 32) (i32.const 5) ", bad = "(i32.const 65530) (i32.const 7) ";
    const std::string huge = "(i32.const -8) (i32.const 16) ";   // wraps in 32 bits
    const std::string cells = "(i32.const 512) (i32.const 516)", outside = "(i32.const 512) (i32.const 65533)";
    const std::string outside_first = "(i32.const -2) (i32.const 516)";
    const std::string json = "(i32.const 1024) (i32.const " + std::to_string(kTo.size()) + ") ";
    const std::string rid = "(local.get $rid) ", tx(kTo);
    const std::string sql = R"({"statement":"select 1 as a","params":[]})", bad_sql = R"({"statement":"selec","params":[]})";
    const auto at = [](const std::string& text) { return "(i32.const 1024) (i32.const " + std::to_string(text.size()) + ") "; };
    std::vector<Row> all = {
        {"log", "$log (i32.const 4) " + key, 0, 0},
        {"log unreadable", "$log (i32.const 4) " + bad, -1, 1},
        {"get_data", "$get_data " + rid + cells, 0, 0},
        {"get_data missing", "$get_data (i32.const 77) " + cells, 2, 3},
        {"get_data cell outside", "$get_data " + rid + outside, 5, 1},
        {"get_data first cell outside", "$get_data " + rid + outside_first, 5, 1},
        {"get_data missing and cell outside", "$get_data (i32.const 77) " + outside, 2, 3},
        {"set_data", "$set_data (i32.const 3) " + value, 0, 0},
        {"set_data unreadable", "$set_data (i32.const 3) " + bad, 5, 1},
        {"get_db missing", "$get_db " + missing + cells, 2, 5},
        {"get_db unreadable", "$get_db " + bad + cells, 2, 1},
        {"get_db wrapping", "$get_db " + huge + cells, 2, 1},
        {"get_db broken", "$get_db " + key + cells, 2, 6, Back::broken},
        {"get_db none", "$get_db " + key + cells, 2, 5, Back::none},
        {"set_db", "$set_db " + key + value, 0, 0},
        {"set_db key unreadable", "$set_db " + bad + value, 2, 1},
        {"set_db value unreadable", "$set_db " + key + bad, 2, 1},
        {"set_db broken", "$set_db " + key + value, -1, 6, Back::broken},
        {"set_db none", "$set_db " + key + value, -1, 6, Back::none},
        {"set_sql", "$set_sql " + at(sql), 0, 0, Back::works, sql},
        {"set_sql unreadable", "$set_sql " + bad, 2, 1},
        {"set_sql none before unreadable", "$set_sql " + bad, 9, 6, Back::none},
        {"set_sql broken", "$set_sql " + at(bad_sql), -1, 6, Back::works, bad_sql},
        {"set_sql no JSON", "$set_sql " + key, -1, 6},
        {"get_sql", "$get_sql " + at(sql) + cells, 0, 0, Back::works, sql},
        {"get_sql unreadable", "$get_sql " + bad + cells, 2, 1},
        {"get_sql none before unreadable", "$get_sql " + bad + cells, 9, 6, Back::none},
        {"get_sql broken", "$get_sql " + at(bad_sql) + cells, -1, 6, Back::works, bad_sql},
        {"get_sql cell outside", "$get_sql " + at(sql) + outside, 5, 1, Back::works, sql},
        {"get_env", "$get_env " + key + cells, 0, 0},
        {"get_env missing", "$get_env " + missing + cells, 8, 2},
        {"get_env none", "$get_env " + key + cells, 8, 2, Back::none},
        {"get_env unreadable", "$get_env " + bad + cells, 5, 1},
        {"get_env cell outside", "$get_env " + key + outside, 5, 1},
        {"mqtt", "$mqtt " + key + value, 0, 0},
        {"mqtt empty at 0", "$mqtt " + key + "(i32.const 0) (i32.const 0)", 0, 0},
        {"mqtt topic unreadable", "$mqtt " + bad + value, -1, 1},
        {"mqtt payload unreadable", "$mqtt " + key + bad, -1, 1},
        {"mqtt none", "$mqtt " + key + value, -1, 6, Back::none},
        {"mqtt broken", "$mqtt " + key + value, -1, 6, Back::broken},
        {"api", "$api " + key + cells, 0, 0},
        {"api unreadable", "$api " + bad + cells, 6, 1},
        {"api cell outside", "$api " + key + outside, 5, 1},
        {"api broken", "$api " + key + cells, 0, 0, Back::broken},
        {"api none", "$api " + key + cells, 0, 0, Back::none},
        {"metrics", "$metrics " + at("{}"), 0, 0, Back::works, "{}"},
        {"metrics unreadable", "$metrics " + bad, -1, 1},
        {"metrics array", "$metrics " + at("[]"), -1, 6, Back::works, "[]"},
        {"metrics no JSON", "$metrics " + key, -1, 6},
        {"metrics none", "$metrics " + at("{}"), -1, 6, Back::none, "{}"},
        {"metrics broken", "$metrics " + at("{}"), -1, 6, Back::broken, "{}"},
        {"event_type", "$event_type " + rid + cells, 0, 0},
        {"event_type missing", "$event_type (i32.const 77) " + cells, 2, 4},
        {"mqtt_msg missing", "$mqtt_msg " + rid + cells + cells, 2, 3},
    };
    for (const std::string name : {"$send_tx", "$send_tx_op", "$call_contract"}) {
        const std::string chain = " (i32.const 4690) ";
        all.push_back({name, name + chain + json + cells, 0, 0, Back::works, tx});
        all.push_back({name + " unreadable", name + chain + bad + cells, -1, 1});
        all.push_back({name + " none", name + chain + bad + cells, -1, 6, Back::none});
        all.push_back({name + " broken", name + chain + json + cells, -1, 6, Back::broken, tx});
        all.push_back({name + " no JSON", name + chain + key + cells, -1, 6});
        all.push_back({name + " cell outside", name + chain + json + outside, -1, 1, Back::works, tx});
    }
    return all;
}

std::int32_t code_of(const Row& row, w3b::CodeTable codes) {
    std::shared_ptr<w3b::Services> services;
    if (row.back == Back::none) {
        services = std::make_shared<w3b::Services>();
    } else {
        const auto host = std::make_shared<Host>();
        host->broken = row.back == Back::broken;
        services = host;
    }
    const Guest guest{.start = "(i32.store (i32.const 600) (call " + row.call + ")) (i32.sub (i32.load (i32.const 600)) (i32.const -100))",
                      .data = escaped(row.data)};
    return code(guest, {.options = {.codes = codes}, .services = services}) - 100;
}

TEST(W3bstreamCodes, EveryCellOfTheTable_legacy) {
    for (const Row& row : rows()) EXPECT_EQ(code_of(row, w3b::CodeTable::legacy), row.legacy) << row.name;
}

TEST(W3bstreamCodes, EveryCellOfTheTable_rc54) {
    for (const Row& row : rows()) EXPECT_EQ(code_of(row, w3b::CodeTable::rc54), row.rc54) << row.name;
}

TEST(W3bstreamCodes, NothingIsReadableAnywhere) {
    const Guest guest{.start = "(call $log (i32.const 4) (i32.const -1) (i32.const 0))"};
    EXPECT_EQ(code(guest), 0);
}

TEST(W3bstreamCodes, FailedResultLeavesTheCellsAlone) {
    const Guest guest{.start = R"((i32.store (i32.const 512) (i32.const 123))
        (drop (call $get_data (local.get $rid) (i32.const 512) (i32.const 65533)))
        (i32.load (i32.const 512)))"};
    EXPECT_EQ(code(guest), 123);
}

TEST(W3bstreamCodes, EmptyValueIsDelivered_nullIsMissing) {
    const Guest guest{.start = R"((drop (call $set_db (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 0)))
        (i32.store (i32.const 516) (i32.const 9))
        (drop (call $get_db (i32.const 16) (i32.const 3) (i32.const 512) (i32.const 516)))
        (i32.load (i32.const 516)))"};
    EXPECT_EQ(code(guest), 0);
}

TEST(W3bstreamCodes, HandedOverPayloadIsLimited) {
    Limits limits;
    limits.output_bytes = 4;
    EXPECT_THAT(run({.start = "(call $set_data (i32.const 1) (i32.const 0) (i32.const 5))"}, {.payload = "1234", .limits = limits}).ended,
                FailsWith(ErrorCode::output_limit, "ws_set_data"));
    // Each within the limit, together beyond it.
    EXPECT_EQ(code({.start = R"((drop (call $set_data (i32.const 1) (i32.const 0) (i32.const 3)))
        (i32.add (call $set_data (i32.const 2) (i32.const 0) (i32.const 3)) (i32.const 10)))"}, {.payload = "1", .limits = limits}), 9);
}

TEST(W3bstreamCodes, StateAtItsLimit_isABackEndError) {
    const auto host = std::make_shared<w3b::MemoryServices>(w3b::MemoryServices::Settings{.state_bytes = 8});
    const Guest guest{.start = R"((if (call $set_db (i32.const 16) (i32.const 3) (i32.const 32) (i32.const 5)) (then (return (i32.const 50))))
        (if (call $set_db (i32.const 16) (i32.const 3) (i32.const 32) (i32.const 4)) (then (return (i32.const 51))))
        (i32.add (call $set_db (i32.const 16) (i32.const 3) (i32.const 32) (i32.const 6)) (i32.const 10)))"};
    EXPECT_EQ(code(guest, {.services = host}), 9);
    EXPECT_EQ(host->state().at("key").size(), 4u);
}

}  // namespace
}  // namespace mortise::w3bstream_tests
