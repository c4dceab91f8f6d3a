#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>

/// What W3bstream applets reach through their imports: the back ends of a host. See `mortise/abi/w3bstream.hpp`.
namespace mortise::abi::w3bstream {

/// Who asks. Valid during the call that it is given to.
class CallContext {
public:
    std::uint64_t instance_id = 0;     ///< as `Instance::id`
    std::string_view event_id{};       ///< of the event, as given with it

    /// True once the event's deadline is over or it was cancelled: what takes long should look now and then and give up.
    bool expired() const noexcept { return expired_ != nullptr && expired_(store_); }

    bool (*expired_)(const void*) noexcept = nullptr;   ///< for `expired`
    const void* store_ = nullptr;
};

/// `ws_log` levels. Whatever else a guest says is trace.
enum class Level : std::uint8_t { panic, fatal, error, warn, info, debug, trace };

/// One line of a guest (`wasm`) or of the host about it. Views are valid during the call.
struct LogRecord {
    std::string_view project, applet;   ///< of the Options
    std::uint64_t instance_id = 0;
    std::string_view event_id;
    bool host = false;                  ///< source "host", else "wasm"
    Level level = Level::info;
    std::chrono::nanoseconds time{};    ///< since 1970
    std::string_view text;              ///< UTF-8, at most 1024 code points; what was not UTF-8 is in hexadecimal
};

/// A point in time of a database, without a zone of its own (UTC).
struct SqlTime {
    std::int64_t seconds = 0;      ///< since 1970
    std::int32_t nanoseconds = 0;  ///< 0 to 999,999,999
    bool valid = true;             ///< false: NULL in a column of times
    friend bool operator==(const SqlTime&, const SqlTime&) = default;
};

/// One value of a statement's parameters or of a row.
using SqlValue = std::variant<std::monostate, std::int64_t, double, bool, std::string, Bytes, SqlTime>;

/// The answer to a query.
struct SqlRows {
    std::vector<std::string> columns;
    std::vector<std::vector<SqlValue>> rows;   ///< as many values each as there are columns
};

/// A transaction or contract call, as the guest's JSON says. Nothing in it has been checked but that `to` and `value` are not
/// empty where they are needed.
struct Transaction {
    std::uint32_t chain_id = 0;
    std::string to;              ///< address in hexadecimal
    std::string value;           ///< decimal, in the smallest unit
    std::string data;            ///< hexadecimal, with or without 0x; of Solana, JSON
    std::string operator_name;   ///< empty: the default one
};

/// Headers in the order given; a name may have several values.
using Headers = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// A request to one of the host's routes, with `w3bstream://w3bstream.com` taken off the URL.
struct ApiRequest {
    std::string method, path;
    Headers headers;
    Bytes body;
    std::string event_type;   ///< of the header Eventtype: which event a later answer becomes
};
struct ApiResponse {
    int status = 200;
    Headers headers;
    Bytes body;
};

/// A message on a topic.
struct MqttMessage {
    std::string topic;
    Bytes payload;
};

/// What came of an event. Views are valid during the call.
struct EventResult {
    std::uint64_t instance_id = 0;
    std::string_view event_id, type, handler;
    std::int32_t code = 0;           ///< what the handler returned; -1 where it did not return
    const Error* error = nullptr;    ///< null: the event succeeded
};

/// The back ends of a host; derive from it, or from `MemoryServices`, and override what you have. Every default answers that
/// it is not configured. Give a `std::shared_ptr` of it to `HostFunctions::set_services`.
/// Threads: called from whichever thread runs an instance, several at once. What a member throws counts as an error. Calling the
/// instance that asks is refused with `not_reentrant`.
class MORTISE_API Services {
public:
    virtual ~Services();

    /// Key-value state. Nothing: no such key. An error counts as missing for reads. Values last beyond instances.
    virtual Result<std::optional<Bytes>> get(const CallContext& context, std::string_view key);
    virtual Result<void> set(const CallContext& context, std::string_view key, BytesView value);

    /// Adds to a number that is stored as 4 bytes, little-endian, wrapping, and answers the new one; a missing key counts as 0. The
    /// default reads and writes, which is not atomic.
    virtual Result<std::int32_t> increment(const CallContext& context, std::string_view key, std::int32_t by);

    /// A variable of the project's environment; nothing: no such variable.
    virtual Result<std::optional<std::string>> environment(const CallContext& context, std::string_view name);

    /// SQL with `?` marks. Asked for only where `has_sql`.
    virtual bool has_sql() const;
    virtual Result<void> execute(const CallContext& context, const std::string& statement, std::span<const SqlValue> parameters);
    virtual Result<SqlRows> query(const CallContext& context, const std::string& statement, std::span<const SqlValue> parameters);

    /// Chains. Asked for only where `has_chain`. `send` answers the hash as text, `call` the returned bytes.
    virtual bool has_chain() const;
    virtual Result<std::string> send(const CallContext& context, const Transaction& transaction);
    virtual Result<Bytes> call(const CallContext& context, const Transaction& call);

    /// MQTT: not retained, default quality of service. Asked for only where `has_mqtt`.
    virtual bool has_mqtt() const;
    virtual Result<void> publish(const CallContext& context, std::string_view topic, BytesView payload);

    /// A request to the host's routes. An error becomes a response of status 500; the default is one of 404.
    virtual Result<ApiResponse> request(const CallContext& context, const ApiRequest& request);

    /// Metrics: any JSON but an array, checked.
    virtual Result<void> submit_metrics(const CallContext& context, std::string_view json);

    /// Log records, the host's own included, if `wants_log`. The instance's observer hears the guest's lines in any case.
    virtual bool wants_log() const;
    virtual void log(const LogRecord& record);

    /// The end of each event.
    virtual void event_result(const EventResult& result);

    /// The id of the next event's resource, below 2^31 - 1; asked again if it is in use. Nothing: a random one.
    virtual std::optional<std::uint32_t> next_rid();

    /// For log records. Default: the system's clock.
    virtual std::chrono::nanoseconds now();
};

struct MemoryDatabase;

/// Everything in this process: key-value state and environment in maps, SQL on an SQLite database in memory (where the library
/// was built with it), metrics and log records kept for reading; no chain, MQTT or routes. Any thread.
class MORTISE_API MemoryServices : public Services {
public:
    struct Settings {
        std::map<std::string, std::string, std::less<>> environment{};
        std::uint64_t state_bytes = std::uint64_t{64} << 20;      ///< keys and values together; beyond it `set` fails
        /// Of the database, and of one answer. A statement ends when SQLite's use of memory grew by four times as much meanwhile; that
        /// is counted for the whole process, so other users of SQLite count too.
        std::uint64_t database_bytes = std::uint64_t{64} << 20;
        std::size_t metrics = 5'000;                              ///< kept at most; beyond it submitting fails
        std::uint64_t metrics_bytes = std::uint64_t{64} << 20;    ///< of all that are kept; likewise
        std::size_t log_records = 0;                              ///< kept at most, the oldest go first; 0: none are made
    };

    MemoryServices();
    explicit MemoryServices(Settings settings);
    ~MemoryServices() override;

    Result<std::optional<Bytes>> get(const CallContext& context, std::string_view key) override;
    Result<void> set(const CallContext& context, std::string_view key, BytesView value) override;
    Result<std::int32_t> increment(const CallContext& context, std::string_view key, std::int32_t by) override;
    Result<std::optional<std::string>> environment(const CallContext& context, std::string_view name) override;
    bool has_sql() const override;
    Result<void> execute(const CallContext& context, const std::string& statement, std::span<const SqlValue> parameters) override;
    Result<SqlRows> query(const CallContext& context, const std::string& statement, std::span<const SqlValue> parameters) override;
    Result<void> submit_metrics(const CallContext& context, std::string_view json) override;
    bool wants_log() const override;
    void log(const LogRecord& record) override;

    /// Forgets all keys and values.
    void clear_state();

    /// A copy of the key-value state.
    std::map<std::string, Bytes, std::less<>> state() const;

    /// Takes the metrics out, oldest first.
    std::vector<std::string> take_metrics();

    /// Takes the log records out, oldest first: `SOURCE LEVEL TEXT`, e.g. `wasm info hello`.
    std::vector<std::string> take_log();

private:
    Result<void> store(std::string_view key, BytesView value);   // with the mutex held

    const Settings settings_;
    mutable std::mutex mutex_;   // guards what follows, but the database, which has its own
    std::map<std::string, Bytes, std::less<>> state_;
    std::uint64_t used_ = 0;
    std::vector<std::string> metrics_, log_;
    std::uint64_t metrics_used_ = 0;
    std::unique_ptr<MemoryDatabase> database_;
};

/// The spelling in log records, e.g. `warn`.
MORTISE_API std::string_view to_string(Level level) noexcept;

/// A response as guests get it, and as the payload of a later event has it.
MORTISE_API std::string encode_response(const ApiResponse& response);

}  // namespace mortise::abi::w3bstream
