#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

namespace mortise::cli {

/// How long calls took, in constant memory: exact up to 64 ns, above that to within one part in 32.
class Latencies {
public:
    void add(std::chrono::nanoseconds time) noexcept {
        const auto value = static_cast<std::uint64_t>(time.count() < 0 ? 0 : time.count());
        ++counts_[bucket(value)];
        ++count_;
        if (value > max_) max_ = value;
    }

    void add(const Latencies& other) noexcept {
        for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
        count_ += other.count_;
        if (other.max_ > max_) max_ = other.max_;
    }

    std::uint64_t count() const noexcept { return count_; }
    std::uint64_t max() const noexcept { return max_; }

    /// The time that this part of all calls stayed within, 0 < part <= 1, in nanoseconds; 0 without any call.
    std::uint64_t within(double part) const noexcept {
        const auto wanted = static_cast<std::uint64_t>(static_cast<double>(count_) * part);
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (seen != 0 && seen >= wanted) return top(i) < max_ ? top(i) : max_;
        }
        return max_;
    }

private:
    // Below 64 a bucket a number; above, 32 buckets for each power of two.
    static constexpr unsigned kBits = 5;
    static constexpr std::size_t kBuckets = (64 - kBits) << kBits;

    static std::size_t bucket(std::uint64_t value) noexcept {
        const unsigned shift = value < (1u << (kBits + 1)) ? 0 : static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
        return (std::size_t{shift} << kBits) + static_cast<std::size_t>(value >> shift);
    }
    static std::uint64_t top(std::size_t index) noexcept {
        if (index < (1u << (kBits + 1))) return index;
        const std::size_t shift = (index >> kBits) - 1;
        return (((index & ((1u << kBits) - 1)) | (1u << kBits)) << shift) + ((std::uint64_t{1} << shift) - 1);
    }

    std::array<std::uint64_t, kBuckets> counts_{};
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace mortise::cli
