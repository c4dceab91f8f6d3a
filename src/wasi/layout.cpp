#include "wasi/layout.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace mortise::wasi {

namespace {

// A structure put together before it is written, so that its padding is zero and it is written whole or not at all.
template <std::size_t Size>
class Record {
public:
    template <class T>
    void put(std::size_t at, T value) noexcept {
        std::memcpy(bytes_.data() + at, &value, sizeof value);
    }
    std::span<const std::byte> first(std::size_t count) const noexcept { return std::span(bytes_).first(count); }

private:
    std::array<std::byte, Size> bytes_{};
};

}  // namespace

bool store_filestat(engine::GuestMemory memory, std::uint64_t at, const Stat& stat, Version version) noexcept {
    Record<64> record;
    record.put(0, stat.device);
    record.put(8, stat.inode);
    record.put(16, static_cast<std::uint8_t>(stat.type));
    std::size_t rest = 32;
    if (version == Version::preview1) {
        record.put(24, stat.links);
    } else {
        record.put(20, static_cast<std::uint32_t>(std::min<std::uint64_t>(stat.links, UINT32_MAX)));
        rest = 24;
    }
    record.put(rest, stat.size);
    record.put(rest + 8, stat.accessed);
    record.put(rest + 16, stat.modified);
    record.put(rest + 24, stat.changed);
    return memory.write(at, record.first(filestat_bytes(version)));
}

Outcome<Subscription> load_subscription(engine::GuestMemory memory, std::uint64_t at, Version version) noexcept {
    // wasi_unstable has an identifier, that nobody uses, before a clock's own fields.
    const std::uint64_t clock = at + (version == Version::preview1 ? 16 : 24);
    Subscription subscription;
    subscription.userdata = memory.load<std::uint64_t>(at).value_or(0);
    const std::uint8_t kind = memory.load<std::uint8_t>(at + 8).value_or(0xff);
    if (kind > 2) return refuse(Errno::inval);
    subscription.kind = static_cast<Subscription::Kind>(kind);
    if (subscription.kind != Subscription::Kind::clock) {
        subscription.fd = memory.load<std::uint32_t>(at + 16).value_or(0);
        return subscription;
    }
    subscription.clock = memory.load<std::uint32_t>(clock).value_or(0);
    subscription.timeout = memory.load<std::uint64_t>(clock + 8).value_or(0);
    const std::uint16_t flags = memory.load<std::uint16_t>(clock + 24).value_or(0);
    if (flags > 1) return refuse(Errno::inval);
    subscription.absolute = flags == 1;
    return subscription;
}

bool store_event(engine::GuestMemory memory, std::uint64_t at, const Event& event) noexcept {
    Record<kEventBytes> record;
    record.put(0, event.userdata);
    record.put(8, static_cast<std::uint16_t>(event.error));
    record.put(10, static_cast<std::uint8_t>(event.kind));
    record.put(16, event.bytes);
    record.put(24, static_cast<std::uint16_t>(event.hangup ? 1 : 0));
    return memory.write(at, record.first(kEventBytes));
}

}  // namespace mortise::wasi
