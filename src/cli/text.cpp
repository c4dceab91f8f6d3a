#include "cli/text.hpp"

#include <algorithm>
#include <array>

#include <mortise/bytes.hpp>

namespace mortise::cli {

namespace {

constexpr std::size_t kQuotedBytes = 80;

void append_escaped(std::string& out, unsigned char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    switch (c) {
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default:
            out += "\\x";
            out += kDigits[c >> 4];
            out += kDigits[c & 15];
    }
}

// Edits between two words, for short words.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

}  // namespace

std::string one_line(std::string_view text) {
    const std::string clean = to_utf8_lossy(text);
    std::string out;
    out.reserve(clean.size());
    for (std::size_t i = 0; i < clean.size(); ++i) {
        const auto c = static_cast<unsigned char>(clean[i]);
        // U+0080 to U+009F, which some terminals obey as well, are C2 80 to C2 9F.
        const bool c1 = c == 0xC2 && i + 1 < clean.size() && static_cast<unsigned char>(clean[i + 1]) < 0xA0;
        if (c1) append_escaped(out, static_cast<unsigned char>(clean[++i]));
        else if (c < 0x20 || c == 0x7F) append_escaped(out, c);
        else out += clean[i];
    }
    return out;
}

std::string in_quotes(std::string_view text) {
    if (text.size() <= kQuotedBytes) return '"' + one_line(text) + '"';
    std::size_t end = kQuotedBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;   // not inside a character
    return '"' + one_line(text.substr(0, end)) + "...\"";
}

std::string_view trimmed(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::string joined(std::span<const std::string_view> items) {
    std::string out;
    for (const auto item : items) {
        if (!out.empty()) out += ", ";
        out += item;
    }
    return out;
}

std::string_view nearest(std::string_view word, std::span<const std::string> candidates) {
    constexpr std::size_t kLongest = 64;
    std::string_view best;
    std::size_t least = word.size() <= 4 ? 2 : 3;   // fewer edits than this
    if (word.size() > kLongest) return best;
    for (const auto& candidate : candidates) {
        if (candidate.size() > kLongest) continue;
        const auto edits = distance(word, candidate);
        if (edits < least) {
            least = edits;
            best = candidate;
        }
    }
    return best;
}

std::string counted(std::size_t count, std::string_view noun) {
    std::string out = std::to_string(count) + ' ' + std::string(noun);
    if (count != 1) out += 's';
    return out;
}

}  // namespace mortise::cli
