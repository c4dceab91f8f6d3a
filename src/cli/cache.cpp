#include "cli/commands.hpp"

#include <chrono>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include <mortise/code_cache.hpp>

#include "cli/exit_status.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/text.hpp"

namespace mortise::cli {

namespace {

constexpr auto kExamples =
    "  mortise cache list\n"
    "  mortise cache clear --cache /srv/plugins/cache\n";

std::string utc(std::chrono::system_clock::time_point time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    if (::gmtime_r(&seconds, &parts) == nullptr) return "?";
    char text[32];
    const auto size = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text, size};
}

std::string as_json(const std::vector<CachedCode>& entries) {
    Json out = Json::array();
    for (const auto& entry : entries) {
        Json one = Json::object();
        one["name"] = entry.name;
        if (entry.authentic) one["engine"] = entry.engine;
        one["bytes"] = entry.bytes;
        one["used"] = utc(entry.used);
        one["authentic"] = entry.authentic;
        out.push_back(std::move(one));
    }
    return to_line(out) + '\n';
}

std::string as_text(const std::vector<CachedCode>& entries) {
    std::string out;
    for (const auto& entry : entries) {
        out += entry.name.substr(0, 16) + "  " + utc(entry.used) + "  " + std::to_string(entry.bytes) + " bytes  " +
               (entry.authentic ? one_line(entry.engine) : "damaged or somebody else's, never loaded") + '\n';
    }
    return out;
}

int list(const CodeCacheOptions& cache, bool json) {
    const auto entries = list_code_cache(cache);
    if (!entries) return report("cannot list the cache", entries.error());
    return print(json ? as_json(*entries) : as_text(*entries));
}

int clear(const CodeCacheOptions& cache, bool json) {
    const auto cleared = clear_code_cache(cache);
    if (!cleared) return report("cannot clear the cache", cleared.error());
    if (!json) return print(std::to_string(cleared->entries) + (cleared->entries == 1 ? " entry" : " entries") + " dropped, " +
                            counted(cleared->bytes, "byte") + '\n');
    Json out = Json::object();
    out["entries"] = cleared->entries;
    out["bytes"] = cleared->bytes;
    return print(to_line(out) + '\n');
}

}  // namespace

int run_cache(Arguments arguments) {
    CommandLine line("cache list|clear [--cache DIR] [--json]",
                     "Lists or drops the compiled code that is kept between runs, by default in mortise/code in your cache folder. "
                     "Dropping it is always safe: it is compiled again when it is needed.");
    line.examples(kExamples);
    const auto* folder = line.option("--cache", "DIR", "the cache's folder (default: mortise/code in your cache folder)");
    const auto* json = line.flag("--json", "print it as JSON on one line");
    if (const auto end = line.parse(arguments)) return *end;
    const auto& operands = line.operands();
    const bool listing = operands.size() == 1 && operands[0] == "list";
    if (!listing && !(operands.size() == 1 && operands[0] == "clear")) return line.wrong_usage({}, "which? cache needs list or clear");
    CodeCacheOptions cache;
    if (const auto path = text_of_option(folder)) {
        if (path->empty() || *path == "off") return line.wrong_usage({}, "--cache: no folder is named");
        cache.folder = *path;
    }
    return listing ? list(cache, given(json)) : clear(cache, given(json));
}

}  // namespace mortise::cli
