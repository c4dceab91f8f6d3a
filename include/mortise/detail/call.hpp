#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <mortise/bytes.hpp>
#include <mortise/detail/host_function.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>
#include <mortise/value.hpp>

namespace mortise::detail {

class InstanceState;

/// What a call reads of a bound export before it leaves the header.
struct BoundHead {
    bool raw = false;   ///< slots serve: every type is a number and the ABI adds nothing
};
struct BoundExport;     // an export bound for one C++ signature: a BoundHead and what host/ needs

/// Binds; shared by all copies of a Function.
MORTISE_API Result<std::shared_ptr<BoundHead>> bind(const std::shared_ptr<InstanceState>& state, std::string_view name,
                                                      std::span<const Kind> params, Kind result);

/// Calls with numbers in slots. False: failed, `take_error` has why.
MORTISE_API bool call_raw(BoundHead& bound, engine::RawValue* slots) noexcept;
MORTISE_API Error take_error(BoundHead& bound) noexcept;

MORTISE_API Result<Value> call_bound(BoundHead& bound, std::span<const ValueView> arguments);

template <class T>
ValueView view_of(const T& argument) {
    if constexpr (std::is_same_v<T, Value>) return ValueView(argument);
    else if constexpr (std::is_same_v<T, ValueView>) return argument;
    else if constexpr (std::is_convertible_v<const T&, std::string_view>) return ValueView(std::string_view(argument));
    else if constexpr (std::is_convertible_v<const T&, BytesView>) return ValueView(BytesView(argument));
    else if constexpr (std::is_arithmetic_v<T> && (sizeof(T) >= 4 || std::is_same_v<T, bool>)) return ValueView(static_cast<Fixed<T>>(argument));
    else if constexpr (std::is_integral_v<T>) return ValueView(static_cast<std::int32_t>(argument));
    else static_assert(sizeof(T) == 0, "not an argument of a value ABI; a struct needs a codec");
}

template <class R>
consteval Kind wanted_kind() {
    if constexpr (std::is_same_v<R, Value>) return Kind::any;
    else return kind_of<R>();
}

/// The value as the C++ type asked for; `type_mismatch` if it is another.
template <class R>
Result<R> value_as(Result<Value> value) {
    if (!value) return std::unexpected(std::move(value).error());
    if constexpr (std::is_void_v<R>) {
        return {};
    } else if constexpr (std::is_same_v<R, Value>) {
        return *std::move(value);
    } else if constexpr (std::is_arithmetic_v<R>) {
        if (const auto* x = value->get_if<Fixed<R>>()) return static_cast<R>(*x);
    } else {
        if (auto* x = value->get_if<R>()) return std::move(*x);
    }
    if constexpr (!std::is_void_v<R> && !std::is_same_v<R, Value>) {
        return fail(ErrorCode::type_mismatch, "the result is " + std::string(to_string(value->kind())) + ", asked for " +
                                                  std::string(to_string(kind_of<R>())));
    }
}

}  // namespace mortise::detail
