#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Import import_of(std::string module, std::string name, std::size_t params, std::size_t results) {
    Import import;
    import.module = std::move(module);
    import.name = std::move(name);
    import.function.params.assign(params, ValType::i32);
    import.function.results.assign(results, ValType::i32);
    return import;
}

TEST(W3bstreamReplaced, SignaturesOfServices) {
    struct Row {
        Import import;
        std::vector<Kind> params;
        Kind result;
    };
    const Row rows[] = {
        {import_of("env", "ws_get_db", 4, 1), {Kind::bytes}, Kind::bytes},
        {import_of("env", "ws_get_db", 2, 1), {Kind::bytes}, Kind::i32},
        {import_of("env", "ws_set_db", 4, 1), {Kind::bytes, Kind::bytes}, Kind::none},
        {import_of("env", "ws_set_db", 3, 0), {Kind::bytes, Kind::u32}, Kind::none},
        {import_of("env", "ws_log", 3, 1), {Kind::u32, Kind::bytes}, Kind::none},
        {import_of("env", "ws_send_tx", 5, 1), {Kind::u32, Kind::bytes}, Kind::bytes},
        {import_of("stat", "ws_submit_metrics", 2, 1), {Kind::bytes}, Kind::none},
    };
    for (const Row& row : rows) {
        const auto signature = w3b::service_signature(row.import);
        ASSERT_TRUE(signature) << row.import.name;
        EXPECT_EQ(signature->params, row.params) << row.import.name;
        EXPECT_EQ(signature->result, row.result) << row.import.name;
    }
    EXPECT_FALSE(w3b::service_signature(import_of("env", "ws_get_db", 1, 1)));
    EXPECT_FALSE(w3b::service_signature(import_of("env", "abort", 4, 0)));
    EXPECT_FALSE(w3b::service_signature(import_of("env", "ws_get_mqtt_msg", 5, 1)));
}

TEST(W3bstreamReplaced, FunctionStandsForTheImport) {
    HostFunctions host;
    std::string seen;
    host.add("env", "ws_get_db", [&](std::string_view key) -> std::string { return seen = "for " + std::string(key); });
    host.add("env", "ws_set_db", [&](BytesView key, std::string_view value) { seen = std::string(text_of(key)) + "=" + std::string(value); });
    host.add("env", "ws_send_mqtt_msg", [](std::string_view, std::string_view) -> std::int32_t { return 44; });
    host.add("env", "ws_get_data", [](const HostCall& call, std::uint32_t rid) {
        return copy_bytes(std::string(call.name) + " " + std::to_string(rid));
    });
    const Guest get{.start = "(call $give (call $get_db (i32.const 16) (i32.const 3) (i32.const 512) (i32.const 516)))"};
    EXPECT_EQ(run(get, {.host = host}).given(), "for key");
    EXPECT_EQ(code({.start = "(call $set_db (i32.const 16) (i32.const 3) (i32.const 32) (i32.const 5))"}, {.host = host}), 0);
    EXPECT_EQ(seen, "key=value");
    EXPECT_EQ(code({.start = "(call $mqtt (i32.const 16) (i32.const 3) (i32.const 32) (i32.const 5))"}, {.host = host}), 44);
    const Guest data{.start = "(call $give (call $get_data (i32.const -1) (i32.const 512) (i32.const 516)))"};
    EXPECT_EQ(run(data, {.host = host}).given(), "ws_get_data 4294967295");
}

TEST(W3bstreamReplaced, FailureIsTheImportsBackEndCode) {
    HostFunctions host;
    const auto fails = [](std::string_view) -> Result<Bytes> { return fail(ErrorCode::io, "no"); };
    host.add("env", "ws_get_db", fails).add("env", "ws_get_env", fails).add("env", "ws_get_sql_db", fails).add("env", "ws_api_call", fails);
    host.add("env", "ws_send_tx", [](std::uint32_t, std::string_view) -> std::string { throw std::runtime_error("thrown"); });
    host.add("env", "ws_set_db", [](std::string_view, std::string_view) -> Result<void> { return fail(ErrorCode::io, "no"); });
    const std::string in = " (i32.const 16) (i32.const 3) ", out = "(i32.const 512) (i32.const 516)";
    const auto services = std::make_shared<w3b::Services>();   // where nothing is configured: the function is asked all the same
    const auto answered = [&](const std::string& call) {
        return code({.start = "(i32.add (call " + call + ") (i32.const 100))"}, {.services = services, .host = host}) - 100;
    };
    EXPECT_EQ(answered("$get_db" + in + out), 2);
    EXPECT_EQ(answered("$get_env" + in + out), 8);
    EXPECT_EQ(answered("$get_sql" + in + out), -1);
    EXPECT_EQ(answered("$api" + in + out), 7);
    EXPECT_EQ(answered("$send_tx (i32.const 1)" + in + out), -1);
    EXPECT_EQ(answered("$set_db" + in + in), -1);
}

TEST(W3bstreamReplaced, OneOfTwoTypes_byWhatTheFunctionTakes) {
    HostFunctions host;
    std::vector<std::string> seen;
    host.add("env", "ws_log", [&](std::string_view text) { seen.push_back("plain " + std::string(text)); });
    const Guest guest{.start = R"((call $log1 (i32.const 16) (i32.const 3)) (call $log2 (i32.const 4) (i32.const 32) (i32.const 5)))",
                      .imports = R"(
  (import "env" "ws_log" (func $log1 (param i32 i32)))
  (import "env" "ws_log" (func $log2 (param i32 i32 i32) (result i32))))"};
    // The other type is numbers to it, and it takes text: loading says so rather than calling something else.
    EXPECT_THAT(load(guest, {.host = host}), FailsWith(ErrorCode::import_mismatch, "ws_log"));
    host.add("env", "ws_log", [&](std::uint32_t level, std::string_view text) { seen.push_back(std::to_string(level) + std::string(text)); });
    EXPECT_EQ(code(guest, {.host = host}), 0);
    EXPECT_THAT(seen, ElementsAre("plain key", "4value"));
}

TEST(W3bstreamReplaced, NumericFunctionsServeAnyImport) {
    HostFunctions host;
    host.add("env", "double", [](std::int32_t n) { return 2 * n; });
    host.add("env", "ws_log", [](std::int32_t, std::int32_t, std::int32_t) { return 77; });
    const Guest guest{.start = "(i32.add (call $double (i32.const 4)) (call $log (i32.const 1) (i32.const 2) (i32.const 3)))",
                      .imports = Guest::kImports + R"((import "env" "double" (func $double (param i32) (result i32))))"};
    EXPECT_EQ(code(guest, {.host = host}), 85);
}

TEST(W3bstreamReplaced, CallingTheInstanceBack_isRefused) {
    HostFunctions host;
    std::optional<ErrorCode> answered;
    host.add("env", "ws_set_sql_db", [&](const HostCall& call, std::string_view) -> Result<void> {
        auto nested = call.instance().invoke("start", "again");
        if (!nested) answered = nested.error().code();
        return {};
    });
    EXPECT_EQ(code({.start = "(call $set_sql (i32.const 16) (i32.const 3))"}, {.host = host}), 0);
    EXPECT_EQ(answered, ErrorCode::not_reentrant);
}

}  // namespace
}  // namespace mortise::w3bstream_tests
