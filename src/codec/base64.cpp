#include <mortise/codec/base64.hpp>

#include <array>
#include <cstdint>

namespace mortise::codec {

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> kValues = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}();

}  // namespace

std::string base64_encode(BytesView bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t have = bytes.size() - i;
        std::uint32_t bits = std::to_integer<std::uint32_t>(bytes[i]) << 16;
        if (have > 1) bits |= std::to_integer<std::uint32_t>(bytes[i + 1]) << 8;
        if (have > 2) bits |= std::to_integer<std::uint32_t>(bytes[i + 2]);
        out += kAlphabet[bits >> 18];
        out += kAlphabet[bits >> 12 & 63];
        out += have > 1 ? kAlphabet[bits >> 6 & 63] : '=';
        out += have > 2 ? kAlphabet[bits & 63] : '=';
    }
    return out;
}

std::optional<Bytes> base64_decode(std::string_view text) {
    // Padding belongs to a last group of four and nowhere else.
    std::size_t padding = 0;
    while (padding < 2 && text.ends_with('=')) {
        text.remove_suffix(1);
        ++padding;
    }
    if (text.size() % 4 == 1 || (padding != 0 && (text.size() + padding) % 4 != 0)) return std::nullopt;
    Bytes out;
    out.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        const int value = kValues[static_cast<unsigned char>(c)];
        if (value < 0) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out.push_back(static_cast<std::byte>(bits >> held & 0xFF));
        }
    }
    return out;
}

}  // namespace mortise::codec
