#include "trust/code_cache.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>

#include <sodium.h>

#include "base/text.hpp"
#include "trust/digest.hpp"

namespace mortise::trust {

namespace {

using base::concat;

constexpr std::string_view kEntryKind = "mortise code, entry 1\n";
constexpr std::string_view kEnding = ".code";
constexpr std::size_t kDigits = 64;
constexpr std::string_view kSecretMark = "mortise secret 1\n";   // so that no other file of the user's passes for one
constexpr const char* kSecretName = "secret";

std::string file_of(std::string_view key) { return concat(sha256_hex(bytes_of(key)), kEnding); }

bool is_entry(std::string_view name) noexcept {
    const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return name.size() == kDigits + kEnding.size() && name.ends_with(kEnding) && std::ranges::all_of(name.substr(0, kDigits), is_digit);
}

// The content of the file with the secret, wiped when it goes.
struct SecretText {
    std::array<std::byte, kSecretMark.size() + Secret::kBytes> bytes{};

    SecretText() = default;
    explicit SecretText(const Secret& secret) noexcept {
        std::memcpy(bytes.data(), kSecretMark.data(), kSecretMark.size());
        std::memcpy(bytes.data() + kSecretMark.size(), secret.data(), Secret::kBytes);
    }
    ~SecretText() { sodium_memzero(bytes.data(), bytes.size()); }
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;
};

struct FoundSecret {
    std::optional<PrivateFile> file;
    std::unique_ptr<Secret> secret;   // null if there is no file, or none of ours in it: it is damaged
};

Result<FoundSecret> find_secret(const PrivateFolder& folder) {
    auto file = folder.find(kSecretName, PrivateFolder::Others::may_nothing);
    if (!file) return fail(std::move(file).error());
    FoundSecret found{*std::move(file), nullptr};
    SecretText text;
    if (!found.file || found.file->size() != text.bytes.size()) return found;
    auto got = found.file->read_start(text.bytes);
    if (!got) return fail(std::move(got).error());
    const BytesView bytes(text.bytes);
    if (*got != bytes.size() || !text_of(bytes).starts_with(kSecretMark)) return found;
    found.secret = std::make_unique<Secret>(bytes.subspan(kSecretMark.size()));
    return found;
}

// Of several processes that make one at the same time one wins, and all use the winner's: it is read back.
Result<std::unique_ptr<Secret>> open_secret(const PrivateFolder& folder) {
    constexpr int kTries = 8;
    for (int tries = 0; tries < kTries; ++tries) {
        auto found = find_secret(folder);
        if (!found) return fail(std::move(found).error());
        if (found->secret) return std::move(found->secret);
        const SecretText fresh{Secret()};
        if (!found->file) {
            if (auto written = folder.write_new(kSecretName, fresh.bytes); !written) return fail(std::move(written).error());
            continue;
        }
        // A damaged one is replaced, by one process: what was sealed with it is compiled again. The others wait, and see a new file.
        found->file->lock();
        if (!folder.is_still(kSecretName, *found->file)) continue;
        if (auto written = folder.write(kSecretName, fresh.bytes); !written) return fail(std::move(written).error());
    }
    return fail(ErrorCode::io, concat("the secret in ", folder.path().string(), " cannot be kept"));
}

std::unexpected<Error> damaged(const PrivateFolder& folder) {
    return fail(ErrorCode::denied, concat("an entry in ", folder.path().string(), " is damaged or somebody else's"));
}

// An entry whose length is what its head says. That is looked at first: damage must not cost memory.
Result<Bytes> read_entry(const PrivateFolder& folder, const PrivateFile& file, std::uint64_t most_bytes) {
    std::array<std::byte, 2 * CodeCache::kLongestKey> head;
    const auto got = file.read_start(head);
    if (!got) return fail(got.error());
    if (sealed_size(kEntryKind, BytesView(head).first(*got)) != file.size()) return damaged(folder);
    return file.read(most_bytes);
}

// Something of a cache's own is in the folder.
bool is_cache(const std::vector<PrivateFolder::File>& files, const Result<FoundSecret>& secret) {
    return !secret || secret->file || std::ranges::any_of(files, is_entry, &PrivateFolder::File::name);
}

std::unexpected<Error> no_cache(const PrivateFolder& folder) {
    return fail(ErrorCode::not_found, concat(folder.path().string(), " is no code cache"));
}

}  // namespace

Result<CodeCache> CodeCache::open(const std::filesystem::path& folder, std::uint64_t most_bytes) {
    auto opened = PrivateFolder::open(folder);
    if (!opened) return fail(std::move(opened).error());
    auto secret = open_secret(*opened);
    if (!secret) return fail(std::move(secret).error());
    return CodeCache(*std::move(opened), *std::move(secret), most_bytes);
}

Result<std::optional<CodeCache::Found>> CodeCache::find(std::string_view key) const {
    const auto file = folder_.find(file_of(key));
    if (!file) return fail(file.error());
    if (!*file) return std::optional<Found>();
    auto content = read_entry(folder_, **file, most_bytes_);
    if (!content) return fail(std::move(content).error());
    const auto sealed = take_apart(kEntryKind, *content);
    if (!sealed || !sealed->authentic(*secret_) || sealed->name != key) return damaged(folder_);
    (*file)->note_use();
    const auto code = sealed->content;
    return std::optional<Found>(std::in_place, *std::move(content), code);
}

Result<void> CodeCache::store(std::string_view key, BytesView code) const {
    if (key.size() > kLongestKey) return fail(ErrorCode::io, concat("a key of ", key.size(), " bytes is too long for the cache"));
    const auto size = sealed_size(kEntryKind, key, code.size());
    if (size > most_bytes_) {
        return fail(ErrorCode::io, concat("compiled code of ", size, " bytes is more than the cache may hold, ", most_bytes_));
    }
    const auto name = file_of(key);
    if (auto written = folder_.write(name, seal(kEntryKind, key, code, *secret_)); !written) return written;
    make_room(name);
    return {};
}

// Other processes may do the same at the same time: an entry that is gone already was dropped all the same. What cannot be removed
// stays, as this store has succeeded.
void CodeCache::make_room(const std::string& newest) const {
    static_cast<void>(folder_.remove_abandoned());
    auto files = folder_.list();
    if (!files) return;
    std::erase_if(*files, [](const auto& file) { return !is_entry(file.name); });
    const auto today = now_ns();
    for (auto& file : *files) {
        // From a clock that was wrong; it must grow old like the others.
        if (file.used_ns > today) folder_.touch(file.name);
        file.used_ns = file.name == newest ? INT64_MAX : std::min(file.used_ns, today);
    }
    std::ranges::sort(*files, std::greater(), &PrivateFolder::File::used_ns);
    std::uint64_t left = most_bytes_;
    for (const auto& file : *files) {
        if (file.bytes <= left) {
            left -= file.bytes;
            continue;
        }
        left = 0;
        static_cast<void>(folder_.remove(file.name));
    }
}

Result<std::vector<CodeCache::Entry>> CodeCache::list_in(const PrivateFolder& folder, const Secret* secret, std::uint64_t most_bytes) {
    auto files = folder.list();
    if (!files) return fail(std::move(files).error());
    std::vector<Entry> entries;
    for (const auto& file : *files) {
        if (!is_entry(file.name)) continue;
        Entry entry{file.name.substr(0, kDigits), {}, file.bytes, file.used_ns};
        const auto opened = secret != nullptr ? folder.find(file.name) : std::optional<PrivateFile>();
        if (opened && *opened) {
            const auto content = read_entry(folder, **opened, most_bytes);
            const auto sealed = content ? take_apart(kEntryKind, *content) : std::nullopt;
            if (sealed && sealed->authentic(*secret)) entry.key = sealed->name;
        }
        entries.push_back(std::move(entry));
    }
    std::ranges::sort(entries, std::greater(), &Entry::used_ns);
    return entries;
}

Result<std::vector<CodeCache::Entry>> CodeCache::look(const std::filesystem::path& folder, std::uint64_t most_bytes) {
    auto opened = PrivateFolder::open(folder, PrivateFolder::Missing::is_error);
    if (!opened) return fail(std::move(opened).error());
    const auto secret = find_secret(*opened);
    if (!secret) return fail(secret.error());
    auto files = opened->list();
    if (!files) return fail(std::move(files).error());
    if (!is_cache(*files, secret)) return no_cache(*opened);
    return list_in(*opened, secret->secret.get(), most_bytes);
}

Result<CodeCache::Cleared> CodeCache::clear(const std::filesystem::path& folder) {
    const auto opened = PrivateFolder::open(folder, PrivateFolder::Missing::is_error);
    if (!opened) return fail(opened.error());
    const auto files = opened->list();
    if (!files) return fail(files.error());
    const auto secret = find_secret(*opened);
    if (!is_cache(*files, secret)) return no_cache(*opened);
    if (auto abandoned = opened->remove_abandoned(); !abandoned) return fail(std::move(abandoned).error());
    Cleared cleared;
    for (const auto& file : *files) {
        if (!is_entry(file.name)) continue;
        const auto removed = opened->remove(file.name);
        if (!removed) return fail(removed.error());
        if (!*removed) continue;
        ++cleared.entries;
        cleared.bytes += file.bytes;
    }
    // One that others may have read, or that is no file, would keep the cache from being used for ever.
    if (!secret && secret.error().code() == ErrorCode::denied) {
        if (auto removed = opened->remove(kSecretName); !removed) return fail(std::move(removed).error());
    }
    return cleared;
}

}  // namespace mortise::trust
