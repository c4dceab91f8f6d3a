#include "engines/wasmtime/compiled_code.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/text.hpp"

namespace mortise::engines::wasmtime {
namespace {

constexpr std::string_view kMagic = "mortise wasmtime code 1\n";

std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t read_word(const std::byte* at, std::size_t size) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, size);
    return word;
}

void append_word(Bytes& out, std::uint64_t word) {
    std::byte bytes[sizeof(word)];
    std::memcpy(bytes, &word, sizeof(word));
    out.insert(out.end(), bytes, bytes + sizeof(word));
}

std::optional<std::uint64_t> take_word(BytesView& from) noexcept {
    if (from.size() < sizeof(std::uint64_t)) return std::nullopt;
    const auto word = read_word(from.data(), sizeof(std::uint64_t));
    from = from.subspan(sizeof(std::uint64_t));
    return word;
}

}  // namespace

std::uint64_t checksum(BytesView bytes) noexcept {
    constexpr std::uint64_t kFirst = 0xa0761d6478bd642f, kSecond = 0xe7037ed1a0b428db;
    std::uint64_t sum = kFirst ^ bytes.size();
    while (bytes.size() >= 16) {
        sum = mix(read_word(bytes.data(), 8) ^ kSecond, read_word(bytes.data() + 8, 8) ^ sum) + sum;
        bytes = bytes.subspan(16);
    }
    const std::size_t low = std::min<std::size_t>(bytes.size(), 8);
    sum = mix(read_word(bytes.data(), low) ^ kSecond, read_word(bytes.data() + low, bytes.size() - low) ^ sum) + sum;
    return mix(sum ^ kFirst, kSecond);
}

Bytes wrap_code(std::string_view key, BytesView code) {
    Bytes wrapped = copy_bytes(kMagic);
    wrapped.reserve(kMagic.size() + key.size() + code.size() + 3 * sizeof(std::uint64_t));
    append_word(wrapped, key.size());
    const auto key_bytes = bytes_of(key);
    wrapped.insert(wrapped.end(), key_bytes.begin(), key_bytes.end());
    append_word(wrapped, code.size());
    append_word(wrapped, checksum(code));
    wrapped.insert(wrapped.end(), code.begin(), code.end());
    return wrapped;
}

Result<BytesView> unwrap_code(std::string_view key, BytesView wrapped) {
    const auto malformed = [](std::string_view what) {
        return fail(ErrorCode::malformed_module, base::concat("compiled code is ", what));
    };
    if (!text_of(wrapped).starts_with(kMagic)) return malformed("none of this engine's: its first bytes are others");
    wrapped = wrapped.subspan(kMagic.size());
    const auto key_size = take_word(wrapped);
    if (!key_size || *key_size > wrapped.size()) return malformed("cut off");
    const auto made_by = text_of(wrapped.first(static_cast<std::size_t>(*key_size)));
    if (made_by != key) {
        return fail(ErrorCode::unsupported, base::concat("compiled code is for ", base::quoted(made_by),
                                                         ", this engine is ", base::quoted(key)));
    }
    wrapped = wrapped.subspan(made_by.size());
    const auto size = take_word(wrapped);
    const auto sum = take_word(wrapped);
    if (!size || !sum || *size > wrapped.size()) return malformed("cut off");
    if (*size < wrapped.size()) return malformed("followed by something else");
    if (checksum(wrapped) != *sum) return malformed("damaged: its checksum differs");
    return wrapped;
}

}  // namespace mortise::engines::wasmtime
