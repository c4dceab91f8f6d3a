// Runtimes with a compiled-code cache: what they take from it, what they refuse, and that nothing fails by it.

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mortise/mortise.hpp>

#include "support/matchers.hpp"
#include "support/plugins.hpp"
#include "support/scratch.hpp"
#include "trust/code_cache.hpp"
#include "trust/files.hpp"

namespace mortise {
namespace {

using namespace mortise::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

std::string module_of(int constant) {
    return "(module (func (export \"f\") (result i32) i32.const " + std::to_string(constant) + "))";
}

class Cache : public ::testing::Test {
protected:
    void SetUp() override {
        const auto engine = Runtime().engine();
        if (!engine || !engine->capabilities.compiled_code) GTEST_SKIP() << "the default engine saves no compiled code";
    }

    fs::path folder() const { return scratch_.path() / "cache"; }

    /// A Runtime as of another process: it knows nothing but what is in the folder.
    Runtime runtime() const { return with({.folder = folder()}); }
    Runtime with(CodeCacheOptions cache) const {
        RuntimeOptions options;
        options.code_cache = std::move(cache);
        options.observer = observer_;
        return Runtime(std::move(options));
    }

    std::size_t entries() const { return files_in(folder(), ".code").size(); }

    Result<std::int32_t> answer(const Runtime& runtime, const std::string& wat, PluginOptions options = {}) const {
        auto plugin = load_wat(runtime, wat, std::move(options));
        if (!plugin) return fail(plugin.error());
        return plugin->call_fresh<std::int32_t>("f");
    }

    Scratch scratch_;
    std::shared_ptr<Recorder> observer_ = std::make_shared<Recorder>();
};

TEST_F(Cache, is_off_unless_asked_for) {
    EXPECT_FALSE(RuntimeOptions().code_cache.has_value());
}

TEST_F(Cache, keeps_code_for_the_next_runtime) {
    EXPECT_THAT(answer(runtime(), module_of(7)), Holds(7));
    EXPECT_EQ(entries(), 1U);
    const auto file = files_in(folder(), ".code").at(0);
    const auto content = read_all(file);
    EXPECT_THAT(answer(runtime(), module_of(7)), Holds(7));
    EXPECT_EQ(read_all(file), content) << "taken, not made again: every seal has another nonce";
    EXPECT_THAT(observer_->warnings(), IsEmpty());
    const auto listed = value(list_code_cache({.folder = folder()}));
    ASSERT_EQ(listed.size(), 1U);
    const auto engine = value(Runtime().engine());
    EXPECT_EQ(listed[0].engine, engine.name + " " + engine.version);
    EXPECT_TRUE(listed[0].authentic);
    EXPECT_EQ(value(clear_code_cache({.folder = folder()})).entries, 1U);
    EXPECT_EQ(entries(), 0U);
}

// The other way round: what the user's own cache says is what runs.
TEST_F(Cache, code_in_the_cache_is_what_runs) {
    EXPECT_THAT(answer(runtime(), module_of(7)), Holds(7));
    const auto cache = value(trust::CodeCache::open(folder(), 1 << 20));
    const auto key_of_7 = value(cache.list()).at(0).key;
    EXPECT_THAT(answer(runtime(), module_of(8)), Holds(8));
    for (const auto& entry : value(cache.list())) {
        if (entry.key == key_of_7) continue;
        const auto code_of_8 = copy_bytes(value(cache.find(entry.key))->code());
        ASSERT_THAT(cache.store(key_of_7, code_of_8), IsOk());
    }
    EXPECT_THAT(answer(runtime(), module_of(7)), Holds(8));
}

TEST_F(Cache, other_module_options_or_engine_settings_are_other_entries) {
    const std::string wat = module_of(1);
    const auto load_with = [&](auto change) {
        PluginOptions options;
        change(options);
        EXPECT_THAT(answer(runtime(), wat, std::move(options)), Holds(1));
        return entries();
    };
    EXPECT_EQ(load_with([](PluginOptions&) {}), 1U);
    EXPECT_EQ(load_with([](PluginOptions& o) { o.name = "another name"; o.limits.memory_bytes = 1 << 20; }), 1U) << "no matter to code";
    EXPECT_EQ(load_with([](PluginOptions& o) { o.limits.fuel = 1000; }), 2U);
    EXPECT_EQ(load_with([](PluginOptions& o) {
                  o.interruptible = false;
                  o.limits.call_time = o.limits.start_time = std::nullopt;
              }), 3U);
    EXPECT_THAT(answer(runtime(), module_of(2)), Holds(2));
    EXPECT_EQ(entries(), 4U);
    RuntimeOptions other;
    other.code_cache = CodeCacheOptions{.folder = folder()};
    other.engine_options.wasmtime.memory_reservation_bytes = std::uint64_t{1} << 30;
    EXPECT_THAT(answer(Runtime(other), wat), Holds(1));
    EXPECT_EQ(entries(), 5U);
    EXPECT_THAT(observer_->warnings(), IsEmpty());
}

// Entries that claim to be of another version or processor than their content: the engine's own check is the last one.
TEST_F(Cache, code_of_other_settings_under_the_right_key_is_compiled_again) {
    PluginOptions fuel;
    fuel.limits.fuel = 1000;
    EXPECT_THAT(answer(runtime(), module_of(3), fuel), Holds(3));
    const auto cache = value(trust::CodeCache::open(folder(), 1 << 20));
    const auto with_fuel = value(cache.list()).at(0).key;
    EXPECT_THAT(answer(runtime(), module_of(3)), Holds(3));
    const auto code = copy_bytes(value(cache.find(with_fuel))->code());
    for (const auto& entry : value(cache.list())) {
        if (entry.key == with_fuel) continue;
        ASSERT_THAT(cache.store(entry.key, code), IsOk());
    }
    EXPECT_THAT(answer(runtime(), module_of(3)), Holds(3));
    EXPECT_THAT(observer_->warnings(), ElementsAre(HasSubstr("is of no use, it is compiled again")));
    EXPECT_THAT(answer(runtime(), module_of(3)), Holds(3));
    EXPECT_EQ(observer_->warnings().size(), 1U) << "the entry was replaced";
}

TEST_F(Cache, damage_anywhere_is_a_warning_and_compiled_again) {
    const std::string wat = module_of(4);
    EXPECT_THAT(answer(runtime(), wat), Holds(4));
    const auto file = files_in(folder(), ".code").at(0);
    const auto good = read_all(file);
    std::size_t warned = 0;
    for (std::size_t part = 0; part <= 24; ++part) {
        std::string bad = good;
        const std::size_t at = std::min(part * bad.size() / 24, bad.size() - 1);
        bad[at] = static_cast<char>(bad[at] ^ 0x10);
        write_all(file, bad);
        ASSERT_THAT(answer(runtime(), wat), Holds(4)) << "byte " << at;
        ASSERT_EQ(observer_->warnings().size(), ++warned);
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, good.size() / 2, good.size() - 1}) {
        write_all(file, good.substr(0, size));
        ASSERT_THAT(answer(runtime(), wat), Holds(4)) << size << " bytes";
        ASSERT_EQ(observer_->warnings().size(), ++warned);
    }
    EXPECT_THAT(observer_->warnings().back(), HasSubstr("damaged or somebody else's"));
    EXPECT_THAT(answer(runtime(), wat), Holds(4));
    EXPECT_EQ(observer_->warnings().size(), warned);
}

TEST_F(Cache, a_folder_of_no_use_is_a_warning) {
    write_all(scratch_.path() / "file", "");
    EXPECT_THAT(answer(with({.folder = scratch_.path() / "file"}), module_of(5)), Holds(5));
    ASSERT_EQ(observer_->warnings().size(), 1U);
    EXPECT_THAT(observer_->warnings()[0], HasSubstr("there is no compiled-code cache: "));
    fs::create_directory(scratch_.path() / "open");
    fs::permissions(scratch_.path() / "open", fs::perms(0777));
    EXPECT_THAT(answer(with({.folder = scratch_.path() / "open"}), module_of(5)), Holds(5));
    EXPECT_THAT(observer_->warnings().back(), HasSubstr("others than its owner may write"));
    EXPECT_TRUE(fs::is_empty(scratch_.path() / "open"));
}

TEST_F(Cache, too_small_for_the_code_is_a_warning) {
    EXPECT_THAT(answer(with({.folder = folder(), .most_bytes = 100}), module_of(6)), Holds(6));
    EXPECT_THAT(observer_->warnings(), ElementsAre(HasSubstr("cannot be kept in the cache")));
}

TEST_F(Cache, a_folder_that_goes_away_is_a_warning) {
    const auto keeps = runtime();
    EXPECT_THAT(answer(keeps, module_of(1)), Holds(1));
    fs::remove_all(folder());
    EXPECT_THAT(answer(keeps, module_of(2)), Holds(2));
    EXPECT_THAT(observer_->warnings(), ElementsAre(HasSubstr("cannot be kept in the cache")));
}

TEST_F(Cache, default_folder_follows_the_environment) {
    const auto set = [](const char* name, const char* text) { text ? ::setenv(name, text, 1) : ::unsetenv(name); };
    const char* xdg = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    const std::string old_xdg = xdg ? xdg : "", old_home = home ? home : "";
    set("XDG_CACHE_HOME", "/a");
    set("HOME", "/b");
    EXPECT_EQ(value(default_code_cache_folder()), "/a/mortise/code");
    set("XDG_CACHE_HOME", "relative");
    EXPECT_EQ(value(default_code_cache_folder()), "/b/.cache/mortise/code");
    set("XDG_CACHE_HOME", nullptr);
    set("HOME", nullptr);
    EXPECT_THAT(default_code_cache_folder(), FailsWith(ErrorCode::not_found));
    EXPECT_THAT(answer(with({}), module_of(5)), Holds(5));
    EXPECT_THAT(observer_->warnings().back(), HasSubstr("neither XDG_CACHE_HOME nor HOME"));
    set("XDG_CACHE_HOME", xdg ? old_xdg.c_str() : nullptr);
    set("HOME", home ? old_home.c_str() : nullptr);
}

// Files with module and code.

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
    const auto file = value(Runtime().compile(bytes_of(kImporting)));
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

}  // namespace
}  // namespace mortise
