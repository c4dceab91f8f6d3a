#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <mortise/bytes.hpp>
#include <mortise/codec/options.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>

namespace mortise::codec {

/// Reads one MessagePack value piece by piece, bounded by DecodeOptions. Each function answers false at what is not there or
/// not of the wanted type; the first such failure is kept, with the path that the callers add on their way out, and `error`
/// gives it. Borrows the bytes. JSON comes through it as well, turned into MessagePack before. One thread.
class MORTISE_API MsgPackReader {
public:
    /// What the bytes were before: decides the words of errors and what else a value may be given as.
    enum class Source : std::uint8_t { msgpack, json };

    MsgPackReader(BytesView input, const DecodeOptions& options, Source source = Source::msgpack) noexcept
        : begin_(input.data()), at_(input.data()), end_(input.data() + input.size()), options_(options),
          elements_left_(options.max_elements), source_(source) {}

    /// Checks the size of the input; call it first.
    bool begin();

    /// Enters a map or an array and gives its size; `leave` it after its last item. The size is never more than bytes are left.
    bool begin_map(std::uint32_t& entries) {
        if (at_ != end_ && (first() & 0xF0) == 0x80) [[likely]] {
            entries = first() & 0x0Fu;
            ++at_;
            return enter(entries, 2);
        }
        return begin_wide(entries, 0xDE, 2, "a map");
    }
    bool begin_array(std::uint32_t& items) {
        if (at_ != end_ && (first() & 0xF0) == 0x90) [[likely]] {
            items = first() & 0x0Fu;
            ++at_;
            return enter(items, 1);
        }
        return begin_wide(items, 0xDC, 1, "an array");
    }
    void leave() noexcept { --depth_; }

    /// True, and the nil taken, if a nil is next.
    bool nil() noexcept {
        if (at_ == end_ || first() != 0xC0) return false;
        ++at_;
        return true;
    }

    bool boolean(bool& out) {
        if (at_ == end_ || (first() & 0xFE) != 0xC2) return wrong("a boolean");
        out = (first() & 1) != 0;
        ++at_;
        return true;
    }

    /// An integer of any width that fits the type.
    template <class T>
    bool integer(T& out) {
        if (at_ != end_ && first() <= 0x7F) [[likely]] {
            out = static_cast<T>(first());
            ++at_;
            return true;
        }
        Number number;
        return wide_integer(number) && fit(number, out);
    }

    /// A float of any width, or an integer. From JSON also "NaN", "Infinity" and "-Infinity".
    bool floating(double& out);

    /// The text, borrowed from the input; not checked to be UTF-8.
    bool text(std::string_view& out) {
        if (at_ != end_ && (first() & 0xE0) == 0xA0) [[likely]] {
            const std::size_t size = first() & 0x1Fu;
            if (size < static_cast<std::size_t>(end_ - at_)) [[likely]] {
                out = {reinterpret_cast<const char*>(at_ + 1), size};
                at_ += 1 + size;
                return true;
            }
        }
        return wide_text(out);
    }

    /// Bytes, appended to `out`. From JSON: a base64 string.
    bool bytes(Bytes& out);

    /// A key as text: a string, or bytes used as one.
    bool key(std::string_view& out) {
        if (at_ != end_ && (first() & 0xE0) == 0xA0) [[likely]] return text(out);
        return wide_key(out);
    }

    /// A key as a number; from JSON its decimal digits.
    template <class T>
    bool integer_key(T& out) {
        if (source_ == Source::msgpack) return integer(out);
        Number number;
        return digits(number) && fit(number, out);
    }

    /// Passes over one value of any type, however deep, without recursion.
    bool skip();

    /// Checks what stands after the value, as the options say.
    bool finish();

    /// Notes a wrong type, or the end of the input; always false.
    bool wrong(std::string_view wanted);
    /// Notes another failure; always false.
    bool fail_with(std::string what);
    /// Add a step to the path of the failure from inside out; always false.
    bool at_field(std::string_view name);
    bool at_index(std::size_t index);

    std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

    /// The failure, of code `decode`.
    Error error() const;

private:
    struct Number {
        std::uint64_t bits = 0;   // the magnitude, or two's complement if negative
        bool negative = false;
    };

    std::uint8_t first() const noexcept { return std::to_integer<std::uint8_t>(*at_); }
    bool enter(std::uint64_t count, std::uint32_t values_each) {
        if (count * values_each > left() || count > elements_left_ || depth_ >= options_.max_depth) [[unlikely]] {
            return refuse(count, values_each);
        }
        elements_left_ -= count;
        ++depth_;
        return true;
    }
    bool refuse(std::uint64_t count, std::uint32_t values_each);
    bool begin_wide(std::uint32_t& count, std::uint8_t wide, std::uint32_t values_each, std::string_view wanted);
    bool wide_integer(Number& out);
    bool wide_text(std::string_view& out);
    bool wide_key(std::string_view& out);
    bool digits(Number& out);
    bool does_not_fit(const Number& number, unsigned bits, bool is_signed);
    bool raw(std::uint8_t first_of_three, std::string_view& out);
    template <class T>
    bool take(T& out, std::size_t skipped);
    bool truncated();

    template <class T>
    bool fit(const Number& number, T& out) {
        const bool fits = number.negative ? std::in_range<T>(static_cast<std::int64_t>(number.bits)) : std::in_range<T>(number.bits);
        if (!fits) [[unlikely]] return does_not_fit(number, 8 * sizeof(T), std::is_signed_v<T>);
        out = static_cast<T>(number.bits);
        return true;
    }

    const std::byte* begin_;
    const std::byte* at_;
    const std::byte* end_;
    const DecodeOptions& options_;
    std::uint64_t elements_left_;
    std::uint32_t depth_ = 0;
    Source source_;
    std::string problem_;
    std::string path_;
};

}  // namespace mortise::codec
