#pragma once

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

namespace bench {

/// Prints, after google-benchmark's own table, the median of each benchmark whose name has "mortise" in it (or what else `ours`
/// says) beside that of the one with "bare" in its place, and their ratio. Use with --benchmark_repetitions=15
/// --benchmark_enable_random_interleaving=true.
class Ratios : public benchmark::ConsoleReporter {
public:
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (run.run_type == Run::RT_Iteration) times_[run.run_name.function_name].push_back(run.GetAdjustedCPUTime());
        }
        ConsoleReporter::ReportRuns(runs);
    }

    void print(std::string_view ours) {
        for (auto& [name, times] : times_) {
            const auto at = name.find(ours);
            if (at == std::string::npos) continue;
            const auto bare = times_.find(std::string(name).replace(at, ours.size(), "bare"));
            if (bare == times_.end()) continue;
            std::printf("%-40s %9.1f / %9.1f ns = %.2f\n", name.c_str(), median(times), median(bare->second),
                        median(times) / median(bare->second));
        }
    }

    /// The whole of a benchmark program's `main`. Asked for another format than the console's, it prints that and no ratios.
    static int main(int argc, char** argv, std::string_view ours = "mortise") {
        const auto other_format = [](std::string_view argument) {
            return argument.starts_with("--benchmark_format=") && !argument.ends_with("=console");
        };
        const bool plain = std::any_of(argv, argv + argc, other_format);
        benchmark::Initialize(&argc, argv);
        if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
        if (plain) {
            benchmark::RunSpecifiedBenchmarks();
            benchmark::Shutdown();
            return 0;
        }
        Ratios ratios;
        benchmark::RunSpecifiedBenchmarks(&ratios);
        ratios.print(ours);
        benchmark::Shutdown();
        return 0;
    }

private:
    static double median(std::vector<double>& times) {
        std::sort(times.begin(), times.end());
        return times[times.size() / 2];
    }
    std::map<std::string, std::vector<double>> times_;
};

}  // namespace bench
