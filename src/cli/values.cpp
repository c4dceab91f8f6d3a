#include "cli/values.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include <mortise/bytes.hpp>

#include "cli/payload.hpp"

namespace mortise::cli {

namespace {

template <class T>
std::string digits_of(T number) {
    if constexpr (std::is_floating_point_v<T>) {
        if (std::isnan(number)) return "nan";
        if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
    }
    std::array<char, 400> buffer;   // the longest double in plain notation has fewer
    const auto [end, problem] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    return problem == std::errc() ? std::string(buffer.data(), end) : std::string("?");
}

template <class T>
Json float_to_json(T number) {
    if (!std::isfinite(number)) return Json(digits_of(number));
    if constexpr (std::is_same_v<T, float>) {
        // The shortest digits that give this float back, not those of the double next to it.
        const auto text = digits_of(number);
        double wide = 0;
        std::from_chars(text.data(), text.data() + text.size(), wide);
        return Json(wide);
    }
    return Json(number);
}

std::string list_text(const Value::List& list) {
    std::string out = "[";
    for (const auto& item : list) {
        if (out.size() > 1) out += ", ";
        out += value_to_text(item);
    }
    return out + "]";
}

template <class T>
std::string hex_of_number(T number) {
    std::array<char, 40> buffer;
    if constexpr (std::is_floating_point_v<T>) {
        if (!std::isfinite(number)) return digits_of(number);
        const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::fabs(number), std::chars_format::hex).ptr;
        return std::string(std::signbit(number) ? "-0x" : "0x") + std::string(buffer.data(), end);
    } else {
        const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::make_unsigned_t<T>(number), 16).ptr;
        return "0x" + std::string(buffer.data(), end);
    }
}

}  // namespace

Json value_to_json(const Value& value) {
    return std::visit([](const auto& x) -> Json {
        using T = std::remove_cvref_t<decltype(x)>;
        if constexpr (std::is_same_v<T, std::monostate>) return Json(nullptr);
        else if constexpr (std::is_floating_point_v<T>) return float_to_json(x);
        else if constexpr (std::is_same_v<T, std::string>) return is_utf8(x) ? Json(x) : bytes_to_json(bytes_of(x));
        else if constexpr (std::is_same_v<T, Bytes>) return bytes_to_json(x);
        else if constexpr (std::is_same_v<T, Value::List>) {
            Json out = Json::array();
            for (const auto& item : x) out.push_back(value_to_json(item));
            return out;
        } else return Json(x);
    }, value.variant());
}

std::string value_to_text(const Value& value) {
    return std::visit([](const auto& x) -> std::string {
        using T = std::remove_cvref_t<decltype(x)>;
        if constexpr (std::is_same_v<T, std::monostate>) return {};
        else if constexpr (std::is_same_v<T, bool>) return x ? "true" : "false";
        else if constexpr (std::is_same_v<T, std::string>) return x;
        else if constexpr (std::is_same_v<T, Bytes>) return std::string(text_of(x));
        else if constexpr (std::is_same_v<T, Value::List>) return list_text(x);
        else return digits_of(x);
    }, value.variant());
}

std::string value_to_hex(const Value& value) {
    return std::visit([](const auto& x) -> std::string {
        using T = std::remove_cvref_t<decltype(x)>;
        if constexpr (std::is_same_v<T, std::monostate>) return {};
        else if constexpr (std::is_same_v<T, bool>) return x ? "0x1" : "0x0";
        else if constexpr (std::is_same_v<T, std::string>) return to_hex(bytes_of(x));
        else if constexpr (std::is_same_v<T, Bytes>) return to_hex(x);
        else if constexpr (std::is_same_v<T, Value::List>) {
            std::string out = "[";
            for (const auto& item : x) out += (out.size() > 1 ? ", " : "") + value_to_hex(item);
            return out + "]";
        } else return hex_of_number(x);
    }, value.variant());
}

Result<Value> as_kind(const Value& value, Kind kind) {
    const ValueView view(value);
    const bool narrow = value.kind() == Kind::i32 || value.kind() == Kind::u32 || value.kind() == Kind::boolean;
    const bool wide = value.kind() == Kind::i64 || value.kind() == Kind::u64;
    if (kind == Kind::any || value.kind() == kind) return value;
    if (narrow && kind == Kind::i32) return Value(view.i32());
    if (narrow && kind == Kind::u32) return Value(view.u32());
    if (narrow && kind == Kind::boolean) return Value(view.u32() != 0);
    if (wide && kind == Kind::i64) return Value(view.i64());
    if (wide && kind == Kind::u64) return Value(view.u64());
    return fail(ErrorCode::type_mismatch, "a result is " + std::string(to_string(value.kind())) + ", asked for " +
                                              std::string(to_string(kind)));
}

}  // namespace mortise::cli
