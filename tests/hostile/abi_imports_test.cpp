// Every import of every ABI, called with every address and count that is not what it seems: a table for each ABI says what its
// imports take and how a bad argument ends; the rows are made of it, one lie each.

#include <any>
#include <memory>

#include <mortise/abi/aspect.hpp>
#include <mortise/abi/w3bstream.hpp>
#include <mortise/abi/w3bstream_services.hpp>

#include "import_guest.hpp"

namespace mortise::hostile {
namespace {

namespace w3b = abi::w3bstream;
using enum ErrorCode;

/// An ABI, a guest of it that calls what it is told to, and the call that tells it.
struct Target {
    std::string name;
    std::vector<Import> imports;
    std::function<std::string(const std::vector<Import>&)> guest;
    std::function<Result<void>(Instance&, const std::string& message)> call;
    std::function<void(PluginOptions&)> options = [](PluginOptions&) {};
};

void PrintTo(const Target& target, std::ostream* out) { *out << target.name; }

// Memory of one page; "eight by" at 64, "failing!" at 128, what `structure` is at 32.
std::string memory(const std::string& structure) {
    return "(memory (export \"memory\") 1) (data (i32.const 64) \"eight by\") (data (i32.const 128) \"failing!\") (data (i32.const 32) \"" +
           structure + "\")\n";
}

const std::string kBump = R"(
  (global $heap (mut i32) (i32.const 16384))
  (func $bump (param $n i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get $n)))
    (i32.sub (global.get $heap) (local.get $n))))";

std::string message_guest(const std::vector<Import>& imports, const std::string& entry) {
    return "(module " + import_section(imports) + memory("x") + dispatcher(imports) + "(func (export \"" + entry + R"(") (param i32 i32) (result i32)
        (call $import0 (i32.const 4096) (i32.const 8192))
        (call $import1 (i32.const 64) (i32.const 8))
        (call $dispatch (i32.const 8192)) (i32.const 1))))";
}

Result<void> invoke(Instance& instance, const std::string& message) {
    auto response = instance.invoke("operate!", message);
    if (!response) return fail(std::move(response).error());
    return {};
}

void answer_or_fail(PluginOptions& options) {
    options.observer = std::make_shared<testing::Recorder>();   // some logs are looked at only if somebody listens
    options.host.on_call([](const HostCall& call, Bytes& reply) -> Result<void> {
        if (call.operation.starts_with("fail")) return fail(io, "as asked for");
        reply = copy_bytes("an answer");
        return {};
    });
}

const std::vector<Import> kAssemblyScript = {
    {.module = "env", .name = "trace", .shape = "hc", .bad = Ending::success(), .more_params = "f64 f64 f64 f64 f64"},
};

Target wapc() {
    const std::string ok = "(drop (call $import3 (i32.const 64) (i32.const 8) (i32.const 64) (i32.const 8) (i32.const 64) (i32.const 8) (i32.const 64) (i32.const 8)))";
    const std::string failing = "(drop (call $import3 (i32.const 64) (i32.const 8) (i32.const 64) (i32.const 8) (i32.const 128) (i32.const 8) (i32.const 64) (i32.const 8)))";
    std::vector<Import> imports = {
        {.module = "wapc", .name = "__guest_request", .shape = "oo"},
        {.module = "wapc", .name = "__guest_response", .shape = "pn"},
        {.module = "wapc", .name = "__guest_error", .shape = "pn"},
        {.module = "wapc", .name = "__host_call", .shape = "pnpnpnpn", .gives = true},
        {.module = "wapc", .name = "__host_response_len", .shape = "", .gives = true},
        {.module = "wapc", .name = "__host_response", .shape = "o", .before = ok},
        {.module = "wapc", .name = "__host_error_len", .shape = "", .gives = true},
        {.module = "wapc", .name = "__host_error", .shape = "o", .before = failing},
        {.module = "wapc", .name = "__console_log", .shape = "pn"},
        {.module = "env", .name = "abort", .shape = "hhcc", .bad = trap, .good = trap},
    };
    imports.insert(imports.end(), kAssemblyScript.begin(), kAssemblyScript.end());
    return {"wapc", std::move(imports), [](const auto& all) { return message_guest(all, "__guest_call"); }, &invoke, &answer_or_fail};
}

Target hookr() {
    const std::string ok = "(drop (call $import3 (i32.const 64) (i32.const 8) (i32.const 64) (i32.const 8)))";
    const std::string failing = "(drop (call $import3 (i32.const 128) (i32.const 8) (i32.const 64) (i32.const 8)))";
    std::vector<Import> imports = {
        {.module = "hookr", .name = "__plugin_request", .shape = "oo"},
        {.module = "hookr", .name = "__plugin_response", .shape = "pn"},
        {.module = "hookr", .name = "__plugin_error", .shape = "pn", .good = guest_error},
        {.module = "hookr", .name = "__host_call", .shape = "pnpn", .gives = true},
        {.module = "hookr", .name = "__host_response_len", .shape = "", .gives = true},
        {.module = "hookr", .name = "__host_response", .shape = "o", .before = ok},
        {.module = "hookr", .name = "__host_error_len", .shape = "", .gives = true},
        {.module = "hookr", .name = "__host_error", .shape = "o", .before = failing},
        {.module = "hookr", .name = "__log", .shape = "pn"},
        {.module = "env", .name = "abort", .shape = "hhcc", .bad = guest_exit, .good = guest_exit},
    };
    imports.insert(imports.end(), kAssemblyScript.begin(), kAssemblyScript.end());
    return {"hookr", std::move(imports), [](const auto& all) { return message_guest(all, "__plugin_call"); }, &invoke, &answer_or_fail};
}

// Texts have eight bytes wherever they are; bytes have their own count before them.
Target wasp() {
    return {"wasp",
            {
                {.module = "env", .name = "raise_error", .shape = "h", .good = guest_error},
                {.module = "env", .name = "abort", .shape = "hhcc", .bad = trap, .good = trap},
                {.module = "host", .name = "text", .shape = "h", .bad = host_abort},
                {.module = "host", .name = "bytes", .shape = "h", .bad = host_abort},
                {.module = "host", .name = "join", .shape = "hh", .gives = true, .bad = host_abort},
                {.module = "host", .name = "number", .shape = "c", .gives = true},
            },
            [](const auto& all) {
                return "(module " + import_section(all) + memory("\\08\\00\\00\\00eight by") + kBump + dispatcher(all) + R"(
                    (func (export "allocate") (param i32) (result i32) (call $bump (local.get 0)))
                    (func (export "deallocate") (param i32 i32))
                    (func (export "get_string_size") (param i32) (result i32) (i32.const 8))
                    (func (export "go") (param i32) (call $dispatch (i32.add (local.get 0) (i32.const 4))))))";
            },
            [](Instance& instance, const std::string& message) { return instance.call("go", bytes_of(message)); },
            [](PluginOptions& options) {
                options.instance_policy = InstancePolicy::fresh;
                options.host.add("host", "text", [](std::string_view) {});
                options.host.add("host", "bytes", [](BytesView) {});
                options.host.add("host", "join", [](std::string_view a, std::string_view b) { return std::string(a) + std::string(b); });
                options.host.add("host", "number", [](std::int32_t n) { return n; });
            }};
}

Target aspect() {
    return {"aspect",
            {
                {.module = "env", .name = "abort", .shape = "hhcc", .bad = Ending::success()},
                {.module = "m", .name = "n.text", .shape = "h", .bad = decode},
                {.module = "m", .name = "n.join", .shape = "hh", .gives = true, .bad = decode},
                {.module = "m", .name = "n.bytes", .shape = "h", .bad = decode, .good = decode},   // what is at 32 is a text
            },
            [](const auto& all) {
                return "(module " + import_section(all) + memory("\\0a\\00\\03\\00\\00\\00xyz") + kBump + dispatcher(all) + R"(
                    (func (export "__aspect_start__"))
                    (func (export "allocate") (param i32) (result i32) (call $bump (local.get 0)))
                    (func (export "go") (param i32) (result i32) (call $dispatch (i32.add (local.get 0) (i32.const 6))) (i32.const 0))))";
            },
            [](Instance& instance, const std::string& message) { return instance.call("go", bytes_of(message)); },
            [](PluginOptions& options) {
                options.instance_policy = InstancePolicy::fresh;
                options.host.add("m", "n.text", [](std::string_view) {}, abi::aspect::StaticGas{1});
                options.host.add("m", "n.join", [](std::string_view a, std::string_view b) { return std::string(a) + std::string(b); });
                options.host.add("m", "n.bytes", [](BytesView) {});
            }};
}

class Everything final : public w3b::MemoryServices {
public:
    Everything() : MemoryServices({.environment = {{"eight by", "value"}}, .log_records = 10}) {}
    bool has_chain() const override { return true; }
    Result<std::string> send(const w3b::CallContext&, const w3b::Transaction&) override { return std::string("0xhash"); }
    Result<Bytes> call(const w3b::CallContext&, const w3b::Transaction&) override { return copy_bytes("called"); }
    bool has_mqtt() const override { return true; }
    Result<void> publish(const w3b::CallContext&, std::string_view, BytesView) override { return {}; }
};

// What an applet is answered is a number: 0 if all was well. The handler turns any other into its own failure.
Import ws(std::string name, std::string shape, std::string module = "env") {
    return {.module = std::move(module), .name = std::move(name), .shape = std::move(shape), .gives = true, .bad = guest_error,
            .good = Ending::either(guest_error)};
}
Import older(std::string name, std::string shape, bool gives) {
    return {.module = "env", .name = std::move(name), .shape = std::move(shape), .gives = gives, .bad = Ending::either(guest_error),
            .good = Ending::either(guest_error)};
}

Target applet_of(std::string name, std::vector<Import> imports) {
    imports.push_back({.module = "env", .name = "abort", .shape = "hhcc", .bad = Ending::success()});
    imports.insert(imports.end(), kAssemblyScript.begin(), kAssemblyScript.end());
    return {std::move(name), std::move(imports),
            [](const auto& all) {
                return "(module " + import_section(all) + memory("x") + kBump + dispatcher(all) + R"(
                    (func (export "alloc") (param i32) (result i32) (call $bump (local.get 0)))
                    (func (export "start") (param $rid i32) (result i32)
                        (drop (call $import0 (local.get $rid) (i32.const 512) (i32.const 516)))
                        (call $dispatch (i32.load (i32.const 512)))
                        (i32.sub (i32.const 0) (i32.ne (global.get $last) (i32.const 0))))))";
            },
            [](Instance& instance, const std::string& message) -> Result<void> {
                w3b::Event event;
                event.rid = 0;
                event.topic = "a topic that is long enough";
                const std::any options = event;
                CallOutcome outcome;
                return instance.perform({.name = "start", .form = CallRequest::Form::message, .payload = bytes_of(message), .options = &options}, outcome);
            },
            [](PluginOptions& options) {
                options.abi = "w3bstream";
                options.abi_options = w3b::Options{.default_chain = 1};
                options.host.set_services(std::shared_ptr<w3b::Services>(std::make_shared<Everything>()));
            }};
}

Target w3bstream() {
    return applet_of("w3bstream", {ws("ws_get_data", "coo"), ws("ws_log", "cpn"), ws("ws_set_data", "cpn"), ws("ws_get_db", "pnoo"),
                                   ws("ws_set_db", "pnpn"), ws("ws_send_tx", "cpnoo"), ws("ws_send_tx_with_operator", "cpnoo"),
                                   ws("ws_call_contract", "cpnoo"), ws("ws_set_sql_db", "pn"), ws("ws_get_sql_db", "pnoo"),
                                   ws("ws_get_env", "pnoo"), ws("ws_send_mqtt_msg", "pnpn"), ws("ws_api_call", "pnoo"),
                                   ws("ws_submit_metrics", "pn", "stat"), ws("ws_get_event_type", "coo"), ws("ws_get_mqtt_msg", "coooo")});
}

Target older_w3bstream() {
    return applet_of("older_w3bstream",
                     {older("get_data", "coo", true), older("ws_log", "pn", false), older("ws_get_db", "pn", true), older("ws_set_db", "pnc", false),
                      older("ws_send_tx", "pn", true), older("log", "pn", false), older("get_data_2", "coo", false), older("set_data", "cpn", true),
                      older("get_db", "pn", true), older("set_db", "pnc", false), older("get", "pn", true), older("inc", "pnc", true),
                      older("add", "cc", true), older("ws_get_dB", "pnoo", true), older("ws_set_dB", "pnpn", true), older("ws_call_contract", "pn", true)});
}

Target dataflow() {
    return {"dataflow",
            {
                {.module = "dataflow", .name = "output", .shape = "pn"},
                {.module = "dataflow", .name = "error", .shape = "pn", .good = guest_error},
                {.module = "dataflow", .name = "log", .shape = "cpn"},
            },
            [](const auto& all) {
                return "(module " + import_section(all) + memory("x") + kBump + dispatcher(all) + R"(
                    (global (export "__dataflow_v1") i32 (i32.const 0))
                    (func (export "alloc") (param i32) (result i32) (call $bump (local.get 0)))
                    (func (export "operate!") (param i32 i32) (result i32) (call $dispatch (local.get 0)) (i32.const 0))))";
            },
            &invoke, [](PluginOptions& options) { options.instance_policy = InstancePolicy::fresh; }};
}

class AbiImports : public ::testing::TestWithParam<Target> {
protected:
    Plugin load() const {
        const Target& target = GetParam();
        PluginOptions options;
        options.limits = tight_limits();
        target.options(options);
        return value(testing::load_wat(runtime(), target.guest(target.imports), std::move(options)));
    }
};

TEST_P(AbiImports, EveryLie_endsAsTheAbiSays) {
    const Target& target = GetParam();
    auto instance = value(load().instantiate());
    const auto calls = calls_of(target.imports);
    EXPECT_GT(calls.size(), target.imports.size() * 2);
    for (const ImportCall& call : calls) {
        SCOPED_TRACE(call.name);
        const Import& import = target.imports[call.import];
        const Ending& wanted = call.good ? import.good : import.bad;
        // Where results lie over each other even a good call may find its arguments gone: it may end as a bad one.
        const auto outcome = target.call(instance, call.message());
        const bool overlapping = call.name.ends_with("_overlapping");
        EXPECT_TRUE(wanted.allows(outcome)) << (overlapping ? "results over arguments" : "");
        expect_neighbour_works();
    }
}

TEST_P(AbiImports, EveryLie_leavesNothingBehind) {
    const Target& target = GetParam();
    auto instance = value(load().instantiate());
    const auto calls = calls_of(target.imports);
    expect_no_growth([&] {
        for (const ImportCall& call : calls) (void)target.call(instance, call.message());
    });
    const auto good = std::find_if(calls.begin(), calls.end(), [](const ImportCall& call) { return call.good; });
    EXPECT_TRUE(target.imports[good->import].good.allows(target.call(instance, good->message())));
}

INSTANTIATE_TEST_SUITE_P(Every, AbiImports,
                         ::testing::Values(wapc(), hookr(), wasp(), aspect(), w3bstream(), older_w3bstream(), dataflow()),
                         [](const auto& target) { return target.param.name; });

// The plain ABI hands over numbers alone: any is one, and an address is nothing to its host functions.
TEST(PlainImports, EveryNumber_isOne) {
    PluginOptions options;
    std::vector<std::string> seen;
    options.host.add("host", "take", [&seen](std::int32_t a, std::uint32_t b, std::int64_t c, std::uint64_t d, bool e) {
        seen.push_back(std::to_string(a) + ' ' + std::to_string(b) + ' ' + std::to_string(c) + ' ' + std::to_string(d) + ' ' + (e ? "yes" : "no"));
    });
    auto instance = testing::instance_of(runtime(), R"((module
        (import "host" "take" (func $take (param i32 i32 i64 i64 i32)))
        (func (export "go") (param i32 i64)
            (call $take (local.get 0) (local.get 0) (local.get 1) (local.get 1) (local.get 0)))))", std::move(options));
    EXPECT_THAT(instance.call("go", std::int32_t{-1}, std::int64_t{-1}), testing::IsOk());
    EXPECT_THAT(instance.call("go", std::int32_t{INT32_MIN}, std::int64_t{INT64_MIN}), testing::IsOk());
    EXPECT_THAT(instance.call("go", std::int32_t{2}, std::int64_t{0}), testing::IsOk());
    EXPECT_THAT(seen, ::testing::ElementsAre("-1 4294967295 -1 18446744073709551615 yes",
                                             "-2147483648 2147483648 -9223372036854775808 9223372036854775808 yes", "2 2 0 0 yes"));
}

}  // namespace
}  // namespace mortise::hostile
