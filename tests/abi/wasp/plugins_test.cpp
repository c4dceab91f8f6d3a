// Named plugins, instances with a workspace of their own, and a real guest in C.

#include <filesystem>
#include <fstream>
#include <thread>

#include <mortise/abi/wasp_plugins.hpp>

#include "guest.hpp"

namespace mortise::wasp_tests {
namespace {

using abi::wasp::Plugins;
using namespace std::string_literals;

std::string answering(int number) {
    return Guest{.more = "(func (export \"answer\") (result i32) (i32.const " + std::to_string(number) + "))"}.wat();
}

TEST(WaspPlugins, OfOneName_haveAsManyInstancesAsWanted) {
    Plugins plugins(runtime());
    ASSERT_THAT(plugins.add_bytes("one", bytes_of(answering(1))), IsOk());
    ASSERT_THAT(plugins.add_bytes("two", bytes_of(answering(2))), IsOk());
    auto a = value(plugins.instance("one")), b = value(plugins.instance("one")), c = value(plugins.instance("two"));
    EXPECT_THAT(a.call<int>("answer"), Holds(1));
    EXPECT_THAT(b.call<int>("answer"), Holds(1));
    EXPECT_THAT(c.call<int>("answer"), Holds(2));
}

TEST(WaspPlugins, UnknownName_isNotFound) {
    Plugins plugins(runtime());
    EXPECT_THAT(plugins.instance("none"), FailsWith(ErrorCode::not_found, "\"none\""));
    EXPECT_FALSE(plugins.remove("none"));
}

TEST(WaspPlugins, RegisteredAgain_areReplacedAndInstancesLiveOn) {
    Plugins plugins(runtime());
    ASSERT_THAT(plugins.add_bytes("p", bytes_of(answering(1))), IsOk());
    auto old = value(plugins.instance("p"));
    ASSERT_THAT(plugins.add_bytes("p", bytes_of(answering(2))), IsOk());
    EXPECT_THAT(plugins.add_bytes("p", bytes_of("no module")), FailsWith(ErrorCode::malformed_module));
    EXPECT_THAT(old.call<int>("answer"), Holds(1));
    EXPECT_THAT(value(plugins.instance("p")).call<int>("answer"), Holds(2));
    EXPECT_TRUE(plugins.remove("p"));
    EXPECT_THAT(plugins.instance("p"), FailsWith(ErrorCode::not_found));
    EXPECT_THAT(old.call<int>("answer"), Holds(1));
}

TEST(WaspPlugins, UsedByManyThreads_stayWhole) {
    Plugins plugins(runtime());
    ASSERT_THAT(plugins.add_bytes("p", bytes_of(answering(1))), IsOk());
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&plugins, &wrong, t] {
            for (int i = 0; i < 10; ++i) {
                if (t == 0 && !plugins.add_bytes("p", bytes_of(answering(i)))) ++wrong;
                if (auto instance = plugins.instance("p"); !instance || !instance->call<int>("answer")) ++wrong;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

const std::filesystem::path kFixture = MORTISE_SOURCE_DIR "/tests/abi/wasp/fixtures/greeter.wasm";

class WaspGuestInC : public ::testing::Test {
protected:
    WaspGuestInC() {
        PluginOptions options;
        options.host.add("env", "shout", [](std::string_view text) {
            std::string out(text);
            for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            return out;
        });
        value(plugins_.add("greeter", kFixture, std::move(options)));
    }
    Plugins plugins_{runtime()};
};

TEST_F(WaspGuestInC, PassesTextBothWays) {
    auto greeter = value(plugins_.instance("greeter"));
    for (int i = 0; i < 1000; ++i) {
        EXPECT_THAT(greeter.call<std::string>("greet", "world " + std::to_string(i)), Holds("Hello WORLD " + std::to_string(i)));
    }
    // Everything was freed: the heap did not grow with the calls.
    EXPECT_LT(greeter.usage().memory_bytes, 1u << 20);
}

TEST_F(WaspGuestInC, PassesBytesBothWays) {
    auto greeter = value(plugins_.instance("greeter"));
    EXPECT_THAT(greeter.call<Bytes>("reverse", copy_bytes("abc\0def"s)), Holds(copy_bytes("fed\0cba"s)));
    EXPECT_THAT(greeter.call<Bytes>("reverse", Bytes()), Holds(Bytes()));
}

TEST_F(WaspGuestInC, RaisesErrors) {
    auto greeter = value(plugins_.instance("greeter"));
    EXPECT_THAT(greeter.call<std::string>("greet", ""), FailsWith(ErrorCode::guest_error, "nobody to greet"));
    EXPECT_THAT(greeter.call<double>("half", std::int64_t{7}), Holds(3.5));
}

TEST_F(WaspGuestInC, ReadsItsWorkspaceAndNoOther) {
    const auto folder = std::filesystem::path(::testing::TempDir()) / ("wasp_workspace_" + std::to_string(::getpid()));
    for (const char* name : {"a", "b"}) {
        std::filesystem::create_directories(folder / name);
        std::ofstream(folder / name / "note.txt") << "note of " << name;
    }
    auto a = value(plugins_.instance("greeter", folder / "a"));
    auto b = value(plugins_.instance("greeter", folder / "b"));
    auto none = value(plugins_.instance("greeter"));
    EXPECT_THAT(a.call<std::string>("read", "/workspace/note.txt"), Holds("note of a"s));
    EXPECT_THAT(b.call<std::string>("read", "/workspace/note.txt"), Holds("note of b"s));
    EXPECT_THAT(a.call<std::string>("read", "workspace/note.txt"), Holds("note of a"s));
    EXPECT_THAT(a.call<std::string>("read", "/workspace/../b/note.txt"), FailsWith(ErrorCode::guest_error, "cannot read"));
    EXPECT_THAT(none.call<std::string>("read", "/workspace/note.txt"), FailsWith(ErrorCode::guest_error, "cannot read"));
    EXPECT_THAT(a.call<std::string>("program"), Holds("wasi-plugins"s));
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace mortise::wasp_tests
