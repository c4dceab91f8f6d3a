#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

using ::testing::HasSubstr;

struct Module {
    std::string_view name, wat, reason;   // an empty reason: not recognised
};

TEST(W3bstreamRecognition, Modules_areTakenByTheirMarks) {
    const Module rows[] = {
        {"today", R"((module (import "env" "ws_log" (func (param i32 i32 i32) (result i32))) (memory (export "memory") 1)))",
         "imports \"env\" \"ws_log\""},
        {"stat", R"((module (import "stat" "ws_submit_metrics" (func (param i32 i32) (result i32))) (memory (export "memory") 1)))",
         "imports from \"stat\": \"ws_submit_metrics\""},
        {"oldest", R"((module (import "env" "log" (func (param i32 i32))) (memory (export "memory") 1)
            (func (export "malloc") (param i32) (result i32) (i32.const 0))
            (func (export "start") (param i32) (result i32) (i32.const 0))))",
         "imports \"env\" \"log\", exports an allocator and the handler \"start\""},
        {"oldest without allocator", R"((module (import "env" "get_db" (func (param i32 i32) (result i32))) (memory (export "memory") 1)
            (func (export "start") (param i32) (result i32) (i32.const 0))))", ""},
        {"oldest without start", R"((module (import "env" "get_db" (func (param i32 i32) (result i32))) (memory (export "memory") 1)
            (func (export "alloc") (param i32) (result i32) (i32.const 0))))", ""},
        {"oldest with another start", R"((module (import "env" "get_db" (func (param i32 i32) (result i32))) (memory (export "memory") 1)
            (func (export "alloc") (param i32) (result i32) (i32.const 0)) (func (export "start"))))", ""},
        {"another module's ws_", R"((module (import "other" "ws_log" (func (param i32 i32 i32) (result i32)))))", ""},
        {"nothing", R"((module (memory (export "memory") 1)))", ""},
    };
    for (const Module& row : rows) {
        PluginOptions options;
        if (row.reason.empty()) options.host.add("env", "get_db", [](std::int32_t, std::int32_t) { return 0; });
        if (row.reason.empty()) options.host.add("other", "ws_log", [](std::int32_t, std::int32_t, std::int32_t) { return 0; });
        const auto plugin = testing::load_wat(runtime(), row.wat, std::move(options));
        ASSERT_THAT(plugin, IsOk()) << row.name;
        EXPECT_EQ(plugin->abi().name == "w3bstream", !row.reason.empty()) << row.name;
        if (!row.reason.empty()) {
            EXPECT_EQ(plugin->abi_reason(), row.reason) << row.name;
        }
    }
}

TEST(W3bstreamLoad, AbiIsNamedForModulesWithoutMarks) {
    PluginOptions options;
    options.abi = "w3bstream";
    const auto plugin = testing::load_wat(runtime(), R"((module (memory (export "memory") 1)
        (func (export "start") (param i32) (result i32) (local.get 0))))", std::move(options));
    ASSERT_THAT(plugin, IsOk());
    auto instance = value(plugin->instantiate());
    EXPECT_EQ(run(instance, {.event = {.rid = 7}}).value, 7);
}

TEST(W3bstreamLoad, MemoryIsRequired) {
    EXPECT_THAT(testing::load_wat(runtime(), R"((module (import "env" "ws_log" (func (param i32 i32 i32) (result i32)))))"),
                FailsWith(ErrorCode::missing_export, "memory"));
    EXPECT_THAT(testing::load_wat(runtime(), R"((module (import "env" "ws_log" (func (param i32 i32 i32) (result i32)))
                                                        (func (export "memory"))))"),
                FailsWith(ErrorCode::export_mismatch, "memory"));
}

TEST(W3bstreamLoad, ConfiguredHandlerOfAnotherType_isRefused) {
    const Guest guest{.more = R"((func (export "odd") (param i64) (result i32) (i32.const 0)) (func (export "void") (param i32))
                                 (func (export "reduce") (param i32 i32) (result i32) (i32.const 0)) (global (export "g") i32 (i32.const 0)))"};
    EXPECT_THAT(load(guest, {.options = {.handlers = {"start", "reduce", "not there"}}}), IsOk());
    EXPECT_THAT(load(guest, {.options = {.handlers = {"odd"}}}), FailsWith(ErrorCode::export_mismatch, "(i64) -> i32"));
    EXPECT_THAT(load(guest, {.options = {.handlers = {"void"}}}), FailsWith(ErrorCode::export_mismatch, "\"void\""));
    EXPECT_THAT(load(guest, {.options = {.handlers = {"g"}}}), FailsWith(ErrorCode::export_mismatch, "global"));
    EXPECT_THAT(load(guest), IsOk());
    EXPECT_THAT(run(guest, {.handler = "odd"}).ended, FailsWith(ErrorCode::export_mismatch));
    EXPECT_THAT(run(guest, {.handler = "void"}).ended, FailsWith(ErrorCode::export_mismatch));
}

TEST(W3bstreamLoad, StartOfAnotherType_isRefusedUnlessOthersAreTheHandlers) {
    const std::string wat = R"((module (import "env" "ws_log" (func (param i32 i32 i32) (result i32))) (memory (export "memory") 1)
                                 (func (export "start") (param i64)) (func (export "other") (param i32) (result i32) (i32.const 3))))";
    EXPECT_THAT(testing::load_wat(runtime(), wat), FailsWith(ErrorCode::export_mismatch, "\"start\""));
    PluginOptions options;
    options.abi_options = w3b::Options{.handlers = {"other"}};
    EXPECT_THAT(testing::load_wat(runtime(), wat, options), IsOk());
}

TEST(W3bstreamLoad, ImportOfAnotherType_namesThoseThatThereAre) {
    const auto plugin = testing::load_wat(runtime(), R"((module (import "env" "ws_log" (func (param i64))) (memory (export "memory") 1)))");
    EXPECT_THAT(plugin, FailsWith(ErrorCode::import_mismatch, "(i32 i32 i32) -> i32 or (i32 i32) -> ()"));
    EXPECT_THAT(testing::load_wat(runtime(), R"((module (import "env" "ws_log" (global i32)) (import "env" "ws_get_db" (func (param i32 i32) (result i32)))
                                                        (memory (export "memory") 1)))"),
                FailsWith(ErrorCode::import_mismatch, "is a global"));
    EXPECT_THAT(testing::load_wat(runtime(), R"((module (import "env" "ws_unheard_of" (func)) (memory (export "memory") 1)))"),
                FailsWith(ErrorCode::missing_import, "ws_unheard_of"));
    EXPECT_THAT(testing::load_wat(runtime(), R"((module (import "env" "ws_log" (func (param i32 i32 i32) (result i32)))
                                                        (import "env" "seed" (func (result i32))) (memory (export "memory") 1)))"),
                FailsWith(ErrorCode::import_mismatch, "seed"));
}

TEST(W3bstreamLoad, WrongOptionsAndServices_areRefused) {
    PluginOptions options;
    options.abi_options = 5;
    EXPECT_THAT(testing::load_wat(runtime(), Guest{}.wat(), options), FailsWith(ErrorCode::invalid_argument, "w3bstream::Options"));
    options.abi_options.reset();
    options.host.set_services(std::string("services"));
    EXPECT_THAT(testing::load_wat(runtime(), Guest{}.wat(), options), FailsWith(ErrorCode::invalid_argument, "w3bstream::Services"));
    options.host.set_services(std::shared_ptr<w3b::Services>());
    EXPECT_THAT(testing::load_wat(runtime(), Guest{}.wat(), options), FailsWith(ErrorCode::invalid_argument, "null"));
    options.host.set_services(std::make_shared<w3b::MemoryServices>());
    EXPECT_THAT(testing::load_wat(runtime(), Guest{}.wat(), options), IsOk());
}

TEST(W3bstreamLoad, StartSectionRuns_startFunctionsDoNot) {
    const Guest guest{.start = "(global.get $seen)",
                      .more = R"((global $seen (mut i32) (i32.const 0))
                        (func $section (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
                            (drop (call $set_db (i32.const 16) (i32.const 3) (i32.const 32) (i32.const 5))))
                        (func (export "_start") (global.set $seen (i32.add (global.get $seen) (i32.const 10))))
                        (func (export "_initialize") (global.set $seen (i32.add (global.get $seen) (i32.const 100))))
                        (start $section))"};
    const auto host = std::make_shared<Host>();
    EXPECT_EQ(code(guest, {.services = host}), 1);
    EXPECT_EQ(text_of(host->state().at("key")), "value");
    EXPECT_EQ(code(guest, {.options = {.call_start = true}}), 11);
}

TEST(W3bstreamLoad, ListedAmongAbis_withItsPolicy) {
    for (const auto& abi : Runtime::abis()) {
        if (abi.name != "w3bstream") continue;
        EXPECT_EQ(abi.policy, InstancePolicy::fresh);
        EXPECT_FALSE(abi.nested_calls);
        return;
    }
    FAIL() << "not listed";
}

}  // namespace
}  // namespace mortise::w3bstream_tests
