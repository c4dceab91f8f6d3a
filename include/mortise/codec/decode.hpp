#pragma once

#include <algorithm>
#include <array>
#include <cmath>
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
#include <mortise/codec/encode.hpp>
#include <mortise/codec/fields.hpp>
#include <mortise/codec/msgpack_reader.hpp>

namespace mortise::codec::detail {

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;

template <class T>
bool decode_value(MsgPackReader& in, T& out);

template <class T>
bool decode_map(MsgPackReader& in, T& out) {
    out.clear();
    std::uint32_t entries = 0;
    if (!in.begin_map(entries)) return false;
    for (; entries != 0; --entries) {
        using K = typename T::key_type;
        typename T::mapped_type value{};
        if constexpr (Integer<K>) {
            K key{};
            if (!in.integer_key(key)) return false;
            if (!decode_value(in, value)) return in.at_field(std::to_string(key));
            out.insert_or_assign(key, std::move(value));
        } else {
            static_assert(std::is_constructible_v<K, std::string_view> && !std::is_same_v<K, std::string_view>,
                          "keys of a map are std::string or integers");
            std::string_view key;
            if (!in.key(key)) return false;
            if (!decode_value(in, value)) return in.at_field(key);
            out.insert_or_assign(K(key), std::move(value));
        }
    }
    in.leave();
    return true;
}

template <class T>
bool decode_sequence(MsgPackReader& in, T& out) {
    out.clear();
    std::uint32_t items = 0;
    if (!in.begin_array(items)) return false;
    // A header may promise far more than the sizes of the items decoded into would allow at once.
    if constexpr (requires { out.reserve(items); }) out.reserve(std::min<std::size_t>(items, 1024));
    for (std::uint32_t i = 0; i < items; ++i) {
        typename T::value_type item{};
        if (!decode_value(in, item)) return in.at_index(i);
        out.insert(out.end(), std::move(item));
    }
    in.leave();
    return true;
}

template <class T, std::size_t... I>
bool decode_tuple(MsgPackReader& in, T& out, std::index_sequence<I...>) {
    using std::get;
    std::uint32_t items = 0;
    if (!in.begin_array(items)) return false;
    if (items != sizeof...(I)) {
        return in.fail_with("wanted an array of " + std::to_string(sizeof...(I)) + ", got one of " + std::to_string(items));
    }
    if (!((decode_value(in, get<I>(out)) || in.at_index(I)) && ...)) return false;
    in.leave();
    return true;
}

template <std::size_t I, class T>
bool decode_field(MsgPackReader& in, T& out, std::uint64_t& seen) {
    auto& member = std::get<I>(field_references(out));
    using M = std::remove_reference_t<decltype(member)>;
    // Of a repeated key the last counts, and nothing of the earlier one shines through where the last leaves keys out.
    if ((seen >> I & 1) != 0) {
        if constexpr (std::is_move_assignable_v<M>) member = M{};
    }
    seen |= std::uint64_t{1} << I;
    return decode_value(in, member) || in.at_field(kFieldNames<T>[I]);
}

/// The member that a key means; as many as there are members if none. Keys mostly come in order: `hint` is tried first.
template <class T>
std::size_t find_field(std::string_view key, std::size_t hint) noexcept {
    constexpr auto& kNames = kFieldNames<T>;
    for (std::size_t i = hint; i < kNames.size(); ++i) {
        if (kNames[i] == key) return i;
    }
    for (std::size_t i = 0; i < hint && i < kNames.size(); ++i) {
        if (kNames[i] == key) return i;
    }
    return kNames.size();
}

template <class T, std::size_t... I>
bool decode_struct(MsgPackReader& in, T& out, std::index_sequence<I...>) {
    static_assert(sizeof...(I) <= 64);
    std::uint32_t entries = 0;
    if (!in.begin_map(entries)) return false;
    [[maybe_unused]] std::uint64_t seen = 0;
    for (std::size_t hint = 0; entries != 0; --entries) {
        std::string_view key;
        if (!in.key(key)) return false;
        const std::size_t field = find_field<T>(key, hint);
        if (field == sizeof...(I)) {
            if (!in.skip()) return in.at_field(key);
            continue;
        }
        hint = field + 1;
        if (!((field != I || decode_field<I>(in, out, seen)) && ...)) return false;
    }
    in.leave();
    return true;
}

template <class T>
bool decode_maybe(MsgPackReader& in, T& out) {
    out.reset();
    if (in.nil()) return true;
    if constexpr (requires { out.emplace(); }) {
        return decode_value(in, out.emplace());
    } else {
        out = std::make_unique<typename T::element_type>();
        return decode_value(in, *out);
    }
}

inline bool decode_floating(MsgPackReader& in, float& out) {
    double wide = 0;
    if (!in.floating(wide)) return false;
    out = static_cast<float>(wide);
    if (std::isinf(out) && !std::isinf(wide)) return in.fail_with("the number does not fit a 32-bit float");
    return true;
}

template <class T>
bool decode_value(MsgPackReader& in, T& out) {
    static_assert(!std::is_same_v<T, std::string_view> && !std::is_same_v<T, BytesView>,
                  "a decoded value owns what it holds: use std::string or Bytes");
    if constexpr (std::is_same_v<T, bool>) return in.boolean(out);
    else if constexpr (std::is_enum_v<T>) {
        std::underlying_type_t<T> number{};
        if (!in.integer(number)) return false;
        out = static_cast<T>(number);
        return true;
    } else if constexpr (Integer<T>) return in.integer(out);
    else if constexpr (std::is_same_v<T, float>) return decode_floating(in, out);
    else if constexpr (std::is_same_v<T, double>) return in.floating(out);
    else if constexpr (is_maybe<T>) return decode_maybe(in, out);
    else if constexpr (Text<T>) {
        std::string_view text;
        if (!in.text(text)) return false;
        out.assign(text);
        return true;
    } else if constexpr (std::is_same_v<T, Bytes>) {
        out.clear();
        return in.bytes(out);
    } else if constexpr (std::is_same_v<T, std::vector<std::uint8_t>>) {
        Bytes bytes;
        if (!in.bytes(bytes)) return false;
        const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
        out.assign(first, first + bytes.size());
        return true;
    } else if constexpr (ByteRun<T> && is_std_array<T>) {
        Bytes bytes;
        if (!in.bytes(bytes)) return false;
        if (bytes.size() != out.size()) {
            return in.fail_with("wanted " + std::to_string(out.size()) + " bytes, got " + std::to_string(bytes.size()));
        }
        std::copy(bytes.begin(), bytes.end(), out.begin());
        return true;
    } else if constexpr (Map<T>) return decode_map(in, out);
    else if constexpr (Sequence<T> && !is_std_array<T>) return decode_sequence(in, out);
    else if constexpr (Tuple<T>) return decode_tuple(in, out, std::make_index_sequence<std::tuple_size_v<T>>{});
    else return decode_struct(in, out, std::make_index_sequence<kFieldNames<T>.size()>{});
}

}  // namespace mortise::codec::detail
