// Runtimes with a compiled-code cache: what they take from it, what they refuse, and that nothing fails by it.

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mortise/mortise.hpp>

#include "cache/fixture.hpp"
#include "support/little_memory.hpp"
#include "trust/code_cache.hpp"

namespace mortise {
namespace {

using namespace mortise::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

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

TEST_F(Cache, a_folder_that_goes_away_is_made_again) {
    const auto keeps = runtime();
    EXPECT_THAT(answer(keeps, module_of(1)), Holds(1));
    fs::remove_all(folder());
    EXPECT_THAT(answer(keeps, module_of(2)), Holds(2));
    EXPECT_EQ(entries(), 1U);
    EXPECT_THAT(observer_->warnings(), IsEmpty());
    fs::remove_all(folder());
    write_all(folder(), "in its place");
    EXPECT_THAT(answer(keeps, module_of(3)), Holds(3));
    EXPECT_THAT(observer_->warnings(), ElementsAre(HasSubstr("cannot be kept in the cache")));
    fs::remove(folder());
    EXPECT_THAT(answer(keeps, module_of(4)), Holds(4));
    EXPECT_EQ(entries(), 1U);
    EXPECT_EQ(observer_->warnings().size(), 1U);
}

TEST_F(Cache, a_large_damaged_entry_is_a_warning_and_replaced) {
    EXPECT_THAT(answer(runtime(), module_of(4)), Holds(4));
    const auto file = files_in(folder(), ".code").at(0);
    fs::resize_file(file, std::uintmax_t{1} << 30);
    {
        const auto little = LittleMemory::in_pieces_of(std::size_t{64} << 20);
        EXPECT_THAT(answer(with({.folder = folder(), .most_bytes = UINT64_MAX}), module_of(4)), Holds(4));
    }
    EXPECT_THAT(observer_->warnings(), ElementsAre(HasSubstr("damaged")));
    EXPECT_LT(fs::file_size(file), 1U << 20);
    EXPECT_THAT(answer(runtime(), module_of(4)), Holds(4));
    EXPECT_EQ(observer_->warnings().size(), 1U);
}

TEST_F(Cache, want_of_memory_for_an_entry_is_a_warning) {
    EXPECT_THAT(answer(runtime(), module_of(4)), Holds(4));
    {
        const auto little = LittleMemory::in_pieces_of(fs::file_size(files_in(folder(), ".code").at(0)) - 1);
        EXPECT_THAT(answer(runtime(), module_of(4)), Holds(4));
    }
    EXPECT_THAT(observer_->warnings(),
                ElementsAre(HasSubstr("no memory for"), HasSubstr("cannot be kept in the cache: the host is out of memory")));
}

TEST_F(Cache, what_is_wrong_is_told_once_a_plugin) {
    write_all(scratch_.path() / "file", "");
    const auto unusable = with({.folder = scratch_.path() / "file"});
    PluginOptions options;
    options.compilation = Compilation::background;
    options.snapshot.use = SnapshotUse::when_safe;
    EXPECT_THAT(answer(unusable, module_of(5), options), Holds(5));
    EXPECT_THAT(observer_->warnings(), ElementsAre(HasSubstr("there is no compiled-code cache: ")));
    EXPECT_THAT(answer(unusable, module_of(5)), Holds(5));
    EXPECT_EQ(observer_->warnings().size(), 2U);
}

// The environment as it was, at the end.
class Environment {
public:
    void set(const char* name, const std::string& text) {
        keep(name);
        ::setenv(name, text.c_str(), 1);
    }
    void unset(const char* name) {
        keep(name);
        ::unsetenv(name);
    }
    Environment() = default;
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() {
        for (const auto& [name, text] : old_) text ? ::setenv(name.c_str(), text->c_str(), 1) : ::unsetenv(name.c_str());
    }

private:
    void keep(const char* name) {
        const char* text = std::getenv(name);
        old_.try_emplace(name, text != nullptr ? std::optional<std::string>(text) : std::nullopt);
    }
    std::map<std::string, std::optional<std::string>> old_;
};

TEST_F(Cache, default_folder_follows_the_environment) {
    Environment environment;
    const fs::path home = scratch_.path() / "home";
    fs::create_directory(home);
    environment.set("XDG_CACHE_HOME", "/not/there/yet");
    environment.set("HOME", home);
    EXPECT_EQ(value(default_code_cache_folder()), "/not/there/yet/mortise/code");
    environment.set("XDG_CACHE_HOME", "relative");
    EXPECT_EQ(value(default_code_cache_folder()), home / ".cache/mortise/code");
    environment.set("HOME", "/not/there");
    EXPECT_THAT(default_code_cache_folder(), FailsWith(ErrorCode::not_found, "is no folder"));
    environment.unset("XDG_CACHE_HOME");
    environment.unset("HOME");
    EXPECT_THAT(default_code_cache_folder(), FailsWith(ErrorCode::not_found));
    EXPECT_THAT(answer(with({}), module_of(5)), Holds(5));
    EXPECT_THAT(observer_->warnings().back(), HasSubstr("neither XDG_CACHE_HOME nor HOME"));
}

TEST_F(Cache, default_folder_is_not_in_somebody_elses_home) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give folders away";
    Environment environment;
    const fs::path home = scratch_.path() / "home";
    fs::create_directory(home);
    ASSERT_EQ(::chown(home.c_str(), 65534, 65534), 0);
    environment.unset("XDG_CACHE_HOME");
    environment.set("HOME", home);
    EXPECT_THAT(default_code_cache_folder(), FailsWith(ErrorCode::not_found, "is not this user's own"));
    environment.set("XDG_CACHE_HOME", home);
    EXPECT_THAT(default_code_cache_folder(), FailsWith(ErrorCode::not_found, "is not this user's own"));
}

TEST_F(Cache, listing_reads_what_a_larger_cache_left) {
    EXPECT_THAT(answer(runtime(), module_of(7)), Holds(7));
    EXPECT_TRUE(value(list_code_cache({.folder = folder(), .most_bytes = 1})).at(0).authentic);
}

// A guest that could read the secret could make machine code for its host's next run.
TEST_F(Cache, directories_with_the_cache_in_them_are_not_granted) {
    constexpr std::string_view kWasi = R"((module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
                                            (memory (export "memory") 1)))";
    const auto keeps = runtime();
    EXPECT_THAT(answer(keeps, module_of(7)), Holds(7));
    fs::create_directory(scratch_.path() / "beside");
    fs::create_directory_symlink(scratch_.path(), scratch_.path() / "beside" / "link");
    const auto granting = [](const fs::path& directory) {
        Sandbox sandbox;
        sandbox.directories.push_back({.host_path = directory, .guest_path = "/d"});
        return sandbox;
    };
    for (const auto& path : {folder(), scratch_.path(), fs::path("/"), scratch_.path() / "beside" / "link"}) {
        PluginOptions options;
        options.sandbox = granting(path);
        EXPECT_THAT(load_wat(keeps, kWasi, options), FailsWith(ErrorCode::denied, "has the compiled-code cache in it")) << path;
        EXPECT_THAT(load_wat(keeps, module_of(7), options), IsOk()) << "which sees no directories at all";
        EXPECT_THAT(value(load_wat(keeps, kWasi)).instantiate({.sandbox = granting(path), .observer = nullptr}),
                    FailsWith(ErrorCode::denied)) << path;
        EXPECT_THAT(load_wat(testing::runtime_under_test(), kWasi, options), IsOk()) << "there is no cache";
    }
    PluginOptions options;
    options.sandbox = granting(scratch_.path() / "beside");
    EXPECT_THAT(value(load_wat(keeps, kWasi, options)).instantiate(), IsOk());
}

}  // namespace
}  // namespace mortise
