#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/export.hpp>

namespace mortise {

/// The types in which values cross between host and guest. Each ABI maps them its own way and refuses what it cannot carry.
enum class Kind : std::uint8_t {
    none,     ///< no value
    i32, u32, i64, u64, f32, f64, boolean,
    string,   ///< text; UTF-8 where the ABI says so, bytes taken verbatim otherwise
    bytes,
    list,     ///< several results of one Wasm function, in order
    any,      ///< as a wanted result: whatever the function gives
};

/// The spelling of the command's `--types`, e.g. `i32`, `bool`, `string`.
MORTISE_API std::string_view to_string(Kind kind) noexcept;

/// A value that owns its text or bytes. The alternative's index is its `Kind`.
class Value {
public:
    using List = std::vector<Value>;
    using Variant = std::variant<std::monostate, std::int32_t, std::uint32_t, std::int64_t, std::uint64_t, float, double, bool,
                                 std::string, Bytes, List>;

    Value() = default;
    Value(std::int32_t value) : data_(value) {}
    Value(std::uint32_t value) : data_(value) {}
    Value(std::int64_t value) : data_(value) {}
    Value(std::uint64_t value) : data_(value) {}
    Value(float value) : data_(value) {}
    Value(double value) : data_(value) {}
    Value(bool value) : data_(value) {}
    Value(std::string text) : data_(std::move(text)) {}
    Value(Bytes bytes) : data_(std::move(bytes)) {}
    Value(List values) : data_(std::move(values)) {}
    Value(const char* text) : data_(std::string(text)) {}
    Value(std::string_view text) : data_(std::string(text)) {}

    Kind kind() const noexcept { return static_cast<Kind>(data_.index()); }

    /// The value as one of the alternatives, or null if it is another.
    template <class T>
    const T* get_if() const noexcept { return std::get_if<T>(&data_); }
    template <class T>
    T* get_if() noexcept { return std::get_if<T>(&data_); }

    const Variant& variant() const noexcept { return data_; }
    Variant& variant() noexcept { return data_; }
    friend bool operator==(const Value&, const Value&) = default;

private:
    Variant data_;
};

/// A value that borrows its text or bytes: what arguments are passed as. Trivially copyable.
class ValueView {
public:
    constexpr ValueView() noexcept : kind_(Kind::none), u64_(0) {}
    constexpr ValueView(std::int32_t v) noexcept : kind_(Kind::i32), u64_(static_cast<std::uint64_t>(std::int64_t{v})) {}
    constexpr ValueView(std::uint32_t v) noexcept : kind_(Kind::u32), u64_(v) {}
    constexpr ValueView(std::int64_t v) noexcept : kind_(Kind::i64), u64_(static_cast<std::uint64_t>(v)) {}
    constexpr ValueView(std::uint64_t v) noexcept : kind_(Kind::u64), u64_(v) {}
    constexpr ValueView(float v) noexcept : kind_(Kind::f32), f32_(v) {}
    constexpr ValueView(double v) noexcept : kind_(Kind::f64), f64_(v) {}
    constexpr ValueView(bool v) noexcept : kind_(Kind::boolean), u64_(v ? 1 : 0) {}
    ValueView(std::string_view v) noexcept : kind_(Kind::string), data_(v.data()), size_(v.size()) {}
    ValueView(const std::string& v) noexcept : ValueView(std::string_view(v)) {}
    ValueView(const char* v) noexcept : ValueView(std::string_view(v)) {}
    ValueView(BytesView v) noexcept : kind_(Kind::bytes), data_(v.data()), size_(v.size()) {}
    ValueView(const Bytes& v) noexcept : ValueView(BytesView(v)) {}
    /// Borrows from an owned value; a list becomes none.
    explicit ValueView(const Value& v) noexcept;

    constexpr Kind kind() const noexcept { return kind_; }

    /// The number or bool: integers of another width or sign as C++ converts them. Only where `kind` is one of them: a float's
    /// integers and a text's numbers mean nothing.
    std::int32_t i32() const noexcept { return static_cast<std::int32_t>(u64_); }
    std::uint32_t u32() const noexcept { return static_cast<std::uint32_t>(u64_); }
    std::int64_t i64() const noexcept { return static_cast<std::int64_t>(u64_); }
    std::uint64_t u64() const noexcept { return u64_; }
    float f32() const noexcept { return f32_; }
    double f64() const noexcept { return f64_; }
    bool boolean() const noexcept { return u64_ != 0; }
    std::string_view text() const noexcept { return {static_cast<const char*>(data_), size_}; }
    BytesView bytes() const noexcept { return {static_cast<const std::byte*>(data_), size_}; }

    /// An owned copy.
    MORTISE_API Value to_value() const;

private:
    Kind kind_;
    union {
        std::uint64_t u64_;
        float f32_;
        double f64_;
        const void* data_;
    };
    std::size_t size_ = 0;
};

inline ValueView::ValueView(const Value& v) noexcept : ValueView() {
    std::visit([this](const auto& x) {
        using T = std::remove_cvref_t<decltype(x)>;
        if constexpr (!std::is_same_v<T, std::monostate> && !std::is_same_v<T, Value::List>) *this = ValueView(x);
    }, v.variant());
}

}  // namespace mortise
