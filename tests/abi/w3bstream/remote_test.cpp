#include <nlohmann/json.hpp>

#include "guest.hpp"

namespace mortise::w3bstream_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

std::string at(const std::string& text) { return " (i32.const 1024) (i32.const " + std::to_string(text.size()) + ") "; }
const std::string kCells = "(i32.const 512) (i32.const 516)";

/// What `ws_send_tx` (or another of its shape) does with this JSON.
Ran sent(const std::string& json, const std::shared_ptr<Host>& host, const std::string& import = "$send_tx", const std::string& chain = "4690") {
    return run({.start = "(call $give (call " + import + " (i32.const " + chain + ")" + at(json) + kCells + "))", .data = escaped(json)},
               {.services = host});
}

TEST(W3bstreamChain, TransactionsAreReadLeniently) {
    const auto host = std::make_shared<Host>();
    EXPECT_EQ(sent(" \n{ \"value\" : \"100\" , \"to\":\"0xabc\",\"unknown\": [1], \"data\": null } \t", host).given(), "0xhash");
    EXPECT_EQ(sent(R"({"to":"0xabc","value":100,"data":"ff","operatorName":"ignored"})", host).value, 0);
    ASSERT_EQ(host->transactions.size(), 2u);
    EXPECT_EQ(host->transactions[0].chain_id, 4690u);
    EXPECT_EQ(host->transactions[0].to, "0xabc");
    EXPECT_EQ(host->transactions[0].value, "100");
    EXPECT_EQ(host->transactions[0].data, "");
    EXPECT_EQ(host->transactions[1].value, "100");
    EXPECT_EQ(host->transactions[1].operator_name, "");
    for (const std::string bad : {R"({"to":"","value":"1"})", R"({"to":"0x1"})", R"({"value":"1"})", R"({"to":"0x1","value":""})", "[]", "x", ""}) {
        EXPECT_EQ(sent(bad, host).value, -1) << bad;
    }
    EXPECT_EQ(host->transactions.size(), 2u);
}

TEST(W3bstreamChain, OperatorIsNamed_andChainIdsAreUnsigned) {
    const auto host = std::make_shared<Host>();
    EXPECT_EQ(sent(R"({"to":"a","value":"1","operatorName":"op"})", host, "$send_tx_op", "-1").value, 0);
    EXPECT_EQ(host->transactions[0].operator_name, "op");
    EXPECT_EQ(host->transactions[0].chain_id, UINT32_MAX);
}

TEST(W3bstreamChain, CallsNeedNoValue_andGiveRawBytes) {
    const auto host = std::make_shared<Host>();
    const Ran ran = sent(R"({"to":"0xabc","data":"0xff"})", host, "$call_contract");
    EXPECT_EQ(ran.value, 0);
    EXPECT_EQ(ran.given(), std::string("\x00\x01\xff", 3));
    EXPECT_EQ(host->transactions[0].data, "0xff");
}

TEST(W3bstreamChain, AmountsThatAreNoIntegers_areRefused) {
    const auto host = std::make_shared<Host>();
    for (const std::string bad : {"100000000000000000000", "1.5", "1e3"}) {
        EXPECT_EQ(sent(R"({"to":"0xabc","value":)" + bad + "}", host).value, -1) << bad;
    }
    EXPECT_EQ(sent(R"({"to":"0xabc","value":18446744073709551615})", host).value, 0);
    ASSERT_EQ(host->transactions.size(), 1u);
    EXPECT_EQ(host->transactions[0].value, "18446744073709551615");
}

TEST(W3bstreamMqtt, MessageOfWhichOneCellIsBad_isNotWrittenAtAll) {
    // The topic's cells are fine, the payload's are not.
    const Guest guest{.start = R"((i32.store (i32.const 512) (i32.const 77)) (i32.store (i32.const 516) (i32.const 78))
        (if (i32.ne (call $mqtt_msg (local.get $rid) (i32.const 512) (i32.const 516) (i32.const 520) (i32.const 65533)) (i32.const 5))
            (then (return (i32.const -2))))
        (i32.add (i32.load (i32.const 512)) (i32.load (i32.const 516))))"};
    EXPECT_EQ(code(guest, {.event = {.topic = "topic"}}), 77 + 78);
}

TEST(W3bstreamMqtt, TopicAndPayloadArriveRaw) {
    const auto host = std::make_shared<Host>();
    const Guest guest{.start = "(drop (call $mqtt (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 0)))"
                               "(call $mqtt (i32.const 16) (i32.const 3) (i32.const 1024) (i32.const 3))", .data = R"(\00\ffx)"};
    EXPECT_EQ(code(guest, {.services = host}), 0);
    ASSERT_EQ(host->published.size(), 2u);
    EXPECT_EQ(host->published[0].topic, "key");
    EXPECT_TRUE(host->published[0].payload.empty());
    EXPECT_EQ(text_of(host->published[1].payload), std::string_view("\x00\xffx", 3));
}

Json asked(const std::string& request, const std::shared_ptr<w3b::Services>& host) {
    const Ran ran = run({.start = "(call $give (call $api" + at(request) + kCells + "))", .data = escaped(request)}, {.services = host});
    EXPECT_EQ(ran.value, 0);
    return Json::parse(ran.given().value_or("null"));
}

TEST(W3bstreamApi, RequestsArriveAndAnswersGoBack) {
    const auto host = std::make_shared<Host>();
    host->response = {.status = 202, .headers = {{"X-Own", {"1"}}}, .body = copy_bytes("{}")};
    const Json answer = asked(R"({"Method":"POST","Url":"w3bstream://w3bstream.com/system/send_tx","Header":{"Eventtype":["RESULT"],"Content-Type":["a/b"],"X-Own":["2"]},"Body":"aGk="})", host);
    ASSERT_EQ(host->requests.size(), 1u);
    EXPECT_EQ(host->requests[0].method, "POST");
    EXPECT_EQ(host->requests[0].path, "/system/send_tx");
    EXPECT_EQ(host->requests[0].event_type, "RESULT");
    EXPECT_EQ(text_of(host->requests[0].body), "hi");
    EXPECT_EQ(answer, Json::parse(R"({"Status":"202 Accepted","StatusCode":202,"Proto":"HTTP/1.1","Header":{"Eventtype":["RESULT"],"X-Own":["1"]},"Body":"e30="})"));
}

TEST(W3bstreamApi, NamesInAnyCapitals_andNothingsAreTaken) {
    const auto host = std::make_shared<Host>();
    EXPECT_EQ(asked(R"({"method":"PUT","URL":"/a","header":{"A":null,"EVENTTYPE":["x"],"B":[null]},"bODY":"aGk="})", host)["StatusCode"], 200);
    EXPECT_EQ(asked(R"({"Method":null,"Url":"/b","url":"/c","Header":null,"Body":null})", host)["StatusCode"], 200);
    ASSERT_EQ(host->requests.size(), 2u);
    EXPECT_EQ(host->requests[0].method, "PUT");
    EXPECT_EQ(host->requests[0].path, "/a");
    EXPECT_EQ(text_of(host->requests[0].body), "hi");
    EXPECT_EQ(host->requests[0].event_type, "x");
    EXPECT_EQ(host->requests[0].headers, (w3b::Headers{{"A", {}}, {"B", {""}}, {"EVENTTYPE", {"x"}}}));
    EXPECT_EQ(host->requests[1].method, "GET");
    EXPECT_EQ(host->requests[1].path, "/b");
}

TEST(W3bstreamApi, ErrorsAreInsideTheResponse) {
    const auto host = std::make_shared<Host>();
    for (const std::string bad : {"", "{", "[]", R"({"Method":"GET"})", R"({"Method":"GET","Url":"http://elsewhere/"})",
                                  R"({"Url":"/system/hello","Body":"*"})", R"({"Url":"/system/hello","Header":5})", R"({"Url":"/system/hello","Header":{"a":[5]}})",
                                  R"({"Url":"/system/hello","Header":{"a":"b"}})", R"({"Url":"/system/hello","Method":5})", R"({"Url":5})",
                                  R"({"Url":"/system/hello","Body":5})"}) {
        const Json answer = asked(bad, host);
        EXPECT_EQ(answer["StatusCode"], 400) << bad;
        EXPECT_EQ(answer["Status"], "400 Bad Request") << bad;
    }
    EXPECT_TRUE(host->requests.empty());
    EXPECT_EQ(asked(R"({"Url":"/system/hello"})", std::make_shared<w3b::Services>())["StatusCode"], 404);
    host->broken = true;
    const Json answer = asked(R"({"Url":"/system/hello"})", host);
    EXPECT_EQ(answer["StatusCode"], 500);
    EXPECT_EQ(answer["Body"], "eyJlcnJvciI6InRoZSBiYWNrIGVuZCBpcyBicm9rZW4ifQ==");
}

TEST(W3bstreamMetrics, AnyJsonButArraysIsKept) {
    const auto host = std::make_shared<Host>();
    for (const std::string good : {"{\"a\":1}", "5", "\"x\"", "null", " {} "}) {
        EXPECT_EQ(code({.start = "(call $metrics" + at(good) + ")", .data = escaped(good)}, {.services = host}), 0) << good;
    }
    EXPECT_THAT(host->take_metrics(), ElementsAre("{\"a\":1}", "5", "\"x\"", "null", " {} "));
    const auto full = std::make_shared<w3b::MemoryServices>(w3b::MemoryServices::Settings{.metrics = 0});
    EXPECT_EQ(code({.start = "(i32.add (call $metrics" + at("{}") + ") (i32.const 10))", .data = "{}"}, {.services = full}), 9);
}

}  // namespace
}  // namespace mortise::w3bstream_tests
