#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

/// Describes a struct for the codecs, once, at namespace scope beside the struct: `MORTISE_FIELDS(Point, x, y)`. Up to 64 public
/// members, encoded in the order given under their own names. Needed only for what is not a plain aggregate (base classes,
/// constructors, more than 24 members, C arrays) or where some members are to be left out: other aggregates are described by the
/// compiler. For other names write the function that it stands for:
/// `constexpr auto mortise_fields(std::type_identity<Point>) { return std::tuple{mortise::codec::field("X", &Point::x)}; }`.
#define MORTISE_FIELDS(Type, ...)                                                        \
    [[maybe_unused]] constexpr auto mortise_fields(::std::type_identity<Type>) noexcept { \
        using MortiseFieldsOf = Type;                                                     \
        return ::std::tuple{MORTISE_DETAIL_EACH(MORTISE_DETAIL_FIELD, __VA_ARGS__)};      \
    }

namespace mortise::codec {

/// One member of a struct and the key under which it travels.
template <class T, class M>
struct Field {
    std::string_view name;
    M T::*member;
};

/// For hand-written `mortise_fields`: a member with the key under which it travels. The name must outlive the program's calls:
/// a literal.
template <class T, class M>
constexpr Field<T, M> field(std::string_view name, M T::*member) noexcept {
    return {name, member};
}

/// A type that has `MORTISE_FIELDS` or a function `mortise_fields` in its namespace.
template <class T>
concept Described = requires { mortise_fields(std::type_identity<T>{}); };

}  // namespace mortise::codec

// What follows is how it works, not interface.

#define MORTISE_DETAIL_FIELD(name) ::mortise::codec::field(#name, &MortiseFieldsOf::name)
#define MORTISE_DETAIL_PARENS ()
#define MORTISE_DETAIL_EXPAND(...) \
    MORTISE_DETAIL_EXPAND3(MORTISE_DETAIL_EXPAND3(MORTISE_DETAIL_EXPAND3(MORTISE_DETAIL_EXPAND3(__VA_ARGS__))))
#define MORTISE_DETAIL_EXPAND3(...) \
    MORTISE_DETAIL_EXPAND2(MORTISE_DETAIL_EXPAND2(MORTISE_DETAIL_EXPAND2(MORTISE_DETAIL_EXPAND2(__VA_ARGS__))))
#define MORTISE_DETAIL_EXPAND2(...) \
    MORTISE_DETAIL_EXPAND1(MORTISE_DETAIL_EXPAND1(MORTISE_DETAIL_EXPAND1(MORTISE_DETAIL_EXPAND1(__VA_ARGS__))))
#define MORTISE_DETAIL_EXPAND1(...) __VA_ARGS__
#define MORTISE_DETAIL_EACH(macro, ...) \
    __VA_OPT__(MORTISE_DETAIL_EXPAND(MORTISE_DETAIL_EACH_STEP(macro, __VA_ARGS__)))
#define MORTISE_DETAIL_EACH_STEP(macro, first, ...) \
    macro(first) __VA_OPT__(, MORTISE_DETAIL_EACH_AGAIN MORTISE_DETAIL_PARENS(macro, __VA_ARGS__))
#define MORTISE_DETAIL_EACH_AGAIN() MORTISE_DETAIL_EACH_STEP

namespace mortise::codec::detail {

/// Converts to anything: how many of it initialise an aggregate is how many members it has.
struct Anything {
    template <class T>
    operator T() const noexcept;
};

inline constexpr std::size_t kMostFields = 24;

template <class T, std::size_t... I>
consteval bool initialised_by(std::index_sequence<I...>) {
    return requires { T{(static_cast<void>(I), Anything{})...}; };
}

/// The largest number of members that fits: with members that have default values fewer fit as well.
template <class T, std::size_t N = kMostFields + 1>
consteval std::size_t count_fields() {
    if constexpr (initialised_by<T>(std::make_index_sequence<N>{})) return N;
    else if constexpr (N == 0) return 0;
    else return count_fields<T, N - 1>();
}

template <class T>
struct Holder {
    T value;
    ~Holder();
};
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-internal"
#pragma clang diagnostic ignored "-Wundefined-var-template"
#endif
/// Never defined and never read: only the addresses of its members are named, at compile time.
template <class T>
extern const Holder<T> kNobody;

template <class T>
struct Address {
    const T* pointer;
};
template <class T>
Address(const T*) -> Address<T>;

/// The member's name out of the compiler's spelling of its address: the identifier before the last brace.
template <auto Member>   // named, or clang leaves it out of the spelling
consteval std::string_view name_of_member() {
    constexpr std::string_view kSpelling = __PRETTY_FUNCTION__;
    constexpr auto is_word = [](char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c < 0;
    };
    std::size_t end = kSpelling.rfind('}');
    while (end > 0 && !is_word(kSpelling[end - 1])) --end;
    std::size_t begin = end;
    while (begin > 0 && is_word(kSpelling[begin - 1])) --begin;
    return kSpelling.substr(begin, end - begin);
}

/// The addresses of the members of an aggregate, in order.
template <std::size_t N, class T>
constexpr auto member_addresses(T& v) noexcept {
#define MORTISE_DETAIL_ADDRESS(member) std::addressof(member)
#define MORTISE_DETAIL_TIE(count, ...)                                             \
    if constexpr (N == count) {                                                    \
        auto& [__VA_ARGS__] = v;                                                   \
        return std::tuple{MORTISE_DETAIL_EACH(MORTISE_DETAIL_ADDRESS, __VA_ARGS__)}; \
    } else
    // clang-format off
    MORTISE_DETAIL_TIE(1, a)
    MORTISE_DETAIL_TIE(2, a, b)
    MORTISE_DETAIL_TIE(3, a, b, c)
    MORTISE_DETAIL_TIE(4, a, b, c, d)
    MORTISE_DETAIL_TIE(5, a, b, c, d, e)
    MORTISE_DETAIL_TIE(6, a, b, c, d, e, f)
    MORTISE_DETAIL_TIE(7, a, b, c, d, e, f, g)
    MORTISE_DETAIL_TIE(8, a, b, c, d, e, f, g, h)
    MORTISE_DETAIL_TIE(9, a, b, c, d, e, f, g, h, i)
    MORTISE_DETAIL_TIE(10, a, b, c, d, e, f, g, h, i, j)
    MORTISE_DETAIL_TIE(11, a, b, c, d, e, f, g, h, i, j, k)
    MORTISE_DETAIL_TIE(12, a, b, c, d, e, f, g, h, i, j, k, l)
    MORTISE_DETAIL_TIE(13, a, b, c, d, e, f, g, h, i, j, k, l, m)
    MORTISE_DETAIL_TIE(14, a, b, c, d, e, f, g, h, i, j, k, l, m, n)
    MORTISE_DETAIL_TIE(15, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
    MORTISE_DETAIL_TIE(16, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
    MORTISE_DETAIL_TIE(17, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
    MORTISE_DETAIL_TIE(18, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)
    MORTISE_DETAIL_TIE(19, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s)
    MORTISE_DETAIL_TIE(20, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t)
    MORTISE_DETAIL_TIE(21, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u)
    MORTISE_DETAIL_TIE(22, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w)
    MORTISE_DETAIL_TIE(23, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x)
    MORTISE_DETAIL_TIE(24, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y)
    { return std::tuple<>{}; }
    // clang-format on
#undef MORTISE_DETAIL_TIE
#undef MORTISE_DETAIL_ADDRESS
}

template <class T, std::size_t... I>
consteval auto reflected_names(std::index_sequence<I...>) {
    return std::array<std::string_view, sizeof...(I)>{
        name_of_member<Address{std::get<I>(member_addresses<sizeof...(I)>(kNobody<T>.value))}>()...};
}

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

template <class... F>
consteval auto names_of(const std::tuple<F...>& fields) {
    return std::apply([](const auto&... f) { return std::array<std::string_view, sizeof...(F)>{f.name...}; }, fields);
}

/// The keys of a struct, in order.
template <class T>
consteval auto field_names() {
    if constexpr (Described<T>) {
        return names_of(mortise_fields(std::type_identity<T>{}));
    } else {
        static_assert(std::is_aggregate_v<T> && !std::is_array_v<T> && !std::is_union_v<T>,
                      "the codecs do not know this type: describe it with MORTISE_FIELDS");
        static_assert(count_fields<T>() <= kMostFields, "too many members: describe the struct with MORTISE_FIELDS");
        return reflected_names<T>(std::make_index_sequence<count_fields<T>()>{});
    }
}

template <class T>
inline constexpr auto kFieldNames = field_names<T>();

/// References to the described members of a struct (const or not), in order.
template <class T>
constexpr auto field_references(T& value) noexcept {
    using Plain = std::remove_const_t<T>;
    if constexpr (Described<Plain>) {
        return std::apply([&](const auto&... f) { return std::tie(value.*(f.member)...); },
                          mortise_fields(std::type_identity<Plain>{}));
    } else {
        return std::apply([](auto*... members) { return std::tie(*members...); },
                          member_addresses<kFieldNames<Plain>.size()>(value));
    }
}

}  // namespace mortise::codec::detail
