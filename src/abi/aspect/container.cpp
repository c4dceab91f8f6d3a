#include "abi/aspect/container.hpp"

#include <algorithm>
#include <memory>

#include <brotli/decode.h>

#include <mortise/abi/aspect.hpp>

#include "base/text.hpp"

namespace mortise::abi::aspect {

using base::concat;

namespace {

constexpr std::size_t kPrefix = 8;   // three zeros, the compression, four bytes of checksum
constexpr std::uint8_t kBrotli = 1;

struct DestroyDecoder {
    void operator()(BrotliDecoderState* state) const noexcept { BrotliDecoderDestroyInstance(state); }
};

// Grows the result as it comes, so that a few bytes cannot ask for gigabytes at once.
Result<Bytes> decompress(BytesView compressed, std::uint64_t most) {
    const std::unique_ptr<BrotliDecoderState, DestroyDecoder> decoder(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr));
    if (!decoder) return fail(ErrorCode::io, "no memory for decompressing an aspect");
    Bytes out;
    std::size_t left = compressed.size();
    const auto* in = reinterpret_cast<const std::uint8_t*>(compressed.data());
    for (;;) {
        std::size_t room = 0;
        const auto result = BrotliDecoderDecompressStream(decoder.get(), &left, &in, &room, nullptr, nullptr);
        std::size_t size = 0;
        const auto* piece = reinterpret_cast<const std::byte*>(BrotliDecoderTakeOutput(decoder.get(), &size));
        if (size > most - out.size()) {
            return fail(ErrorCode::unsupported, concat("the module in the container is larger than the limit of ", most, " bytes (module_bytes)"));
        }
        out.insert(out.end(), piece, piece + size);
        if (result == BROTLI_DECODER_RESULT_SUCCESS) break;
        if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) continue;
        return fail(ErrorCode::malformed_module, result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT
                                                     ? "the compressed module in the container is cut short"
                                                     : "the container does not hold brotli data");
    }
    if (left != 0) return fail(ErrorCode::malformed_module, concat(left, " byte(s) follow the compressed module in the container"));
    return out;
}

}  // namespace

Result<std::optional<Bytes>> unwrap(BytesView bytes, std::uint64_t most) {
    const auto at = [&](std::size_t i) { return std::to_integer<std::uint8_t>(bytes[i]); };
    if (bytes.size() < kPrefix || at(0) != 0 || at(1) != 0 || at(2) != 0 || at(3) == 0) return std::optional<Bytes>();
    if (at(3) != kBrotli) return fail(ErrorCode::unsupported, concat("unsupported compression algorithm: ", at(3)));
    const BytesView compressed = bytes.subspan(kPrefix);
    const auto digest = keccak256(compressed);
    if (!std::equal(digest.begin(), digest.begin() + 4, bytes.begin() + 4)) {
        return fail(ErrorCode::malformed_module, "invalid checksum: the container's compressed module is damaged");
    }
    auto module = decompress(compressed, most);
    if (!module) return fail(std::move(module).error());
    return std::optional(*std::move(module));
}

}  // namespace mortise::abi::aspect
