#include <cstring>

#include <mortise/abi/w3bstream_services.hpp>

#include "abi/w3bstream/memory_database.hpp"
#include "base/text.hpp"

namespace mortise::abi::w3bstream {

MemoryServices::MemoryServices() : MemoryServices(Settings{}) {}

MemoryServices::MemoryServices(Settings settings)
    : settings_(std::move(settings)), database_(MemoryDatabase::open(settings_.database_bytes)) {}

MemoryServices::~MemoryServices() = default;

Result<std::optional<Bytes>> MemoryServices::get(const CallContext&, std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto found = state_.find(key);
    if (found == state_.end()) return std::optional<Bytes>();
    return std::optional<Bytes>(found->second);
}

Result<void> MemoryServices::set(const CallContext&, std::string_view key, BytesView value) {
    const std::lock_guard lock(mutex_);
    return store(key, value);
}

Result<void> MemoryServices::store(std::string_view key, BytesView value) {
    const auto found = state_.find(key);
    const std::uint64_t before = found == state_.end() ? 0 : key.size() + found->second.size();
    const std::uint64_t after = std::uint64_t{key.size()} + value.size();
    if (after > settings_.state_bytes || used_ - before > settings_.state_bytes - after) {
        return fail(ErrorCode::output_limit, base::concat("the key-value state is at its limit of ", settings_.state_bytes, " bytes"));
    }
    used_ = used_ - before + after;
    if (found != state_.end()) found->second.assign(value.begin(), value.end());
    else state_.emplace(std::string(key), copy_bytes(value));
    return {};
}

Result<std::int32_t> MemoryServices::increment(const CallContext&, std::string_view key, std::int32_t by) {
    const std::lock_guard lock(mutex_);
    std::uint32_t number = 0;
    const auto found = state_.find(key);
    if (found != state_.end() && found->second.size() == sizeof(number)) std::memcpy(&number, found->second.data(), sizeof(number));
    number += static_cast<std::uint32_t>(by);
    if (auto done = store(key, std::as_bytes(std::span(&number, 1))); !done) return fail(std::move(done).error());
    return static_cast<std::int32_t>(number);
}

Result<std::optional<std::string>> MemoryServices::environment(const CallContext&, std::string_view name) {
    const auto found = settings_.environment.find(name);
    if (found == settings_.environment.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
}

bool MemoryServices::has_sql() const { return database_ != nullptr; }

Result<void> MemoryServices::execute(const CallContext& context, const std::string& statement, std::span<const SqlValue> parameters) {
    auto rows = query(context, statement, parameters);
    if (!rows) return fail(std::move(rows).error());
    return {};
}

Result<SqlRows> MemoryServices::query(const CallContext& context, const std::string& statement, std::span<const SqlValue> parameters) {
    if (!database_) return fail(ErrorCode::unsupported, "this build has no SQLite");
    return database_->run(context, statement, parameters);
}

Result<void> MemoryServices::submit_metrics(const CallContext&, std::string_view json) {
    const std::lock_guard lock(mutex_);
    const bool room = metrics_.size() < settings_.metrics && json.size() <= settings_.metrics_bytes - metrics_used_;
    if (!room) return fail(ErrorCode::output_limit, "the queue of metrics is full");
    metrics_.emplace_back(json);
    metrics_used_ += json.size();
    return {};
}

bool MemoryServices::wants_log() const { return settings_.log_records != 0; }

void MemoryServices::log(const LogRecord& record) {
    const std::lock_guard lock(mutex_);
    if (log_.size() >= settings_.log_records && !log_.empty()) log_.erase(log_.begin());
    log_.push_back(base::concat(record.host ? "host " : "wasm ", to_string(record.level), ' ', record.text));
}

void MemoryServices::clear_state() {
    const std::lock_guard lock(mutex_);
    state_.clear();
    used_ = 0;
}

std::map<std::string, Bytes, std::less<>> MemoryServices::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

std::vector<std::string> MemoryServices::take_metrics() {
    const std::lock_guard lock(mutex_);
    metrics_used_ = 0;
    return std::exchange(metrics_, {});
}

std::vector<std::string> MemoryServices::take_log() {
    const std::lock_guard lock(mutex_);
    return std::exchange(log_, {});
}

}  // namespace mortise::abi::w3bstream
