#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/guest_memory.hpp"
#include "wasi/types.hpp"

namespace mortise::wasi {

// How structures lie in guest memory. Sizes in bytes; all integers are little-endian.
inline constexpr std::uint32_t kIovecBytes = 8;
inline constexpr std::uint32_t kFdstatBytes = 24;
inline constexpr std::uint32_t kPrestatBytes = 8;
inline constexpr std::uint32_t kDirentBytes = 24;
inline constexpr std::uint32_t kEventBytes = 32;

constexpr std::uint32_t filestat_bytes(Version version) noexcept { return version == Version::preview1 ? 64 : 56; }
constexpr std::uint32_t subscription_bytes(Version version) noexcept { return version == Version::preview1 ? 48 : 56; }

/// Writes a file's description; false if it does not fit.
bool store_filestat(engine::GuestMemory memory, std::uint64_t at, const Stat& stat, Version version) noexcept;

/// What a guest waits for.
struct Subscription {
    enum class Kind : std::uint8_t { clock = 0, read = 1, write = 2 };
    std::uint64_t userdata = 0;
    Kind kind = Kind::clock;
    std::uint32_t clock = 0;
    std::uint64_t timeout = 0;
    bool absolute = false;
    std::uint32_t fd = 0;
};

/// Reads one from memory that was checked to hold it; `inval` for a kind or flag that does not exist.
Outcome<Subscription> load_subscription(engine::GuestMemory memory, std::uint64_t at, Version version) noexcept;

/// What happened to a subscription.
struct Event {
    std::uint64_t userdata = 0;
    Errno error = Errno::success;
    Subscription::Kind kind = Subscription::Kind::clock;
    std::uint64_t bytes = 0;
    bool hangup = false;
};
bool store_event(engine::GuestMemory memory, std::uint64_t at, const Event& event) noexcept;

}  // namespace mortise::wasi
