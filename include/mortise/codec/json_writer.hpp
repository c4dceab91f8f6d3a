#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mortise/bytes.hpp>
#include <mortise/export.hpp>

namespace mortise::codec {

/// Appends JSON text without white space to a buffer; the same functions as MsgPackWriter. 64-bit integers are written exactly,
/// floats in the shortest form that reads back as the same number and always with a point or an exponent, NaN and infinities
/// as the strings "NaN", "Infinity", "-Infinity", bytes as a base64 string. A text that is not UTF-8 answers false. One thread.
class MORTISE_API JsonWriter {
public:
    explicit JsonWriter(Bytes& out) noexcept : out_(out) {}

    bool begin_map(std::size_t entries);
    void end_map();
    bool begin_array(std::size_t items);
    void end_array();
    void nil();
    void boolean(bool value);
    void unsigned_integer(std::uint64_t value);
    void signed_integer(std::int64_t value);
    void floating(float value);
    void floating(double value);
    bool text(std::string_view value);
    bool bytes(BytesView value);
    bool key(std::string_view name);

    /// A number as a key: its decimal digits, since JSON has no other keys.
    template <std::integral T>
    bool integer_key(T value) {
        if constexpr (std::signed_integral<T>) return signed_key(value);
        else return unsigned_key(value);
    }
    void finish() noexcept {}

private:
    void separate();  // the comma before a value or a key that is not the first
    void append(std::string_view text);
    bool quote(std::string_view text);
    bool signed_key(std::int64_t value);
    bool unsigned_key(std::uint64_t value);

    Bytes& out_;
    bool first_ = true;
    bool after_key_ = false;
};

}  // namespace mortise::codec
