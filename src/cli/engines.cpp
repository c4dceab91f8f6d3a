#include "cli/commands.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <mortise/runtime.hpp>

#include "cli/json.hpp"
#include "cli/output.hpp"

namespace mortise::cli {

namespace {

constexpr std::pair<std::string_view, bool Capabilities::*> kCapabilities[] = {
    {"interrupt", &Capabilities::interrupt},
    {"fuel", &Capabilities::fuel},
    {"rewritten_metering", &Capabilities::rewritten_metering},
    {"memory_limit", &Capabilities::memory_limit},
    {"refused_growth_reported", &Capabilities::refused_growth_reported},
    {"simd", &Capabilities::simd},
    {"reference_types", &Capabilities::reference_types},
    {"multi_memory", &Capabilities::multi_memory},
    {"linking", &Capabilities::linking},
    {"linked_tables", &Capabilities::linked_tables},
    {"trap_kinds", &Capabilities::trap_kinds},
    {"backtrace", &Capabilities::backtrace},
    {"compiled_code", &Capabilities::compiled_code},
    {"nested_calls", &Capabilities::nested_calls},
    {"memory_in_callbacks", &Capabilities::memory_in_callbacks},
    {"text_format", &Capabilities::text_format},
    {"two_compilers", &Capabilities::two_compilers},
};

std::string as_json(const std::vector<EngineInfo>& engines) {
    Json out = Json::array();
    for (const auto& engine : engines) {
        Json one = Json::object();
        one["name"] = engine.name;
        one["version"] = engine.version;
        one["description"] = engine.description;
        one["default"] = &engine == &engines.front();
        auto& capabilities = one["capabilities"] = Json::object();
        for (const auto& [name, member] : kCapabilities) capabilities[std::string(name)] = engine.capabilities.*member;
        out.push_back(std::move(one));
    }
    return to_line(out) + '\n';
}

std::string as_text(const std::vector<EngineInfo>& engines) {
    std::string out;
    for (const auto& engine : engines) {
        out += engine.name + (engine.version.empty() ? "" : ' ' + engine.version) + (&engine == &engines.front() ? " (default)" : "") + '\n';
        out += "  " + engine.description + '\n';
        for (const bool has : {true, false}) {
            std::string names;
            for (const auto& [name, member] : kCapabilities) {
                const bool substitute = member == &Capabilities::rewritten_metering;
                if (!has && substitute && engine.capabilities.interrupt && engine.capabilities.fuel) continue;   // it does both by itself
                if (engine.capabilities.*member == has) names += ' ' + std::string(name);
            }
            if (!names.empty()) out += (has ? "  can:  " : "  lacks:") + (has ? names.substr(1) : names) + '\n';
        }
    }
    return out;
}

}  // namespace

int run_engines(Arguments arguments) {
    CommandLine line("engines [--json]", "Lists the WebAssembly engines of this build, the default first, with what each can do. --engine NAME of "
                                         "the other commands chooses one; wasm-c-api:PATH opens a shared library with the standard wasm.h.");
    const auto* json = line.flag("--json", "print a JSON array on one line");
    if (const auto end = line.parse(arguments)) return *end;
    if (!line.operands().empty()) return line.wrong_usage({}, "engines takes no arguments");
    const auto engines = Runtime::engines();
    return print(given(json) ? as_json(engines) : as_text(engines));
}

}  // namespace mortise::cli
