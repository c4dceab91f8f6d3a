#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <mortise/bytes.hpp>

namespace mortise::trust {

/// A user's secret, wiped from memory when it goes.
class Secret {
public:
    static constexpr std::size_t kBytes = 32;

    /// A new one from the operating system's random numbers.
    Secret() noexcept;
    /// The one in these bytes, which must be as many.
    explicit Secret(BytesView bytes) noexcept;
    ~Secret();
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;

    BytesView bytes() const noexcept { return std::as_bytes(std::span(bytes_)); }
    const unsigned char* data() const noexcept { return bytes_.data(); }

private:
    std::array<unsigned char, kBytes> bytes_;
};

/// A name and a content with a mark that only who has the secret can make (XChaCha20-Poly1305 over everything, with nothing
/// encrypted and a random nonce each time). `kind` keeps files for different uses apart.
Bytes seal(std::string_view kind, std::string_view name, BytesView content, const Secret& secret);

/// A sealed file taken apart; views into it. Its mark is not checked yet.
struct Sealed {
    std::string_view name;
    BytesView content;
    BytesView marked;   ///< all but the mark
    BytesView mark;

    bool authentic(const Secret& secret) const noexcept;
};

/// How long such a file is.
std::uint64_t sealed_size(std::string_view kind, std::string_view name, std::uint64_t content) noexcept;

/// How long a file that begins like this says it is; nothing if it is none of that kind, or its name goes beyond these bytes.
std::optional<std::uint64_t> sealed_size(std::string_view kind, BytesView start) noexcept;

/// True if the bytes claim to be such a file.
bool looks_sealed(std::string_view kind, BytesView file) noexcept;

/// Nothing if it is no sealed file of that kind, or cut off, or longer than it says.
std::optional<Sealed> take_apart(std::string_view kind, BytesView file) noexcept;

}  // namespace mortise::trust
