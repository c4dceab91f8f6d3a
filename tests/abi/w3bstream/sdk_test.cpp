#include <filesystem>

#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// An applet built with the original AssemblyScript SDK: `sdk/applet.ts`.
class W3bstreamSdk : public ::testing::Test {
protected:
    static Plugin plugin(const std::shared_ptr<Host>& host, const std::shared_ptr<Recorder>& recorder, InstancePolicy policy = InstancePolicy::fresh) {
        PluginOptions options;
        options.host.set_services(std::shared_ptr<w3b::Services>(host));
        options.observer = recorder;
        options.instance_policy = policy;
        return value(runtime().load(std::filesystem::path(MORTISE_SOURCE_DIR) / "tests/abi/w3bstream/sdk/applet.wasm", options));
    }
    Ran run(const std::string& handler, const std::string& payload = "") { return w3bstream_tests::run(instance, {.payload = payload, .handler = handler}); }

    std::shared_ptr<Host> host = std::make_shared<Host>();
    std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();
    Instance instance = value(plugin(host, recorder).instantiate());
};

TEST_F(W3bstreamSdk, IsRecognised) {
    EXPECT_EQ(plugin(host, recorder).abi().name, "w3bstream");
}

TEST_F(W3bstreamSdk, EventsCountInTheState_globalsAreFresh) {
    EXPECT_EQ(run("start", "h\u00e9llo").value, 1);
    EXPECT_EQ(run("start", "").value, 1);
    EXPECT_EQ(run("count").value, 2);
    EXPECT_THAT(recorder->logs(), ElementsAre("start: h\u00e9llo", "start: "));
    auto kept = value(plugin(host, recorder, InstancePolicy::kept).instantiate());
    for (int i = 1; i < 200; ++i) EXPECT_EQ(w3bstream_tests::run(kept, {.payload = std::string(100, 'x')}).value, i);
    EXPECT_EQ(run("count").value, 201);
}

TEST_F(W3bstreamSdk, EnvironmentIsRead) {
    EXPECT_EQ(run("env", "key").value, 0);
    EXPECT_THAT(recorder->logs().back(), HasSubstr("from the environment"));
}

TEST_F(W3bstreamSdk, SqlGoesThroughTheDatabase) {
    EXPECT_EQ(run("sql", "Ada <b>").value, 0);
    EXPECT_EQ(recorder->logs().back(), R"(sql: {"age":36,"born":{"Time":"1815-12-10T00:00:00Z","Valid":true},"name":"Ada \u003cb\u003e"})");
    EXPECT_EQ(run("sql", "Bob").value, 0);
    EXPECT_THAT(recorder->logs().back(), HasSubstr("sql: [{\"age\":36"));
}

TEST_F(W3bstreamSdk, ChainIsCalled) {
    EXPECT_EQ(run("chain").value, 0);
    ASSERT_EQ(host->transactions.size(), 2u);
    EXPECT_EQ(host->transactions[0].chain_id, 4690u);
    EXPECT_EQ(host->transactions[0].value, "5");
    EXPECT_THAT(recorder->logs(), ::testing::IsSupersetOf({"tx: 0xhash", "call: 0001ff"}));
}

TEST_F(W3bstreamSdk, MetricsAndRoutesWork) {
    EXPECT_EQ(run("metrics").value, 0);
    EXPECT_THAT(host->take_metrics(), ElementsAre(HasSubstr("\"a\"")));
    host->response.body = copy_bytes("{}");
    EXPECT_EQ(run("route").value, 0);
    ASSERT_EQ(host->requests.size(), 1u);
    EXPECT_EQ(host->requests[0].event_type, "HELLO");
    EXPECT_THAT(recorder->logs().back(), HasSubstr("\"StatusCode\":200"));
}

TEST_F(W3bstreamSdk, AbortOfAnAssertion_isToldWithTheTrap) {
    EXPECT_EQ(run("parse", "{\"n\": 41}").value, 41);
    const Ran ran = run("parse", "{\"n\": tru");
    ASSERT_THAT(ran.ended, FailsWith(ErrorCode::trap));
    ASSERT_TRUE(ran.ended.error().guest_message());
    EXPECT_THAT(*ran.ended.error().guest_message(), HasSubstr(".ts:"));
    EXPECT_EQ(run("parse", "{\"n\": 42}").value, 42);
}

}  // namespace
}  // namespace mortise::w3bstream_tests
