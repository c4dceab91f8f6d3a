#pragma once

#include <concepts>
#include <cstdint>
#include <optional>

namespace mortise::base {

/// The sum, or nothing if the type cannot hold it.
template <std::integral T>
constexpr std::optional<T> checked_add(T a, T b) noexcept {
    T sum{};
    if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
    return sum;
}

/// The difference, or nothing if the type cannot hold it.
template <std::integral T>
constexpr std::optional<T> checked_sub(T a, T b) noexcept {
    T difference{};
    if (__builtin_sub_overflow(a, b, &difference)) return std::nullopt;
    return difference;
}

/// The product, or nothing if the type cannot hold it.
template <std::integral T>
constexpr std::optional<T> checked_mul(T a, T b) noexcept {
    T product{};
    if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
    return product;
}

/// True if `count` things of `size` bytes each, the first at `at`, end at or before `limit`. Nothing in it can wrap, so
/// all four may come straight from a guest. An empty range is inside if `at` is at most `limit`.
constexpr bool in_range(std::uint64_t at, std::uint64_t count, std::uint64_t size, std::uint64_t limit) noexcept {
    const auto bytes = checked_mul(count, size);
    return bytes && at <= limit && *bytes <= limit - at;
}

}  // namespace mortise::base
