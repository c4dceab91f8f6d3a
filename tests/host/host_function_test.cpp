#include <atomic>
#include <stdexcept>
#include <string>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise {
namespace {

using testing::FailsWith;
using testing::Holds;
using testing::IsOk;
using testing::load_wat;
using testing::Recorder;

constexpr std::string_view kCaller = R"((module
  (import "math" "double" (func $double (param i32) (result i32)))
  (func (export "run") (param i32) (result i32) (call $double (local.get 0)))
  (func (export "id") (param i32) (result i32) (local.get 0))
))";

Result<Instance> caller(HostFunctions host, std::shared_ptr<Observer> observer = nullptr) {
    const Runtime runtime = testing::runtime_under_test();
    PluginOptions options;
    options.host = std::move(host);
    options.observer = std::move(observer);
    auto plugin = load_wat(runtime, kCaller, std::move(options));
    if (!plugin) return fail(plugin.error());
    return plugin->instantiate();
}

TEST(HostFunction, Lambda_isCalledWithAndWithoutObserver) {
    HostFunctions host;
    host.add("math", "double", [](int x) { return 2 * x; });
    EXPECT_THAT(value(caller(host)).call<int>("run", 21), Holds(42));

    auto recorder = std::make_shared<Recorder>();
    EXPECT_THAT(value(caller(host, recorder)).call<int>("run", 21), Holds(42));
    EXPECT_THAT(recorder->host_calls(), ::testing::ElementsAre("math.double"));
}

TEST(HostFunction, LaterOfTheSameName_replacesTheEarlier) {
    HostFunctions host;
    host.add("math", "double", [](int) { return 0; }).add("math", "double", [](int x) { return 2 * x; });
    EXPECT_THAT(value(caller(host)).call<int>("run", 4), Holds(8));
}

TEST(HostFunction, ErrorOrException_endsTheCallWithIt) {
    HostFunctions failing;
    failing.add("math", "double", [](int) -> Result<int> { return fail(ErrorCode::denied, "not today"); });
    EXPECT_THAT(value(caller(failing)).call<int>("run", 1), FailsWith(ErrorCode::denied, "not today"));

    // What would look as if this guest had ended so.
    for (const ErrorCode code : {ErrorCode::trap, ErrorCode::guest_exit, ErrorCode::closed}) {
        HostFunctions handing;
        handing.add("math", "double", [code](int) -> Result<int> { return fail(code, "the other plugin"); });
        const auto result = value(caller(handing)).call<int>("run", 1);
        ASSERT_THAT(result, FailsWith(ErrorCode::host_function_failed, "the other plugin"));
        EXPECT_THAT(result.error().describe(), ::testing::HasSubstr(to_string(code)));
        EXPECT_EQ(result.error().blame(), Blame::host);
    }

    HostFunctions throwing;
    throwing.add("math", "double", [](int) -> int { throw std::runtime_error("no luck"); });
    EXPECT_THAT(value(caller(throwing)).call<int>("run", 1), FailsWith(ErrorCode::host_function_failed, "no luck"));

    HostFunctions odd;
    odd.add("math", "double", [](int) -> int { throw 7; });
    EXPECT_THAT(value(caller(odd)).call<int>("run", 1), FailsWith(ErrorCode::host_function_failed));
}

// Calls the instance that it hears from.
struct Caller : Observer {
    std::atomic<Instance*> instance = nullptr;
    std::vector<ErrorCode> codes;
    void host_call(const HostCallEvent&) override {
        const auto result = instance.load()->call<int>("id", 1);
        codes.push_back(result ? ErrorCode::internal : result.error().code());
    }
};

TEST(HostFunction, ObserverThatCallsTheInstance_isNotReentrant) {
    const auto observer = std::make_shared<Caller>();
    HostFunctions host;
    host.add("math", "double", [](int x) { return 2 * x; });
    auto instance = value(caller(host, observer));
    observer->instance = &instance;
    EXPECT_THAT(instance.call<int>("run", 21), Holds(42));
    EXPECT_THAT(observer->codes, ::testing::ElementsAre(ErrorCode::not_reentrant));
    EXPECT_THAT(instance.call<int>("id", 1), Holds(1));
}

TEST(HostFunction, MissingImport_namesItWithItsType) {
    EXPECT_THAT(caller({}), FailsWith(ErrorCode::missing_import, "import \"math\" \"double\" of type (i32) -> i32"));
}

TEST(HostFunction, OtherTypes_areImportMismatchWithWantedAndGot) {
    HostFunctions host;
    host.add("math", "double", [](double x) { return x; });
    EXPECT_THAT(caller(host), FailsWith(ErrorCode::import_mismatch, "(i32) -> i32"));
    HostFunctions text;
    text.add("math", "double", [](std::string_view) { return 1; });
    EXPECT_THAT(caller(text), FailsWith(ErrorCode::import_mismatch, "string"));
}

TEST(HostFunction, WithHostCall_seesWhoCallsAndMayCallBack) {
    HostFunctions host;
    host.add("math", "double", [](const HostCall& call, int x) -> Result<int> {
        EXPECT_EQ(call.module, "math");
        EXPECT_EQ(call.name, "double");
        EXPECT_NE(call.instance_id, 0u);
        return call.instance().call<int>("id", x + 1);
    });
    EXPECT_THAT(value(caller(host)).call<int>("run", 1), Holds(2));
}

TEST(HostFunction, CallingBackForEver_endsAtTheDepthLimit) {
    HostFunctions host;
    int depth = 0;
    host.add("math", "double", [&depth](const HostCall& call, int x) -> Result<int> {
        ++depth;
        return call.instance().call<int>("run", x);
    });
    EXPECT_THAT(value(caller(host)).call<int>("run", 1), FailsWith(ErrorCode::not_reentrant, "limit of 16"));
    EXPECT_EQ(depth, 16);
}

TEST(HostFunction, InnerFailure_isTheOuterFunctionsToDecide) {
    HostFunctions host;
    host.add("math", "double", [](const HostCall& call, int) -> int {
        auto inner = call.instance().call<int>("no such", 1);
        return inner ? 0 : -1;
    });
    EXPECT_THAT(value(caller(host)).call<int>("run", 1), Holds(-1));
}

TEST(HostFunction, Dynamic_takesAndGivesWhatItSays) {
    HostFunctions host;
    host.add_dynamic("math", "double", {Kind::i32}, Kind::i32,
                     [](const HostCall&, std::span<const ValueView> in) -> Result<Value> { return Value(in[0].i32() * 2); });
    EXPECT_THAT(value(caller(host)).call<int>("run", 21), Holds(42));
    HostFunctions liar;
    liar.add_dynamic("math", "double", {Kind::i32}, Kind::i32,
                     [](const HostCall&, std::span<const ValueView>) -> Result<Value> { return Value("text"); });
    EXPECT_THAT(value(caller(liar)).call<int>("run", 21), FailsWith(ErrorCode::type_mismatch, "the result"));
}

TEST(HostFunction, ClosingTheInstanceFromInside_isRefusedAndDroppingItIsSafe) {
    std::optional<Instance> instance;
    HostFunctions host;
    host.add("math", "double", [&instance](const HostCall& call, int x) -> Result<int> {
        EXPECT_THAT(call.instance().close(), FailsWith(ErrorCode::busy));
        instance.reset();   // what a careless program does
        EXPECT_THAT(call.instance().call<int>("id", 1), FailsWith(ErrorCode::closed));
        return x;
    });
    instance.emplace(value(caller(host)));
    EXPECT_THAT(instance->call<int>("run", 3), Holds(3));
    EXPECT_FALSE(instance.has_value());
}

}  // namespace
}  // namespace mortise
