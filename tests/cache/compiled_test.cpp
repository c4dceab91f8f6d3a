// Files with a module and its code, and code that goes into the cache alone.

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mortise/mortise.hpp>

#include "cache/fixture.hpp"

namespace mortise {
namespace {

using namespace mortise::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

constexpr std::string_view kImporting = R"((module (import "host" "twice" (func $twice (param i32) (result i32)))
                                            (func (export "f") (result i32) (call $twice (i32.const 21)))))";

class Compiled : public Cache {
protected:
    PluginOptions with_host() const {
        PluginOptions options;
        options.host.add("host", "twice", [](std::int32_t n) { return 2 * n; });
        return options;
    }
    Result<std::int32_t> run(const Runtime& runtime, BytesView file, PluginOptions options) const {
        auto plugin = runtime.load_bytes(file, std::move(options));
        if (!plugin) return fail(plugin.error());
        return plugin->call_fresh<std::int32_t>("f");
    }
};

TEST_F(Compiled, plugin_loads_where_it_was_made_and_nowhere_else) {
    const auto file = value(runtime().compile(bytes_of(kImporting)));   // nobody provides the import
    EXPECT_THAT(run(runtime(), file, with_host()), Holds(42));
    EXPECT_THAT(run(runtime(), file, {}), FailsWith(ErrorCode::missing_import));
    EXPECT_THAT(run(Runtime(), file, with_host()), FailsWith(ErrorCode::denied, "compiled code is machine code"));
    const Scratch elsewhere;
    EXPECT_THAT(run(with({.folder = elsewhere.path()}), file, with_host()), FailsWith(ErrorCode::denied));
    auto trusting = with_host();
    trusting.trust_compiled_code = true;
    EXPECT_THAT(run(Runtime(), file, trusting), Holds(42));
    EXPECT_THAT(observer_->warnings(), IsEmpty());
}

TEST_F(Compiled, plugin_made_without_a_cache_needs_trust) {
    RuntimeOptions uncached;
    uncached.observer = observer_;
    const auto file = value(Runtime(uncached).compile(bytes_of(kImporting)));
    EXPECT_THAT(observer_->warnings(), ElementsAre(HasSubstr("no code cache that could vouch for the compiled plugin")));
    EXPECT_THAT(run(runtime(), file, with_host()), FailsWith(ErrorCode::denied));
    auto trusting = with_host();
    trusting.trust_compiled_code = true;
    EXPECT_THAT(run(runtime(), file, trusting), Holds(42));
}

TEST_F(Compiled, plugin_for_other_options_is_compiled_again_with_a_warning) {
    const auto file = value(runtime().compile(bytes_of(kImporting)));
    auto fuel = with_host();
    fuel.limits.fuel = 1000;
    EXPECT_THAT(run(runtime(), file, fuel), Holds(42));
    EXPECT_THAT(observer_->warnings(), ElementsAre(HasSubstr("for another engine, processor or other options")));
}

TEST_F(Compiled, plugin_with_a_changed_byte_anywhere_is_refused) {
    const auto file = value(runtime().compile(bytes_of(kImporting)));
    const auto loads = runtime();
    std::size_t denied = 0;
    for (std::size_t at = 0; at < file.size(); at += at < 200 || at + 200 > file.size() ? 1 : 97) {
        Bytes bad = file;
        bad[at] ^= std::byte{1};
        const auto result = run(loads, bad, with_host());
        ASSERT_FALSE(result) << "byte " << at;
        denied += result.error().code() == ErrorCode::denied ? 1U : 0U;
    }
    EXPECT_GT(denied, 100U);
    for (std::size_t size = 0; size < file.size(); size += 131) {
        ASSERT_FALSE(run(loads, BytesView(file).first(size), with_host())) << size << " bytes";
    }
}

TEST_F(Compiled, plugin_keeps_the_checks_of_a_module) {
    const auto file = value(runtime().compile(bytes_of(kImporting)));
    auto options = with_host();
    options.sha256 = std::string(64, '0');
    EXPECT_THAT(run(runtime(), file, options), FailsWith(ErrorCode::digest_mismatch));
    options.sha256.clear();
    options.load_limits.imports = 0;
    EXPECT_THAT(run(runtime(), file, options), FailsWith(ErrorCode::unsupported));
}

TEST_F(Compiled, into_the_cache_is_there_for_the_next_runtime) {
    EXPECT_THAT(runtime().compile_into_cache(bytes_of(kImporting)), IsOk());
    const auto file = files_in(folder(), ".code").at(0);
    const auto content = read_all(file);
    EXPECT_THAT(run(runtime(), bytes_of(kImporting), with_host()), Holds(42));
    EXPECT_THAT(runtime().compile_into_cache(bytes_of(kImporting)), IsOk()) << "which has it";
    EXPECT_EQ(read_all(file), content);
    const auto artefact = value(runtime().compile(bytes_of(kImporting)));
    EXPECT_THAT(clear_code_cache({.folder = folder()}), IsOk());
    EXPECT_THAT(runtime().compile_into_cache(artefact), IsOk());
    EXPECT_EQ(entries(), 1U) << "out of a file into the cache";
    EXPECT_THAT(observer_->warnings(), IsEmpty());
}

TEST_F(Compiled, into_a_cache_that_cannot_keep_it_is_an_error) {
    const auto compile = [&](CodeCacheOptions cache) { return with(std::move(cache)).compile_into_cache(bytes_of(kImporting)); };
    EXPECT_THAT(Runtime().compile_into_cache(bytes_of(kImporting)), FailsWith(ErrorCode::invalid_argument, "has no code cache"));
    EXPECT_THAT(compile({.folder = folder(), .most_bytes = 100}), FailsWith(ErrorCode::io, "more than the cache may hold"));
    write_all(scratch_.path() / "file", "");
    EXPECT_THAT(compile({.folder = scratch_.path() / "file"}), FailsWith(ErrorCode::io, "is no folder"));
    fs::create_directory(scratch_.path() / "open");
    fs::permissions(scratch_.path() / "open", fs::perms(0777));
    EXPECT_THAT(compile({.folder = scratch_.path() / "open"}), FailsWith(ErrorCode::denied, "others than its owner"));
    EXPECT_THAT(observer_->warnings(), IsEmpty());
}

TEST_F(Compiled, plugin_made_with_an_unusable_cache_is_told_of_once) {
    write_all(scratch_.path() / "file", "");
    EXPECT_THAT(with({.folder = scratch_.path() / "file"}).compile(bytes_of(kImporting)), IsOk());
    EXPECT_THAT(observer_->warnings(), ElementsAre(HasSubstr("there is no compiled-code cache"), HasSubstr("could vouch for")));
}

// Code is many times as large as its Wasm; the limit on modules is one on modules.
TEST_F(Compiled, plugin_may_be_larger_than_a_module) {
    auto options = with_host();
    const auto wasm = module_of(7);
    options.load_limits.module_bytes = 100;
    const auto file = value(runtime().compile(bytes_of(wasm), options));
    ASSERT_GT(file.size(), 1000U);
    EXPECT_THAT(run(runtime(), file, options), Holds(7));
    const auto path = scratch_.path() / "plugin";
    write_all(path, std::string(text_of(file)));
    EXPECT_THAT(runtime().load(path, options), IsOk());
    EXPECT_THAT(runtime().inspect(file, {}, options.load_limits), IsOk());
    options.load_limits.module_bytes = 10;
    EXPECT_THAT(runtime().load(path, options), FailsWith(ErrorCode::unsupported, "more than the limit of 10"));
    Bytes large = file;
    large.resize(10 * 16 + (1 << 20) + 1);
    EXPECT_THAT(run(runtime(), large, options), FailsWith(ErrorCode::unsupported, "module_bytes"));
    EXPECT_EQ(Runtime::most_file_bytes(file, {.module_bytes = UINT64_MAX}), UINT64_MAX);
    EXPECT_EQ(Runtime::most_file_bytes({}, {.module_bytes = 5}), 5U);
}

TEST_F(Compiled, plugin_on_an_engine_that_takes_no_code_is_compiled_with_a_warning) {
    const auto file = value(runtime().compile(bytes_of(kImporting)));
    RuntimeOptions other;
    other.observer = observer_;
    other.engine = "wasmi";
    if (!Runtime(other).engine()) GTEST_SKIP() << "this build has no such engine";
    auto trusting = with_host();
    trusting.trust_compiled_code = true;
    EXPECT_THAT(run(Runtime(other), file, trusting), Holds(42));
    EXPECT_THAT(observer_->warnings(), ElementsAre(HasSubstr("the engine takes no compiled code")));
}

}  // namespace
}  // namespace mortise
