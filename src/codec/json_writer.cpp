#include <mortise/codec/json_writer.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include <mortise/codec/base64.hpp>

namespace mortise::codec {

namespace {

template <class T>
std::string_view float_text(T value, std::span<char> buffer) noexcept {
    if (std::isnan(value)) return "\"NaN\"";
    if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    if (text.find_first_of(".e") == std::string_view::npos) {
        *end++ = '.';
        *end++ = '0';
        text = {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
    }
    return text;
}

template <class T>
std::string_view integer_text(T value, std::span<char> buffer) noexcept {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

using Digits = std::array<char, 40>;

}  // namespace

void JsonWriter::append(std::string_view text) {
    const auto bytes = bytes_of(text);
    out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void JsonWriter::separate() {
    if (!first_ && !after_key_) append(",");
    first_ = after_key_ = false;
}

bool JsonWriter::quote(std::string_view text) {
    if (!is_utf8(text)) return false;
    constexpr std::string_view kHex = "0123456789abcdef";
    append("\"");
    std::size_t plain = 0;   // where the run that needs no escape begins
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        append(text.substr(plain, i - plain));
        plain = i + 1;
        switch (c) {
            case '"': append("\\\""); break;
            case '\\': append("\\\\"); break;
            case '\n': append("\\n"); break;
            case '\r': append("\\r"); break;
            case '\t': append("\\t"); break;
            case '\b': append("\\b"); break;
            case '\f': append("\\f"); break;
            default:
                append("\\u00");
                append(kHex.substr(c >> 4, 1));
                append(kHex.substr(c & 15, 1));
        }
    }
    append(text.substr(plain));
    append("\"");
    return true;
}

bool JsonWriter::begin_map(std::size_t) {
    separate();
    append("{");
    first_ = true;
    return true;
}
void JsonWriter::end_map() {
    append("}");
    first_ = false;
}
bool JsonWriter::begin_array(std::size_t) {
    separate();
    append("[");
    first_ = true;
    return true;
}
void JsonWriter::end_array() {
    append("]");
    first_ = false;
}

void JsonWriter::nil() {
    separate();
    append("null");
}
void JsonWriter::boolean(bool value) {
    separate();
    append(value ? "true" : "false");
}
void JsonWriter::unsigned_integer(std::uint64_t value) {
    separate();
    Digits digits;
    append(integer_text(value, digits));
}
void JsonWriter::signed_integer(std::int64_t value) {
    separate();
    Digits digits;
    append(integer_text(value, digits));
}
void JsonWriter::floating(float value) {
    separate();
    Digits digits;
    append(float_text(value, digits));
}
void JsonWriter::floating(double value) {
    separate();
    Digits digits;
    append(float_text(value, digits));
}
bool JsonWriter::text(std::string_view value) {
    separate();
    return quote(value);
}
bool JsonWriter::bytes(BytesView value) {
    separate();
    return quote(base64_encode(value));
}
bool JsonWriter::key(std::string_view name) {
    separate();
    after_key_ = true;
    if (!quote(name)) return false;
    append(":");
    return true;
}
bool JsonWriter::signed_key(std::int64_t value) {
    Digits digits;
    return key(integer_text(value, digits));
}
bool JsonWriter::unsigned_key(std::uint64_t value) {
    Digits digits;
    return key(integer_text(value, digits));
}

}  // namespace mortise::codec
