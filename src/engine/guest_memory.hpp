#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace mortise::engine {

/// A view of a linear memory, the only way between guest addresses and host memory. Dies when the guest runs again: fetch it
/// anew after any call into the guest. `at`, `count` and `size` may be anything a guest can say.
class GuestMemory {
public:
    GuestMemory() = default;
    GuestMemory(std::byte* data, std::size_t size) noexcept : data_(data), size_(size) {}

    std::uint64_t size() const noexcept { return size_; }

    /// True if `count` items of `size` bytes from `at` on lie inside. Nothing is inside wherever its address points.
    bool contains(std::uint64_t at, std::uint64_t count, std::uint32_t size = 1) const noexcept {
        if (count == 0) return true;
        if (at > size_) return false;
        return count <= (size_ - at) / size;
    }

    /// The bytes of `count` items of `size` bytes; nothing if they are not all inside. Empty for count 0, wherever `at` is.
    std::optional<std::span<const std::byte>> bytes(std::uint64_t at, std::uint64_t count, std::uint32_t size = 1) const noexcept {
        return writable(at, count, size);
    }
    std::optional<std::span<std::byte>> writable(std::uint64_t at, std::uint64_t count, std::uint32_t size = 1) const noexcept {
        if (!contains(at, count, size)) return std::nullopt;
        if (count == 0) return std::span<std::byte>{};
        return std::span(data_ + at, static_cast<std::size_t>(count * size));
    }

    /// The bytes as text, not checked to be UTF-8.
    std::optional<std::string_view> text(std::uint64_t at, std::uint64_t count) const noexcept {
        const auto view = bytes(at, count);
        if (!view) return std::nullopt;
        return std::string_view(reinterpret_cast<const char*>(view->data()), view->size());
    }

    /// A little-endian integer at any alignment; nothing if it is not all inside.
    template <class T>
        requires std::is_integral_v<T>
    std::optional<T> load(std::uint64_t at) const noexcept {
        static_assert(std::endian::native == std::endian::little, "guest memory is little-endian");
        const auto view = bytes(at, sizeof(T));
        if (!view) return std::nullopt;
        T value;
        std::memcpy(&value, view->data(), sizeof(T));
        return value;
    }

    /// Writes a little-endian integer; false, with nothing written, if it is not all inside.
    template <class T>
        requires std::is_integral_v<T>
    bool store(std::uint64_t at, T value) const noexcept {
        const auto view = writable(at, sizeof(T));
        if (!view) return false;
        std::memcpy(view->data(), &value, sizeof(T));
        return true;
    }

    /// Copies bytes in; false, with nothing written, if they do not fit.
    bool write(std::uint64_t at, std::span<const std::byte> source) const noexcept {
        const auto view = writable(at, source.size());
        if (!view) return false;
        if (!source.empty()) std::memcpy(view->data(), source.data(), source.size());
        return true;
    }

private:
    std::byte* data_ = nullptr;
    std::uint64_t size_ = 0;
};

}  // namespace mortise::engine
