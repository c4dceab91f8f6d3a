#include <filesystem>

#include "guest.hpp"

namespace mortise::wapc_tests {
namespace {

using ::testing::ElementsAre;
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
    const std::string packed("\x81\xA1n\x05", 4);
    EXPECT_THAT(invoke(instance, "echo", "\xA5hello"), IsOk());
    EXPECT_THAT(invoke(instance, "nope", packed), FailsWith(ErrorCode::guest_error));
    const auto unknown = error_of(invoke(instance, "no such operation", ""));
    EXPECT_EQ(unknown.code(), ErrorCode::guest_error);
    EXPECT_THAT(unknown.guest_message().value_or(""), HasSubstr("no such operation"));
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

}  // namespace
}  // namespace mortise::wapc_tests
