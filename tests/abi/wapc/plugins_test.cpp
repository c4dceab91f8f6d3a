#include <filesystem>

#include "guest.hpp"

namespace mortise::wapc_tests {
namespace {

using ::testing::HasSubstr;

/// Real plugins of every generation and language, as their projects built them.
class WapcPlugin : public ::testing::Test {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(folder())) GTEST_SKIP() << "no real plugins: " << folder() << " is not there";
    }
    static std::filesystem::path folder() { return std::filesystem::path(MORTISE_SHARED_DIR) / "plugins" / "wapc"; }
    static Plugin plugin(const char* file, PluginOptions options = {}) { return value(runtime().load(folder() / file, std::move(options))); }
};

TEST_F(WapcPlugin, RustEcho_echoesMessagePack) {
    auto instance = value(plugin("rust_guest_test.wasm").instantiate());
    EXPECT_THAT(invoke(instance, "echo", "\xA5hello"), Holds(std::string("\xA5hello")));
    EXPECT_THAT(invoke(instance, "echo", "x"), FailsWith(ErrorCode::guest_error, "expected a string"));
    EXPECT_THAT(invoke(instance, "nope", "\xA5hello"), FailsWith(ErrorCode::guest_error, "nope"));
    EXPECT_EQ(error_of(invoke(instance, "h\xC3\xA9 no", "")).guest_message(), "No handler registered for function h\xC3\xA9 no");
}

TEST_F(WapcPlugin, RustEcho_growsForALargePayloadAndKeepsWorking) {
    auto instance = value(plugin("rust_guest_test.wasm").instantiate());
    std::string large("\xDB\x00\x40\x00\x00", 5);   // a text of 4 MiB
    large.append(std::size_t{4} << 20, 'x');
    EXPECT_TRUE(value(invoke(instance, "echo", large)) == large);
    EXPECT_THAT(invoke(instance, "echo", "\xA5hello"), Holds(std::string("\xA5hello")));
}

TEST_F(WapcPlugin, RustPing_logsAsksTheHostAndAnswers) {
    std::string asked;
    auto recorder = std::make_shared<Recorder>();
    PluginOptions options;
    options.observer = recorder;
    options.host.on_call([&asked](const HostCall& call, Bytes& reply) -> Result<void> {
        asked = std::string(call.binding) + "/" + std::string(call.space) + "/" + std::string(call.operation) + "/" +
                std::string(text_of(call.payload));
        reply = copy_bytes("pong");
        return {};
    });
    auto instance = value(plugin("rust_basic.wasm", options).instantiate());
    EXPECT_THAT(invoke(instance, "ping", "hello"), Holds(std::string("hello")));
    EXPECT_THAT(asked, HasSubstr("binding/sample:namespace/pong/"));
    EXPECT_THAT(recorder->logs(), ::testing::Not(::testing::IsEmpty()));
}

TEST_F(WapcPlugin, RustPing_readsTheHostsRefusal) {
    PluginOptions options;
    options.host.on_call([](const HostCall&, Bytes&) -> Result<void> { return fail(ErrorCode::denied, "not today"); });
    auto instance = value(plugin("rust_basic.wasm", options).instantiate());
    EXPECT_THAT(invoke(instance, "ping", "hello"), FailsWith(ErrorCode::guest_error, "not today"));
}

HostFunctions refusing() {
    HostFunctions host;
    host.on_call([](const HostCall&, Bytes&) -> Result<void> { return fail(ErrorCode::denied, "not today"); });
    return host;
}

TEST_F(WapcPlugin, ZigHello_passesOnTheHostsRefusal) {
    for (const char* file : {"zig_hello.wasm", "zig_hello_2019.wasm"}) {
        auto instance = value(plugin(file, with(refusing())).instantiate());
        EXPECT_EQ(error_of(invoke(instance, "hello", "World")).guest_message(), "Host error: not today");
    }
}

TEST_F(WapcPlugin, AssemblyScriptHello_throwsWhichIsATextAndATrap) {
    auto instance = value(plugin("assemblyscript_hello.wasm", with(refusing())).instantiate());
    const auto error = error_of(invoke(instance, "hello", "World"));
    EXPECT_EQ(error.code(), ErrorCode::trap);
    EXPECT_EQ(error.trap(), TrapKind::unreachable);
    EXPECT_EQ(error.guest_message(), "error occurred; ~lib/rt/pure.ts (112,14)");
    EXPECT_THAT(invoke(instance, "other", ""), FailsWith(ErrorCode::guest_error)) << "a new instance serves the next call";
}

TEST_F(WapcPlugin, TinyGoHello_ignoresTheHostsRefusal) {
    auto instance = value(plugin("tinygo_hello_2020.wasm", with(refusing())).instantiate());
    EXPECT_THAT(invoke(instance, "hello", "World"), Holds(std::string("Hello")));
}

struct HelloRow {
    const char* file;
    const char* binding;   ///< what the generation of the plugin can say
    const char* space;
    const char* answer;
    const char* unknown;
};

class WapcHello : public WapcPlugin, public ::testing::WithParamInterface<HelloRow> {};

TEST_P(WapcHello, Hello_asksTheHostAndAnswers) {
    std::string asked;
    PluginOptions options;
    options.host.on_call([&asked](const HostCall& call, Bytes& reply) -> Result<void> {
        asked = std::string(call.binding) + "|" + std::string(call.space) + "|" + std::string(call.operation) + "|" +
                std::string(text_of(call.payload));
        reply = copy_bytes("Ada");
        return {};
    });
    auto instance = value(plugin(GetParam().file, options).instantiate());
    for (int i = 0; i < 3; ++i) {
        EXPECT_THAT(invoke(instance, "hello", "World"), Holds(std::string(GetParam().answer)));
        EXPECT_EQ(asked, std::string(GetParam().binding) + "|" + GetParam().space + "|hello|Simon");
    }
    EXPECT_EQ(error_of(invoke(instance, "other", "")).guest_message(), GetParam().unknown);
}

INSTANTIATE_TEST_SUITE_P(Plugins, WapcHello, ::testing::Values(
    HelloRow{"assemblyscript_hello.wasm", "myBinding", "sample", "Hello", "Could not find function \"other\""},
    HelloRow{"zig_hello.wasm", "myBinding", "sample", "Hello, WorldAda!", "Could not find function other"},
    HelloRow{"zig_hello_2019.wasm", "", "", "Hello, WorldAda!", "Could not find function other"},
    HelloRow{"tinygo_hello_2020.wasm", "", "sample", "Hello", "Could not find function \"other\""}),
    [](const auto& row) {
        const std::string_view file = row.param.file;
        return std::string(file.substr(0, file.find('.')));
    });

}  // namespace
}  // namespace mortise::wapc_tests
