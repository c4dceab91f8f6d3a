#include "cli/host_file.hpp"

#include <utility>

#include "cli/arguments.hpp"
#include "cli/payload.hpp"
#include "cli/text.hpp"

namespace mortise::cli {

namespace {

std::unexpected<Error> wrong(std::string text) { return fail(ErrorCode::invalid_argument, std::move(text)); }

std::unexpected<Error> wrong_kind(std::string_view member, std::string_view wanted, const Json& got) {
    return wrong(std::string(member) + " must be " + std::string(wanted) + ", not " + std::string(kind_of_json(got)));
}

Result<HostMatch> read_match(const Json& json) {
    if (!json.is_object()) return wrong_kind("match", "an object", json);
    HostMatch match;
    for (const auto& [member, value] : json.get_ref<const Json::object_t&>()) {
        std::optional<std::string>* field = nullptr;
        if (member == "module") field = &match.module;
        else if (member == "name") field = &match.name;
        else if (member == "binding") field = &match.binding;
        else if (member == "namespace") field = &match.space;
        else if (member == "operation") field = &match.operation;
        else return wrong("match has no member " + in_quotes(member) + "; members are module, name, binding, namespace, operation");
        const auto* text = value.get_ptr<const std::string*>();
        if (text == nullptr) return wrong_kind("match: " + member, "a string", value);
        *field = *text;
    }
    return match;
}

Result<HostReply> read_reply(const Json& json) {
    if (json.is_null()) return NoReply{};
    if (const auto* word = json.get_ptr<const std::string*>()) {
        if (*word == "echo") return EchoReply{};
        return wrong("reply is " + in_quotes(*word) + "; write \"echo\", {\"text\": ...} or the like, or {\"value\": ...}");
    }
    if (json.is_object() && json.size() == 1) {
        const auto& [form, value] = *json.get_ref<const Json::object_t&>().begin();
        if (form == "value" && value.is_null()) return NoReply{};
        if (form == "value") return ValueReply{value};
        if (form == "text" && value.is_string()) return TextReply{value.get<std::string>()};
    }
    auto bytes = parse_payload(json, "reply");
    if (!bytes) return fail(std::move(bytes).error());
    return BytesReply{*std::move(bytes)};
}

Result<void> read_types(const Json& value, HostEntry& entry) {
    const auto* text = value.get_ptr<const std::string*>();
    if (text == nullptr) return wrong_kind("types", "a string", value);
    auto types = parse_types(*text);
    if (!types) return wrong("types: " + types.error().message());
    if (types->results.size() > 1) return wrong("types: a host function has one result at most");
    entry.types = *std::move(types);
    return {};
}

Result<void> read_error(const Json& value, HostEntry& entry) {
    const auto* text = value.get_ptr<const std::string*>();
    if (text == nullptr) return wrong_kind("error", "a string", value);
    entry.reply = ErrorReply{*text};
    return {};
}

Result<void> read_gas(const Json& value, HostEntry& entry) {
    const auto* gas = value.get_ptr<const Json::number_unsigned_t*>();
    if (gas == nullptr || *gas > static_cast<std::uint64_t>(INT64_MAX)) {
        return wrong("gas is a whole number from 0 to 9223372036854775807, in Wasm gas");
    }
    entry.gas = *gas;
    return {};
}

// A value that can never become the result that the entry promises is said here rather than when the guest calls.
Result<void> check_reply(const HostEntry& entry) {
    const auto* value = std::get_if<ValueReply>(&entry.reply);
    if (value == nullptr || !entry.types) return {};
    if (entry.types->results.empty()) return wrong("reply has a value, but types name no result");
    const auto kind = entry.types->results.front();
    if (auto fits = value_of_json(value->value, kind, 1); !fits) {
        return wrong("reply: the value is no " + std::string(to_string(kind)));
    }
    return {};
}

Result<HostEntry> read_entry(const Json& json, std::size_t number) {
    HostEntry entry;
    entry.number = number;
    if (!json.is_object()) return wrong("it must be an object, not " + std::string(kind_of_json(json)));
    bool matched = false;
    bool replied = false;
    bool failed = false;
    for (const auto& [member, value] : json.get_ref<const Json::object_t&>()) {
        Result<void> read;
        if (member == "match") {
            matched = true;
            auto match = read_match(value);
            if (match) entry.match = *std::move(match);
            else read = fail(std::move(match).error());
        } else if (member == "reply") {
            replied = true;
            auto reply = read_reply(value);
            if (reply) entry.reply = *std::move(reply);
            else read = fail(std::move(reply).error());
        } else if (member == "error") {
            failed = true;
            read = read_error(value, entry);
        } else if (member == "types") {
            read = read_types(value, entry);
        } else if (member == "gas") {
            read = read_gas(value, entry);
        } else {
            read = wrong("it has no member " + in_quotes(member) + "; members are match, types, reply, error, gas");
        }
        if (!read) return fail(std::move(read).error());
    }
    if (!matched) return wrong("it has no match; {} takes every call");
    if (replied == failed) return wrong(replied ? "it has both reply and error" : "it has neither reply nor error");
    if (auto fits = check_reply(entry); !fits) return fail(std::move(fits).error());
    return entry;
}

}  // namespace

std::string entry_name(const HostEntry& entry) { return "entry " + std::to_string(entry.number); }

Result<HostFile> parse_host_file(std::string_view text) {
    auto json = parse_json(text, {}, LongIntegers::kept);
    if (!json) return fail(std::move(json).error());
    if (!json->is_array()) return wrong("a host file must be an array of entries, not " + std::string(kind_of_json(*json)));
    HostFile file;
    for (const auto& item : json->get_ref<const Json::array_t&>()) {
        const auto number = file.size() + 1;
        auto entry = read_entry(item, number);
        if (!entry) return wrong("entry " + std::to_string(number) + ": " + entry.error().message());
        file.push_back(*std::move(entry));
    }
    return file;
}

}  // namespace mortise::cli
