#include "host/engines.hpp"

#include <span>
#include <string>

#if MORTISE_HAS_ENGINES_WASMTIME
#include "engines/wasmtime/wasmtime_engine.hpp"
#endif
#if MORTISE_HAS_ENGINES_WASMI
#include "engines/wasmi/wasmi_engine.hpp"
#endif

namespace mortise::host {

namespace {

struct Entry {
    std::string_view name;
    Result<std::unique_ptr<engine::Engine>> (*make)(std::string_view name, const EngineOptions& options);
};

// Every engine of this build, the default first: the list to which a new engine adds its lines.
constexpr Entry kEngines[] = {
#if MORTISE_HAS_ENGINES_WASMTIME
    {"wasmtime", [](std::string_view, const EngineOptions& options) { return engines::make_wasmtime(options.wasmtime); }},
#endif
#if MORTISE_HAS_ENGINES_WASMI
    {"wasmi", [](std::string_view, const EngineOptions& options) { return engines::make_wasmi(options.wasmi); }},
#endif
    {"", nullptr},
};

std::span<const Entry> entries() { return std::span(kEngines).first(std::size(kEngines) - 1); }

std::string names() {
    std::string text;
    for (const Entry& entry : entries()) text += (text.empty() ? "" : ", ") + std::string(entry.name);
    return text.empty() ? "none" : text;
}

}  // namespace

Result<std::unique_ptr<engine::Engine>> make_engine(std::string_view name, const EngineOptions& options) {
    const std::string_view kind = name.substr(0, name.find(':'));
    for (const Entry& entry : entries()) {
        if (name.empty() || entry.name == kind) return entry.make(name, options);
    }
    return fail(ErrorCode::not_found, "no engine \"" + std::string(name) + "\" in this build; it has: " + names());
}

std::vector<EngineInfo> list_engines() {
    std::vector<EngineInfo> all;
    for (const Entry& entry : entries()) {
        if (auto engine = entry.make(entry.name, {})) all.push_back((*engine)->info());
    }
    return all;
}

}  // namespace mortise::host
