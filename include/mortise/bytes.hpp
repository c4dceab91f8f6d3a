#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/export.hpp>

namespace mortise {

/// An owned run of bytes: payloads, modules, digests.
using Bytes = std::vector<std::byte>;

/// A borrowed run of bytes; valid for the call it is passed to unless its user says otherwise.
using BytesView = std::span<const std::byte>;

/// The bytes of a text, borrowed: valid as long as the text.
inline BytesView bytes_of(std::string_view text) noexcept {
    return std::as_bytes(std::span(text.data(), text.size()));
}

/// The bytes read as text, borrowed: valid as long as the bytes. Not checked to be UTF-8.
inline std::string_view text_of(BytesView bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A copy of a text's bytes.
inline Bytes copy_bytes(std::string_view text) {
    const auto view = bytes_of(text);
    return {view.begin(), view.end()};
}

/// A copy of borrowed bytes.
inline Bytes copy_bytes(BytesView bytes) { return {bytes.begin(), bytes.end()}; }

/// True if the bytes are well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
MORTISE_API bool is_utf8(std::string_view text) noexcept;

/// The text with every ill-formed UTF-8 sequence replaced by U+FFFD.
MORTISE_API std::string to_utf8_lossy(std::string_view text);

}  // namespace mortise
