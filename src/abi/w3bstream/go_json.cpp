#include "abi/w3bstream/go_json.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include <mortise/bytes.hpp>

#include "abi/w3bstream/sql_time.hpp"

namespace mortise::abi::w3bstream {

namespace {

void append_escape(std::string& out, unsigned char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += "\\u00";
    out += kDigits[c >> 4];
    out += kDigits[c & 15];
}

// The character that the text begins with, or a mark in the place of one byte that is none; how many bytes that was.
std::size_t append_character(std::string& out, std::string_view text) {
    for (std::size_t size = 2; size <= 4 && size <= text.size(); ++size) {
        if (!is_utf8(text.substr(0, size))) continue;
        out += text.substr(0, size);
        return size;
    }
    out += "\\ufffd";
    return 1;
}

}  // namespace

void append_json(std::string& out, std::string_view text) {
    const bool valid = is_utf8(text);
    out += '"';
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            case '<':
            case '>':
            case '&': append_escape(out, c); break;
            case 0xE2:   // U+2028 and U+2029, which end lines in JavaScript
                if (text.substr(i + 1, 2) == "\x80\xA8" || text.substr(i + 1, 2) == "\x80\xA9") {
                    out += text[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
                    i += 2;
                    break;
                }
                [[fallthrough]];
            default:
                if (c < 0x20) append_escape(out, c);
                else if (c < 0x80 || valid) out += text[i];
                else i += append_character(out, text.substr(i)) - 1;
        }
    }
    out += '"';
}

void append_json(std::string& out, std::int64_t number) { out += std::to_string(number); }

bool append_json(std::string& out, double number) {
    constexpr double kLeast = 1e-6, kMost = 1e21;
    if (!std::isfinite(number)) return false;
    const double size = std::abs(number);
    const bool plain = number == 0 || (size >= kLeast && size < kMost);
    std::array<char, 64> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number,
                                   plain ? std::chars_format::fixed : std::chars_format::scientific).ptr;
    std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
    // Go writes 1e-7 where C++ writes 1e-07.
    if (!plain && text.size() > 4 && text[text.size() - 4] == 'e' && text[text.size() - 2] == '0') {
        out += text.substr(0, text.size() - 2);
        out += text.back();
        return true;
    }
    out += text;
    return true;
}

void append_json(std::string& out, const SqlTime& time) {
    out += "{\"Time\":\"";
    out += time.valid ? format_time(time) : "0001-01-01T00:00:00Z";
    out += time.valid ? "\",\"Valid\":true}" : "\",\"Valid\":false}";
}

}  // namespace mortise::abi::w3bstream
