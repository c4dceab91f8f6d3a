#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mortise/abi/w3bstream.hpp>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise::w3bstream_tests {

namespace w3b = abi::w3bstream;

using testing::FailsWith;
using testing::Holds;
using testing::IsOk;
using testing::Recorder;

/// One Runtime for the program.
const Runtime& runtime();

/// An applet in the text format around the code of a test. All imports of today are there as $log, $get_data, $set_data, $get_db,
/// $set_db, $send_tx, $send_tx_op, $call_contract, $set_sql, $get_sql, $get_env, $mqtt, $api, $metrics, $event_type, $mqtt_msg. One page of
/// memory with "key" at 16, "value" at 32, the `data` of a test at 1024; cells for results at 512 and 516 (and 520, 524). $give stores
/// what the cells point at as resource 99 and gives back what it was given, for `(call $give (call $get_db ...))`.
struct Guest {
    std::string start = "(i32.const 0)";       ///< body of `start`, with $rid
    std::string alloc = kBump;                 ///< the allocator, exported or not
    std::string data = "";                     ///< at 1024, escaped as the text format has it
    std::string more = "";                     ///< further definitions
    std::string imports = kImports;
    std::string pages = "1";

    static const std::string kBump;     ///< hands out memory from 32768 on
    static const std::string kImports;

    std::string wat() const;
};

/// `data` for a Guest: the text with what the text format wants escaped.
std::string escaped(std::string_view text);

/// Everything in memory, and a chain, a broker and routes that remember.
class Host : public w3b::MemoryServices {
public:
    Host() : MemoryServices({.environment = {{"key", "from the environment"}, {"empty", ""}}, .log_records = 100}) {}

    bool has_chain() const override { return chain; }
    Result<std::string> send(const w3b::CallContext&, const w3b::Transaction& transaction) override;
    Result<Bytes> call(const w3b::CallContext&, const w3b::Transaction& transaction) override;
    bool has_mqtt() const override { return mqtt; }
    Result<void> publish(const w3b::CallContext&, std::string_view topic, BytesView payload) override;
    Result<w3b::ApiResponse> request(const w3b::CallContext&, const w3b::ApiRequest& request) override;
    Result<std::optional<Bytes>> get(const w3b::CallContext& context, std::string_view key) override;
    Result<void> set(const w3b::CallContext& context, std::string_view key, BytesView value) override;
    Result<void> submit_metrics(const w3b::CallContext& context, std::string_view json) override;
    void event_result(const w3b::EventResult& result) override;
    std::optional<std::uint32_t> next_rid() override { return rid ? rid() : std::nullopt; }

    bool chain = true, mqtt = true;
    bool broken = false;   ///< every back end fails
    std::function<std::optional<std::uint32_t>()> rid;
    std::vector<w3b::Transaction> transactions;
    std::vector<w3b::MqttMessage> published;
    std::vector<w3b::ApiRequest> requests;
    w3b::ApiResponse response;
    std::vector<std::string> results;
};

/// What came of one event.
struct Ran {
    Result<void> ended;
    std::optional<std::int32_t> value;   ///< what the handler returned
    w3b::Report report;
    w3b::Resources stored;

    /// Resource 99.
    std::optional<std::string> given() const;
};

/// How an event is run.
struct With {
    std::string payload = "payload";
    w3b::Event event{};
    std::string handler = "start";
    w3b::Options options{};
    std::shared_ptr<w3b::Services> services{};
    std::shared_ptr<Observer> observer{};
    HostFunctions host{};
    Limits limits{};
};

Result<Plugin> load(const Guest& guest, With with = {});
Ran run(Instance& instance, const With& with = {});
Ran run(const Guest& guest, const With& with = {});

/// The number that the handler returned; throws if it did not.
std::int32_t code(const Guest& guest, const With& with = {});

}  // namespace mortise::w3bstream_tests
