#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <mortise/bytes.hpp>
#include <mortise/codec/base64.hpp>
#include <mortise/codec/decode.hpp>
#include <mortise/codec/encode.hpp>
#include <mortise/codec/fields.hpp>
#include <mortise/codec/json_writer.hpp>
#include <mortise/codec/msgpack_reader.hpp>
#include <mortise/codec/msgpack_writer.hpp>
#include <mortise/codec/options.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>

/// How values become the payload of a message ABI and back: `codec::raw`, `codec::json`, `codec::msgpack`.
///
/// | C++ | MessagePack | JSON |
/// |---|---|---|
/// | bool | true, false | true, false |
/// | integers of 8 to 64 bits | shortest integer; any width that fits is read | integer |
/// | enumerations | their number | their number |
/// | float, double | CA, CB; integers are read as well | number; "NaN", "Infinity", "-Infinity" |
/// | std::string, std::string_view (encoding alone) | str | string |
/// | Bytes, BytesView (encoding alone), std::vector<std::uint8_t> | bin | base64 string |
/// | std::optional, std::unique_ptr | the value, or nil | the value, or null |
/// | std::vector, std::list, std::set, ... | array | array |
/// | std::array, std::pair, std::tuple | array of that length | array of that length |
/// | std::map, std::unordered_map with text or integer keys | map | object |
/// | a struct | map of its members by name, in their order | object |
///
/// A struct is any aggregate of up to 24 members, none of them a C array, or a type with MORTISE_FIELDS. Decoding skips keys
/// that it does not know, leaves members whose key is missing as a default-made struct has them, and takes the last of
/// repeated keys. What is of another type than the member fails with `decode`: path, wanted, got. Nil is only for
/// members that can be empty.
namespace mortise::codec {

/// A codec that carries this type there, or back.
template <class C, class T>
concept Encodes = requires(const C& codec, const T& value, Bytes& out) {
    { codec.encode(value, out) } -> std::same_as<Result<void>>;
};
template <class C, class T>
concept Decodes = requires(const C& codec, BytesView bytes) {
    { codec.template decode<T>(bytes) } -> std::same_as<Result<T>>;
};

/// A codec: a value type whose `encode` appends to a buffer (and leaves it as it was if it fails) and whose `decode` makes a
/// value, both callable from any thread. Your own may stand wherever ours do.
template <class C>
concept Codec = Encodes<C, std::string> && Decodes<C, std::string>;

/// Bytes as they are: std::string, Bytes, and for encoding their views.
struct Raw {
    static constexpr std::string_view name = "raw";

    template <class T>
        requires(detail::Text<T> || detail::ByteRun<T>)
    Result<void> encode(const T& value, Bytes& out) const {
        const BytesView view = [&] {
            if constexpr (detail::Text<T>) return bytes_of(value);
            else return std::as_bytes(std::span(value));
        }();
        out.insert(out.end(), view.begin(), view.end());
        return {};
    }

    template <class T>
        requires(std::same_as<T, std::string> || std::same_as<T, Bytes>)
    Result<T> decode(BytesView bytes) const {
        if constexpr (std::same_as<T, Bytes>) return copy_bytes(bytes);
        else return std::string(text_of(bytes));
    }
};

/// MessagePack. Errors: `decode`; `encode` where a text, bytes or container has 2^32 items or more.
struct MsgPack {
    static constexpr std::string_view name = "msgpack";
    DecodeOptions options = {};

    template <class T>
    Result<void> encode(const T& value, Bytes& out) const {
        const std::size_t before = out.size();
        MsgPackWriter writer(out);
        detail::EncodeFailure failure;
        if (!detail::encode_value(writer, value, failure)) [[unlikely]] {
            out.resize(before);
            return fail(failure.error(name));
        }
        writer.finish();
        return {};
    }

    template <class T>
    Result<T> decode(BytesView bytes) const {
        MsgPackReader reader(bytes, options);
        Result<T> out(std::in_place);
        if (!reader.begin() || !detail::decode_value(reader, *out) || !reader.finish()) [[unlikely]] return fail(reader.error());
        return out;
    }
};

/// Turns JSON text into the MessagePack that `MsgPackReader` reads with `Source::json`. Errors: `decode`.
MORTISE_API Result<Bytes> json_for_reader(BytesView json, const DecodeOptions& options);

/// JSON in UTF-8, without white space when encoding. Errors: `decode`; `encode` where a text is not UTF-8.
struct Json {
    static constexpr std::string_view name = "json";
    DecodeOptions options = {};

    template <class T>
    Result<void> encode(const T& value, Bytes& out) const {
        const std::size_t before = out.size();
        JsonWriter writer(out);
        detail::EncodeFailure failure;
        if (!detail::encode_value(writer, value, failure)) {
            out.resize(before);
            return fail(failure.error(name));
        }
        return {};
    }

    template <class T>
    Result<T> decode(BytesView bytes) const {
        auto packed = json_for_reader(bytes, options);
        if (!packed) return fail(std::move(packed).error());
        MsgPackReader reader(*packed, options, MsgPackReader::Source::json);
        Result<T> out(std::in_place);
        if (!detail::decode_value(reader, *out)) return fail(reader.error());
        return out;
    }
};

/// The codecs with their default options; for others make one: `codec::MsgPack{{.trailing = codec::Trailing::ignored}}`.
inline constexpr Raw raw;
inline constexpr Json json;
inline constexpr MsgPack msgpack;

/// The payload of a value: `codec::encode(value, codec::msgpack)`.
template <class T, class C>
    requires Encodes<C, T>
Result<Bytes> encode(const T& value, const C& codec) {
    Bytes out;
    if (auto done = codec.encode(value, out); !done) return fail(std::move(done).error());
    return out;
}

/// The value of a payload: `codec::decode<Reply>(bytes, codec::json)`.
template <class T, class C>
    requires Decodes<C, T>
Result<T> decode(BytesView bytes, const C& codec) {
    return codec.template decode<T>(bytes);
}

/// JSON text as MessagePack, for tools: key order is kept, integers that fit 64 bits stay exact and take their shortest form,
/// other numbers become CB. An object of the one key "base64", or of "base64" and "text", with strings as values becomes bin; an
/// object of "ext" (an integer of 8 bits) and "base64" becomes ext. Errors: `decode`: no JSON (with the offset), beyond the limits,
/// an integer that does not fit 64 bits, broken base64.
MORTISE_API Result<Bytes> msgpack_from_json(std::string_view json, const DecodeOptions& options = {});

/// MessagePack as JSON text without white space, for tools: what `msgpack_from_json` takes back. Bin becomes {"base64": ...},
/// with "text" beside it where the bytes are UTF-8; so does a str that is not UTF-8. Ext becomes {"ext": type, "base64": ...}. NaN and infinities become the strings
/// "NaN", "Infinity", "-Infinity". Keys that are numbers, booleans or nil are written as their text; containers as keys are
/// refused. Errors: `decode`, with the offset.
MORTISE_API Result<std::string> json_from_msgpack(BytesView msgpack, const DecodeOptions& options = {});

}  // namespace mortise::codec
