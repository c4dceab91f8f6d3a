#include "trust/seal.hpp"

#include <cstring>
#include <string>

#include <sodium.h>

#include "base/checked.hpp"

namespace mortise::trust {

namespace {

constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kMark = kNonce + kTag;
static_assert(Secret::kBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* data_of(BytesView bytes) noexcept { return reinterpret_cast<const unsigned char*>(bytes.data()); }

void append(Bytes& out, BytesView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

void append_size(Bytes& out, std::uint64_t size) { append(out, std::as_bytes(std::span(&size, 1))); }

std::optional<BytesView> take_sized(BytesView& from) noexcept {
    std::uint64_t size = 0;
    if (from.size() < sizeof(size)) return std::nullopt;
    std::memcpy(&size, from.data(), sizeof(size));
    from = from.subspan(sizeof(size));
    if (size > from.size()) return std::nullopt;
    const auto taken = from.first(static_cast<std::size_t>(size));
    from = from.subspan(taken.size());
    return taken;
}

// Chooses the fastest code for this processor, once; any thread.
void prepare() noexcept { [[maybe_unused]] const int ready = sodium_init(); }

}  // namespace

Secret::Secret() noexcept {
    prepare();
    randombytes_buf(bytes_.data(), bytes_.size());
}

Secret::Secret(BytesView bytes) noexcept {
    prepare();
    std::memcpy(bytes_.data(), bytes.data(), bytes_.size());
}

Secret::~Secret() { sodium_memzero(bytes_.data(), bytes_.size()); }

Bytes seal(std::string_view kind, std::string_view name, BytesView content, const Secret& secret) {
    Bytes file;
    file.reserve(static_cast<std::size_t>(sealed_size(kind, name, content.size())));
    append(file, bytes_of(kind));
    append_size(file, name.size());
    append(file, bytes_of(name));
    append_size(file, content.size());
    append(file, content);
    const std::size_t marked = file.size();
    file.resize(marked + kMark);
    auto* nonce = reinterpret_cast<unsigned char*>(file.data()) + marked;
    randombytes_buf(nonce, kNonce);
    unsigned char nothing = 0;   // where the encrypted message would go
    crypto_aead_xchacha20poly1305_ietf_encrypt_detached(&nothing, nonce + kNonce, nullptr, nullptr, 0, data_of(file), marked,
                                                        nullptr, nonce, secret.data());
    return file;
}

std::uint64_t sealed_size(std::string_view kind, std::string_view name, std::uint64_t content) noexcept {
    return kind.size() + name.size() + 2 * sizeof(std::uint64_t) + kMark + content;
}

std::optional<std::uint64_t> sealed_size(std::string_view kind, BytesView start) noexcept {
    if (!looks_sealed(kind, start)) return std::nullopt;
    auto rest = start.subspan(kind.size());
    const auto name = take_sized(rest);
    std::uint64_t content = 0;
    if (!name || rest.size() < sizeof(content)) return std::nullopt;
    std::memcpy(&content, rest.data(), sizeof(content));
    return base::checked_add(sealed_size(kind, text_of(*name), 0), content);
}

bool Sealed::authentic(const Secret& secret) const noexcept {
    const unsigned char nothing = 0;   // the encrypted message
    return crypto_aead_xchacha20poly1305_ietf_decrypt_detached(nullptr, nullptr, &nothing, 0, data_of(mark) + kNonce, data_of(marked),
                                                               marked.size(), data_of(mark), secret.data()) == 0;
}

bool looks_sealed(std::string_view kind, BytesView file) noexcept { return text_of(file).starts_with(kind); }

std::optional<Sealed> take_apart(std::string_view kind, BytesView file) noexcept {
    if (!looks_sealed(kind, file) || file.size() < kind.size() + kMark) return std::nullopt;
    Sealed sealed;
    sealed.marked = file.first(file.size() - kMark);
    sealed.mark = file.last(kMark);
    auto rest = sealed.marked.subspan(kind.size());
    const auto name = take_sized(rest);
    const auto content = name ? take_sized(rest) : std::nullopt;
    if (!content || !rest.empty()) return std::nullopt;
    sealed.name = text_of(*name);
    sealed.content = *content;
    return sealed;
}

}  // namespace mortise::trust
