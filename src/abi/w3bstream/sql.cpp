#include "abi/w3bstream/sql.hpp"

#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include <mortise/codec/base64.hpp>

#include "abi/w3bstream/applet.hpp"
#include "abi/w3bstream/go_json.hpp"
#include "abi/w3bstream/guest_json.hpp"
#include "abi/w3bstream/serve.hpp"
#include "abi/w3bstream/sql_time.hpp"
#include "base/text.hpp"

namespace mortise::abi::w3bstream {

namespace {

using Json = nlohmann::json;

template <class T>
std::optional<T> number_of(std::string_view text) {
    T value{};
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

// Numbers may come as texts: applets in languages without 64-bit JSON numbers send them so.
std::optional<std::int64_t> integer(const Json& value) {
    if (value.is_string()) return number_of<std::int64_t>(value.get_ref<const std::string&>());
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
    if (value.is_number_integer()) return value.get<std::int64_t>();
    if (!value.is_number_float()) return std::nullopt;
    const double number = value.get<double>();
    constexpr double kExact = 9'007'199'254'740'992.0;
    if (std::trunc(number) != number || std::abs(number) > kExact) return std::nullopt;
    return static_cast<std::int64_t>(number);
}

std::optional<double> floating(const Json& value) {
    if (value.is_string()) return number_of<double>(value.get_ref<const std::string&>());
    if (value.is_number()) return value.get<double>();
    return std::nullopt;
}

std::optional<SqlValue> parameter(const std::string& kind, const Json& value) {
    const auto text = [&]() -> std::optional<std::string> {
        if (!value.is_string()) return std::nullopt;
        return value.get<std::string>();
    };
    if (kind == "int32" || kind == "int64") {
        const auto number = integer(value);
        if (!number || (kind == "int32" && !std::in_range<std::int32_t>(*number))) return std::nullopt;
        return SqlValue(*number);
    }
    if (kind == "float32" || kind == "float64") {
        const auto number = floating(value);
        if (!number) return std::nullopt;
        return SqlValue(kind == "float32" ? static_cast<double>(static_cast<float>(*number)) : *number);
    }
    if (kind == "bool") return value.is_boolean() ? std::optional<SqlValue>(value.get<bool>()) : std::nullopt;
    const auto given = text();
    if (!given) return std::nullopt;
    if (kind == "string") return SqlValue(*given);
    if (kind == "bytes") {
        auto bytes = codec::base64_decode(*given);
        return bytes ? std::optional<SqlValue>(*std::move(bytes)) : std::nullopt;
    }
    const auto time = parse_time(*given, true);
    return time ? std::optional<SqlValue>(*time) : std::nullopt;
}

bool append_value(std::string& out, const SqlValue& value) {
    if (std::holds_alternative<std::monostate>(value)) out += "null";
    else if (const auto* number = std::get_if<std::int64_t>(&value)) append_json(out, *number);
    else if (const auto* real = std::get_if<double>(&value)) return append_json(out, *real);
    else if (const auto* truth = std::get_if<bool>(&value)) out += *truth ? "true" : "false";
    else if (const auto* text = std::get_if<std::string>(&value)) append_json(out, std::string_view(*text));
    else if (const auto* bytes = std::get_if<Bytes>(&value)) append_json(out, text_of(*bytes));
    else append_json(out, std::get<SqlTime>(value));
    return true;
}

Outcome failed(Applet& applet, std::string_view what, const Error& error) {
    applet.host_log(Level::error, what, error.message());
    return Outcome::failed;
}

}  // namespace

Result<Statement> parse_statement(std::string_view json) {
    constexpr std::string_view kKinds[] = {"int32", "int64", "float32", "float64", "string", "bool", "bytes", "time"};
    const Json request = parse_guest_json(json);
    if (request.is_discarded()) return fail(ErrorCode::decode, "the SQL request is no JSON");
    if (!request.is_object() || !request.contains("statement") || !request["statement"].is_string()) {
        return fail(ErrorCode::decode, "the SQL request has no \"statement\"");
    }
    if (!request.contains("params") || !(request["params"].is_array() || request["params"].is_null())) {
        return fail(ErrorCode::decode, "the SQL request has no \"params\"");
    }
    Statement statement{request["statement"].get<std::string>(), {}};
    for (const Json& given : request["params"]) {
        std::optional<SqlValue> value;
        for (const std::string_view kind : kKinds) {
            if (!given.is_object() || !given.contains(kind)) continue;
            value = parameter(std::string(kind), given.find(kind).value());
            break;
        }
        if (!value) {
            return fail(ErrorCode::decode, base::concat("SQL parameter ", statement.parameters.size() + 1, " is no value of a known kind"));
        }
        statement.parameters.push_back(*std::move(value));
    }
    return statement;
}

Result<std::string> encode_rows(const SqlRows& rows, std::uint64_t most_bytes) {
    if (rows.rows.empty()) return std::string();
    std::map<std::string_view, std::size_t> columns;   // sorted bytewise; of one name the last counts
    for (std::size_t i = 0; i < rows.columns.size(); ++i) columns[rows.columns[i]] = i;
    std::string out = rows.rows.size() > 1 ? "[" : "";
    for (std::size_t r = 0; r < rows.rows.size(); ++r) {
        if (r != 0) out += ',';
        out += '{';
        bool first = true;
        for (const auto& [name, index] : columns) {
            if (!first) out += ',';
            first = false;
            append_json(out, name);
            out += ':';
            if (!append_value(out, rows.rows[r][index])) {
                return fail(ErrorCode::encode, base::concat("column ", base::quoted(name), " holds a number that JSON does not have"));
            }
        }
        out += '}';
        if (out.size() > most_bytes) return fail(ErrorCode::encode, base::concat("the answer has more than ", most_bytes, " bytes"));
    }
    if (rows.rows.size() > 1) out += ']';
    return out;
}

Outcome serve_execute(Applet& applet, const Inputs& inputs, Served&) {
    auto statement = parse_statement(inputs.text(0));
    if (!statement) return failed(applet, "ws_set_sql_db", statement.error());
    applet.host_log(Level::info, "ws_set_sql_db", statement->text);
    auto done = applet.services().execute(applet.context(), statement->text, statement->parameters);
    if (!done) return failed(applet, "ws_set_sql_db", done.error());
    return Outcome::ok;
}

Outcome serve_query(Applet& applet, const Inputs& inputs, Served& served) {
    auto statement = parse_statement(inputs.text(0));
    if (!statement) return failed(applet, "ws_get_sql_db", statement.error());
    applet.host_log(Level::info, "ws_get_sql_db", statement->text);
    auto rows = applet.services().query(applet.context(), statement->text, statement->parameters);
    if (!rows) return failed(applet, "ws_get_sql_db", rows.error());
    auto json = encode_rows(*rows, applet.session().limits->output_bytes);
    if (!json) return failed(applet, "ws_get_sql_db", json.error());
    served.give(std::string_view(*json));
    return Outcome::ok;
}

}  // namespace mortise::abi::w3bstream
