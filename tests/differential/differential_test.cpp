// The same module, the same input: every engine must tell the same. NaN bits are left out: the specification fixes
// neither sign nor payload of a NaN that an instruction makes.

#include <chrono>
#include <cstdlib>

#include <gtest/gtest.h>

#include "differential/generator.hpp"
#include "differential/run.hpp"
#include "engine/metered.hpp"
#include "engines/wasmi/wasmi_engine.hpp"
#include "engines/wasmtime/wasmtime_engine.hpp"

namespace mortise::differential {
namespace {

struct Named {
    std::string name;
    std::unique_ptr<engine::Engine> engine;
};

/// The first is what the others are compared with.
const std::vector<Named>& engines_to_compare() {
    static const std::vector<Named> all = [] {
        std::vector<Named> made;
        made.push_back({"wasmtime", value(engines::make_wasmtime())});
        made.push_back({"wasmi", value(engines::make_wasmi())});
        made.push_back({"winch", value(engines::make_wasmtime({.compiler = WasmtimeCompiler::winch}))});
        made.push_back({"wasmi with checks in the code", engine::make_metered(value(engines::make_wasmi()))});
        return made;
    }();
    return all;
}

/// What the first engine showed; the others must show the same. Empty where one's stack overflowed.
std::string agreed(BytesView wasm, const std::vector<Call>& calls) {
    const std::string first = run(*engines_to_compare().front().engine, wasm, calls);
    for (const Named& other : engines_to_compare()) {
        const std::string seen = run(*other.engine, wasm, calls);
        if (first.empty() || seen.empty()) continue;
        EXPECT_EQ(seen, first) << other.name;
    }
    return first;
}

Bytes wasm_of(std::string_view wat) { return value(engines_to_compare().front().engine->parse_text(wat)); }

engine::RawValue i32(std::int32_t number) {
    engine::RawValue raw{};
    raw.i32 = number;
    return raw;
}

TEST(Differential, Every_kind_of_trap_is_told_alike) {
    const Bytes wasm = wasm_of(R"((module
        (memory (export "memory") 1 4) (table 4 funcref) (elem (i32.const 0) $nothing $number)
        (global (export "done") (mut i32) (i32.const 0)) (data $d "data")
        (type $void (func)) (func $nothing) (func $number (result i32) i32.const 1)
        (func (export "unreachable") (global.set 0 (i32.const 1)) unreachable)
        (func (export "divide") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
        (func (export "overflow") (param i32) (result i32) (i32.div_s (i32.const 0x80000000) (local.get 0)))
        (func (export "remainder") (param i32) (result i32) (i32.rem_s (i32.const 0x80000000) (local.get 0)))
        (func (export "from_nan") (param i32) (result i32) (i32.trunc_f32_s (f32.div (f32.const 0) (f32.const 0))))
        (func (export "from_large") (param i32) (result i64) (i64.trunc_f64_u (f64.const 1e30)))
        (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
        (func (export "store") (param i32) (i64.store (local.get 0) (i64.const -1)))
        (func (export "fill") (param i32) (memory.fill (local.get 0) (i32.const 7) (i32.const 100)))
        (func (export "init") (param i32) (memory.init $d (i32.const 0) (local.get 0) (i32.const 2)))
        (func (export "drop") (param i32) (data.drop $d))
        (func (export "indirect") (param i32) (call_indirect (type $void) (local.get 0)))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))))");
    const auto info = value(read_module(wasm));
    std::vector<Call> calls;
    for (const int argument : {0, 1, 2, 3, 4, -1, 65'436, 65'437, 65'532, 65'533, 65'528, 65'529}) {
        for (const Export& item : info.exports) {
            if (item.kind != ExternKind::function || item.name == "drop") continue;
            const FunctionType& type = *info.function_type(item.index);
            calls.push_back({item.name, type, std::vector(type.params.size(), i32(argument))});
        }
    }
    calls.push_back({"drop", {{ValType::i32}, {}}, {i32(0)}});
    calls.push_back({"init", {{ValType::i32}, {}}, {i32(0)}});
    const std::string seen = agreed(wasm, calls);
    for (const TrapKind kind :
         {TrapKind::unreachable, TrapKind::memory_out_of_bounds, TrapKind::table_out_of_bounds,
          TrapKind::indirect_call_to_null, TrapKind::indirect_call_type_mismatch, TrapKind::integer_overflow,
          TrapKind::integer_division_by_zero, TrapKind::invalid_conversion_to_integer}) {
        EXPECT_NE(seen.find(std::string(to_string(kind)) + ", "), std::string::npos) << to_string(kind);
    }
    EXPECT_NE(seen.find("refused 1"), std::string::npos) << "growth beyond the limit is part of it";
}

TEST(Differential, Modules_that_no_engine_may_take_are_refused_alike) {
    const Bytes data = wasm_of(R"((module (memory 1) (data (i32.const 65535) "too long")))");
    EXPECT_EQ(agreed(data, {}), "not instantiated: trap\n");
    const Bytes large = wasm_of("(module (memory 5))");
    EXPECT_EQ(agreed(large, {}), "not instantiated: memory_limit\n");
    const Bytes threads = wasm_of("(module (memory 1 1 shared))");
    EXPECT_EQ(agreed(threads, {}), "refused: unsupported\n");
}

/// MORTISE_DIFFERENTIAL_SECONDS lets it run as long as that, from MORTISE_DIFFERENTIAL_SEED on; else it is a sample.
TEST(Differential, Generated_modules_do_the_same_everywhere) {
    const char* seconds = std::getenv("MORTISE_DIFFERENTIAL_SECONDS");
    const char* start = std::getenv("MORTISE_DIFFERENTIAL_SEED");
    const std::uint64_t first = start != nullptr ? std::strtoull(start, nullptr, 10) : 1;
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::seconds(seconds != nullptr ? std::atoi(seconds) : 0);
    std::uint64_t ran = 0, overflowed = 0, trapped = 0, finished = 0;
    for (std::uint64_t seed = first; seed < first + 60 || std::chrono::steady_clock::now() < end; ++seed, ++ran) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Choices choices(seed);
        const Generated module = generate(choices);
        const std::string seen = agreed(module.wasm, calls_of(module, choices));
        ASSERT_EQ(seen.find("refused:"), std::string::npos) << "the generator makes valid modules";
        ASSERT_EQ(seen.find("unreadable:"), std::string::npos) << seen;
        if (HasFailure()) return;
        overflowed += seen.empty() ? 1 : 0;
        trapped += seen.find("stop ") != std::string::npos ? 1 : 0;
        finished += seen.find("stop ") == std::string::npos ? 1 : 0;
    }
    std::printf("%llu modules: %llu with traps, %llu without, %llu stacks overflowed\n",
                static_cast<unsigned long long>(ran), static_cast<unsigned long long>(trapped),
                static_cast<unsigned long long>(finished), static_cast<unsigned long long>(overflowed));
    EXPECT_LT(overflowed, ran / 10 + 1) << "too much is left out";
    EXPECT_GT(trapped, 0U);
}

}  // namespace
}  // namespace mortise::differential
