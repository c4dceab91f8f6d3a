// What is true of libraries with the standard C API alone; what is true of every engine is in the other files.

#include "engines/wasm_c_api/wasm_c_api_engine.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/guest.hpp"
#include "engines/wasm_c_api/prepare.hpp"
#include "engines/wasm_c_api/probes.hpp"

namespace mortise::engine_tests {
namespace {

namespace fs = std::filesystem;
using engines::make_wasm_c_api;
using testing::HasSubstr;

constexpr std::uint64_t kPage = 65'536;

/// A folder for one test.
class Folder {
public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "mortise-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the test");
        path_ = name;
    }
    ~Folder() { fs::remove_all(path_); }
    fs::path operator/(std::string_view name) const { return path_ / name; }
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

TEST(WasmCApi, Library_is_named_by_its_path) {
    EXPECT_THAT(make_wasm_c_api(""), FailsWith(ErrorCode::invalid_argument));
    const auto missing = make_wasm_c_api("/nowhere/libengine.so");
    ASSERT_THAT(missing, FailsWith(ErrorCode::not_found));
    EXPECT_THAT(missing.error().message(), HasSubstr("/nowhere/libengine.so"));
    // Not looked for in the system's folders.
    EXPECT_THAT(make_wasm_c_api("libm.so.6"), FailsWith(ErrorCode::not_found));
}

TEST(WasmCApi, What_is_no_library_is_refused) {
    const Folder folder;
    EXPECT_THAT(make_wasm_c_api(folder.path().string()), FailsWith(ErrorCode::invalid_argument));
    struct Row {
        std::string name, content;
    };
    const Row rows[] = {
        {"empty", ""}, {"text", "#!/bin/sh\n"}, {"module", std::string("\0asm\1\0\0\0", 8)}, {"header", "\x7f" "ELF"}};
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        const auto path = folder / row.name;
        std::ofstream(path, std::ios::binary) << row.content;
        const auto engine = make_wasm_c_api(path.string());
        ASSERT_THAT(engine, FailsWith(ErrorCode::invalid_argument));
        EXPECT_THAT(engine.error().message(), HasSubstr(path.string()));
    }
}

TEST(WasmCApi, Probes_use_the_one_proposal_that_they_ask_for) {
    for (int i = 0; i <= static_cast<int>(Feature::function_references); ++i) {
        const auto feature = static_cast<Feature>(i);
        const BytesView probe = engines::wasm_c_api::probe_of(feature);
        if (probe.empty()) continue;
        SCOPED_TRACE(to_string(feature));
        const auto info = value(read_module(probe));
        EXPECT_THAT(info.features, testing::Contains(feature));
        if (feature != Feature::relaxed_simd) {
            EXPECT_EQ(info.features.size(), 1U);
        }
    }
}

constexpr auto kGrowing = R"((module
    (import "env" "a" (func $a (param i32)))
    (memory (export "memory") 1)
    (memory 1)
    (table (export "table") 1 funcref)
    (table 1 externref)
    (elem (i32.const 0) $own)
    (elem declare func $own)
    (global (export "own") funcref (ref.func $own))
    (func $own (export "grow") (param i32) (result i32) local.get 0 call $a local.get 0 memory.grow)
    (func (export "other") (param i32) (result i32) local.get 0 memory.grow 1)
    (func (export "grow_table") (param i32) (result i32) ref.func $own local.get 0 table.grow 0)
    (func (export "grow_externs") (param i32) (result i32) ref.null extern local.get 0 table.grow 1)
    (func (export "indirect") (param i32) (result i32) local.get 0 i32.const 0 call_indirect (param i32) (result i32))
    (@custom "mine" "x")))";

TEST(WasmCApi, Prepared_module_asks_before_it_grows) {
    const auto prepared = value(engines::wasm_c_api::prepare(wasm_of(kGrowing)));
    EXPECT_THAT(prepared.imports, testing::ElementsAre(0U, engines::wasm_c_api::Prepared::kAsksBeforeGrowth));
    const auto info = value(read_module(prepared.wasm));
    ASSERT_EQ(info.imports.size(), 2U);
    EXPECT_EQ(info.imports[1].function, (FunctionType{{ValType::i32, ValType::i32}, {ValType::i32}}));
    EXPECT_EQ(info.exports.size(), 8U + 2 + 2);
    EXPECT_TRUE(info.custom_sections.empty());
    for (std::size_t i = 1; i < info.exports.size(); ++i) EXPECT_LT(info.exports[i - 1].name, info.exports[i].name);

    const auto still = value(engines::wasm_c_api::prepare(wasm_of(R"((module (memory 1) (func (export "f"))))")));
    EXPECT_TRUE(still.imports.empty());
}

TEST(WasmCApi, Prepared_imports_stand_in_groups_of_a_kind) {
    const auto prepared = value(engines::wasm_c_api::prepare(wasm_of(R"((module
        (import "a" "global" (global i32))
        (import "a" "memory" (memory 1 2))
        (import "a" "f" (func (param i64)))
        (import "a" "table" (table 1 funcref))
        (import "a" "g" (func))
        (func (export "grow") (result i32) i32.const 1 memory.grow)))")));
    EXPECT_THAT(prepared.imports,
                testing::ElementsAre(2U, 4U, engines::wasm_c_api::Prepared::kAsksBeforeGrowth, 3U, 1U, 0U));
    const auto info = value(read_module(prepared.wasm));
    std::string names;
    for (const Import& import : info.imports) names += import.name + " ";
    EXPECT_EQ(names, "f g growth table memory global ");
    EXPECT_EQ(to_string(info.imports[0].function), "(i64) -> ()");
    EXPECT_EQ(info.imports[4].memory.maximum, 2U);
}

TEST(WasmCApi, Guest_cannot_reach_what_is_added) {
    // An index just beyond its own functions would be an added one.
    constexpr auto kWat = R"((module (memory 1) (func (param i32) (result i32) local.get 0 memory.grow)
        (func (param i32) (result i32) local.get 0 call 0)))";
    Bytes wasm = wasm_of(kWat);
    const auto call = std::find(wasm.rbegin(), wasm.rend(), std::byte{0x10});
    ASSERT_NE(call, wasm.rend());
    for (int index = 2; index < 6; ++index) {
        *(call - 1) = static_cast<std::byte>(index);
        EXPECT_THAT(engines::wasm_c_api::prepare(wasm), FailsWith(ErrorCode::malformed_module)) << index;
    }
    *(call - 1) = std::byte{1};
    EXPECT_THAT(engines::wasm_c_api::prepare(wasm), IsOk());
}

#if defined(MORTISE_WASM_C_API_WASMI)

std::unique_ptr<engine::Engine> wasmi() { return value(make_wasm_c_api(MORTISE_WASM_C_API_WASMI)); }

/// The command that compiles one C file into a shared library.
void compile_library(const fs::path& path, std::string_view source) {
    const fs::path file = path.string() + ".c";
    std::ofstream(file) << source;
    const std::string command = "cc -shared -fPIC -o '" + path.string() + "' '" + file.string() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

TEST(WasmCApi, First_function_that_is_missing_is_named) {
    const Folder folder;
    struct Row {
        std::string name, source, missing;
    };
    const Row rows[] = {
        {"none", "int nothing;", "wasm_engine_new"},
        {"one", "void* wasm_engine_new(void) { return 0; }", "wasm_engine_delete"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        const auto path = folder / (row.name + ".so");
        compile_library(path, row.source);
        const auto engine = make_wasm_c_api(path.string());
        ASSERT_THAT(engine, FailsWith(ErrorCode::unsupported));
        EXPECT_THAT(engine.error().message(), testing::EndsWith(row.missing));
    }
}

TEST(WasmCApi, Two_libraries_of_one_kind_do_not_touch_each_other) {
    const Folder folder;
    const auto copy = folder / "libsecond.so";
    fs::copy_file(MORTISE_WASM_C_API_WASMI, copy);
    const auto first = wasmi();
    const auto second = value(make_wasm_c_api(copy.string()));
    EXPECT_EQ(second->info().version, "libsecond.so");
    constexpr auto kWat = R"((module (func (export "f") (result i32) i32.const 5)))";
    Guest a(*first, kWat), b(*second, kWat);
    EXPECT_EQ(a.call("f").i32(), 5);
    EXPECT_EQ(b.call("f").i32(), 5);
    EXPECT_THAT(a.store->instantiate(*b.compiled.module), FailsWith(ErrorCode::invalid_argument));
}

TEST(WasmCApi, Library_may_be_removed_and_replaced_while_it_is_open) {
    const Folder folder;
    const auto path = folder / "libengine.so";
    fs::copy_file(MORTISE_WASM_C_API_WASMI, path);
    const auto engine = value(make_wasm_c_api(path.string()));
    fs::remove(path);
    Guest guest(*engine, R"((module (func (export "f") (result i32) i32.const 7)))");
    EXPECT_EQ(guest.call("f").i32(), 7);
    EXPECT_THAT(make_wasm_c_api(path.string()), FailsWith(ErrorCode::not_found));
    fs::copy_file(MORTISE_WASM_C_API_WASMI, path);
    EXPECT_THAT(make_wasm_c_api(path.string()), FailsWith(ErrorCode::io)) << "it would be the old one";
    EXPECT_EQ(guest.call("f").i32(), 7);
}

TEST(WasmCApi, Same_library_twice_is_two_engines) {
    const auto first = wasmi(), second = wasmi();
    constexpr auto kWat = R"((module (func (export "f"))))";
    const auto module = value(try_compile(*first, wasm_of(kWat))).module;
    const auto other = value(try_compile(*second, wasm_of(kWat))).module;
    EXPECT_THAT(value(module->new_store({}))->instantiate(*other), FailsWith(ErrorCode::invalid_argument));
}

TEST(WasmCApi, Proposal_that_only_the_library_lacks_is_named) {
    // Wasmi lacks nothing that could be asked for; so the answer to the probe is what is tested elsewhere, the words here.
    const auto engine = wasmi();
    const auto compiled = try_compile(*engine, wasm_of("(module (memory 1 2 shared))"));
    ASSERT_THAT(compiled, FailsWith(ErrorCode::unsupported));
    EXPECT_THAT(compiled.error().message(), HasSubstr("threads"));
    EXPECT_THAT(compiled.error().message(), HasSubstr("libmortise_wasm_c_api_wasmi.so"));
}

TEST(WasmCApi, Types_that_the_API_has_no_words_for_stay_inside_the_guest) {
    const auto engine = wasmi();
    Guest guest(*engine, R"((module
        (global (export "v") v128 (v128.const i64x2 1 2))
        (func $inside (export "vector") (param v128) (result v128) local.get 0)
        (func (export "externref") (param externref))
        (func (export "use") (result i32) v128.const i32x4 7 0 0 0 call $inside i32x4.extract_lane 0)))");
    EXPECT_EQ(guest.call("use").i32(), 7);
    EXPECT_FALSE(guest.store->function(guest.id, "vector"));
    EXPECT_FALSE(guest.store->function(guest.id, "externref"));
    EXPECT_FALSE(guest.store->global(guest.id, "v"));
    for (const auto* type : {"(param v128)", "(param externref)", "(result funcref)"}) {
        const Host host{{"env.f", [](Store&, Caller, RawValue*) { return Stop::done; }}};
        const std::string wat = std::string(R"((module (import "env" "f" (func )") + type + ")))";
        const auto compiled = try_compile(*engine, wasm_of(wat), host);
        ASSERT_THAT(compiled, FailsWith(ErrorCode::unsupported)) << type;
        EXPECT_THAT(compiled.error().message(), HasSubstr("\"env\" \"f\""));
    }
}

TEST(WasmCApi, Growth_is_capped_for_all_memories_and_tables_together) {
    const auto engine = wasmi();
    const Host host{{"env.a", [](Store&, Caller, RawValue*) { return Stop::done; }}};
    StoreLimits limits;
    limits.memories = 2;
    limits.memory_bytes = 5 * kPage;
    limits.table_elements = 6;
    Guest guest(*engine, kGrowing, host, limits);
    EXPECT_EQ(guest.call("grow", {i32(2)}).i32(), 1);
    EXPECT_EQ(guest.call("other", {i32(2)}).i32(), -1);
    EXPECT_TRUE(guest.store->growth_was_refused());
    EXPECT_EQ(guest.call("other", {i32(1)}).i32(), 1);
    EXPECT_EQ(guest.call("indirect", {i32(1)}).i32(), -1);
    EXPECT_EQ(guest.call("indirect", {i32(0)}).i32(), 3) << "functions in tables are the same as before";
    EXPECT_EQ(guest.store->memory_bytes(), 5 * kPage);
    guest.store->clear_refused_growth();
    EXPECT_EQ(guest.call("grow_table", {i32(3)}).i32(), 1);
    EXPECT_EQ(guest.call("grow_externs", {i32(2)}).i32(), -1);
    EXPECT_TRUE(guest.store->growth_was_refused());
    EXPECT_EQ(guest.call("grow_externs", {i32(1)}).i32(), 1);
    EXPECT_EQ(guest.call("grow_table", {i32(-1)}).i32(), -1);
}

TEST(WasmCApi, Tables_are_not_shared_between_instances) {
    const auto engine = wasmi();
    EXPECT_FALSE(engine->info().capabilities.linked_tables);
    Host host;
    host.link("other.table", {.from = InstanceId{0}, .name = "table"});
    const auto compiled = try_compile(*engine, wasm_of(R"((module (import "other" "table" (table 1 funcref))))"), host);
    EXPECT_THAT(compiled, FailsWith(ErrorCode::unsupported));
}

#endif

}  // namespace
}  // namespace mortise::engine_tests
