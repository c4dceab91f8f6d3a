#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <mortise/plugin.hpp>
#include <mortise/runtime.hpp>

#include "cli/calls.hpp"
#include "cli/latencies.hpp"

namespace mortise::cli {

/// Calls on that many threads, each with an instance of its own, for a while.
struct ThreadRun {
    unsigned threads = 1;
    Latencies latencies{};
    double seconds = 0;
    std::uint64_t failed = 0;                ///< calls that failed; not among the latencies
    std::optional<Error> first_error{};      ///< of them
};

/// What was measured of a plugin on one engine.
struct EngineRun {
    std::string engine;
    std::string version;
    std::chrono::nanoseconds load_time{};   ///< reading, compiling (or finding it in the cache), linking
    double fresh_per_second = 0;            ///< instances made, started and dropped, on one thread
    std::vector<ThreadRun> runs;
};

/// How to measure.
struct BenchSettings {
    std::vector<unsigned> threads;
    std::chrono::milliseconds time{1000};   ///< of each measurement
};

/// Measures the call on a loaded plugin. The first calls, which are not counted, must succeed, and then most others. Errors: those of
/// instantiating and calling.
Result<void> measure(const Plugin& plugin, const Call& call, const BenchSettings& settings, EngineRun& run);

}  // namespace mortise::cli
