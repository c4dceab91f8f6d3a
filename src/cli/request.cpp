#include "cli/request.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "cli/payload.hpp"
#include "cli/text.hpp"

namespace mortise::cli {

namespace {

std::unexpected<Error> wrong(std::string text) { return fail(ErrorCode::invalid_argument, std::move(text)); }

std::unexpected<Error> wrong_kind(std::string_view member, std::string_view wanted, const Json& got) {
    return wrong(std::string(member) + " must be " + std::string(wanted) + ", not " + std::string(kind_of_json(got)));
}

Result<void> read_flag(const Json& value, std::string_view member, bool& out) {
    if (!value.is_boolean()) return wrong_kind(member, "true or false", value);
    out = value.get<bool>();
    return {};
}

template <class T>
Result<T> read_count(const Json& value, std::string_view member) {
    if (!value.is_number_integer()) return wrong_kind(member, "a whole number", value);
    const auto* count = value.get_ptr<const Json::number_unsigned_t*>();
    if (count == nullptr) return wrong(std::string(member) + " is negative");
    if (*count > std::numeric_limits<T>::max()) return wrong(std::string(member) + " is too large");
    return static_cast<T>(*count);
}

Result<void> read_types(const Json& value, Request& request) {
    const auto* text = value.get_ptr<const std::string*>();
    if (text == nullptr) return wrong_kind("types", "a string", value);
    auto types = parse_types(*text);
    if (!types) return wrong("types: " + types.error().message());
    request.types = *std::move(types);
    return {};
}

Result<void> read_resources(const Json& value, Request& request) {
    if (!value.is_object()) return wrong_kind("resources", "an object", value);
    for (const auto& [key, payload] : value.get_ref<const Json::object_t&>()) {
        std::uint32_t id = 0;
        const auto [end, problem] = std::from_chars(key.data(), key.data() + key.size(), id);
        if (problem != std::errc() || end != key.data() + key.size()) {
            return wrong("resources: " + in_quotes(key) + " is no resource id; ids are 0 to 4294967295");
        }
        auto bytes = parse_payload(payload, "resource " + key);
        if (!bytes) return fail(std::move(bytes).error());
        request.resources.emplace_back(id, *std::move(bytes));
    }
    // "1" and "01" are two keys and one id.
    using Resource = std::pair<std::uint32_t, Bytes>;
    std::ranges::sort(request.resources, {}, &Resource::first);
    const auto twice = std::ranges::adjacent_find(request.resources, {}, &Resource::first);
    if (twice != request.resources.end()) {
        return wrong("resources: id " + std::to_string(twice->first) + " is there more than once");
    }
    return {};
}

Result<void> read_member(std::string_view member, Json& value, Request& request) {
    if (member == "name") {
        auto* text = value.get_ptr<std::string*>();
        if (text == nullptr) return wrong_kind("name", "a string", value);
        request.name = std::move(*text);
        return {};
    }
    if (member == "args") {
        if (!value.is_array()) return wrong_kind("args", "an array", value);
        request.arguments = std::move(value);
        return {};
    }
    if (member == "types") return read_types(value, request);
    if (member == "payload") {
        auto bytes = parse_payload(value, "payload");
        if (!bytes) return fail(std::move(bytes).error());
        request.payload = *std::move(bytes);
        return {};
    }
    if (member == "fresh") return read_flag(value, member, request.fresh);
    if (member == "reset_state") return read_flag(value, member, request.reset_state);
    if (member == "gas") {
        if (!value.is_number_integer()) return wrong_kind(member, "a whole number", value);
        const auto* large = value.get_ptr<const Json::number_unsigned_t*>();
        const bool too_large = large != nullptr && *large > static_cast<std::uint64_t>(INT64_MAX);
        request.gas = too_large ? INT64_MAX : value.get<std::int64_t>();
        return {};
    }
    if (member == "rid") {
        auto id = read_count<std::uint32_t>(value, member);
        if (!id) return fail(std::move(id).error());
        request.resource = *id;
        return {};
    }
    if (member == "resources") return read_resources(value, request);
    if (member == "accumulator") {
        auto bytes = parse_payload(value, member);
        if (!bytes) return fail(std::move(bytes).error());
        request.accumulator = *std::move(bytes);
        return {};
    }
    return wrong("a request has no member " + in_quotes(member) +
                 "; members are name, args, types, payload, fresh, gas, rid, resources, reset_state, accumulator");
}

}  // namespace

Result<Request> parse_request(std::string_view line) {
    auto json = parse_json(line, {}, LongIntegers::kept);
    if (!json) return fail(std::move(json).error());
    if (!json->is_object()) return wrong("a request must be an object, not " + std::string(kind_of_json(*json)));
    Request request;
    bool named = false;
    for (auto& [member, value] : json->get_ref<Json::object_t&>()) {
        if (auto read = read_member(member, value, request); !read) return fail(std::move(read).error());
        named = named || member == "name";
    }
    if (!named) return wrong("a request needs a name, such as {\"name\": \"sum\", \"args\": [1, 2]}");
    return request;
}

}  // namespace mortise::cli
