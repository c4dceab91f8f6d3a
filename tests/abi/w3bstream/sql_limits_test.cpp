// What a guest's SQL may not cost: compiling and single steps cannot be stopped, so what would take long is refused.

#include <atomic>
#include <chrono>
#include <thread>

#include "abi/w3bstream/sql_shape.hpp"
#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

milliseconds since(steady_clock::time_point start) { return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start); }

/// The back end alone, with a deadline as an event has one.
class Database {
public:
    Result<w3b::SqlRows> run(const std::string& statement, milliseconds time = milliseconds(2'000)) {
        const auto end = steady_clock::now() + time;
        w3b::CallContext context;
        context.expired_ = [](const void* at) noexcept { return steady_clock::now() > *static_cast<const steady_clock::time_point*>(at); };
        context.store_ = static_cast<const void*>(&end);   // what expired_ is given
        return services.query(context, statement, {});
    }
    w3b::MemoryServices services;
};

// Between 0 and `count`, what `piece` gives for each, with commas or whatever `between` says.
template <class Piece>
std::string joined(int count, Piece piece, std::string_view between = ",") {
    std::string out;
    for (int i = 0; i < count; ++i) out += (i == 0 ? "" : std::string(between)) + piece(std::to_string(i), std::to_string(i + 1));
    return out;
}

std::string doubling_cte(int levels) {
    return "WITH a0(x) AS (SELECT 1), " + joined(levels, [](const auto& i, const auto& next) {
               return "a" + next + "(x) AS (SELECT p.x FROM a" + i + " p, a" + i + " q)";
           }) + " SELECT count(*) AS c FROM a" + std::to_string(levels) + " LIMIT 0";
}

std::string doubling_views(int levels) {
    return "CREATE TABLE IF NOT EXISTS a0(x);" + joined(levels, [](const auto& i, const auto& next) {
               return "CREATE VIEW a" + next + " AS SELECT p.x FROM a" + i + " p, a" + i + " q";
           }, ";") + "; SELECT count(*) FROM a" + std::to_string(levels);
}

std::string columns(int count) {
    return joined(count, [](const auto& i, const auto&) { return "c" + i; });
}

TEST(W3bstreamSqlLimits, WhatDoublesWhileItIsCompiled_isRefusedAtOnce) {
    struct Row {
        const char* name;
        std::string statement;
        ErrorCode code;
    };
    const Row rows[] = {
        {"tables of WITH", doubling_cte(20), ErrorCode::invalid_argument},
        {"tables behind IN", "WITH a0(x) AS (SELECT 1), " + joined(20, [](const auto& i, const auto& next) {
             return "a" + next + "(x) AS (SELECT (1 IN a" + i + ") + (2 NOT IN a" + i + "))";
         }) + " SELECT x FROM a20", ErrorCode::invalid_argument},
        {"views", doubling_views(20), ErrorCode::denied},
        {"temporary views", "CREATE TEMP VIEW v AS SELECT 1", ErrorCode::denied},
        {"triggers", "CREATE TABLE t(x); CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO t VALUES (1); END", ErrorCode::denied},
        {"generated columns", "CREATE TABLE g(c0, " + joined(30, [](const auto& i, const auto& next) {
             return "c" + next + " AS (c" + i + "+c" + i + ")";
         }) + ")", ErrorCode::invalid_argument},
        {"generated columns, in full", "CREATE TABLE g(a, b GENERATED ALWAYS /**/ AS -- x\n (a + a))", ErrorCode::invalid_argument},
        {"columns generated of one called with", "CREATE TABLE g([with], b AS (WITH + 1))", ErrorCode::invalid_argument},
        {"generated columns added", "CREATE TABLE h(a); ALTER TABLE h ADD COLUMN b AS (a + a)", ErrorCode::invalid_argument},
        {"long definitions", "CREATE TABLE l(a CHECK (a IN (" + joined(10'000, [](const auto& i, const auto&) { return i; }) + ")))",
         ErrorCode::invalid_argument},
        {"deep expressions", "SELECT " + joined(200, [](const auto& i, const auto&) { return i; }, "+"), ErrorCode::invalid_argument},
        {"many columns", "CREATE TABLE m(" + columns(257) + ")", ErrorCode::invalid_argument},
        {"many in a UNION", joined(51, [](const auto& i, const auto&) { return "SELECT " + i; }, " UNION "), ErrorCode::invalid_argument},
    };
    for (const Row& row : rows) {
        Database database;
        const auto start = steady_clock::now();
        EXPECT_THAT(database.run(row.statement), FailsWith(row.code)) << row.name;
        EXPECT_LT(since(start), milliseconds(1'000)) << row.name;
        EXPECT_THAT(database.run("SELECT 1"), IsOk()) << row.name;
    }
}

TEST(W3bstreamSqlLimits, JoinOfManyTablesOverManyIndexes_isRefused_aSmallerOneIsQuick) {
    Database database;
    const auto indexes = [](int count) {
        return joined(count, [](const auto& i, const auto&) { return "CREATE INDEX i" + i + " ON t(c" + i + ", c1, c2)"; }, ";");
    };
    ASSERT_THAT(database.run("CREATE TABLE t(" + columns(100) + ");" + indexes(64)), IsOk());
    EXPECT_THAT(database.run("CREATE INDEX more ON t(c70)"), FailsWith(ErrorCode::denied));
    ASSERT_THAT(database.run("DROP INDEX i3"), IsOk());
    EXPECT_THAT(database.run("CREATE INDEX more ON t(c70)"), IsOk());
    EXPECT_THAT(database.run("CREATE TABLE u(a UNIQUE)"), FailsWith(ErrorCode::denied));
    const auto join = [](int tables) {
        std::string out = "SELECT 1 FROM t a0";
        for (int i = 1; i < tables; ++i) {
            const std::string table = "a" + std::to_string(i);
            out += " JOIN t " + table + " ON " + joined(15, [&](const auto& column, const auto&) {
                       return table + ".c" + column + "=a" + std::to_string(i - 1) + ".c" + column;
                   }, " AND ");
        }
        return out;
    };
    auto start = steady_clock::now();
    EXPECT_THAT(database.run(join(60)), FailsWith(ErrorCode::invalid_argument));
    EXPECT_THAT(database.run(join(17)), FailsWith(ErrorCode::invalid_argument));
    EXPECT_LT(since(start), milliseconds(500));
    EXPECT_THAT(database.run(join(16), milliseconds(30'000)), IsOk());
}

TEST(W3bstreamSqlLimits, ZeroByteInAStatement_isRefused) {
    Database database;
    for (const std::string_view text : {std::string_view("SELECT 1\0 x", 11), std::string_view("\0", 1), std::string_view("SELECT '\0'", 10)}) {
        EXPECT_THAT(database.run(std::string(text)), FailsWith(ErrorCode::invalid_argument, "zero byte"));
    }
    const std::string request = R"({"statement":"SELECT 1\u0000 x","params":[]})";
    EXPECT_EQ(code({.start = "(i32.add (call $get_sql (i32.const 1024) (i32.const " + std::to_string(request.size()) +
                             ") (i32.const 512) (i32.const 516)) (i32.const 100))", .data = escaped(request)}), 99);
}

TEST(W3bstreamSqlLimits, FunctionsThatSearch_takeTimeWithTheLengthAlone) {
    // SQLite's own need minutes for some of these.
    Database database;
    const std::string zeros = "hex(zeroblob(100000))";
    const std::string ones = "replace(hex(zeroblob(50000)), '0', '1')";
    const auto start = steady_clock::now();
    for (const std::string& expression : {"instr(" + zeros + ", hex(zeroblob(50000)) || '1')", "replace(" + zeros + ", hex(zeroblob(50000)) || '1', 'x')",
                                          "trim(" + zeros + ", " + ones + " || '2')", "trim(" + zeros + ", " + ones + " || '0')",
                                          "rtrim(" + zeros + ", " + ones + " || '0')", "ltrim(" + ones + ", " + zeros + ")"}) {
        EXPECT_THAT(database.run("SELECT length(" + expression + ")"), IsOk()) << expression;
    }
    EXPECT_LT(since(start), milliseconds(60'000));
    EXPECT_THAT(database.run("SELECT json_patch('{}', '{}')"), FailsWith(ErrorCode::invalid_argument, "not authorized"));
}

TEST(W3bstreamSqlLimits, FunctionsInThePlaceOfSqlites_answerAsThose) {
    struct Row {
        std::string_view expression, wanted;
    };
    const Row rows[] = {
        {"instr('abcabc', 'ca')", "3"},        {"instr('abc', 'x')", "0"},            {"instr('abc', '')", "1"},
        {"instr(null, 'a')", "null"},          {"instr('a', null)", "null"},          {"instr('\u00e9\u00e9a', 'a')", "3"},
        {"instr(x'c3a961', x'61')", "3"},      {"instr(12345, 34)", "3"},             {"replace('abcabc', 'b', 'xy')", "'axycaxyc'"},
        {"replace('aaa', 'aa', 'b')", "'ba'"}, {"replace('abc', '', 'x')", "'abc'"},  {"replace('abc', 'b', null)", "null"},
        {"replace('abc', 'abc', '')", "''"},   {"replace(1.5, '.', ',')", "'1,5'"},   {"trim('xxaxbxx', 'x')", "'axb'"},
        {"trim('abcba', 'ab')", "'c'"},        {"ltrim('aab', 'a')", "'b'"},          {"rtrim('aab', 'b')", "'aa'"},
        {"trim('  a ')", "'a'"},               {"trim('aaa', 'a')", "''"},            {"trim('abc', '')", "'abc'"},
        {"trim(null, 'a')", "null"},           {"trim('a', null)", "null"},           {"trim('\u00e9a\u00e8', '\u00e8\u00e9')", "'a'"},
        {"rtrim('a\u00e9', '\u00a9')", "'a\u00e9'"},
        {"typeof(replace(5, '', 'x'))", "'integer'"},
    };
    for (const Row& row : rows) {
        Database database;
        const auto same = database.run("SELECT " + std::string(row.expression) + " IS " + std::string(row.wanted) + " AS same");
        ASSERT_THAT(same, IsOk()) << row.expression;
        EXPECT_EQ(std::get<std::int64_t>(same->rows.at(0).at(0)), 1) << row.expression;
    }
}

TEST(W3bstreamSqlLimits, EventThatWaitsForAnothersStatement_endsAtItsOwnDeadline) {
    Database database;
    std::atomic<bool> started = false;
    std::thread other([&] {
        started = true;
        EXPECT_THAT(database.run("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c", milliseconds(1'500)),
                    FailsWith(ErrorCode::deadline_exceeded));
    });
    while (!started) std::this_thread::yield();
    std::this_thread::sleep_for(milliseconds(200));
    const auto start = steady_clock::now();
    EXPECT_THAT(database.run("SELECT 1", milliseconds(100)), FailsWith(ErrorCode::deadline_exceeded, "busy"));
    EXPECT_LT(since(start), milliseconds(1'000));
    other.join();
    EXPECT_THAT(database.run("SELECT 1"), IsOk());
}

TEST(W3bstreamSqlLimits, ExpiredEvent_startsNoFurtherStatement) {
    Database database;
    std::string many = "CREATE TABLE t(x);";
    for (int i = 0; i < 1'000; ++i) many += "INSERT INTO t VALUES (1);";
    EXPECT_THAT(database.run(many, milliseconds(-1)), FailsWith(ErrorCode::deadline_exceeded));
    EXPECT_THAT(database.run("SELECT * FROM t"), FailsWith(ErrorCode::invalid_argument, "no such table"));
}

TEST(W3bstreamSqlLimits, TransactionOfOneText_isNotLeftForTheNext) {
    Database database;
    ASSERT_THAT(database.run("CREATE TABLE t(x UNIQUE)"), IsOk());
    EXPECT_THAT(database.run("BEGIN; INSERT INTO t VALUES (1); COMMIT"), IsOk());
    EXPECT_THAT(database.run("BEGIN; INSERT INTO t VALUES (2)"), FailsWith(ErrorCode::invalid_argument, "transaction"));
    EXPECT_THAT(database.run("SAVEPOINT s; INSERT INTO t VALUES (3)"), FailsWith(ErrorCode::invalid_argument, "transaction"));
    EXPECT_THAT(database.run("BEGIN; INSERT INTO t VALUES (4); INSERT INTO t VALUES (1); COMMIT"), FailsWith(ErrorCode::invalid_argument, "UNIQUE"));
    EXPECT_THAT(database.run("INSERT INTO t VALUES (5)"), IsOk());
    const auto rows = database.run("SELECT x FROM t ORDER BY x");
    ASSERT_THAT(rows, IsOk());
    ASSERT_EQ(rows->rows.size(), 2u);
    EXPECT_EQ(std::get<std::int64_t>(rows->rows[1][0]), 5);
}

TEST(W3bstreamSqlShape, TablesAreCounted_andNothingElse) {
    const auto times = [](int count, std::string_view what) {
        std::string out;
        for (int i = 0; i < count; ++i) out += what;
        return out;
    };
    struct Row {
        const char* name;
        std::string text;
        bool fine;
    };
    const Row rows[] = {
        {"nothing", "", true},
        {"sixteen", "SELECT * FROM t" + times(15, ", t"), true},
        {"seventeen", "SELECT * FROM t" + times(16, ", t"), false},
        {"seventeen, otherwise written", "select * from\tt" + times(16, "/* ( */,--'\n[t]"), false},
        {"seventeen in brackets", "SELECT * FROM (t" + times(16, ", t") + ")", false},
        {"seventeen in a list", "SELECT 1 WHERE " + times(17, "x IN t AND ") + "1", false},
        {"seventeen behind a mark", "SELECT * FROM t,\xEF\xBB\xBFt" + times(15, ", t"), false},
        {"seventeen with a condition", "SELECT * FROM t JOIN u ON t.x = max(u.x, 1)" + times(15, ", t"), false},
        {"seventeen with columns in common", "SELECT * FROM t JOIN u USING (x, y)" + times(15, ", t"), false},
        {"seventeen, one called window", "SELECT * FROM window" + times(16, ", t"), false},
        {"each statement for itself", times(20, "SELECT * FROM t;"), true},
        {"columns of the result", "SELECT x" + times(100, ", x") + " FROM t", true},
        {"columns of an inner result", "SELECT * FROM (SELECT x" + times(100, ", x") + " FROM t) q, u", true},
        {"rows", "INSERT INTO t(x, y) VALUES (1, 2)" + times(100, ", (1, 2)"), true},
        {"a list of values", "SELECT * FROM t WHERE x IN (1" + times(100, ", 1") + ") ORDER BY a, b, c", true},
        {"a list of values in a condition", "SELECT * FROM t JOIN u ON x IN (1" + times(100, ", 1") + ")", true},
        {"columns set", "UPDATE t SET a = 1" + times(100, ", b = 2") + " FROM u WHERE 1", true},
        {"distinct from", "SELECT a IS NOT DISTINCT FROM b" + times(100, ", c") + " FROM t", true},
        {"quoted", "SELECT '" + times(100, " FROM t, t ") + "', \"" + times(100, " FROM t ") + "\", `FROM`, [FROM a, b] FROM t", true},
        {"commented", "SELECT 1 --" + times(100, " FROM t") + "\n /*" + times(100, "FROM t") + "*/", true},
        {"brackets in a parameter's name", "SELECT $a('), 1 FROM t" + times(20, ", t") + ", $b(')", false},
        {"brackets behind words after a parameter", "SELECT :p, lower(x), @q AND max(1, 2)", true},
        {"a comment that does not end", "SELECT 1 /* FROM", true},
        {"a text that does not end", "SELECT 'FROM", true},
        {"tables of a query", "CREATE TABLE t AS WITH q AS (SELECT 1) SELECT * FROM q", true},
    };
    for (const Row& row : rows) EXPECT_EQ(w3b::check_sql(row.text).has_value(), row.fine) << row.name;
}

}  // namespace
}  // namespace mortise::w3bstream_tests
