#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <mortise/bytes.hpp>

namespace mortise::codec {

/// Appends MessagePack to a buffer: integers and headers in their shortest form, floats as they are. Lives on the stack for one
/// value; what it wrote is complete after `finish`. Functions answer false if the format cannot hold what is given (2^32
/// items or bytes). One thread.
class MsgPackWriter {
public:
    explicit MsgPackWriter(Bytes& out) noexcept : out_(out) {}
    MsgPackWriter(const MsgPackWriter&) = delete;
    MsgPackWriter& operator=(const MsgPackWriter&) = delete;

    bool begin_map(std::size_t entries) { return header(entries, 0x80, 15, 0xDE); }
    void end_map() noexcept {}
    bool begin_array(std::size_t items) { return header(items, 0x90, 15, 0xDC); }
    void end_array() noexcept {}

    void nil() { put(0xC0); }
    void boolean(bool value) { put(value ? 0xC3 : 0xC2); }

    void unsigned_integer(std::uint64_t value) {
        if (value <= 0x7F) put(static_cast<std::uint8_t>(value));
        else if (value <= UINT8_MAX) put_number(0xCC, static_cast<std::uint8_t>(value));
        else if (value <= UINT16_MAX) put_number(0xCD, static_cast<std::uint16_t>(value));
        else if (value <= UINT32_MAX) put_number(0xCE, static_cast<std::uint32_t>(value));
        else put_number(0xCF, value);
    }

    void signed_integer(std::int64_t value) {
        if (value >= 0) unsigned_integer(static_cast<std::uint64_t>(value));
        else if (value >= -32) put(static_cast<std::uint8_t>(value));
        else if (value >= INT8_MIN) put_number(0xD0, static_cast<std::uint8_t>(value));
        else if (value >= INT16_MIN) put_number(0xD1, static_cast<std::uint16_t>(value));
        else if (value >= INT32_MIN) put_number(0xD2, static_cast<std::uint32_t>(value));
        else put_number(0xD3, static_cast<std::uint64_t>(value));
    }

    void floating(float value) { put_number(0xCA, std::bit_cast<std::uint32_t>(value)); }
    void floating(double value) { put_number(0xCB, std::bit_cast<std::uint64_t>(value)); }

    bool text(std::string_view value) {
        const std::size_t size = value.size();
        if (size < 32) [[likely]] {
            std::byte* const at = room(32);
            at[0] = static_cast<std::byte>(0xA0 | size);
            copy_short(at + 1, value.data(), size);
            at_ = at + 1 + size;
            return true;
        } else if (size <= UINT8_MAX) put_number(0xD9, static_cast<std::uint8_t>(size));
        else if (size <= UINT16_MAX) put_number(0xDA, static_cast<std::uint16_t>(size));
        else if (size <= UINT32_MAX) put_number(0xDB, static_cast<std::uint32_t>(size));
        else return false;
        raw(value.data(), size);
        return true;
    }

    bool bytes(BytesView value) {
        const std::size_t size = value.size();
        if (size <= UINT8_MAX) put_number(0xC4, static_cast<std::uint8_t>(size));
        else if (size <= UINT16_MAX) put_number(0xC5, static_cast<std::uint16_t>(size));
        else if (size <= UINT32_MAX) put_number(0xC6, static_cast<std::uint32_t>(size));
        else return false;
        raw(value.data(), size);
        return true;
    }

    bool key(std::string_view name) { return text(name); }

    /// A key whose length is known to the compiler, less than 32 bytes.
    template <std::size_t Size>
        requires(Size < 32)
    bool key_of_size(const char* name) {
        std::byte* const at = room(1 + Size);
        at[0] = static_cast<std::byte>(0xA0 | Size);
        std::memcpy(at + 1, name, Size);
        at_ = at + 1 + Size;
        return true;
    }
    template <std::integral T>
    bool integer_key(T value) {
        if constexpr (std::signed_integral<T>) signed_integer(value);
        else unsigned_integer(value);
        return true;
    }

    /// Hands over what is still held back. Call it once, last.
    void finish() { flush(); }

private:
    // Whatever is written at once without asking again: a header of nine bytes, or a short text with its own.
    std::byte* room(std::size_t bytes) {
        if (static_cast<std::size_t>(held_ + kHeld - at_) < bytes) [[unlikely]] flush();
        return at_;
    }
    // Less than 32 bytes, without a call: two pieces that may overlap.
    static void copy_short(std::byte* to, const char* from, std::size_t size) noexcept {
        if (size >= 16) copy_ends<16>(to, from, size);
        else if (size >= 8) copy_ends<8>(to, from, size);
        else if (size >= 4) copy_ends<4>(to, from, size);
        else for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<std::byte>(from[i]);
    }
    template <std::size_t Piece>
    static void copy_ends(std::byte* to, const char* from, std::size_t size) noexcept {
        char first[Piece], last[Piece];
        std::memcpy(first, from, Piece);
        std::memcpy(last, from + size - Piece, Piece);
        std::memcpy(to, first, Piece);
        std::memcpy(to + size - Piece, last, Piece);
    }
    void flush() {
        out_.insert(out_.end(), held_, at_);
        at_ = held_;
    }
    void put(std::uint8_t byte) {
        std::byte* const at = room(1);
        *at = static_cast<std::byte>(byte);
        at_ = at + 1;
    }
    template <std::unsigned_integral T>
    void put_number(std::uint8_t first, T value) {
        std::byte* const at = room(1 + sizeof(T));
        *at = static_cast<std::byte>(first);
        if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
        std::memcpy(at + 1, &value, sizeof(T));
        at_ = at + 1 + sizeof(T);
    }
    bool header(std::size_t count, std::uint8_t fix, std::size_t most, std::uint8_t wide) {
        if (count <= most) put(static_cast<std::uint8_t>(fix | count));
        else if (count <= UINT16_MAX) put_number(wide, static_cast<std::uint16_t>(count));
        else if (count <= UINT32_MAX) put_number(static_cast<std::uint8_t>(wide + 1), static_cast<std::uint32_t>(count));
        else return false;
        return true;
    }
    void raw(const void* data, std::size_t size) {
        if (size > static_cast<std::size_t>(held_ + kHeld - at_)) [[unlikely]] {
            flush();
            if (size > kHeld) {
                const auto* first = static_cast<const std::byte*>(data);
                out_.insert(out_.end(), first, first + size);
                return;
            }
        }
        if (size != 0) std::memcpy(at_, data, size);
        at_ += size;
    }

    static constexpr std::size_t kHeld = 512;
    Bytes& out_;
    // Collected here and appended in one piece: a vector zeroes what it grows by, byte for byte, before it is written.
    std::byte held_[kHeld];
    std::byte* at_ = held_;
};

}  // namespace mortise::codec
