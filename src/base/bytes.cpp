#include <mortise/bytes.hpp>

#include <cstdint>
#include <cstring>

namespace mortise {
namespace {

struct Sequence {
    std::size_t size;  ///< bytes of the sequence, or of its longest well-formed beginning (at least one)
    bool well_formed;
};

struct Lead {
    std::size_t size;
    unsigned char lowest, highest;  ///< of the second byte: excludes overlong forms, surrogates, beyond U+10FFFF
};

Lead lead_of(unsigned char byte) noexcept {
    if (byte < 0x80) return {1, 0, 0};
    if (byte < 0xC2) return {0, 0, 0};
    if (byte < 0xE0) return {2, 0x80, 0xBF};
    if (byte == 0xE0) return {3, 0xA0, 0xBF};
    if (byte == 0xED) return {3, 0x80, 0x9F};
    if (byte < 0xF0) return {3, 0x80, 0xBF};
    if (byte == 0xF0) return {4, 0x90, 0xBF};
    if (byte < 0xF4) return {4, 0x80, 0xBF};
    if (byte == 0xF4) return {4, 0x80, 0x8F};
    return {0, 0, 0};
}

/// The sequence at the beginning of a text that is not empty.
Sequence first_sequence(std::string_view text) noexcept {
    const auto lead = lead_of(static_cast<unsigned char>(text[0]));
    if (lead.size == 0) return {1, false};
    for (std::size_t i = 1; i < lead.size; ++i) {
        if (i == text.size()) return {i, false};
        const auto byte = static_cast<unsigned char>(text[i]);
        const unsigned char lowest = i == 1 ? lead.lowest : 0x80;
        const unsigned char highest = i == 1 ? lead.highest : 0xBF;
        if (byte < lowest || byte > highest) return {i, false};
    }
    return {lead.size, true};
}

/// How many of the first bytes are ASCII, counted eight at a time.
std::size_t ascii_prefix(std::string_view text) noexcept {
    std::size_t at = 0;
    for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, sizeof word);
        if ((word & 0x8080808080808080u) != 0) break;
    }
    while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
    return at;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    for (;;) {
        text.remove_prefix(ascii_prefix(text));
        if (text.empty()) return true;
        const auto sequence = first_sequence(text);
        if (!sequence.well_formed) return false;
        text.remove_prefix(sequence.size);
    }
}

std::string to_utf8_lossy(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        auto size = ascii_prefix(text);
        if (size != 0) {
            out.append(text.substr(0, size));
        } else {
            const auto sequence = first_sequence(text);
            size = sequence.size;
            out.append(sequence.well_formed ? text.substr(0, size) : std::string_view("\xEF\xBF\xBD"));
        }
        text.remove_prefix(size);
    }
    return out;
}

}  // namespace mortise
