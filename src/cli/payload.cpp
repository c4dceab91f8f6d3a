#include "cli/payload.hpp"

#include <algorithm>

#include "cli/text.hpp"

namespace mortise::cli {

namespace {

std::unexpected<Error> wrong(std::string_view what, std::string_view why) {
    return fail(ErrorCode::invalid_argument, std::string(what) + ": " + std::string(why));
}

int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Result<Bytes> from_text_form(std::string_view form, const std::string& text, std::string_view what) {
    if (form == "text") return copy_bytes(text);
    if (form == "hex") {
        auto bytes = parse_hex(text);
        if (!bytes) return wrong(what, bytes.error().message());
        return bytes;
    }
    auto bytes = codec::base64_decode(text);
    if (!bytes) return wrong(what, "base64 is wrong");
    return *std::move(bytes);
}

// What outcomes have: both forms of the same bytes.
Result<Bytes> from_both(const Json& json, std::string_view what) {
    const auto* base64 = json.at("base64").get_ptr<const std::string*>();
    const auto* text = json.at("text").get_ptr<const std::string*>();
    if (base64 == nullptr || text == nullptr) return wrong(what, "base64 and text must be strings");
    auto bytes = from_text_form("base64", *base64, what);
    if (bytes && text_of(*bytes) != *text) return wrong(what, "base64 and text are not the same bytes");
    return bytes;
}

}  // namespace

Result<Bytes> parse_payload(const Json& json, std::string_view what) {
    constexpr std::string_view kForms = "write an object with one of text, hex, base64, json, msgpack";
    if (!json.is_object()) return wrong(what, std::string(kForms) + ", not " + std::string(kind_of_json(json)));
    if (json.size() == 2 && json.contains("base64") && json.contains("text")) return from_both(json, what);
    if (json.size() != 1) return wrong(what, "it has " + counted(json.size(), "member") + "; " + std::string(kForms));
    const auto& [form, value] = *json.get_ref<const Json::object_t&>().begin();
    if (const auto digits = find_long_integer(value)) {
        return wrong(what, "the integer " + in_quotes(*digits) + " does not fit in 64 bits");
    }
    if (form == "json") return copy_bytes(to_line(value));
    if (form == "msgpack") {
        auto packed = codec::msgpack_from_json(to_line(value), kCodecLimits);
        if (!packed) return wrong(what, packed.error().message());
        return packed;
    }
    if (form != "text" && form != "hex" && form != "base64") {
        return wrong(what, "there is no form " + in_quotes(form) + "; " + std::string(kForms));
    }
    const auto* text = value.get_ptr<const std::string*>();
    if (text == nullptr) return wrong(what, form + " must be a string, not " + std::string(kind_of_json(value)));
    return from_text_form(form, *text, what);
}

Json bytes_to_json(BytesView bytes) {
    Json out = Json::object();
    out["base64"] = codec::base64_encode(bytes);
    if (is_utf8(text_of(bytes))) out["text"] = text_of(bytes);
    return out;
}

std::string to_hex(BytesView bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const auto byte : bytes) {
        out += kDigits[std::to_integer<std::size_t>(byte) >> 4];
        out += kDigits[std::to_integer<std::size_t>(byte) & 15];
    }
    return out;
}

Result<Bytes> parse_hex(std::string_view text) {
    if (text.size() % 2 != 0) return fail(ErrorCode::invalid_argument, "hex has an odd number of digits");
    Bytes out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit(text[i]);
        const int low = digit(text[i + 1]);
        if (high < 0 || low < 0) {
            return fail(ErrorCode::invalid_argument, "hex has something else than hex digits at character " + std::to_string(i + (high < 0 ? 1 : 2)));
        }
        out.push_back(static_cast<std::byte>(high * 16 + low));
    }
    return out;
}

}  // namespace mortise::cli
