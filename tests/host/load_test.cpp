#include <filesystem>
#include <fstream>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise {
namespace {

using testing::FailsWith;
using testing::Holds;
using testing::IsOk;
using testing::load_wat;

constexpr unsigned char kEmptyModule[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
constexpr unsigned char kComponent[] = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};

BytesView view(std::span<const unsigned char> bytes) { return std::as_bytes(bytes); }

TEST(Load, SmallestModule_isPlain) {
    auto plugin = testing::runtime_under_test().load_bytes(view(kEmptyModule));
    ASSERT_THAT(plugin, IsOk());
    EXPECT_EQ(plugin->abi().name, "plain");
    EXPECT_EQ(plugin->sha256(), "93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476");
}

TEST(Load, WhatIsNoModule_saysSo) {
    const Runtime runtime = testing::runtime_under_test();
    EXPECT_THAT(runtime.load_bytes({}), FailsWith(ErrorCode::malformed_module, "empty"));
    EXPECT_THAT(runtime.load_bytes(bytes_of("hello there")), FailsWith(ErrorCode::malformed_module));
    EXPECT_THAT(runtime.load_bytes(bytes_of("(module (func")), FailsWith(ErrorCode::malformed_module));
    EXPECT_THAT(runtime.load_bytes(view(kComponent)), FailsWith(ErrorCode::unsupported, "component"));
    EXPECT_THAT(runtime.load_bytes(view(kEmptyModule).first(5)), FailsWith(ErrorCode::malformed_module));
}

TEST(Load, FilesThatCannotBeRead_sayWhich) {
    const Runtime runtime = testing::runtime_under_test();
    EXPECT_THAT(runtime.load("/no/such/file.wasm"), FailsWith(ErrorCode::not_found, "/no/such/file.wasm"));
    EXPECT_THAT(runtime.load(std::filesystem::temp_directory_path()), FailsWith(ErrorCode::io, "directory"));
}

TEST(Load, CanRun_takesStartSectionsAndRepeatedImports) {
    const Runtime runtime = testing::runtime_under_test();
    EXPECT_THAT(runtime.can_run(bytes_of(R"((module (func $s) (start $s) (func (export "f"))))")), IsOk());
    EXPECT_THAT(runtime.can_run(bytes_of(R"((module (import "a" "b" (func)) (import "a" "b" (func (param i32))) (func $s) (start $s)))")), IsOk());
}

TEST(Load, Digest_isComparedInEitherCase) {
    const Runtime runtime = testing::runtime_under_test();
    PluginOptions options;
    options.sha256 = "93A44BBB96C751218E4C00D479E4C14358122A389ACCA16205B1E4D0DC5F9476";
    EXPECT_THAT(runtime.load_bytes(view(kEmptyModule), options), IsOk());
    options.sha256.back() = '7';
    EXPECT_THAT(runtime.load_bytes(view(kEmptyModule), options), FailsWith(ErrorCode::digest_mismatch));
    options.sha256 = "93a4";
    EXPECT_THAT(runtime.load_bytes(view(kEmptyModule), options), FailsWith(ErrorCode::digest_mismatch));
}

TEST(Load, UnknownAbiOrEngine_namesIt) {
    PluginOptions options;
    options.abi = "nonsense";
    EXPECT_THAT(testing::runtime_under_test().load_bytes(view(kEmptyModule), options), FailsWith(ErrorCode::abi_unknown, "nonsense"));
    EXPECT_THAT(Runtime({.engine = "v9"}).load_bytes(view(kEmptyModule)), FailsWith(ErrorCode::not_found, "v9"));
    for (const EngineInfo& engine : Runtime::engines()) {
        if (engine.name == "wasm-c-api") continue;   // which has a path
        for (const char* rest : {":", ":/some/library.so"}) {
            EXPECT_THAT(Runtime({.engine = engine.name + rest}).load_bytes(view(kEmptyModule)), FailsWith(ErrorCode::invalid_argument, "takes no path"));
        }
    }
}

TEST(Load, DeclaredMemoryBeyondTheLimit_isMemoryLimit) {
    PluginOptions options;
    options.limits.memory_bytes = 65536;
    EXPECT_THAT(load_wat(testing::runtime_under_test(), "(module (memory 2))", options), FailsWith(ErrorCode::memory_limit, "131072"));
    EXPECT_THAT(load_wat(testing::runtime_under_test(), "(module (memory 1))", options), IsOk());
}

TEST(Load, TwoMemories_needTheLimitRaised) {
    EXPECT_THAT(load_wat(testing::runtime_under_test(), "(module (memory 1) (memory 1))"), FailsWith(ErrorCode::memory_limit, "2 memories"));
    PluginOptions options;
    options.limits.memories = 2;
    EXPECT_THAT(value(load_wat(testing::runtime_under_test(), "(module (memory 1) (memory 1))", options)).instantiate(), IsOk());
}

TEST(Load, DeclaredTablesBeyondTheLimit_areMemoryLimit) {
    PluginOptions options;
    options.limits.table_elements = 10;
    EXPECT_THAT(load_wat(testing::runtime_under_test(), "(module (table 6 funcref) (table 5 funcref))", options), FailsWith(ErrorCode::memory_limit, "11"));
    options.limits.tables = 1;
    EXPECT_THAT(load_wat(testing::runtime_under_test(), "(module (table 1 funcref) (table 1 funcref))", options), FailsWith(ErrorCode::memory_limit, "2 tables"));
}

TEST(Load, StackBeyondTheRuntimes_isUnsupported) {
    PluginOptions options;
    options.limits.stack_bytes = std::size_t{1} << 20;
    EXPECT_THAT(testing::runtime_under_test().load_bytes(view(kEmptyModule), options), FailsWith(ErrorCode::unsupported, "stack"));
}

TEST(Load, LoadLimit_isNamed) {
    PluginOptions options;
    options.load_limits.exports = 1;
    EXPECT_THAT(load_wat(testing::runtime_under_test(), R"((module (func (export "a")) (func (export "b"))))", options),
                FailsWith(ErrorCode::unsupported, "export"));
    options = {};
    options.load_limits.module_bytes = 4;
    EXPECT_THAT(testing::runtime_under_test().load_bytes(view(kEmptyModule), options), FailsWith(ErrorCode::unsupported, "module_bytes"));
}

TEST(Load, EveryTruncation_isMalformed) {
    const auto path = std::filesystem::path(MORTISE_SHARED_DIR) / "plugins/wapc/zig_hello.wasm";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
    std::ifstream in(path, std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    const Runtime runtime = testing::runtime_under_test();
    for (std::size_t n = 0; n < whole.size(); n += 7) {
        auto plugin = runtime.load_bytes(bytes_of(std::string_view(whole).substr(0, n)));
        ASSERT_FALSE(plugin) << n;
        // Cut between two sections what is left may be a valid module that lacks something.
        EXPECT_THAT(plugin.error().code(), ::testing::AnyOf(ErrorCode::malformed_module, ErrorCode::missing_export,
                                                            ErrorCode::missing_import)) << n;
    }
}

}  // namespace
}  // namespace mortise
