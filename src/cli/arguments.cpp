#include "cli/arguments.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>

#include "cli/payload.hpp"
#include "cli/text.hpp"

namespace mortise::cli {

namespace {

// An integer of either sign with every value of 64 bits.
struct Integer {
    bool negative = false;
    std::uint64_t magnitude = 0;
};

enum class Reading : std::uint8_t { ok, not_a_number, too_large };

// Digits, or 0x and hex digits, with an optional minus.
Reading read_integer(std::string_view text, Integer& out) noexcept {
    out.negative = text.starts_with('-');
    if (out.negative) text.remove_prefix(1);
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    if (hex) text.remove_prefix(2);
    const char* end = text.data() + text.size();
    const auto [after, problem] = std::from_chars(text.data(), end, out.magnitude, hex ? 16 : 10);
    if (problem == std::errc::invalid_argument || after != end) return Reading::not_a_number;
    return problem == std::errc() ? Reading::ok : Reading::too_large;
}

// strtod, unlike from_chars, tells too large from too small, and takes hex, nan and inf; the locale is always "C" here.
template <class T>
Reading read_float(const std::string& text, T& out) noexcept {
    if (text.empty() || text.find_first_of(" \t\r\n\v\f+(") == 0 || text.find('\0') != std::string::npos) return Reading::not_a_number;
    char* end = nullptr;
    errno = 0;
    if constexpr (std::is_same_v<T, float>) out = std::strtof(text.c_str(), &end);
    else out = std::strtod(text.c_str(), &end);
    if (end != text.c_str() + text.size()) return Reading::not_a_number;
    return errno == ERANGE && std::isinf(out) ? Reading::too_large : Reading::ok;
}

std::string argument(std::size_t number) { return "argument " + std::to_string(number); }

std::unexpected<Error> not_a(std::size_t number, std::string_view shown, std::string_view type) {
    return fail(ErrorCode::type_mismatch, argument(number) + " is " + std::string(type) + ", got " + std::string(shown));
}

// Of the wrong type as well: an integer that does not fit is one of a wider type, as the library has it.
std::unexpected<Error> out_of_range(std::size_t number, std::string_view shown, std::string_view type) {
    return fail(ErrorCode::type_mismatch, argument(number) + ": " + std::string(shown) + " is out of range for " + std::string(type));
}

template <class T>
std::optional<T> narrowed(const Integer& integer) noexcept {
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    if (!integer.negative) {
        if (integer.magnitude > kMost) return std::nullopt;
        return static_cast<T>(integer.magnitude);
    }
    if (integer.magnitude == 0) return T{0};
    if constexpr (std::is_signed_v<T>) {
        if (integer.magnitude <= kMost + 1) return static_cast<T>(std::uint64_t{0} - integer.magnitude);
    }
    return std::nullopt;
}

// The first of these integer types that holds it.
template <class... T>
std::optional<Value> fitted(const Integer& integer) {
    std::optional<Value> out;
    const auto attempt = [&]<class U>(std::type_identity<U>) {
        if (out) return;
        if (const auto value = narrowed<U>(integer)) out = Value(*value);
    };
    (attempt(std::type_identity<T>{}), ...);
    return out;
}

std::optional<Value> integer_value(const Integer& integer, const Wanted& wanted) {
    using std::get_if;
    if (const auto* kind = get_if<Kind>(&wanted)) {
        switch (*kind) {
            case Kind::i32: return fitted<std::int32_t>(integer);
            case Kind::u32: return fitted<std::uint32_t>(integer);
            case Kind::i64: return fitted<std::int64_t>(integer);
            case Kind::u64: return fitted<std::uint64_t>(integer);
            default: return std::nullopt;
        }
    }
    if (const auto* type = get_if<ValType>(&wanted)) {
        if (*type == ValType::i32) return fitted<std::int32_t, std::uint32_t>(integer);
        return fitted<std::int64_t, std::uint64_t>(integer);
    }
    return fitted<std::int32_t, std::int64_t, std::uint64_t>(integer);
}

bool wants_integer(const Wanted& wanted) noexcept {
    if (const auto* kind = std::get_if<Kind>(&wanted)) {
        return *kind == Kind::i32 || *kind == Kind::u32 || *kind == Kind::i64 || *kind == Kind::u64;
    }
    const auto* type = std::get_if<ValType>(&wanted);
    return type != nullptr && (*type == ValType::i32 || *type == ValType::i64);
}

enum class Width : std::uint8_t { none, f32, f64 };

Width wanted_float(const Wanted& wanted) noexcept {
    const auto* kind = std::get_if<Kind>(&wanted);
    const auto* type = std::get_if<ValType>(&wanted);
    if ((kind != nullptr && *kind == Kind::f32) || (type != nullptr && *type == ValType::f32)) return Width::f32;
    if ((kind != nullptr && *kind == Kind::f64) || (type != nullptr && *type == ValType::f64)) return Width::f64;
    return Width::none;
}

std::string_view name_of(const Wanted& wanted) noexcept {
    if (const auto* kind = std::get_if<Kind>(&wanted)) return to_string(*kind);
    if (const auto* type = std::get_if<ValType>(&wanted)) return to_string(*type);
    return "an integer";
}

Result<Value> float_of_text(const std::string& text, Width width, std::size_t number) {
    const std::string_view name = width == Width::f32 ? "f32" : "f64";
    float narrow = 0;
    double wide = 0;
    const auto reading = width == Width::f32 ? read_float(text, narrow) : read_float(text, wide);
    if (reading == Reading::not_a_number) return not_a(number, in_quotes(text), name);
    if (reading == Reading::too_large) return out_of_range(number, in_quotes(text), name);
    return width == Width::f32 ? Value(narrow) : Value(wide);
}

Result<Value> integer_of_text(std::string_view text, const Wanted& wanted, std::size_t number) {
    Integer integer;
    const auto reading = read_integer(text, integer);
    if (reading == Reading::not_a_number) return not_a(number, in_quotes(text), name_of(wanted));
    auto value = reading == Reading::ok ? integer_value(integer, wanted) : std::nullopt;
    if (!value) return out_of_range(number, in_quotes(text), name_of(wanted));
    return *std::move(value);
}

// "-12", but not "0x1f": what looks like a number without being asked for one is kept narrow.
bool looks_like_integer(std::string_view text) noexcept {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool looks_like_float(std::string_view text) noexcept {
    if (text.starts_with('-')) text.remove_prefix(1);
    if (text.empty() || text[0] < '0' || text[0] > '9') return false;
    double ignored = 0;
    const char* end = text.data() + text.size();
    const auto [after, problem] = std::from_chars(text.data(), end, ignored);
    return after == end && problem != std::errc::invalid_argument;
}

Result<Value> by_form(std::string_view text, std::size_t number) {
    if (text == "true") return Value(true);
    if (text == "false") return Value(false);
    if (looks_like_integer(text)) return integer_of_text(text, {}, number);
    if (looks_like_float(text)) return float_of_text(std::string(text), Width::f64, number);
    return Value(text);
}

Result<Value> bytes_of_text(std::string_view text, std::size_t number) {
    if (text.starts_with('{')) {
        if (const auto json = parse_json(text)) {
            auto bytes = parse_payload(*json, argument(number));
            if (!bytes) return fail(std::move(bytes).error());
            return Value(*std::move(bytes));
        } else if (is_json(text)) {   // as in a request, rather than as bytes that nobody meant
            return fail(ErrorCode::invalid_argument, argument(number) + ": " + json.error().message());
        }
    }
    return Value(copy_bytes(text));
}

std::string shown(const Json& json) {
    const auto digits = long_integer(json);
    const auto line = digits ? std::string(*digits) : json.is_structured() ? std::string(kind_of_json(json)) : to_line(json);
    return line.size() <= 60 ? line : std::string(kind_of_json(json));
}

std::optional<Integer> integer_of_json(const Json& json) noexcept {
    if (const auto* positive = json.get_ptr<const Json::number_unsigned_t*>()) return Integer{false, *positive};
    if (const auto* any = json.get_ptr<const Json::number_integer_t*>()) {
        if (*any < 0) return Integer{true, std::uint64_t{0} - static_cast<std::uint64_t>(*any)};
        return Integer{false, static_cast<std::uint64_t>(*any)};
    }
    return std::nullopt;
}

Result<Value> float_of_json(const Json& json, Width width, std::size_t number) {
    // Strings are how outcomes spell NaN and infinities; the same digits in both widths come from the text of the number.
    if (const auto* text = json.get_ptr<const std::string*>()) return float_of_text(*text, width, number);
    if (const auto digits = long_integer(json)) return float_of_text(std::string(*digits), width, number);
    if (!json.is_number()) return not_a(number, shown(json), width == Width::f32 ? "f32" : "f64");
    return float_of_text(to_line(json), width, number);
}

Result<Value> json_by_form(const Json& json, std::size_t number) {
    if (json.is_boolean()) return Value(json.get<bool>());
    if (long_integer(json)) return out_of_range(number, shown(json), "an integer");
    if (const auto integer = integer_of_json(json)) return *fitted<std::int32_t, std::int64_t, std::uint64_t>(*integer);
    if (json.is_number_float()) return Value(json.get<double>());
    if (const auto* text = json.get_ptr<const std::string*>()) return Value(*text);
    if (json.is_object()) {
        auto bytes = parse_payload(json, argument(number));
        if (!bytes) return fail(std::move(bytes).error());
        return Value(*std::move(bytes));
    }
    return fail(ErrorCode::invalid_argument, argument(number) + " is " + std::string(kind_of_json(json)) +
                                                 "; write a number, a boolean, a string, or an object such as {\"hex\": \"00\"}");
}

// Either kind may be written as either: a text that is not UTF-8 can only be an object.
Result<Value> text_or_bytes(const Json& json, Kind kind, std::size_t number) {
    Bytes bytes;
    if (const auto* text = json.get_ptr<const std::string*>()) {
        bytes = copy_bytes(*text);
    } else {
        auto parsed = parse_payload(json, argument(number));
        if (!parsed) return fail(std::move(parsed).error());
        bytes = *std::move(parsed);
    }
    if (kind == Kind::string) return Value(text_of(bytes));
    return Value(std::move(bytes));
}

std::unexpected<Error> cannot_be_given(std::size_t number, const Wanted& wanted) {
    return fail(ErrorCode::type_mismatch, argument(number) + " is " + std::string(name_of(wanted)) + ", which cannot be given here");
}

}  // namespace

Result<Value> value_of_text(std::string_view text, const Wanted& wanted, std::size_t number) {
    if (std::holds_alternative<std::monostate>(wanted)) return by_form(text, number);
    if (wants_integer(wanted)) return integer_of_text(text, wanted, number);
    if (const auto width = wanted_float(wanted); width != Width::none) return float_of_text(std::string(text), width, number);
    const auto* kind = std::get_if<Kind>(&wanted);
    if (kind != nullptr && *kind == Kind::string) return Value(text);
    if (kind != nullptr && *kind == Kind::bytes) return bytes_of_text(text, number);
    if (kind != nullptr && *kind == Kind::boolean) {
        if (text == "true" || text == "false") return Value(text == "true");
        return not_a(number, in_quotes(text), "bool");
    }
    return cannot_be_given(number, wanted);
}

Result<Value> value_of_json(const Json& json, const Wanted& wanted, std::size_t number) {
    if (std::holds_alternative<std::monostate>(wanted)) return json_by_form(json, number);
    if (wants_integer(wanted)) {
        if (long_integer(json)) return out_of_range(number, shown(json), name_of(wanted));
        const auto integer = integer_of_json(json);
        if (!integer) return not_a(number, shown(json), name_of(wanted));
        auto value = integer_value(*integer, wanted);
        if (!value) return out_of_range(number, shown(json), name_of(wanted));
        return *std::move(value);
    }
    if (const auto width = wanted_float(wanted); width != Width::none) return float_of_json(json, width, number);
    const auto* kind = std::get_if<Kind>(&wanted);
    if (kind != nullptr && *kind == Kind::boolean && json.is_boolean()) return Value(json.get<bool>());
    if (kind != nullptr && (*kind == Kind::string || *kind == Kind::bytes) && (json.is_object() || json.is_string())) {
        return text_or_bytes(json, *kind, number);
    }
    if (kind == nullptr) return cannot_be_given(number, wanted);
    return not_a(number, shown(json), name_of(wanted));
}

}  // namespace mortise::cli
