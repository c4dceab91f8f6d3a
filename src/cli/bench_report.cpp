#include "cli/bench_report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/json.hpp"
#include "cli/report.hpp"

namespace mortise::cli {

namespace {

using Row = std::vector<std::string>;

constexpr std::array<double, 4> kParts{0.5, 0.9, 0.99, 0.999};
constexpr std::array<const char*, 4> kPartNames{"p50", "p90", "p99", "p999"};

std::string print_number(const char* format, double number) {
    char text[64];
    std::snprintf(text, sizeof(text), format, number);
    return text;
}

std::string table(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths;
    for (const Row& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string out;
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string pad(widths[i] - row[i].size(), ' ');
            // Names to the left, numbers to the right.
            line += i == 0 ? row[i] + pad : "  " + pad + row[i];
        }
        out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
    }
    return out;
}

double calls_per_second(const ThreadRun& run) {
    return run.seconds > 0 ? static_cast<double>(run.latencies.count()) / run.seconds : 0;
}

Json as_json(const EngineRun& engine) {
    Json out = Json::object();
    out["engine"] = engine.engine;
    out["version"] = engine.version;
    out["load_ns"] = engine.load_time.count();
    out["fresh_per_second"] = engine.fresh_per_second;
    auto& runs = out["runs"] = Json::array();
    for (const ThreadRun& run : engine.runs) {
        Json one = Json::object();
        one["threads"] = run.threads;
        one["calls"] = run.latencies.count();
        one["failed"] = run.failed;
        one["calls_per_second"] = calls_per_second(run);
        auto& latency = one["latency_ns"] = Json::object();
        for (std::size_t i = 0; i < kParts.size(); ++i) latency[kPartNames[i]] = run.latencies.within(kParts[i]);
        latency["max"] = run.latencies.max();
        runs.push_back(std::move(one));
    }
    return out;
}

}  // namespace

std::string short_time(double ns) {
    if (ns < 1000) return print_number("%.0f ns", ns);
    const auto scaled = [](double number, const char* unit) {
        const char* format = number < 10 ? "%.2f " : number < 100 ? "%.1f " : "%.0f ";
        return print_number(format, number) + unit;
    };
    if (ns < 1e6) return scaled(ns / 1e3, "us");
    if (ns < 1e9) return scaled(ns / 1e6, "ms");
    return scaled(ns / 1e9, "s");
}

std::string grouped(double number) {
    std::string digits = print_number("%.0f", number);
    for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, " ");
    return digits;
}

std::string bench_as_text(const std::vector<std::pair<std::string, EngineReport>>& engines) {
    std::vector<Row> rows{{"engine", "load", "fresh/s", "threads", "calls/s", "p50", "p90", "p99", "p99.9", "max"}};
    std::string notes;
    for (const auto& [name, report] : engines) {
        if (!report) continue;   // the command says it on stderr
        for (const ThreadRun& run : report->runs) {
            const bool first = &run == &report->runs.front();
            Row row{first ? report->engine + ' ' + report->version : "",
                    first ? short_time(static_cast<double>(report->load_time.count())) : "",
                    first ? grouped(report->fresh_per_second) : "", std::to_string(run.threads), grouped(calls_per_second(run))};
            for (const double part : kParts) row.push_back(short_time(static_cast<double>(run.latencies.within(part))));
            row.push_back(short_time(static_cast<double>(run.latencies.max())));
            rows.push_back(std::move(row));
            if (run.first_error) {
                notes += name + ": " + grouped(static_cast<double>(run.failed)) + " calls on " + std::to_string(run.threads) +
                         (run.threads == 1 ? " thread" : " threads") + " failed and are not counted: " +
                         describe_in_line(*run.first_error) + '\n';
            }
        }
    }
    return (rows.size() > 1 ? table(rows) : std::string()) + notes;
}

std::string bench_as_json(std::string_view module, std::string_view name,
                          const std::vector<std::pair<std::string, EngineReport>>& engines) {
    Json out = Json::object();
    out["module"] = std::string(module);
    out["name"] = std::string(name);
    auto& all = out["engines"] = Json::array();
    for (const auto& [engine, report] : engines) {
        if (report) {
            all.push_back(as_json(*report));
            continue;
        }
        Json one = Json::object();
        one["engine"] = engine;
        auto& error = one["error"] = Json::object();
        error["code"] = std::string(to_string(report.error().code()));
        error["message"] = report.error().message();
        all.push_back(std::move(one));
    }
    return to_line(out) + '\n';
}

}  // namespace mortise::cli
