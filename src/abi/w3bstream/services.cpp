#include <mortise/abi/w3bstream_services.hpp>

#include <cstring>

namespace mortise::abi::w3bstream {

namespace {

std::unexpected<Error> not_configured(std::string_view what) {
    return fail(ErrorCode::not_found, "no " + std::string(what) + " is configured");
}

}  // namespace

Services::~Services() = default;

Result<std::optional<Bytes>> Services::get(const CallContext&, std::string_view) { return std::optional<Bytes>(); }
Result<void> Services::set(const CallContext&, std::string_view, BytesView) { return not_configured("key-value state"); }

Result<std::int32_t> Services::increment(const CallContext& context, std::string_view key, std::int32_t by) {
    auto value = get(context, key);
    if (!value) return fail(std::move(value).error());
    std::uint32_t number = 0;
    if (*value && (*value)->size() == sizeof(number)) std::memcpy(&number, (*value)->data(), sizeof(number));
    number += static_cast<std::uint32_t>(by);
    if (auto done = set(context, key, std::as_bytes(std::span(&number, 1))); !done) return fail(std::move(done).error());
    return static_cast<std::int32_t>(number);
}

Result<std::optional<std::string>> Services::environment(const CallContext&, std::string_view) { return std::optional<std::string>(); }

bool Services::has_sql() const { return false; }
Result<void> Services::execute(const CallContext&, const std::string&, std::span<const SqlValue>) { return not_configured("database"); }
Result<SqlRows> Services::query(const CallContext&, const std::string&, std::span<const SqlValue>) { return not_configured("database"); }

bool Services::has_chain() const { return false; }
Result<std::string> Services::send(const CallContext&, const Transaction&) { return not_configured("chain"); }
Result<Bytes> Services::call(const CallContext&, const Transaction&) { return not_configured("chain"); }

bool Services::has_mqtt() const { return false; }
Result<void> Services::publish(const CallContext&, std::string_view, BytesView) { return not_configured("MQTT client"); }

Result<ApiResponse> Services::request(const CallContext&, const ApiRequest&) {
    return ApiResponse{.status = 404,
                       .headers = {{"Content-Type", {"application/json; charset=utf-8"}}},
                       .body = copy_bytes("{\"error\":\"no such route\"}")};
}

Result<void> Services::submit_metrics(const CallContext&, std::string_view) { return not_configured("metrics store"); }

bool Services::wants_log() const { return false; }
void Services::log(const LogRecord&) {}
void Services::event_result(const EventResult&) {}
std::optional<std::uint32_t> Services::next_rid() { return std::nullopt; }
std::chrono::nanoseconds Services::now() { return std::chrono::system_clock::now().time_since_epoch(); }

std::string_view to_string(Level level) noexcept {
    switch (level) {
        case Level::panic: return "panic";
        case Level::fatal: return "fatal";
        case Level::error: return "error";
        case Level::warn: return "warn";
        case Level::info: return "info";
        case Level::debug: return "debug";
        case Level::trace: return "trace";
    }
    return "trace";
}

}  // namespace mortise::abi::w3bstream
