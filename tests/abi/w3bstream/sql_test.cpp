#include <unistd.h>

#include <nlohmann/json.hpp>

#include "abi/w3bstream/sql.hpp"
#include "abi/w3bstream/sql_time.hpp"
#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

/// Runs statements one by one in one database, as guests do; the last one's answer.
class Database {
public:
    std::int32_t set(const std::string& request) {
        return call("(i32.add (call $set_sql (i32.const 1024) (i32.const " + std::to_string(request.size()) + ")) (i32.const 100))", request).first - 100;
    }
    std::string get(const std::string& request) {
        const auto [code, text] = call("(i32.add (call $give (call $get_sql (i32.const 1024) (i32.const " + std::to_string(request.size()) +
                                           ") (i32.const 512) (i32.const 516))) (i32.const 100))", request);
        return code == 100 ? text : "code " + std::to_string(code - 100);
    }
    std::string select(const std::string& statement, const std::string& params = "[]") {
        return get(Json{{"statement", statement}, {"params", Json::parse(params)}}.dump());
    }
    std::int32_t run(const std::string& statement, const std::string& params = "[]") {
        return set(Json{{"statement", statement}, {"params", Json::parse(params)}}.dump());
    }
    std::shared_ptr<Host> host = std::make_shared<Host>();
    Limits limits{};
    Result<void> ended{};

private:
    std::pair<std::int32_t, std::string> call(const std::string& start, const std::string& request) {
        const Guest guest{.start = start, .data = escaped(request), .pages = "4"};
        const Ran ran = w3bstream_tests::run(guest, {.services = host, .limits = limits});
        ended = ran.ended;
        return {ran.value.value_or(-1000), ran.given().value_or("nothing")};
    }
};

TEST(W3bstreamSql, NoRowOneRowAndMore) {
    Database db;
    EXPECT_EQ(db.run("create table t (b int, a text)"), 0);
    EXPECT_EQ(db.select("select * from t"), "");
    EXPECT_EQ(db.run("insert into t values (?, ?)", R"([{"int32": 1}, {"string": "x"}])"), 0);
    EXPECT_EQ(db.select("select * from t"), R"({"a":"x","b":1})");
    EXPECT_EQ(db.run("insert into t values (?, ?)", R"([{"int64": -9223372036854775808}, {"string": "y"}])"), 0);
    EXPECT_EQ(db.select("select * from t order by a"), R"([{"a":"x","b":1},{"a":"y","b":-9223372036854775808}])");
    EXPECT_EQ(db.select("select b from public.t where a = ?", R"([{"string": "x"}])"), R"({"b":1})");
}

TEST(W3bstreamSql, EveryKindOfParameterComesBack) {
    Database db;
    ASSERT_EQ(db.run("create table t (i int, f float, s text, o bool, y blob, z timestamp, n numeric, u text)"), 0);
    ASSERT_EQ(db.run("insert into t values (?, ?, ?, ?, ?, ?, ?, null)",
                     R"([{"int32": 2147483647}, {"float64": 0.1}, {"string": "<a&b>"}, {"bool": true}, {"bytes": "aGk="},
                         {"time": "2024-02-29T23:59:58.25+02:00"}, {"float32": 1.5}])"), 0);
    EXPECT_EQ(db.select("select * from t"),
              R"({"f":0.1,"i":2147483647,"n":1.5,"o":true,"s":"\u003ca\u0026b\u003e","u":null,"y":"hi",)"
              R"("z":{"Time":"2024-02-29T21:59:58.25Z","Valid":true}})");
}

TEST(W3bstreamSql, TimesInEveryColumnOfTimes) {
    Database db;
    ASSERT_EQ(db.run("create table t (d date, c time, s timestamp, n timestamp, o varchar(10))"), 0);
    ASSERT_EQ(db.run("insert into t values ('2024-01-02', '03:04:05.5', 1700000000, null, 'text')"), 0);
    EXPECT_EQ(db.select("select * from t"),
              R"({"c":{"Time":"0000-01-01T03:04:05.5Z","Valid":true},"d":{"Time":"2024-01-02T00:00:00Z","Valid":true},)"
              R"("n":{"Time":"0001-01-01T00:00:00Z","Valid":false},"o":"text","s":{"Time":"2023-11-14T22:13:20Z","Valid":true}})");
}

TEST(W3bstreamSql, ExpressionsKeysAndNumbersHaveTheirForm) {
    Database db;
    EXPECT_EQ(db.select("select 1 as \"b\", 'x' as \"B\", 2.0 as a, 1e30 as c, 1e-7 as d, null as e, 3 as \"\u00e9\", x'ff' as f"),
              "{\"B\":\"x\",\"a\":2,\"b\":1,\"c\":1e+30,\"d\":1e-7,\"e\":null,\"f\":\"\\ufffd\",\"\u00e9\":3}");
    EXPECT_EQ(db.select("select 1 as a, 2 as a"), R"({"a":2})");
    EXPECT_EQ(db.select("select char(8, 9, 10, 34, 92, 8232) as s"), R"({"s":"\u0008\t\n\"\\\u2028"})");
    EXPECT_EQ(db.select("select x'61e28062c3a9fff09f9880f09f98' as s"), R"({"s":"a\ufffd\ufffdb)" "\u00e9" R"(\ufffd)" "\U0001F600" R"(\ufffd\ufffd\ufffd"})");
    EXPECT_EQ(db.select("select 9e999 as s"), "code -1");
    EXPECT_EQ(db.select("select '?' as q, ? as p", R"([{"string": "it's"}])"), R"({"p":"it's","q":"?"})");
}

TEST(W3bstreamSql, KindsAreTriedInTheirOrder_andEncodersDiffer) {
    Database db;
    EXPECT_EQ(db.select("select ? as v", R"([{"string": "s", "int32": 5}])"), R"({"v":5})");
    EXPECT_EQ(db.select("select ? as v", R"([{"bytes": "aGk"}])"), R"({"v":"hi"})");
    EXPECT_EQ(db.select("select ? as v", R"([{"bytes": "aGl="}])"), R"({"v":"hi"})");
    EXPECT_EQ(db.select("select ? as v", R"([{"bytes": ""}])"), R"({"v":""})");
    EXPECT_EQ(db.select("select ? as v", R"([{"int64": "9007199254740993"}])"), R"({"v":9007199254740993})");
    EXPECT_EQ(db.select("select ? as v", R"([{"float64": 3}])"), R"({"v":3})");
}

TEST(W3bstreamSql, BrokenRequests_areRefused) {
    Database db;
    for (const std::string_view params : {R"([{}])", R"([{"uint8": 1}])", R"([5])", R"([{"int32": 2147483648}])", R"([{"int32": "x"}])",
                                          R"([{"int32": 1.5}])", R"([{"string": 5}])", R"([{"bool": 1}])", R"([{"bytes": "*"}])",
                                          R"([{"time": "yesterday"}])", R"([{"time": "2024-13-01T00:00:00Z"}])", R"([{"time": "2024-01-01"}])",
                                          R"([null])", R"({"0": {"int32": 1}})"}) {
        EXPECT_EQ(db.select("select ? as v", std::string(params)), "code -1") << params;
    }
    EXPECT_EQ(db.get(R"({"statement":"select 1"})"), "code -1");
    EXPECT_EQ(db.get(R"({"params":[]})"), "code -1");
    EXPECT_EQ(db.get(R"({"statement":5,"params":[]})"), "code -1");
    EXPECT_EQ(db.get(R"([])"), "code -1");
    EXPECT_EQ(db.get("{"), "code -1");
    EXPECT_EQ(db.get(""), "code -1");
    EXPECT_EQ(db.select("select ? as v"), "code -1");
    EXPECT_EQ(db.select("select 1 as v", R"([{"int32": 1}])"), "code -1");
    EXPECT_EQ(db.select("select 1; select ?", R"([{"int32": 1}])"), "code -1");
    EXPECT_EQ(db.run("create table a (x); create table b (x); insert into b values (3)"), 0);
    EXPECT_EQ(db.select("select x from b"), R"({"x":3})");
    EXPECT_EQ(db.run("insert into nowhere values (1)"), -1);
}

TEST(W3bstreamSql, GuestReachesNothingButItsTables) {
    Database db;
    for (const std::string_view statement : {"attach database '/tmp/mortise-attached.db' as x", "pragma temp_store_directory", "pragma writable_schema = 1",
                                             "vacuum into '/tmp/mortise-vacuumed.db'", "select load_extension('x')", "detach database public",
                                             "create virtual table v using fts5(x)", "create virtual table d using dbstat"}) {
        EXPECT_EQ(db.run(std::string(statement)), -1) << statement;
    }
    EXPECT_NE(::access("/tmp/mortise-attached.db", F_OK), 0);
    EXPECT_NE(::access("/tmp/mortise-vacuumed.db", F_OK), 0);
}

TEST(W3bstreamSql, EndlessStatement_endsAtTheDeadline) {
    Database db;
    db.limits.call_time = std::chrono::milliseconds(50);
    EXPECT_EQ(db.select("with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"), "code -1100");
    EXPECT_THAT(db.ended, FailsWith(ErrorCode::deadline_exceeded));
    db.limits.call_time = std::chrono::seconds(30);
    EXPECT_EQ(db.select("select 1 as a"), R"({"a":1})");
}

TEST(W3bstreamSql, AnswerAndDatabaseAreBounded) {
    const auto small = std::make_shared<w3b::MemoryServices>(w3b::MemoryServices::Settings{.database_bytes = 1 << 20});
    const auto request = [](std::string_view statement) { return Json{{"statement", statement}, {"params", Json::array()}}.dump(); };
    const auto answered = [&](std::string_view statement) {
        const std::string text = request(statement);
        return code({.start = "(i32.add (call $get_sql (i32.const 1024) (i32.const " + std::to_string(text.size()) +
                              ") (i32.const 512) (i32.const 516)) (i32.const 100))", .data = escaped(text)}, {.services = small}) - 100;
    };
    EXPECT_EQ(answered("select zeroblob(500000000) as z"), -1);
    EXPECT_EQ(answered("with recursive n(i) as (select 1 union all select i + 1 from n limit 10000000) select i from n"), -1);
    EXPECT_EQ(answered("create table t as with recursive n(i) as (select 1 union all select i + 1 from n limit 1000000) select i from n"), -1);
    EXPECT_EQ(answered("select 1 as a"), 0);
    // Tables that no statement names: for DISTINCT, for a sort, for a subquery.
    const std::string rows = "with recursive c(x) as (select 1 union all select x + 1 from c limit 1000000) ";
    EXPECT_EQ(answered("select count(*) as n from (" + rows + "select distinct x, hex(zeroblob(50000)) || x from c)"), -1);
    EXPECT_EQ(answered("select a from (" + rows + "select hex(zeroblob(50000)) || x as a from c) order by a desc limit 100000"), -1);
    EXPECT_EQ(answered("select group_concat(a) as a from (" + rows + "select hex(zeroblob(50000)) || x as a from c)"), -1);
    EXPECT_EQ(answered("select length(hex(zeroblob(2000000))) as a"), -1);
    EXPECT_EQ(answered("select 'x' like '" + std::string(101, '%') + "' as a"), -1);
    EXPECT_EQ(answered("select 1 as a"), 0);
}

TEST(W3bstreamSqlTime, FormsBothWays) {
    struct Row {
        std::string_view text;
        bool strict;
        std::string_view formatted;   // empty: refused
    };
    const Row rows[] = {
        {"2024-01-02T03:04:05Z", true, "2024-01-02T03:04:05Z"},
        {"2024-01-02T03:04:05.123456789Z", true, "2024-01-02T03:04:05.123456789Z"},
        {"2024-01-02T03:04:05.1234567891Z", true, "2024-01-02T03:04:05.123456789Z"},
        {"2024-01-02T03:04:05.100-01:30", true, "2024-01-02T04:34:05.1Z"},
        {"1969-12-31T23:59:59.5Z", true, "1969-12-31T23:59:59.5Z"},
        {"0001-01-01T00:00:00Z", true, "0001-01-01T00:00:00Z"},
        {"2024-01-02 03:04:05", false, "2024-01-02T03:04:05Z"},
        {"2024-01-02 03:04:05+00", false, "2024-01-02T03:04:05Z"},
        {"2024-01-02", false, "2024-01-02T00:00:00Z"},
        {"03:04:05", false, "0000-01-01T03:04:05Z"},
        {"2024-01-02 03:04:05", true, ""},
        {"2024-01-02T03:04:05", true, ""},
        {"2024-02-30T00:00:00Z", true, ""},
        {"2024-01-02T24:00:00Z", true, ""},
        {"2024-01-02T03:04:05.Z", true, ""},
        {"2024-01-02T03:04:05Zx", true, ""},
        {"", false, ""},
        {"2024", false, ""},
        {"text", false, ""},
    };
    for (const Row& row : rows) {
        const auto time = w3b::parse_time(row.text, row.strict);
        EXPECT_EQ(time ? w3b::format_time(*time) : "", row.formatted) << row.text;
    }
}

}  // namespace
}  // namespace mortise::w3bstream_tests
