// One module on two engines: equal results, traps, memory and globals, whichever way Wasmtime compiles it and whoever
// counts the steps of Wasmi.

#include <array>
#include <cstdio>

#include "differential/generator.hpp"
#include "differential/run.hpp"
#include "engine/metered.hpp"
#include "engines/wasmi/wasmi_engine.hpp"
#include "engines/wasmtime/wasmtime_engine.hpp"
#include "require.hpp"

namespace {

using namespace mortise;
using engine::Engine;

struct Named {
    const char* name;
    std::unique_ptr<Engine> engine;
};

/// An engine takes longer to make than a module to run: each is made once, when first asked for.
template <std::size_t Count, class Make>
const Named& kept(std::array<Named, Count>& all, std::size_t which, Make make) {
    Named& one = all[which % Count];
    if (!one.engine) one = make(which % Count);
    return one;
}

const Named& compiling(std::size_t which) {
    static std::array<Named, 3> all;
    return kept(all, which, [](std::size_t number) -> Named {
        const auto of = [](WasmtimeCompiler compiler) { return value(engines::make_wasmtime({.compiler = compiler})); };
        switch (number) {
            case 0: return {"wasmtime, winch", of(WasmtimeCompiler::winch)};
            case 1: return {"wasmtime, cranelift", of(WasmtimeCompiler::cranelift)};
            default: return {"wasmtime, pulley", of(WasmtimeCompiler::pulley)};
        }
    });
}

const Named& interpreting(std::size_t which) {
    static std::array<Named, 3> all;
    return kept(all, which, [](std::size_t number) -> Named {
        switch (number) {
            case 0: return {"wasmi", value(engines::make_wasmi())};
            // As many pauses as there can be: each of them leaves the interpreter and goes on in it.
            case 1: return {"wasmi, often paused", value(engines::make_wasmi({.check_interval = 1000}))};
            default: return {"wasmi, with checks in the code", engine::make_metered(value(engines::make_wasmi()))};
        }
    });
}

}  // namespace

/// Engines keep what they made for the next module, in threads of their own, too: libFuzzer would look for leaks after
/// every input, which takes longer than all the rest. The tests look for them.
extern "C" const char* __asan_default_options() { return "detect_leaks=0:malloc_context_size=5"; }

/// The first byte chooses the engines, the rest makes the module and the arguments of its calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Named& one = compiling(data[0]);
    const Named& other = interpreting(data[0] / 3U);
    differential::Choices choices(std::as_bytes(std::span(data + 1, size - 1)));
    const auto module = differential::generate(choices);
    const auto calls = differential::calls_of(module, choices);
    const std::string seen = differential::run(*one.engine, module.wasm, calls);
    const std::string same = differential::run(*other.engine, module.wasm, calls);
    // Where a stack ends depends on the size of an engine's frames.
    if (seen.empty() || same.empty()) return 0;
    MORTISE_REQUIRE(!seen.starts_with("refused:") && !seen.starts_with("unreadable:") && !seen.starts_with("not inst"));
    if (seen != same) std::fprintf(stderr, "== %s\n%s== %s\n%s", one.name, seen.c_str(), other.name, same.c_str());
    MORTISE_REQUIRE(seen == same);
    return 0;
}
