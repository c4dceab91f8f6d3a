#include "cli/result_text.hpp"

#include "cli/payload.hpp"
#include "cli/text.hpp"
#include "cli/values.hpp"

namespace mortise::cli {

namespace {

std::string line(std::string text) {
    if (!text.ends_with('\n')) text += '\n';
    return text;
}

std::string readable(std::string text, bool& shown_as_hex) {
    if (is_utf8(text)) return line(std::move(text));
    shown_as_hex = true;
    return to_hex(bytes_of(text)) + '\n';
}

std::string value_text(const Value& value, Output output, bool& shown_as_hex) {
    if (output == Output::json) return to_line(value_to_json(value)) + '\n';
    if (value.kind() == Kind::none) return {};
    if (output == Output::hex) return value_to_hex(value) + '\n';
    if (output == Output::raw) return value_to_text(value);
    return readable(value_to_text(value), shown_as_hex);
}

std::string payload_text(const Outcome& outcome, Output output, bool& shown_as_hex) {
    if (!outcome.payload) return output == Output::json ? "null\n" : "";
    const Bytes& bytes = *outcome.payload;
    switch (output) {
        case Output::json: return to_line(outcome.decoded ? *outcome.decoded : bytes_to_json(bytes)) + '\n';
        case Output::hex: return to_hex(bytes) + '\n';
        case Output::raw: return std::string(text_of(bytes));
        case Output::text: break;
    }
    if (outcome.decoded) return to_line(*outcome.decoded) + '\n';
    return readable(std::string(text_of(bytes)), shown_as_hex);
}

}  // namespace

Result<Output> parse_output(std::string_view name) {
    if (name == "text") return Output::text;
    if (name == "hex") return Output::hex;
    if (name == "json") return Output::json;
    if (name == "raw") return Output::raw;
    return fail(ErrorCode::invalid_argument, in_quotes(name) + " is none of text, hex, json, raw");
}

// A failure may leave a value: a handler's negative number.
std::string result_text(const Outcome& outcome, Output output, bool& shown_as_hex) {
    if (outcome.carries_payload && outcome.ended) return payload_text(outcome, output, shown_as_hex);
    return outcome.value ? value_text(*outcome.value, output, shown_as_hex) : std::string();
}

}  // namespace mortise::cli
