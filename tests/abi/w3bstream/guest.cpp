#include "guest.hpp"

namespace mortise::w3bstream_tests {

const Runtime& runtime() {
    static const Runtime the = testing::runtime_under_test();
    return the;
}

const std::string Guest::kBump = R"(
  (global $heap (mut i32) (i32.const 32768))
  (func $alloc (export "alloc") (param $n i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get $n)))
    (i32.sub (global.get $heap) (local.get $n))))";

const std::string Guest::kImports = R"(
  (import "env" "ws_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "ws_get_data" (func $get_data (param i32 i32 i32) (result i32)))
  (import "env" "ws_set_data" (func $set_data (param i32 i32 i32) (result i32)))
  (import "env" "ws_get_db" (func $get_db (param i32 i32 i32 i32) (result i32)))
  (import "env" "ws_set_db" (func $set_db (param i32 i32 i32 i32) (result i32)))
  (import "env" "ws_send_tx" (func $send_tx (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "ws_send_tx_with_operator" (func $send_tx_op (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "ws_call_contract" (func $call_contract (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "ws_set_sql_db" (func $set_sql (param i32 i32) (result i32)))
  (import "env" "ws_get_sql_db" (func $get_sql (param i32 i32 i32 i32) (result i32)))
  (import "env" "ws_get_env" (func $get_env (param i32 i32 i32 i32) (result i32)))
  (import "env" "ws_send_mqtt_msg" (func $mqtt (param i32 i32 i32 i32) (result i32)))
  (import "env" "ws_api_call" (func $api (param i32 i32 i32 i32) (result i32)))
  (import "stat" "ws_submit_metrics" (func $metrics (param i32 i32) (result i32)))
  (import "env" "ws_get_event_type" (func $event_type (param i32 i32 i32) (result i32)))
  (import "env" "ws_get_mqtt_msg" (func $mqtt_msg (param i32 i32 i32 i32 i32) (result i32))))";

std::string Guest::wat() const {
    std::string out = "(module " + imports + "(memory (export \"memory\") " + pages + ")" + alloc;
    out += R"((data (i32.const 16) "key") (data (i32.const 32) "value") (data (i32.const 1024) ")" + data + "\")";
    if (imports.find("$set_data") != std::string::npos) {
        out += R"((func $give (param $code i32) (result i32)
          (drop (call $set_data (i32.const 99) (i32.load (i32.const 512)) (i32.load (i32.const 516))))
          (local.get $code)))";
    }
    return out + "(func (export \"start\") (param $rid i32) (result i32) " + start + ")" + more + ")";
}

std::string escaped(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        out += '\\';
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

namespace {
std::unexpected<Error> broken_back_end() { return fail(ErrorCode::io, "the back end is broken"); }
}  // namespace

Result<std::string> Host::send(const w3b::CallContext&, const w3b::Transaction& transaction) {
    if (broken) return broken_back_end();
    transactions.push_back(transaction);
    return std::string("0xhash");
}
Result<Bytes> Host::call(const w3b::CallContext&, const w3b::Transaction& transaction) {
    if (broken) return broken_back_end();
    transactions.push_back(transaction);
    return copy_bytes(std::string_view("\x00\x01\xff", 3));
}
Result<void> Host::publish(const w3b::CallContext&, std::string_view topic, BytesView payload) {
    if (broken) return broken_back_end();
    published.push_back({std::string(topic), copy_bytes(payload)});
    return {};
}
Result<w3b::ApiResponse> Host::request(const w3b::CallContext&, const w3b::ApiRequest& request) {
    if (broken) return broken_back_end();
    requests.push_back(request);
    return response;
}
Result<std::optional<Bytes>> Host::get(const w3b::CallContext& context, std::string_view key) {
    if (broken) return broken_back_end();
    return MemoryServices::get(context, key);
}
Result<void> Host::set(const w3b::CallContext& context, std::string_view key, BytesView value) {
    if (broken) return broken_back_end();
    return MemoryServices::set(context, key, value);
}
Result<void> Host::submit_metrics(const w3b::CallContext& context, std::string_view json) {
    if (broken) return broken_back_end();
    return MemoryServices::submit_metrics(context, json);
}
void Host::event_result(const w3b::EventResult& result) {
    results.push_back(std::string(result.type) + " " + std::string(result.handler) + " " + std::to_string(result.code) +
                      (result.error != nullptr ? " " + std::string(to_string(result.error->code())) : ""));
}

std::optional<std::string> Ran::given() const {
    for (const auto& [rid, bytes] : stored) {
        if (rid == 99) return std::string(text_of(bytes));
    }
    return std::nullopt;
}

Result<Plugin> load(const Guest& guest, With with) {
    PluginOptions options;
    options.abi_options = with.options;
    options.host = std::move(with.host);
    if (with.services) options.host.set_services(with.services);
    options.observer = std::move(with.observer);
    options.limits = with.limits;
    return testing::load_wat(runtime(), guest.wat(), std::move(options));
}

Ran run(Instance& instance, const With& with) {
    Ran ran;
    w3b::Event event = with.event;
    event.stored = &ran.stored;
    const std::any options = event;
    CallOutcome outcome;
    ran.ended = instance.perform({.name = with.handler, .form = CallRequest::Form::message, .payload = bytes_of(with.payload), .options = &options},
                                 outcome);
    if (const auto* number = outcome.value.get_if<std::int32_t>()) ran.value = *number;
    if (const auto* report = std::any_cast<w3b::Report>(&outcome.report)) ran.report = *report;
    EXPECT_FALSE(outcome.has_payload);
    return ran;
}

Ran run(const Guest& guest, const With& with) {
    Instance instance = value(value(load(guest, with)).instantiate());
    return run(instance, with);
}

std::int32_t code(const Guest& guest, const With& with) {
    const Ran ran = run(guest, with);
    if (ran.value) return *ran.value;
    throw Exception(ran.ended.error());
}

}  // namespace mortise::w3bstream_tests
