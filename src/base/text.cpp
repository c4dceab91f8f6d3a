#include "base/text.hpp"

#include <array>
#include <charconv>

#include <mortise/bytes.hpp>

namespace mortise::base {

std::string hex(std::uint64_t number) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
    std::string out = "0x";
    out.append(digits.data(), end);
    return out;
}

std::string quoted(std::string_view text, std::size_t most) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const bool cut = text.size() > most;
    if (cut) {
        // Back to the start of a character, so that the cut itself makes nothing ill-formed.
        while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
        text = text.substr(0, most);
    }
    std::string out = "\"";
    for (const char c : to_utf8_lossy(text)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte == '"' || byte == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7F) {
            out += "\\x";
            out += kDigits[byte >> 4];
            out += kDigits[byte & 0xF];
        } else {
            out += c;
        }
    }
    if (cut) out += "...";
    out += '"';
    return out;
}

}  // namespace mortise::base
