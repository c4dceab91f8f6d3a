#include "trust/digest.hpp"

#include <array>

#include <sodium.h>

namespace mortise::trust {

std::string sha256_hex(BytesView bytes) {
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest;
    crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    std::string hex(digest.size() * 2 + 1, '\0');
    sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
    hex.pop_back();
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
