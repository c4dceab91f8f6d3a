#pragma once

#include <any>
#include <array>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/detail/raw.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>
#include <mortise/value.hpp>

namespace mortise {
class HostCall;
}

namespace mortise::detail {

/// Records why a raw host function ends the guest's call; gives what the function must return.
/// What a host function's own error is to who called the guest: the same, but for `closed`, and a trap or an exit that is none
/// of a guest's, which would be taken for how this one ended. Those become `host_function_failed`, with text and code kept.
MORTISE_API Error as_host_failure(Error error);

MORTISE_API engine::Stop fail_host_call(engine::Store& store, Error error) noexcept;

/// A failure made of what is being thrown: call it inside a catch block.
MORTISE_API Error error_of_exception() noexcept;

/// A host function with its types erased: one instantiation a callable, none an ABI.
struct HostFn {
    using Values = Result<Value> (*)(const void* function, const HostCall& call, std::span<const ValueView> arguments);

    std::string module, name;
    std::vector<Kind> params;
    Kind result = Kind::none;
    engine::HostFunction raw = nullptr;   ///< only where every type is a number and the function takes no HostCall
    Values values = nullptr;
    std::shared_ptr<const void> function;
    std::any extra;
};

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<Result<T>> = true;

template <class T>
struct Unwrapped { using type = T; };
template <class T>
struct Unwrapped<Result<T>> { using type = T; };

template <class T>
consteval Kind kind_of() {
    using U = std::remove_cvref_t<T>;
    if constexpr (std::is_void_v<U>) return Kind::none;
    else if constexpr (std::is_same_v<U, bool>) return Kind::boolean;
    else if constexpr (std::is_same_v<U, float>) return Kind::f32;
    else if constexpr (std::is_same_v<U, double>) return Kind::f64;
    else if constexpr (std::is_integral_v<U> && sizeof(U) == 4) return std::is_signed_v<U> ? Kind::i32 : Kind::u32;
    else if constexpr (std::is_integral_v<U> && sizeof(U) == 8) return std::is_signed_v<U> ? Kind::i64 : Kind::u64;
    else if constexpr (std::is_same_v<U, std::string_view> || std::is_same_v<U, std::string>) return Kind::string;
    else if constexpr (std::is_same_v<U, BytesView> || std::is_same_v<U, Bytes>) return Kind::bytes;
    else static_assert(sizeof(U) == 0, "not a type that crosses between host and guest; see HostFunctions::add");
}

template <class T>
inline constexpr bool is_number = std::is_arithmetic_v<std::remove_cvref_t<T>>;

/// The fixed-width alternative of Value that stands for a C++ integer type of the same size and sign.
template <class T>
using Fixed = std::conditional_t<
    std::is_same_v<T, bool> || std::is_floating_point_v<T>, T,
    std::conditional_t<sizeof(T) == 4, std::conditional_t<std::is_signed_v<T>, std::int32_t, std::uint32_t>,
                       std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>>;

template <class T>
T load_slot(const engine::RawValue& slot) noexcept {
    if constexpr (std::is_same_v<T, bool>) return slot.i32 != 0;
    else if constexpr (std::is_same_v<T, float>) return slot.f32;
    else if constexpr (std::is_same_v<T, double>) return slot.f64;
    else if constexpr (sizeof(T) == 4) return static_cast<T>(slot.i32);
    else return static_cast<T>(slot.i64);
}

template <class T>
void store_slot(engine::RawValue& slot, T value) noexcept {
    if constexpr (std::is_same_v<T, bool>) slot.i32 = value ? 1 : 0;
    else if constexpr (std::is_same_v<T, float>) slot.f32 = value;
    else if constexpr (std::is_same_v<T, double>) slot.f64 = value;
    else if constexpr (sizeof(T) == 4) slot.i32 = static_cast<std::int32_t>(value);
    else slot.i64 = static_cast<std::int64_t>(value);
}

template <class T>
std::remove_cvref_t<T> from_view(const ValueView& view) {
    using U = std::remove_cvref_t<T>;
    if constexpr (std::is_same_v<U, bool>) return view.boolean();
    else if constexpr (std::is_same_v<U, float>) return view.f32();
    else if constexpr (std::is_same_v<U, double>) return view.f64();
    else if constexpr (std::is_integral_v<U>) return static_cast<U>(view.u64());
    else if constexpr (std::is_same_v<U, std::string_view>) return view.text();
    else if constexpr (std::is_same_v<U, std::string>) return std::string(view.text());
    else if constexpr (std::is_same_v<U, BytesView>) return view.bytes();
    else return copy_bytes(view.bytes());
}

template <class T>
Value to_value(T&& result) {
    using U = std::remove_cvref_t<T>;
    if constexpr (std::is_arithmetic_v<U>) return Value(static_cast<Fixed<U>>(result));
    else if constexpr (std::is_same_v<U, std::string_view>) return Value(result);
    else if constexpr (std::is_same_v<U, BytesView>) return Value(copy_bytes(result));
    else return Value(std::forward<T>(result));
}

/// Parameter list and result of any callable with one call operator.
template <class F>
struct Signature : Signature<decltype(&F::operator())> {};
template <class R, class... A>
struct Signature<R (*)(A...)> { using Returned = R; using Arguments = std::tuple<A...>; };
template <class R, class... A>
struct Signature<R (*)(A...) noexcept> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...)> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) noexcept> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const noexcept> : Signature<R (*)(A...)> {};

template <class F, bool WithCall, class R, class... A>
struct Thunk {
    using Plain = typename Unwrapped<std::remove_cvref_t<R>>::type;

    static Result<Value> values(const void* function, const HostCall& call, std::span<const ValueView> arguments) {
        return invoke(*static_cast<const F*>(function), call, arguments, std::index_sequence_for<A...>{});
    }

    static engine::Stop raw(const void* function, engine::Store& store, engine::Caller, engine::RawValue* slots) noexcept {
        try {
            return invoke_raw(*static_cast<const F*>(function), store, slots, std::index_sequence_for<A...>{});
        } catch (...) {
            return fail_host_call(store, error_of_exception());
        }
    }

private:
    template <std::size_t... I>
    static Result<Value> invoke(const F& f, const HostCall& call, std::span<const ValueView> arguments,
                                std::index_sequence<I...>) {
        const auto apply = [&]() -> R {
            if constexpr (WithCall) return f(call, from_view<A>(arguments[I])...);
            else return f(from_view<A>(arguments[I])...);
        };
        if constexpr (std::is_void_v<R>) {
            apply();
            return Value();
        } else if constexpr (is_result<std::remove_cvref_t<R>>) {
            auto result = apply();
            if (!result) return std::unexpected(std::move(result).error());
            if constexpr (std::is_void_v<Plain>) return Value();
            else return to_value(*std::move(result));
        } else {
            return to_value(apply());
        }
    }

    template <std::size_t... I>
    static engine::Stop invoke_raw(const F& f, engine::Store& store, engine::RawValue* slots, std::index_sequence<I...>) {
        if constexpr (std::is_void_v<R>) {
            f(load_slot<std::remove_cvref_t<A>>(slots[I])...);
        } else if constexpr (is_result<std::remove_cvref_t<R>>) {
            auto result = f(load_slot<std::remove_cvref_t<A>>(slots[I])...);
            if (!result) return fail_host_call(store, std::move(result).error());
            if constexpr (!std::is_void_v<Plain>) store_slot<Plain>(slots[0], *result);
        } else {
            store_slot<Plain>(slots[0], f(load_slot<std::remove_cvref_t<A>>(slots[I])...));
        }
        return engine::Stop::done;
    }
};

template <class F, class R, class... A>
void fill(HostFn& out, std::type_identity<std::tuple<A...>>) {
    using T = Thunk<F, false, R, A...>;
    out.params = {kind_of<A>()...};
    out.values = &T::values;
    if constexpr ((is_number<A> && ...) && (std::is_void_v<typename T::Plain> || is_number<typename T::Plain>)) out.raw = &T::raw;
}
template <class F, class R, class... A>
void fill(HostFn& out, std::type_identity<std::tuple<const HostCall&, A...>>) {
    out.params = {kind_of<A>()...};
    out.values = &Thunk<F, true, R, A...>::values;
}

template <class F>
HostFn erase(std::string module, std::string name, F&& function, std::any extra) {
    using Callable = std::decay_t<F>;
    using S = Signature<Callable>;
    HostFn out;
    out.module = std::move(module);
    out.name = std::move(name);
    out.result = kind_of<typename Unwrapped<std::remove_cvref_t<typename S::Returned>>::type>();
    fill<Callable, typename S::Returned>(out, std::type_identity<typename S::Arguments>{});
    out.function = std::make_shared<const Callable>(std::forward<F>(function));
    out.extra = std::move(extra);
    return out;
}

}  // namespace mortise::detail
