// Reading directories.

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "wasi/call.hpp"
#include "wasi/layout.hpp"

namespace mortise::wasi {

namespace {

// Puts entries one behind the other. The one that does not fit is cut, which tells the guest that there is more.
class EntryWriter final : public EntrySink {
public:
    explicit EntryWriter(std::span<std::byte> out) noexcept : out_(out) {}

    bool take(const DirectoryEntry& entry) override {
        std::array<std::byte, kDirentBytes> head{};
        const auto length = static_cast<std::uint32_t>(entry.name.size());
        const auto type = static_cast<std::uint8_t>(entry.type);
        std::memcpy(head.data(), &entry.next, 8);
        std::memcpy(head.data() + 8, &entry.inode, 8);
        std::memcpy(head.data() + 16, &length, 4);
        std::memcpy(head.data() + 20, &type, 1);
        return put(head) && put(std::as_bytes(std::span(entry.name.data(), entry.name.size())));
    }

    std::uint32_t used() const noexcept { return static_cast<std::uint32_t>(used_); }

private:
    bool put(std::span<const std::byte> bytes) noexcept {
        const std::size_t count = std::min(bytes.size(), out_.size() - used_);
        std::copy_n(bytes.begin(), count, out_.begin() + static_cast<std::ptrdiff_t>(used_));
        used_ += count;
        return count == bytes.size();
    }

    std::span<std::byte> out_;
    std::size_t used_ = 0;
};

}  // namespace

Errno fd_readdir(Call& call, std::uint32_t fd, std::uint32_t at, std::uint32_t length, std::uint64_t cookie, std::uint32_t result) {
    MORTISE_WASI_TRY(call.may(engine::Effect::files));
    const auto found = call.directory(fd, rights::fd_readdir);
    if (!found) return found.error();
    const auto out = call.memory().writable(at, length);
    if (!out) return Errno::fault;
    MORTISE_WASI_TRY(call.can_store(result, 4));
    EntryWriter writer(*out);
    MORTISE_WASI_TRY(found->directory->read_entries(cookie, writer));
    return call.store_result(result, writer.used());
}

}  // namespace mortise::wasi
