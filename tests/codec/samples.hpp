#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <mortise/codec.hpp>

namespace samples {

enum class Colour : std::uint8_t { red = 1, green = 2 };

/// No description: the compiler's own knowledge of the aggregate serves.
struct Point {
    std::int32_t x = 0;
    std::int32_t y = 0;
    friend bool operator==(const Point&, const Point&) = default;
};

struct Everything {
    bool flag = false;
    std::int8_t tiny = 0;
    std::uint16_t small = 0;
    std::int32_t medium = 0;
    std::uint64_t large = 0;
    float narrow = 0;
    double wide = 0;
    std::string text{};
    mortise::Bytes blob{};
    Colour colour = Colour::red;
    std::optional<std::string> maybe{};
    std::vector<Point> points{};
    std::map<std::string, std::int64_t> counts{};
    std::array<std::uint8_t, 3> triple{};
    std::pair<std::string, bool> pair{};
    friend bool operator==(const Everything&, const Everything&) = default;
};

/// A class with a constructor, a base and a member left out: described with the macro.
class Base {
public:
    int hidden = 7;
};
struct Described : Base {
    Described() = default;
    Described(std::string n, std::uint32_t a) : name(std::move(n)), age(a) {}
    std::string name;
    std::uint32_t age = 18;
    bool skipped = true;
};
MORTISE_FIELDS(Described, age, name)

/// Other names than the members': a function written by hand.
struct Renamed {
    std::string type_;
};
constexpr auto mortise_fields(std::type_identity<Renamed>) { return std::tuple{mortise::codec::field("type", &Renamed::type_)}; }

/// Contains itself.
struct Tree {
    std::string name;
    std::vector<Tree> children;
};
struct Chain {
    std::int32_t value = 0;
    std::unique_ptr<Chain> next;
};

struct Empty {};

}  // namespace samples

namespace test {

inline mortise::Bytes hex(std::string_view text) {
    mortise::Bytes out;
    int high = -1;
    for (const char c : text) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) continue;
        if (high < 0) high = digit;
        else {
            out.push_back(static_cast<std::byte>(high * 16 + digit));
            high = -1;
        }
    }
    return out;
}

inline std::string to_hex(mortise::BytesView bytes) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const std::byte b : bytes) {
        if (!out.empty()) out += ' ';
        out += kDigits[std::to_integer<unsigned>(b) >> 4];
        out += kDigits[std::to_integer<unsigned>(b) & 15];
    }
    return out;
}

/// The hex of an encoded value, or the error's text.
template <class T>
std::string packed(const T& value) {
    const auto bytes = mortise::codec::encode(value, mortise::codec::msgpack);
    return bytes ? to_hex(*bytes) : bytes.error().message();
}

/// The message of the failure to decode, or "decoded".
template <class T, class C = mortise::codec::MsgPack>
std::string failure(mortise::BytesView bytes, const C& codec = {}) {
    const auto value = mortise::codec::decode<T>(bytes, codec);
    if (value) return "decoded";
    EXPECT_EQ(value.error().code(), mortise::ErrorCode::decode);
    return value.error().message();
}

}  // namespace test
