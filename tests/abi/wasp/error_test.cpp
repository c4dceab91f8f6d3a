// How a guest reports failure: raise_error, abort, traps; and that one call's error is not another's.

#include "guest.hpp"

namespace mortise::wasp_tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;
using namespace std::string_literals;

constexpr std::string_view kRaise = "(import \"env\" \"raise_error\" (func $raise (param i32)))";
constexpr std::string_view kAbort = "(import \"env\" \"abort\" (func $abort (param i32 i32 i32 i32)))";

Error error_of(Instance& instance, std::string_view function) {
    const auto result = instance.call<Value>(function);
    EXPECT_FALSE(result.has_value());
    return result ? Error(ErrorCode::internal, "did not fail") : result.error();
}

TEST(WaspError, Raised_isTheCallsErrorAndTheResultIsIgnored) {
    auto instance = start({.imports = std::string(kRaise), .more = "(func (export \"f\") (result i32) (call $raise (i32.const 16)) (i32.const -1))"});
    const auto result = instance.call<std::string>("f");
    ASSERT_THAT(result, FailsWith(ErrorCode::guest_error, "hello"));
    EXPECT_THAT(result.error().guest_message(), Optional("hello"s));
    EXPECT_EQ(result.error().blame(), Blame::guest);
}

TEST(WaspError, Raised_isTakenVerbatim) {
    auto instance = start({.imports = std::string(kRaise), .more = "(func (export \"f\") (call $raise (i32.const 32)))"});
    EXPECT_THAT(error_of(instance, "f").guest_message(), Optional("text %s %n"s));
}

TEST(WaspError, RaisedTwice_isTheLaterOne) {
    auto instance = start({.imports = std::string(kRaise), .more = "(func (export \"f\") (call $raise (i32.const 128)) (call $raise (i32.const 144)))"});
    EXPECT_THAT(error_of(instance, "f").guest_message(), Optional("second"s));
}

TEST(WaspError, RaisedEmpty_isAnErrorAllTheSame) {
    auto instance = start({.imports = std::string(kRaise), .more = "(func (export \"f\") (call $raise (i32.const 64)))"});
    const Error error = error_of(instance, "f");
    EXPECT_EQ(error.code(), ErrorCode::guest_error);
    EXPECT_THAT(error.guest_message(), Optional(""s));
}

TEST(WaspError, OfOneCall_isNotAnothers) {
    auto instance = start({.imports = std::string(kRaise),
                           .more = "(func (export \"f\") (param i32) (result i32) (if (local.get 0) (then (call $raise (i32.const 16)))) (i32.const 5))"});
    EXPECT_THAT(instance.call<int>("f", 1), FailsWith(ErrorCode::guest_error));
    EXPECT_THAT(instance.call<int>("f", 0), Holds(5));
}

TEST(WaspError, OfOneInstance_isNotAnothers) {
    const auto plugin = value(load({.imports = std::string(kRaise),
                                    .more = "(func (export \"f\") (call $raise (i32.const 16))) (func (export \"g\") (result i32) (i32.const 1))"}));
    auto first = value(plugin.instantiate());
    auto second = value(plugin.instantiate());
    EXPECT_THAT(first.call<void>("f"), FailsWith(ErrorCode::guest_error));
    EXPECT_THAT(second.call<int>("g"), Holds(1));
}

TEST(WaspError, OfANestedCall_leavesTheOuterOnes) {
    HostFunctions host;
    std::vector<std::string> inner;
    host.add("env", "again", [&](const HostCall& call) {
        for (const char* name : {"quiet", "loud"}) {
            const auto result = call.instance().call<void>(name);
            inner.push_back(result ? "fine" : result.error().guest_message().value_or("no text"));
        }
    });
    auto instance = start({.imports = std::string(kRaise) + "(import \"env\" \"again\" (func $again))",
                           .more = "(func (export \"quiet\")) (func (export \"loud\") (call $raise (i32.const 144)))"
                                   "(func (export \"before\") (call $raise (i32.const 128)) (call $again))"
                                   "(func (export \"none\") (call $again))"},
                          with(std::move(host)));
    EXPECT_THAT(error_of(instance, "before").guest_message(), Optional("first"s));
    EXPECT_THAT(instance.call<void>("none"), IsOk());
    EXPECT_THAT(inner, ::testing::ElementsAre("fine", "second", "fine", "second"));
}

TEST(WaspError, RaisedBeforeATrap_standsBesideIt) {
    auto instance = start({.imports = std::string(kRaise), .more = "(func (export \"f\") (call $raise (i32.const 16)) unreachable)"});
    const Error error = error_of(instance, "f");
    EXPECT_EQ(error.code(), ErrorCode::trap);
    EXPECT_THAT(error.trap(), Optional(TrapKind::unreachable));
    EXPECT_THAT(error.guest_message(), Optional("hello"s));
}

TEST(WaspError, TrapAlone_hasNoGuestMessage) {
    auto instance = start({.more = "(func (export \"f\") unreachable)"});
    EXPECT_EQ(error_of(instance, "f").code(), ErrorCode::trap);
    EXPECT_EQ(error_of(instance, "f").guest_message(), std::nullopt);
}

TEST(WaspError, AfterATrap_theInstanceIsMadeAnew) {
    auto instance = start({.more = "(func (export \"f\") unreachable) (func (export \"g\") (param i32))"});
    value(instance.call<void>("g", "x"));
    EXPECT_EQ(error_of(instance, "f").code(), ErrorCode::trap);
    EXPECT_THAT(instance.call<int>("frees"), Holds(0));
}

TEST(WaspRaise, TextThatCannotBeRead_isABadPointer) {
    auto instance = start({.imports = std::string(kRaise), .more = "(func (export \"f\") (call $raise (i32.const -1)))", .get_string_size = "(i32.const 3)"});
    const Error error = error_of(instance, "f");
    EXPECT_EQ(error.code(), ErrorCode::bad_pointer);
    EXPECT_THAT(error.describe(), HasSubstr("env.raise_error"));
}

TEST(WaspRaise, LengthThatIsNotInMemory_isABadPointerBeforeItIsALimit) {
    auto instance = start({.imports = std::string(kRaise), .more = "(func (export \"f\") (call $raise (i32.const 16)))", .get_string_size = "(i32.const 0x7fffffff)"});
    EXPECT_EQ(error_of(instance, "f").code(), ErrorCode::bad_pointer);
}

TEST(WaspRaise, WithoutNestedCalls_worksAllTheSame) {
    PluginOptions options;
    options.abi = "wasp";
    for (const std::uint32_t depth : {0u, 1u, UINT32_MAX}) {
        options.limits.call_depth = depth;
        auto instance = start({.imports = std::string(kRaise), .more = "(func (export \"f\") (call $raise (i32.const 16)))"}, options);
        EXPECT_THAT(instance.call("f"), FailsWith(ErrorCode::guest_error, "hello")) << depth;
    }
}

TEST(WaspRaise, WithoutGetStringSize_isAMissingExport) {
    auto instance = start({.imports = std::string(kRaise), .more = "(func (export \"f\") (call $raise (i32.const 16)))", .has_helpers = false},
                          with(abi::wasp::Options{}));
    EXPECT_EQ(error_of(instance, "f").code(), ErrorCode::missing_export);
}

// "Oh" and "a.ts" as AssemblyScript has them: the length in bytes, then UTF-16LE.
constexpr std::string_view kStrings = "(data (i32.const 700) \"\\04\\00\\00\\00O\\00h\\00\") (data (i32.const 720) \"\\08\\00\\00\\00a\\00.\\00t\\00s\\00\")";

TEST(WaspAbort, Provided_trapsAndKeepsTheText) {
    auto instance = start({.imports = std::string(kAbort),
                           .more = std::string(kStrings) + "(func (export \"f\") (call $abort (i32.const 704) (i32.const 724) (i32.const 3) (i32.const 9)))"});
    const Error error = error_of(instance, "f");
    EXPECT_EQ(error.code(), ErrorCode::trap);
    EXPECT_THAT(error.trap(), Optional(TrapKind::unreachable));
    EXPECT_THAT(error.guest_message(), Optional("Oh"s));
    EXPECT_THAT(error.message(), HasSubstr("Oh at a.ts:3:9"));
}

TEST(WaspAbort, WithStringsThatCannotBeRead_trapsAllTheSame) {
    auto instance = start({.imports = std::string(kAbort),
                           .more = "(func (export \"f\") (call $abort (i32.const 0) (i32.const -1) (i32.const 3) (i32.const 9)))"
                                   "(func (export \"g\") (call $abort (i32.const 2) (i32.const 131072) (i32.const 3) (i32.const 9)))"});
    EXPECT_EQ(error_of(instance, "f").code(), ErrorCode::trap);
    EXPECT_EQ(error_of(instance, "g").guest_message(), std::nullopt);
}

TEST(WaspAbort, AfterARaisedError_leavesThatText) {
    auto instance = start({.imports = std::string(kRaise) + std::string(kAbort),
                           .more = std::string(kStrings) + "(func (export \"f\") (call $raise (i32.const 16))"
                                                           "(call $abort (i32.const 704) (i32.const 724) (i32.const 3) (i32.const 9)))"});
    EXPECT_THAT(error_of(instance, "f").guest_message(), Optional("hello"s));
}

TEST(WaspAbort, OfTheEmbedder_replacesIt) {
    HostFunctions host;
    host.add("env", "abort", [](int, int, int line, int) -> Result<void> { return fail(ErrorCode::host_abort, "line " + std::to_string(line)); });
    auto instance = start({.imports = std::string(kAbort), .more = "(func (export \"f\") (call $abort (i32.const 0) (i32.const 0) (i32.const 3) (i32.const 9)))"},
                          with(std::move(host)));
    EXPECT_THAT(error_of(instance, "f").message(), HasSubstr("line 3"));
}

TEST(WaspAbort, Required_isAMissingImportWithoutOne) {
    EXPECT_THAT(load({.imports = std::string(kAbort)}, with({.abort = abi::wasp::AbortImport::require_callback})),
                FailsWith(ErrorCode::missing_import, "\"abort\""));
}

}  // namespace
}  // namespace mortise::wasp_tests
