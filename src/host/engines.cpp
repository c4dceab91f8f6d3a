#include "host/engines.hpp"

#include <span>
#include <string>

#include "engine/metered.hpp"

#if MORTISE_HAS_ENGINES_WASMTIME
#include "engines/wasmtime/wasmtime_engine.hpp"
#endif
#if MORTISE_HAS_ENGINES_WASMI
#include "engines/wasmi/wasmi_engine.hpp"
#endif
#if MORTISE_HAS_ENGINES_NATIVE
#include "engines/native/native_engine.hpp"
#endif
#if MORTISE_HAS_ENGINES_WASM_C_API
#include "engines/wasm_c_api/wasm_c_api_engine.hpp"
#endif

namespace mortise::host {

namespace {

struct Entry {
    std::string_view name;
    Result<std::unique_ptr<engine::Engine>> (*make)(std::string_view name, const EngineOptions& options);
    EngineInfo (*describe)() = nullptr;   // of an engine that cannot be made from its name alone
};

// What follows the name and a colon; empty without one.
[[maybe_unused]] std::string_view after_colon(std::string_view name) {
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? std::string_view() : name.substr(colon + 1);
}

// With fuel and interruption, which the engine has not.
[[maybe_unused]] Result<std::unique_ptr<engine::Engine>> metered(Result<std::unique_ptr<engine::Engine>> engine) {
    if (!engine) return engine;
    return engine::make_metered(*std::move(engine));
}

// Every engine of this build, the default first: the list to which a new engine adds its lines.
constexpr Entry kEngines[] = {
#if MORTISE_HAS_ENGINES_WASMTIME
    {"wasmtime", [](std::string_view, const EngineOptions& options) { return engines::make_wasmtime(options.wasmtime); }},
#endif
#if MORTISE_HAS_ENGINES_WASMI
    {"wasmi", [](std::string_view, const EngineOptions& options) { return engines::make_wasmi(options.wasmi); }},
#endif
#if MORTISE_HAS_ENGINES_NATIVE
    {"native", [](std::string_view, const EngineOptions& options) { return engines::make_native(options.native); }},
#endif
#if MORTISE_HAS_ENGINES_WASM_C_API
    {"wasm-c-api", [](std::string_view name, const EngineOptions&) { return metered(engines::make_wasm_c_api(after_colon(name))); },
     [] { return engine::metered_info(engines::describe_wasm_c_api()); }},
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
        if (!name.empty() && entry.name != kind) continue;
        if (name.size() != kind.size() && entry.describe == nullptr) {
            return fail(ErrorCode::invalid_argument, "engine " + std::string(kind) + " takes no path: \"" + std::string(name) + "\"");
        }
        return entry.make(name, options);
    }
    return fail(ErrorCode::not_found, "no engine \"" + std::string(name) + "\" in this build; it has: " + names());
}

std::vector<EngineInfo> list_engines() {
    std::vector<EngineInfo> all;
    for (const Entry& entry : entries()) {
        if (entry.describe != nullptr) all.push_back(entry.describe());
        else if (auto engine = entry.make(entry.name, {})) all.push_back((*engine)->info());
    }
    return all;
}

}  // namespace mortise::host
