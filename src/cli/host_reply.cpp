#include "cli/host_reply.hpp"

#include <charconv>
#include <utility>

#include "cli/arguments.hpp"
#include "cli/values.hpp"

namespace mortise::cli {

namespace {

void append_argument(std::string& out, std::span<const ValueView> arguments, std::size_t index) {
    if (index < arguments.size()) out += value_to_text(arguments[index].to_value());
}

std::unexpected<Error> does_not_fit(const HostEntry& entry, std::string_view why) {
    return fail(ErrorCode::host_function_failed, entry_name(entry) + " of the host file: the reply " + std::string(why));
}

// Text becomes whatever the function returns: that is how "${0}" serves as a number.
Result<Value> text_as(const HostEntry& entry, std::string_view text, Kind result) {
    if (result == Kind::bytes) return Value(copy_bytes(text));
    auto value = value_of_text(text, result, 1);
    if (!value) return does_not_fit(entry, "is no " + std::string(to_string(result)));
    return value;
}

}  // namespace

std::string fill_in(std::string_view pattern, std::span<const ValueView> arguments, std::size_t input) {
    std::string out;
    for (;;) {
        const auto at = pattern.find("${");
        out += pattern.substr(0, at);
        if (at == std::string_view::npos) return out;
        pattern.remove_prefix(at);
        const auto end = pattern.find('}');
        if (end == std::string_view::npos) return out += pattern;
        const auto name = pattern.substr(2, end - 2);
        std::size_t index = 0;
        const auto [after, problem] = std::from_chars(name.data(), name.data() + name.size(), index);
        if (name == "input") append_argument(out, arguments, input);
        else if (problem == std::errc() && after == name.data() + name.size()) append_argument(out, arguments, index);
        else {
            out += "${";   // not ours: go on behind it
            pattern.remove_prefix(2);
            continue;
        }
        pattern.remove_prefix(end + 1);
    }
}

Result<Value> reply_value(const HostEntry& entry, std::span<const ValueView> arguments, Kind result, std::size_t input) {
    const auto& reply = entry.reply;
    if (const auto* error = std::get_if<ErrorReply>(&reply)) return fail(ErrorCode::host_function_failed, error->text);
    if (result == Kind::none) return Value();
    if (const auto* value = std::get_if<ValueReply>(&reply)) {
        auto made = value_of_json(value->value, result, 1);
        if (!made) return does_not_fit(entry, "is no " + std::string(to_string(result)));
        return made;
    }
    if (const auto* text = std::get_if<TextReply>(&reply)) return text_as(entry, fill_in(text->text, arguments, input), result);
    if (const auto* bytes = std::get_if<BytesReply>(&reply)) {
        if (result == Kind::bytes) return Value(bytes->bytes);
        if (result == Kind::string) return Value(text_of(bytes->bytes));
        return does_not_fit(entry, "is bytes, not " + std::string(to_string(result)));
    }
    if (std::holds_alternative<EchoReply>(reply)) {
        if (input >= arguments.size()) return does_not_fit(entry, "echoes an argument, but there is none");
        const Value first = arguments[input].to_value();
        if (first.kind() == result) return first;
        return text_as(entry, value_to_text(first), result);
    }
    return does_not_fit(entry, "is null, but the function returns " + std::string(to_string(result)));
}

Result<bool> reply_bytes(const HostEntry& entry, std::span<const ValueView> arguments, Bytes& reply) {
    if (std::holds_alternative<NoReply>(entry.reply)) return false;
    auto value = reply_value(entry, arguments, Kind::bytes);
    if (!value) return fail(std::move(value).error());
    reply = std::move(*value->get_if<Bytes>());
    return true;
}

}  // namespace mortise::cli
