#include "cli/bench_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/json.hpp"

namespace mortise::cli {
namespace {

using std::chrono::nanoseconds;

TEST(Latencies, Parts_of_known_times_are_found_to_one_in_thirty_two) {
    Latencies all;
    EXPECT_EQ(all.within(0.5), 0U);
    for (int i = 1; i <= 1000; ++i) all.add(nanoseconds(i * 1000));
    EXPECT_EQ(all.count(), 1000U);
    EXPECT_EQ(all.max(), 1'000'000U);
    struct Row {
        double part;
        double wanted;
    };
    for (const Row& row : {Row{0.5, 500e3}, Row{0.9, 900e3}, Row{0.99, 990e3}, Row{0.001, 1e3}, Row{1, 1e6}}) {
        EXPECT_NEAR(static_cast<double>(all.within(row.part)), row.wanted, row.wanted / 31) << row.part;
    }
}

TEST(Latencies, Small_times_are_exact_and_large_ones_have_room) {
    Latencies small;
    for (int i = 0; i < 64; ++i) small.add(nanoseconds(i));
    EXPECT_EQ(small.within(0.5), 31U);
    EXPECT_EQ(small.within(1), 63U);
    Latencies one;
    one.add(nanoseconds::max());
    one.add(nanoseconds(-5));
    EXPECT_EQ(one.within(1), static_cast<std::uint64_t>(nanoseconds::max().count()));
    EXPECT_EQ(one.within(0.5), 0U);
}

TEST(Latencies, Sums_are_what_both_had) {
    Latencies a, b;
    a.add(nanoseconds(10));
    b.add(nanoseconds(20));
    b.add(nanoseconds(30));
    a.add(b);
    EXPECT_EQ(a.count(), 3U);
    EXPECT_EQ(a.max(), 30U);
    EXPECT_EQ(a.within(0.67), 20U);
}

TEST(BenchReport, Times_and_numbers_are_short) {
    EXPECT_EQ(short_time(0), "0 ns");
    EXPECT_EQ(short_time(999), "999 ns");
    EXPECT_EQ(short_time(1'234), "1.23 us");
    EXPECT_EQ(short_time(45'678), "45.7 us");
    EXPECT_EQ(short_time(456'789'000), "457 ms");
    EXPECT_EQ(short_time(2.5e9), "2.50 s");
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1'234'567.4), "1 234 567");
    EXPECT_EQ(grouped(100'000), "100 000");
}

std::vector<std::pair<std::string, EngineReport>> example() {
    EngineRun run{.engine = "fast", .version = "1.2", .load_time = std::chrono::microseconds(1500), .fresh_per_second = 2000, .runs = {}};
    for (const unsigned threads : {1U, 2U}) {
        run.runs.push_back({.threads = threads, .seconds = 2});
        if (threads == 2) run.runs.back().failed = 7, run.runs.back().first_error = Error(ErrorCode::trap, "it fell");
        for (int i = 0; i < 1000; ++i) run.runs.back().latencies.add(nanoseconds(50));
    }
    return {{"fast", run}, {"slow", fail(ErrorCode::unsupported, "it has no such thing")}};
}

TEST(BenchReport, Table_has_a_row_for_each_number_of_threads_and_a_line_for_calls_that_failed) {
    EXPECT_EQ(bench_as_text(example()),
              "engine       load  fresh/s  threads  calls/s    p50    p90    p99  p99.9    max\n"
              "fast 1.2  1.50 ms    2 000        1      500  50 ns  50 ns  50 ns  50 ns  50 ns\n"
              "                                  2      500  50 ns  50 ns  50 ns  50 ns  50 ns\n"
              "fast: 7 calls on 2 threads failed and are not counted: it fell\n");
}

TEST(BenchReport, Json_has_every_figure) {
    const auto json = parse_json(bench_as_json("m.wasm", "f", example()));
    ASSERT_TRUE(json.has_value());
    EXPECT_EQ((*json)["module"], "m.wasm");
    ASSERT_EQ((*json)["engines"].size(), 2U);
    const auto& fast = (*json)["engines"][0];
    EXPECT_EQ(fast["load_ns"], 1'500'000);
    EXPECT_EQ(fast["runs"][1]["threads"], 2);
    EXPECT_EQ(fast["runs"][1]["calls"], 1000);
    EXPECT_EQ(fast["runs"][1]["failed"], 7);
    EXPECT_EQ(fast["runs"][1]["latency_ns"]["p999"], 50);
    EXPECT_EQ((*json)["engines"][1]["error"]["code"], "unsupported");
}

}  // namespace
}  // namespace mortise::cli
