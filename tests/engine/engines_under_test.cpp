#include "engine/engines_under_test.hpp"

#include <cstdlib>
#include <map>
#include <mutex>
#include <ostream>

#include "engine/metered.hpp"

#if MORTISE_HAS_ENGINES_WASMTIME
#include "engines/wasmtime/wasmtime_engine.hpp"
#endif
#if MORTISE_HAS_ENGINES_WASMI
#include "engines/wasmi/wasmi_engine.hpp"
#endif
#if MORTISE_HAS_ENGINES_WASM_C_API
#include "engines/wasm_c_api/wasm_c_api_engine.hpp"
#endif

namespace mortise::engine_tests {

namespace {

/// An engine whose own fuel and interruption are not used: checks in the code stand for them.
[[maybe_unused]] Result<std::unique_ptr<engine::Engine>> metered(Result<std::unique_ptr<engine::Engine>> engine) {
    if (!engine) return engine;
    return engine::make_metered(*std::move(engine));
}

std::vector<EngineUnderTest> engines_of_this_build() {
    return {
#if MORTISE_HAS_ENGINES_WASMTIME
        {"wasmtime", "wasmtime", MORTISE_EXPECTED_WASMTIME, [] { return engines::make_wasmtime(); }},
        {"wasmtime_unpooled", "wasmtime", MORTISE_EXPECTED_WASMTIME,
         [] { return engines::make_wasmtime({.pooling = WasmtimePooling::off}); }},
        {"wasmtime_bounds_checked", "wasmtime", MORTISE_EXPECTED_WASMTIME,
         [] { return engines::make_wasmtime({.memory_reservation_bytes = 0}); }},
        {"wasmtime_winch", "wasmtime", MORTISE_EXPECTED_WASMTIME,
         [] { return engines::make_wasmtime({.compiler = WasmtimeCompiler::winch}); }},
        {"wasmtime_pulley", "wasmtime", MORTISE_EXPECTED_WASMTIME,
         [] { return engines::make_wasmtime({.compiler = WasmtimeCompiler::pulley}); }},
        {"wasmtime_rewritten", "wasmtime", MORTISE_EXPECTED_WASMTIME, [] { return metered(engines::make_wasmtime()); }},
#endif
#if MORTISE_HAS_ENGINES_WASMI
        {"wasmi", "wasmi", MORTISE_EXPECTED_WASMI, [] { return engines::make_wasmi(); }, true},
        {"wasmi_rewritten", "wasmi", MORTISE_EXPECTED_WASMI, [] { return metered(engines::make_wasmi()); }, true},
#endif
#if MORTISE_HAS_ENGINES_WASM_C_API && defined(MORTISE_WASM_C_API_WASMI)
        {"wasm_c_api_wasmi", "wasm-c-api", "libmortise_wasm_c_api_wasmi.so",
         [] { return engines::make_wasm_c_api(MORTISE_WASM_C_API_WASMI); }, true},
        {"wasm_c_api_wasmi_rewritten", "wasm-c-api", "libmortise_wasm_c_api_wasmi.so",
         [] { return metered(engines::make_wasm_c_api(MORTISE_WASM_C_API_WASMI)); }, true},
#endif
    };
}

}  // namespace

const std::vector<EngineUnderTest>& engines_under_test() {
    static const std::vector<EngineUnderTest> all = [] {
        auto engines = engines_of_this_build();
#if MORTISE_HAS_ENGINES_WASM_C_API
        // One more library with the standard wasm.h, of whoever runs the tests.
        if (const char* path = std::getenv("MORTISE_TEST_WASM_C_API")) {
            const char* version = std::getenv("MORTISE_TEST_WASM_C_API_VERSION");
            engines.push_back({"wasm_c_api_given", "wasm-c-api", version == nullptr ? "" : version,
                               [path = std::string(path)] { return engines::make_wasm_c_api(path); }});
        }
#endif
        return engines;
    }();
    return all;
}

engine::Engine& shared_engine(const EngineUnderTest& which) {
    static std::mutex mutex;
    static std::map<std::string, std::unique_ptr<engine::Engine>> made;
    const std::lock_guard lock(mutex);
    auto& engine = made[which.name];
    if (!engine) engine = value(which.make());
    return *engine;
}

std::ostream& operator<<(std::ostream& out, const EngineUnderTest& which) { return out << which.name; }

}  // namespace mortise::engine_tests
