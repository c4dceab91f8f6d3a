#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>

namespace mortise::wasm {

/// Reads a binary from front to back. The first failure sticks: from then on nothing is left, every read gives zero,
/// and the first failure's error is kept. So a reader may read several fields and look at `ok` once, but a loop over a
/// count that the binary gave must look at it in each round.
class Cursor {
public:
    /// Reads the part of `bytes` from `at` for `size` bytes; offsets count from the start of `bytes`. The part must be
    /// inside.
    Cursor(BytesView bytes, std::uint64_t at, std::uint64_t size) noexcept
        : begin_(reinterpret_cast<const std::uint8_t*>(bytes.data())), here_(begin_ + at), end_(here_ + size) {}
    explicit Cursor(BytesView bytes) noexcept : Cursor(bytes, 0, bytes.size()) {}

    bool ok() const noexcept { return !error_.has_value(); }
    bool done() const noexcept { return here_ == end_; }
    std::uint64_t at() const noexcept { return static_cast<std::uint64_t>(here_ - begin_); }
    std::uint64_t left() const noexcept { return static_cast<std::uint64_t>(end_ - here_); }

    std::uint8_t u8() {
        if (here_ == end_) [[unlikely]]
            return unexpected_end();
        return *here_++;
    }

    /// What is left, without taking it.
    BytesView rest() const noexcept { return std::as_bytes(std::span(here_, end_)); }

    /// The next byte without taking it; nothing at the end.
    std::optional<std::uint8_t> peek() const noexcept {
        if (here_ == end_) return std::nullopt;
        return *here_;
    }

    std::uint32_t u32() {
        if (here_ != end_ && *here_ < 0x80) [[likely]]
            return *here_++;
        return static_cast<std::uint32_t>(leb_unsigned(32));
    }
    std::uint64_t u64() {
        if (here_ != end_ && *here_ < 0x80) [[likely]]
            return *here_++;
        return leb_unsigned(64);
    }
    std::int32_t s32() { return static_cast<std::int32_t>(leb_signed(32)); }
    std::int64_t s33() { return leb_signed(33); }
    std::int64_t s64() { return leb_signed(64); }

    /// A fixed-width little-endian number.
    std::uint32_t fixed32();
    std::uint64_t fixed64();

    void skip(std::uint64_t count) {
        if (count > left()) [[unlikely]]
            unexpected_end();
        else
            here_ += count;
    }

    /// The next bytes, borrowed from the binary.
    BytesView bytes(std::uint64_t count);

    /// A length and as many bytes of UTF-8, borrowed from the binary.
    std::string_view name();

    /// Confines reading to the next `size` bytes; gives what `leave` needs. Fails if there are not as many.
    const std::uint8_t* enter(std::uint64_t size);

    /// Ends what `enter` began; fails unless all of it was read. `what` names it.
    void leave(const std::uint8_t* outer, std::string_view what);

    /// Fails with `malformed_module` and the offset.
    void fail(std::string_view text) { fail_at(at(), text); }
    void fail_at(std::uint64_t at, std::string_view text);

    /// Fails with `unsupported`, for what is well-formed.
    void refuse(std::string text);

    /// What went wrong; only where `ok` is false.
    Error take_error() { return std::move(*error_); }

private:
    std::uint8_t unexpected_end();
    std::uint64_t leb_unsigned(unsigned bits);
    std::int64_t leb_signed(unsigned bits);
    void stop(Error error);

    const std::uint8_t* begin_;
    const std::uint8_t* here_;
    const std::uint8_t* end_;
    std::optional<Error> error_;
};

}  // namespace mortise::wasm
