#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/codec/fields.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>

namespace mortise::codec::detail {

template <class T>
concept Integer = std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char> && !std::is_same_v<T, wchar_t> &&
                  !std::is_same_v<T, char8_t> && !std::is_same_v<T, char16_t> && !std::is_same_v<T, char32_t>;
template <class T>
concept Text = std::is_convertible_v<const T&, std::string_view>;
template <class T>
concept ByteRun = std::is_convertible_v<const T&, BytesView> || std::is_same_v<T, std::vector<std::uint8_t>>;

template <class T>
inline constexpr bool is_maybe = false;
template <class T>
inline constexpr bool is_maybe<std::optional<T>> = true;
template <class T>
inline constexpr bool is_maybe<std::unique_ptr<T>> = true;

template <class T>
concept Map = requires(const T& m) {
    typename T::key_type;
    typename T::mapped_type;
    m.begin();
    m.size();
};
template <class T>
concept Tuple = !Described<T> && requires { std::tuple_size<T>::value; };
template <class T>
concept Sequence = !Described<T> && !Map<T> && !Text<T> && !ByteRun<T> && requires(const T& s) {
    s.begin();
    s.end();
    s.size();
};

/// A step of the path to what an encoder could not hold, added from inside out.
struct EncodeFailure {
    std::string path;
    bool at_field(std::string_view name) {
        path.insert(0, std::string(path.empty() || path.front() == '[' ? "" : ".")).insert(0, name);
        return false;
    }
    bool at_index(std::size_t index) {
        std::string step = "[" + std::to_string(index) + "]";
        if (!path.empty() && path.front() != '[') step += '.';
        path.insert(0, step);
        return false;
    }
    MORTISE_API Error error(std::string_view format) const;
};

template <class W, class T>
bool encode_value(W& out, const T& value, EncodeFailure& failure);

template <class W, class T>
bool encode_map(W& out, const T& map, EncodeFailure& failure) {
    if (!out.begin_map(map.size())) return false;
    for (const auto& [key, value] : map) {
        using K = typename T::key_type;
        if constexpr (Integer<K>) {
            if (!out.integer_key(key)) return failure.at_field(std::to_string(key));
            if (!encode_value(out, value, failure)) return failure.at_field(std::to_string(key));
        } else {
            static_assert(Text<K>, "keys of a map are texts or integers");
            if (!out.key(key) || !encode_value(out, value, failure)) return failure.at_field(key);
        }
    }
    out.end_map();
    return true;
}

template <class W, class T, std::size_t... I>
bool encode_tuple(W& out, const T& value, EncodeFailure& failure, std::index_sequence<I...>) {
    using std::get;
    if (!out.begin_array(sizeof...(I))) return false;
    const bool done = ((encode_value(out, get<I>(value), failure) || failure.at_index(I)) && ...);
    if (done) out.end_array();
    return done;
}

/// A member's key; its length is known to writers that make use of it.
template <class T, std::size_t I, class W>
bool encode_key(W& out) {
    constexpr std::string_view kName = kFieldNames<T>[I];
    if constexpr (requires { out.template key_of_size<kName.size()>(kName.data()); }) return out.template key_of_size<kName.size()>(kName.data());
    else return out.key(kName);
}

template <class W, class T, std::size_t... I>
bool encode_struct(W& out, const T& value, EncodeFailure& failure, std::index_sequence<I...>) {
    [[maybe_unused]] const auto members = field_references(value);
    if (!out.begin_map(sizeof...(I))) return false;
    const bool done = (((encode_key<T, I>(out) && encode_value(out, std::get<I>(members), failure)) ||
                        failure.at_field(kFieldNames<T>[I])) && ...);
    if (done) out.end_map();
    return done;
}

template <class W, class T>
bool encode_sequence(W& out, const T& value, EncodeFailure& failure) {
    if (!out.begin_array(value.size())) return false;
    std::size_t index = 0;
    for (const auto& item : value) {
        if constexpr (std::is_same_v<T, std::vector<bool>>) out.boolean(item);
        else if (!encode_value(out, item, failure)) return failure.at_index(index);
        ++index;
    }
    out.end_array();
    return true;
}

template <class W, class T>
bool encode_value(W& out, const T& value, EncodeFailure& failure) {
    if constexpr (std::is_same_v<T, bool>) return out.boolean(value), true;
    else if constexpr (std::is_enum_v<T>) return encode_value(out, std::to_underlying(value), failure);
    else if constexpr (Integer<T> && std::is_signed_v<T>) return out.signed_integer(value), true;
    else if constexpr (Integer<T>) return out.unsigned_integer(value), true;
    else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) return out.floating(value), true;
    else if constexpr (is_maybe<T>) return value ? encode_value(out, *value, failure) : (out.nil(), true);
    else if constexpr (Text<T>) return out.text(value);
    else if constexpr (std::is_same_v<T, std::vector<std::uint8_t>>) return out.bytes(std::as_bytes(std::span(value)));
    else if constexpr (ByteRun<T>) return out.bytes(value);
    else if constexpr (Map<T>) return encode_map(out, value, failure);
    else if constexpr (Sequence<T>) return encode_sequence(out, value, failure);
    else if constexpr (Tuple<T>) return encode_tuple(out, value, failure, std::make_index_sequence<std::tuple_size_v<T>>{});
    else return encode_struct(out, value, failure, std::make_index_sequence<kFieldNames<T>.size()>{});
}

}  // namespace mortise::codec::detail
