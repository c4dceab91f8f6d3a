#include "trust/code_cache.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "base/text.hpp"
#include "trust/digest.hpp"

namespace mortise::trust {

namespace {

using base::concat;

constexpr std::string_view kEntryKind = "mortise code, entry 1\n";
constexpr std::string_view kEnding = ".code";
constexpr std::string_view kSecretMark = "mortise secret 1\n";   // so that no other file of the user's passes for one
constexpr const char* kSecretName = "secret";
constexpr std::uint64_t kSealBytes = 4096;   // more than a seal and its key's text come to

std::string file_of(std::string_view key) { return concat(sha256_hex(bytes_of(key)), kEnding); }

bool is_entry(std::string_view name) noexcept { return name.size() == 64 + kEnding.size() && name.ends_with(kEnding); }

std::unique_ptr<Secret> secret_in(BytesView file) {
    if (file.size() != kSecretMark.size() + Secret::kBytes || !text_of(file).starts_with(kSecretMark)) return nullptr;
    return std::make_unique<Secret>(file.subspan(kSecretMark.size()));
}

// Of several processes that make one at the same time one wins, and all use the winner's: it is read back.
Result<std::unique_ptr<Secret>> open_secret(const PrivateFolder& folder) {
    constexpr int kTries = 3;
    constexpr std::uint64_t kMost = 4096;
    for (int tries = 0; tries < kTries; ++tries) {
        auto file = folder.read(kSecretName, kMost, PrivateFolder::Reading::secret);
        if (!file) return fail(std::move(file).error());
        if (*file) {
            if (auto secret = secret_in(**file)) return secret;
        }
        const Secret fresh;
        Bytes content = copy_bytes(kSecretMark);
        content.insert(content.end(), fresh.bytes().begin(), fresh.bytes().end());
        // A damaged one is replaced: what was sealed with it is compiled again.
        if (*file) {
            if (auto written = folder.write(kSecretName, content); !written) return fail(std::move(written).error());
        } else if (auto written = folder.write_new(kSecretName, content); !written) {
            return fail(std::move(written).error());
        }
    }
    return fail(ErrorCode::io, concat("the secret in ", folder.path().string(), " cannot be kept"));
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
    auto file = folder_.read(file_of(key), most_bytes_ + kSealBytes, PrivateFolder::Reading::use);
    if (!file) return fail(std::move(file).error());
    if (!*file) return std::optional<Found>();
    const auto sealed = take_apart(kEntryKind, **file);
    if (!sealed || !sealed->authentic(*secret_) || sealed->name != key) {
        return fail(ErrorCode::denied, concat("an entry in ", folder_.path().string(), " is damaged or somebody else's"));
    }
    const auto code = sealed->content;
    return std::optional<Found>(std::in_place, *std::move(*file), code);
}

Result<void> CodeCache::store(std::string_view key, BytesView code) const {
    if (code.size() > most_bytes_) {
        return fail(ErrorCode::io, concat("compiled code of ", code.size(), " bytes is more than the cache may hold, ", most_bytes_));
    }
    const auto name = file_of(key);
    if (auto written = folder_.write(name, seal(kEntryKind, key, code, *secret_)); !written) return written;
    make_room(name);
    return {};
}

// Other processes may do the same at the same time: an entry that is gone already was dropped all the same.
void CodeCache::make_room(const std::string& newest) const {
    auto files = folder_.list();
    if (!files) return;
    std::erase_if(*files, [](const auto& file) { return !is_entry(file.name); });
    std::uint64_t sum = 0;
    for (const auto& file : *files) sum += file.bytes;
    if (sum <= most_bytes_) return;
    std::ranges::sort(*files, {}, &PrivateFolder::File::used_ns);
    for (const auto& file : *files) {
        if (sum <= most_bytes_) return;
        if (file.name == newest) continue;
        folder_.remove(file.name);
        sum -= file.bytes;
    }
}

Result<std::vector<CodeCache::Entry>> CodeCache::list() const {
    auto files = folder_.list();
    if (!files) return fail(std::move(files).error());
    std::vector<Entry> entries;
    for (const auto& file : *files) {
        if (!is_entry(file.name)) continue;
        Entry entry{file.name.substr(0, 64), {}, file.bytes, file.used_ns};
        const auto content = folder_.read(file.name, most_bytes_ + kSealBytes, PrivateFolder::Reading::look);
        const auto sealed = content && *content ? take_apart(kEntryKind, **content) : std::nullopt;
        if (sealed && sealed->authentic(*secret_)) entry.key = sealed->name;
        entries.push_back(std::move(entry));
    }
    std::ranges::sort(entries, std::greater(), &Entry::used_ns);
    return entries;
}

Result<CodeCache::Cleared> CodeCache::clear() const {
    auto files = folder_.list();
    if (!files) return fail(std::move(files).error());
    Cleared cleared;
    for (const auto& file : *files) {
        if (!is_entry(file.name) || !folder_.remove(file.name)) continue;
        ++cleared.entries;
        cleared.bytes += file.bytes;
    }
    return cleared;
}

}  // namespace mortise::trust
