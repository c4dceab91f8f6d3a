#include <algorithm>
#include <cctype>

#include <mortise/codec/base64.hpp>

#include "abi/w3bstream/applet.hpp"
#include "abi/w3bstream/go_json.hpp"
#include "abi/w3bstream/guest_json.hpp"
#include "abi/w3bstream/serve.hpp"
#include "base/text.hpp"

// Chains, MQTT, routes, metrics.

namespace mortise::abi::w3bstream {

namespace {

using Json = nlohmann::json;

Outcome failed(Applet& applet, std::string_view what, std::string_view why) {
    applet.host_log(Level::error, what, why);
    return Outcome::failed;
}

// A member as text whatever scalar it is; empty if it is not there.
std::string member(const Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return {};
    if (found->is_string()) return found->get<std::string>();
    return found->dump();
}

enum class Sends : std::uint8_t { no, yes, with_operator };

std::optional<Transaction> parse_transaction(std::string_view json, std::uint32_t chain, Sends sends) {
    const Json object = parse_guest_json(json);
    if (!object.is_object()) return std::nullopt;
    for (const char* name : {"to", "value", "data", "operatorName"}) {
        if (object.contains(name) && object[name].is_number_float()) return std::nullopt;   // amounts are exact, or none
    }
    Transaction out{.chain_id = chain, .to = member(object, "to"), .value = member(object, "value"), .data = member(object, "data"),
                    .operator_name = {}};
    if (sends != Sends::no && (out.to.empty() || out.value.empty())) return std::nullopt;
    if (sends == Sends::with_operator) out.operator_name = member(object, "operatorName");
    return out;
}

Outcome send(Applet& applet, std::string_view name, std::string_view json, std::optional<std::uint32_t> chain, bool with_operator,
             Served& served) {
    if (!chain) return failed(applet, name, "no default chain is configured");
    auto transaction = parse_transaction(json, *chain, with_operator ? Sends::with_operator : Sends::yes);
    if (!transaction) return failed(applet, name, "the transaction is no JSON object with \"to\" and \"value\", numbers being integers");
    applet.host_log(Level::info, name, json);
    auto hash = applet.services().send(applet.context(), *transaction);
    if (!hash) return failed(applet, name, hash.error().message());
    served.give(std::string_view(*hash));
    return Outcome::ok;
}

Outcome call(Applet& applet, std::string_view json, std::optional<std::uint32_t> chain, Served& served) {
    constexpr std::string_view kName = "ws_call_contract";
    if (!chain) return failed(applet, kName, "no default chain is configured");
    auto transaction = parse_transaction(json, *chain, Sends::no);
    if (!transaction) return failed(applet, kName, "the call is no JSON object, or has numbers that are no integers");
    applet.host_log(Level::info, kName, json);
    auto answer = applet.services().call(applet.context(), *transaction);
    if (!answer) return failed(applet, kName, answer.error().message());
    served.give(*std::move(answer));
    return Outcome::ok;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

ApiResponse error_response(int status, std::string_view text) {
    std::string body = "{\"error\":";
    append_json(body, text);
    return {.status = status, .headers = {{"Content-Type", {"application/json; charset=utf-8"}}}, .body = copy_bytes(body + "}")};
}

// A member by its name, or else by its name in other capitals, as Go's decoder finds it; null if it is not there.
const Json& field(const Json& object, std::string_view name) {
    static const Json kNone;
    const Json* found = &kNone;
    for (const auto& [key, value] : object.items()) {
        if (key == name) return value;
        if (same_name(key, name)) found = &value;
    }
    return *found;
}

// A text; null counts as an empty one, anything else is no request.
std::optional<std::string> text_field(const Json& value) {
    if (value.is_null()) return std::string();
    if (value.is_string()) return value.get<std::string>();
    return std::nullopt;
}

std::optional<Headers> parse_headers(const Json& object) {
    Headers headers;
    if (object.is_null()) return headers;
    if (!object.is_object()) return std::nullopt;
    for (const auto& [name, values] : object.items()) {
        if (!values.is_array() && !values.is_null()) return std::nullopt;
        auto& texts = headers.emplace_back(name, std::vector<std::string>()).second;
        for (const Json& value : values) {
            auto text = text_field(value);
            if (!text) return std::nullopt;
            texts.push_back(*std::move(text));
        }
    }
    return headers;
}

std::optional<ApiRequest> parse_request(std::string_view json) {
    constexpr std::string_view kHost = "w3bstream://w3bstream.com";
    const Json object = parse_guest_json(json);
    if (!object.is_object()) return std::nullopt;
    auto method = text_field(field(object, "Method"));
    auto path = text_field(field(object, "Url"));
    auto headers = parse_headers(field(object, "Header"));
    const auto encoded = text_field(field(object, "Body"));
    if (!method || !path || !headers || !encoded) return std::nullopt;
    if (path->starts_with(kHost)) path->erase(0, kHost.size());
    if (!path->starts_with('/')) return std::nullopt;
    auto body = codec::base64_decode(*encoded);
    if (!body) return std::nullopt;
    ApiRequest request{.method = method->empty() ? "GET" : *std::move(method), .path = *std::move(path), .headers = *std::move(headers),
                       .body = *std::move(body), .event_type = {}};
    for (const auto& [name, texts] : request.headers) {
        if (same_name(name, "Eventtype") && !texts.empty()) request.event_type = texts.front();
    }
    return request;
}

// Request headers come back in the answer, but the type of the body, which is the answer's own.
void echo_headers(const ApiRequest& request, ApiResponse& response) {
    for (const auto& header : request.headers) {
        const auto there = [&](const auto& other) { return same_name(other.first, header.first); };
        if (same_name(header.first, "Content-Type") || std::any_of(response.headers.begin(), response.headers.end(), there)) continue;
        response.headers.push_back(header);
    }
}

std::string_view reason_of(int status) noexcept {
    switch (status) {
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 429: return "Too Many Requests";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        default: return "";
    }
}

}  // namespace

std::string encode_response(const ApiResponse& response) {
    std::string out = "{\"Status\":";
    const std::string_view reason = reason_of(response.status);
    append_json(out, base::concat(response.status, reason.empty() ? "" : " ", reason));
    out += base::concat(",\"StatusCode\":", response.status, ",\"Proto\":\"HTTP/1.1\",\"Header\":{");
    std::map<std::string, std::vector<std::string>> headers;
    for (const auto& [name, values] : response.headers) {
        auto& all = headers[name];
        all.insert(all.end(), values.begin(), values.end());
    }
    std::string_view comma;
    for (const auto& [name, values] : headers) {
        out += std::exchange(comma, ",");
        append_json(out, std::string_view(name));
        out += ":[";
        std::string_view inner;
        for (const auto& value : values) {
            out += std::exchange(inner, ",");
            append_json(out, std::string_view(value));
        }
        out += ']';
    }
    return base::concat(out, "},\"Body\":\"", codec::base64_encode(response.body), "\"}");
}

Outcome serve_send(Applet& applet, const Inputs& inputs, Served& served) {
    return send(applet, "ws_send_tx", inputs.text(1), inputs.number(0), false, served);
}
Outcome serve_send_with_operator(Applet& applet, const Inputs& inputs, Served& served) {
    return send(applet, "ws_send_tx_with_operator", inputs.text(1), inputs.number(0), true, served);
}
Outcome serve_send_by_default(Applet& applet, const Inputs& inputs, Served& served) {
    return send(applet, "ws_send_tx", inputs.text(0), applet.plan().options.default_chain, false, served);
}
Outcome serve_call(Applet& applet, const Inputs& inputs, Served& served) {
    return call(applet, inputs.text(1), inputs.number(0), served);
}
Outcome serve_call_by_default(Applet& applet, const Inputs& inputs, Served& served) {
    return call(applet, inputs.text(0), applet.plan().options.default_chain, served);
}

Outcome serve_publish(Applet& applet, const Inputs& inputs, Served&) {
    auto done = applet.services().publish(applet.context(), inputs.text(0), inputs.bytes(1));
    if (!done) return failed(applet, "ws_send_mqtt_msg", done.error().message());
    return Outcome::ok;
}

// Whatever goes wrong with a request is told inside the response.
Outcome serve_request(Applet& applet, const Inputs& inputs, Served& served) {
    const auto request = parse_request(inputs.text(0));
    ApiResponse response;
    if (!request) {
        response = error_response(400, "the request is not a JSON object with Method, Url, Header and Body");
    } else {
        auto answer = applet.services().request(applet.context(), *request);
        response = answer ? *std::move(answer) : error_response(500, answer.error().message());
        echo_headers(*request, response);
    }
    served.give(std::string_view(encode_response(response)));
    return Outcome::ok;
}

Outcome serve_metrics(Applet& applet, const Inputs& inputs, Served&) {
    if (!is_json_but_no_array(inputs.text(0))) return failed(applet, "ws_submit_metrics", "not JSON, or an array");
    auto done = applet.services().submit_metrics(applet.context(), inputs.text(0));
    if (!done) return failed(applet, "ws_submit_metrics", done.error().message());
    return Outcome::ok;
}

}  // namespace mortise::abi::w3bstream
