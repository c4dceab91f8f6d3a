#include "wasi/random.hpp"

#include <sys/random.h>

#include <cerrno>

namespace mortise::wasi {

RandomSource::RandomSource(Random random) : random_(std::move(random)) {
    if (const auto* seeded = std::get_if<SeededRandom>(&random_)) state_ = seeded->seed;
}

Result<void> RandomSource::check(const Random& random) {
    const auto* supplied = std::get_if<RandomFunction>(&random);
    if (supplied != nullptr && !*supplied) return fail(ErrorCode::invalid_argument, "Sandbox::random is an empty function");
    return {};
}

// SplitMix64: any seed is a good one, and every platform gives the same bytes.
std::byte RandomSource::next_byte() noexcept {
    if (left_ == 0) {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        block_ = mixed ^ (mixed >> 31);
        left_ = 8;
    }
    const auto byte = static_cast<std::byte>(block_ & 0xff);
    block_ >>= 8;
    --left_;
    return byte;
}

Errno RandomSource::fill(std::span<std::byte> out) {
    if (const auto* supplied = std::get_if<RandomFunction>(&random_)) {
        (*supplied)(out);
        return Errno::success;
    }
    if (std::holds_alternative<SeededRandom>(random_)) {
        for (std::byte& byte : out) byte = next_byte();
        return Errno::success;
    }
    while (!out.empty()) {
        const ssize_t count = ::getrandom(out.data(), out.size(), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return Errno::io;
        out = out.subspan(static_cast<std::size_t>(count));
    }
    return Errno::success;
}

}  // namespace mortise::wasi
