#include "trust/digest.hpp"

#include <array>
#include <cstdint>

#include <nettle/sha2.h>

namespace mortise::trust {

std::string sha256_hex(BytesView bytes) {
    // Nettle uses the processor's own instructions for it, where there are any: libsodium's takes four times as long.
    sha256_ctx state;
    sha256_init(&state);
    sha256_update(&state, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest;
    sha256_digest(&state, digest.size(), digest.data());
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    hex.reserve(digest.size() * 2);
    for (const std::uint8_t byte : digest) {
        hex += kDigits[byte >> 4];
        hex += kDigits[byte & 0xF];
    }
    return hex;
}

bool same_hex(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    unsigned difference = 0;
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<unsigned>(c) + 32u : static_cast<unsigned char>(c); };
    for (std::size_t i = 0; i < a.size(); ++i) difference |= lower(a[i]) ^ lower(b[i]);
    return difference == 0;
}

}  // namespace mortise::trust
