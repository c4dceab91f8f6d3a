#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/bench_run.hpp"

namespace mortise::cli {

/// What became of one engine: measured, or why not.
using EngineReport = Result<EngineRun>;

/// A table for people; an engine that could not run the plugin has a line that says why.
std::string bench_as_text(const std::vector<std::pair<std::string, EngineReport>>& engines);

/// The same as one JSON object on one line.
std::string bench_as_json(std::string_view module, std::string_view name,
                          const std::vector<std::pair<std::string, EngineReport>>& engines);

/// A time for people: "740 ns", "12.3 us", "4.56 ms", "1.20 s".
std::string short_time(double nanoseconds);

/// A number for people, with its thousands apart: "1 234 567".
std::string grouped(double number);

}  // namespace mortise::cli
