#include "engine/engines_under_test.hpp"

#include <map>
#include <mutex>
#include <ostream>

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

const std::vector<EngineUnderTest>& engines_under_test() {
    static const std::vector<EngineUnderTest> all{
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
#endif
#if MORTISE_HAS_ENGINES_WASMI
        {"wasmi", "wasmi", MORTISE_EXPECTED_WASMI, [] { return engines::make_wasmi(); }, true},
#endif
#if MORTISE_HAS_ENGINES_WASM_C_API && defined(MORTISE_WASM_C_API_WASMI)
        {"wasm_c_api_wasmi", "wasm-c-api", "libmortise_wasm_c_api_wasmi.so",
         [] { return engines::make_wasm_c_api(MORTISE_WASM_C_API_WASMI); }, true},
#endif
    };
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
