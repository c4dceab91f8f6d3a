#pragma once

#include <cstdint>

namespace mortise::codec {

/// What a decoder makes of bytes after the value.
enum class Trailing : std::uint8_t {
    refused,  ///< an error of code `decode`
    ignored,  ///< as the MessagePack decoders of hookr's plugins do; white space after JSON is always taken
};

/// Bounds for input that may be hostile: beyond one of them decoding fails with `decode`, naming it.
struct DecodeOptions {
    /// Containers inside each other. 64: deeper than data is, far from any stack's end.
    std::uint32_t max_depth = 64;

    /// Array items and map entries of the whole value together. What a value may make the host allocate is bounded by
    /// this times the size of the types decoded into.
    std::uint64_t max_elements = 1'000'000;

    /// Bytes of the whole input.
    std::uint64_t max_bytes = std::uint64_t{64} << 20;

    /// Refused: a longer input than expected is a mistake somewhere.
    Trailing trailing = Trailing::refused;
};

}  // namespace mortise::codec
