#include <algorithm>
#include <cstring>

#include <nettle/sha1.h>
#include <nettle/sha3.h>

#include <mortise/abi/aspect.hpp>

namespace mortise::abi::aspect {

// Nettle has the permutation and SHA3-256, which differs from the chain's Keccak-256 only in the padding: 06 there, 01 here.
std::array<std::byte, 32> keccak256(BytesView bytes) noexcept {
    constexpr std::size_t kRate = 136;
    sha3_state state{};
    const auto absorb = [&state](const std::byte* block) {
        for (std::size_t i = 0; i < kRate / 8; ++i) {
            std::uint64_t lane;
            std::memcpy(&lane, block + 8 * i, sizeof(lane));
            state.a[i] ^= lane;
        }
        sha3_permute(&state);
    };
    for (; bytes.size() >= kRate; bytes = bytes.subspan(kRate)) absorb(bytes.data());
    std::array<std::byte, kRate> last{};
    std::copy(bytes.begin(), bytes.end(), last.begin());
    last[bytes.size()] ^= std::byte{0x01};
    last[kRate - 1] ^= std::byte{0x80};
    absorb(last.data());
    std::array<std::byte, 32> digest;
    std::memcpy(digest.data(), state.a, digest.size());
    return digest;
}

std::string code_hash(BytesView code) {
    constexpr std::uint8_t kWasmRuntime = 0;   // the type of runtime, hashed in front of the code
    sha1_ctx context;
    sha1_init(&context);
    sha1_update(&context, 1, &kWasmRuntime);
    sha1_update(&context, code.size(), reinterpret_cast<const std::uint8_t*>(code.data()));
    std::array<std::uint8_t, SHA1_DIGEST_SIZE> digest;
    sha1_digest(&context, digest.size(), digest.data());
    std::string hex;
    for (const std::uint8_t one : digest) {
        hex += "0123456789abcdef"[one >> 4];
        hex += "0123456789abcdef"[one & 15];
    }
    return hex;
}

}  // namespace mortise::abi::aspect
