#include <algorithm>

#include "engine/guest.hpp"

namespace mortise::engine_tests {
namespace {

class Modules : public EngineContract {};
MORTISE_ON_EVERY_ENGINE(Modules);

TEST_P(Modules, Bytes_that_the_validator_refuses_are_malformed) {
    // Read by our own reader, which checks no bodies, then damaged so that only validation can notice.
    struct Row {
        std::string name, wat;
        std::byte from, to;
    };
    const Row rows[] = {
        {"type mismatch in a body", R"((module (func (export "f") (result i32) i32.const 5)))", std::byte{0x41},
         std::byte{0x42}},
        {"local that is not there", R"((module (func (param i32) local.get 0 drop)))", std::byte{0x20},
         std::byte{0x23}},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        Bytes wasm = wasm_of(row.wat);
        const auto info = value(read_module(wasm));
        const auto at = std::find(wasm.rbegin(), wasm.rend(), row.from);
        ASSERT_NE(at, wasm.rend());
        *at = row.to;
        const auto module = engine().compile({info, wasm, {}, {}}, {});
        ASSERT_THAT(module, FailsWith(ErrorCode::malformed_module));
        EXPECT_NE(module.error().message(), "");
        EXPECT_EQ(module.error().message().find('\n'), std::string::npos);
    }
}

TEST_P(Modules, Truncation_at_any_byte_is_malformed) {
    const auto& wasm = wasm_of(
        R"((module (memory 1) (func (export "f") (param i32) (result i32) local.get 0) (data (i32.const 0) "x")))");
    const auto info = value(read_module(wasm));
    for (std::size_t size = 0; size < wasm.size(); ++size) {
        const auto prefix = BytesView(wasm).first(size);
        const auto module = engine().compile({info, prefix, {}, {}}, {});
        if (module && read_module(prefix)) continue;  // cut between two sections: a module all the same
        ASSERT_FALSE(module.has_value()) << size;
        ASSERT_EQ(module.error().code(), ErrorCode::malformed_module) << size << ": " << module.error().message();
    }
}

TEST_P(Modules, Description_of_another_module_is_refused) {
    // Calls are unchecked: an engine that believed a wrong type would call with it.
    const auto& wasm = wasm_of(R"((module (func (export "f") (param i32) (result i32) local.get 0)))");
    for (const auto* other :
         {R"((module (func (export "f") (param i64) (result i32) i32.const 0)))", R"((module (func (export "g"))))",
          R"((module))", R"((module (memory (export "f") 1)))"}) {
        const auto info = value(read_module(wasm_of(other)));
        EXPECT_FALSE(engine().compile({info, wasm, {}, {}}, {}).has_value()) << other;
    }
}

TEST_P(Modules, Proposals_that_the_engine_lacks_are_named) {
    struct Row {
        std::string name, wat, named;
    };
    const Row rows[] = {
        {"shared memory", R"((module (memory 1 2 shared)))", "threads"},
        {"64-bit memory", R"((module (memory i64 1)))", "memory64"},
        {"structures", R"((module (type $s (struct (field i32))) (func (param (ref null $s)))))", "gc"},
        {"exceptions", R"((module (tag $t) (func throw $t)))", "exceptions"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        const auto compiled = try_compile(engine(), wasm_of(row.wat));
        if (compiled) continue;  // then it has it
        EXPECT_EQ(compiled.error().code(), ErrorCode::unsupported) << compiled.error().message();
        EXPECT_THAT(compiled.error().message(), testing::HasSubstr(row.named));
    }
}

TEST_P(Modules, Proposals_that_are_switched_off_are_refused) {
    struct Row {
        std::string name, wat;
        bool CompileOptions::* option;
    };
    const Row rows[] = {
        {"simd", R"((module (func (result v128) v128.const i64x2 1 2)))", &CompileOptions::simd},
        {"bulk memory", R"((module (memory 1) (func i32.const 0 i32.const 0 i32.const 0 memory.fill)))",
         &CompileOptions::bulk_memory},
        {"multi-value", R"((module (func (result i32 i32) i32.const 0 i32.const 0)))", &CompileOptions::multi_value},
        {"reference types", R"((module (table 1 funcref) (func (result funcref) i32.const 0 table.get 0)))",
         &CompileOptions::reference_types},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        CompileOptions options;
        EXPECT_THAT(try_compile(engine(), wasm_of(row.wat), {}, options), IsOk());
        options.*row.option = false;
        EXPECT_THAT(try_compile(engine(), wasm_of(row.wat), {}, options), FailsWith(ErrorCode::unsupported));
        EXPECT_THAT(try_compile(engine(), wasm_of(R"((module (func (export "f"))))"), {}, options), IsOk());
    }
}

TEST_P(Modules, Baseline_compiler_gives_the_same_results_where_there_is_one) {
    CompileOptions options;
    options.baseline_compiler = true;
    constexpr auto kWat = R"((module (func (export "f") (param i64) (result i64) local.get 0 local.get 0 i64.mul)))";
    auto compiled = try_compile(engine(), wasm_of(kWat), {}, options);
    if (!can().two_compilers) {
        EXPECT_THAT(compiled, FailsWith(ErrorCode::unsupported));
        return;
    }
    Guest guest(value(std::move(compiled)));
    EXPECT_EQ(guest.call("f", {i64(-3)}).i64(), 9);
}

TEST_P(Modules, Text_format_is_read_or_refused) {
    const auto parsed = engine().parse_text("(module (func))");
    if (!can().text_format) {
        EXPECT_THAT(parsed, FailsWith(ErrorCode::unsupported));
        return;
    }
    EXPECT_THAT(read_module(value(parsed)), IsOk());
    for (const auto* bad : {"(module", "(modul)", "\xff\xfe", "(module (func i32.nonsense))"}) {
        EXPECT_THAT(engine().parse_text(bad), FailsWith(ErrorCode::malformed_module)) << bad;
    }
}

class CompiledCode : public EngineContract {
protected:
    static constexpr auto kWat = R"((module
        (import "env" "host" (func $host (param i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 8) "data")
        (func (export "run") (param i32) (result i32) local.get 0 call $host)))";

    const Host host{{"env.host", [](Store&, Caller, RawValue* slots) { return slots[0].i32 *= 3, Stop::done; }}};
    const ModuleInfo info = value(read_module(wasm_of(kWat)));
    const std::vector<engine::Resolved> imports = host.resolve(info);

    Result<std::shared_ptr<engine::Module>> load(BytesView code, const CompileOptions& options = {}) {
        return engine().load({info, code, imports, {}}, options);
    }
    Bytes code() { return value(value(try_compile(engine(), wasm_of(kWat), host)).module->compiled_code()); }
};
MORTISE_ON_EVERY_ENGINE(CompiledCode);

TEST_P(CompiledCode, Is_made_or_refused) {
    const auto made = value(try_compile(engine(), wasm_of(kWat), host)).module->compiled_code();
    if (can().compiled_code) {
        EXPECT_THAT(made, IsOk());
        return;
    }
    EXPECT_THAT(made, FailsWith(ErrorCode::unsupported));
    EXPECT_THAT(load({}), FailsWith(ErrorCode::unsupported));
}

TEST_P(CompiledCode, Loaded_again_it_does_the_same) {
    MORTISE_NEEDS(compiled_code);
    Guest guest(Compiled{info, value(load(code()))});
    EXPECT_EQ(guest.call("run", {i32(14)}).i32(), 42);
    EXPECT_EQ(guest.memory().text(8, 4), "data");
    EXPECT_EQ(value(value(load(code()))->compiled_code()), code()) << "saving what was loaded gives the same";
}

TEST_P(CompiledCode, Another_engine_of_the_same_settings_can_load_it) {
    MORTISE_NEEDS(compiled_code);
    const auto other = value(GetParam().make());
    EXPECT_EQ(other->code_key({}), engine().code_key({}));
    const auto module = other->load({info, code(), imports, {}}, {});
    ASSERT_THAT(module, IsOk());
    Guest guest(Compiled{info, *module});
    EXPECT_EQ(guest.call("run", {i32(14)}).i32(), 42);
}

TEST_P(CompiledCode, Truncated_or_extended_code_is_refused) {
    MORTISE_NEEDS(compiled_code);
    Bytes all = code();
    for (std::size_t size = 0; size < all.size(); size += 1 + size / 16) {
        ASSERT_THAT(load(BytesView(all).first(size)), FailsWith(ErrorCode::malformed_module)) << size;
    }
    all.push_back(std::byte{0});
    EXPECT_THAT(load(all), FailsWith(ErrorCode::malformed_module));
}

TEST_P(CompiledCode, Flipped_bits_are_noticed_wherever_they_are) {
    MORTISE_NEEDS(compiled_code);
    Bytes all = code();
    for (std::size_t at = 0; at < all.size(); at += 1 + at / 64) {
        all[at] ^= std::byte{0x10};
        const auto module = load(all);
        ASSERT_FALSE(module.has_value()) << at;
        EXPECT_TRUE(module.error().code() == ErrorCode::malformed_module ||
                    module.error().code() == ErrorCode::unsupported)
            << at;
        all[at] ^= std::byte{0x10};
    }
    EXPECT_THAT(load(all), IsOk());
}

TEST_P(CompiledCode, Garbage_and_plain_Wasm_are_refused) {
    MORTISE_NEEDS(compiled_code);
    EXPECT_THAT(load({}), FailsWith(ErrorCode::malformed_module));
    EXPECT_THAT(load(wasm_of(kWat)), FailsWith(ErrorCode::malformed_module));
    EXPECT_THAT(load(Bytes(10'000, std::byte{0x7f})), FailsWith(ErrorCode::malformed_module));
}

TEST_P(CompiledCode, Code_made_with_other_options_is_unsupported) {
    MORTISE_NEEDS(compiled_code);
    CompileOptions other;
    other.interrupt = !other.interrupt;
    EXPECT_NE(engine().code_key(other), engine().code_key({}));
    EXPECT_THAT(load(code(), other), FailsWith(ErrorCode::unsupported));
}

TEST_P(CompiledCode, Code_of_another_engine_set_up_or_processor_is_unsupported) {
    MORTISE_NEEDS(compiled_code);
    std::size_t others = 0;
    for (const EngineUnderTest& which : engines_under_test()) {
        engine::Engine& other = shared_engine(which);
        if (!other.info().capabilities.compiled_code || other.code_key({}) == engine().code_key({})) continue;
        SCOPED_TRACE(which.name);
        ++others;
        const auto module = load(value(value(try_compile(other, wasm_of(kWat), host)).module->compiled_code()));
        ASSERT_THAT(module, FailsWith(ErrorCode::unsupported));
        EXPECT_THAT(module.error().message(), testing::HasSubstr(engine().code_key({})));
        EXPECT_THAT(module.error().message(), testing::HasSubstr(other.code_key({})));
    }
    EXPECT_GT(others, 0U) << "bytecode of an interpreter is for another processor";
}

TEST_P(CompiledCode, Code_of_another_version_is_unsupported) {
    MORTISE_NEEDS(compiled_code);
    Bytes all = code();
    const auto version = bytes_of(engine().info().version);
    const auto at = std::search(all.begin(), all.end(), version.begin(), version.end());
    ASSERT_NE(at, all.end());
    *at = std::byte{'9'};
    const auto module = load(all);
    ASSERT_THAT(module, FailsWith(ErrorCode::unsupported));
    EXPECT_THAT(module.error().message(), testing::HasSubstr("9" + engine().info().version.substr(1)));
}

TEST_P(CompiledCode, Code_of_another_module_is_refused) {
    MORTISE_NEEDS(compiled_code);
    const auto other = value(
        value(try_compile(engine(), wasm_of(R"((module (func (export "run") (param i64))))"))).module->compiled_code());
    EXPECT_FALSE(load(other).has_value());
}

}  // namespace
}  // namespace mortise::engine_tests
