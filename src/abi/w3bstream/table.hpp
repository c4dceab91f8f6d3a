#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <mortise/abi/w3bstream.hpp>
#include <mortise/bytes.hpp>
#include <mortise/module_info.hpp>
#include <mortise/value.hpp>

namespace mortise::abi::w3bstream {

class Applet;

/// How serving an import ended.
enum class Outcome : std::uint8_t {
    ok,
    unreadable,     ///< an argument lies outside memory
    missing,        ///< not found, or not configured
    failed,         ///< the back end's own error
    undeliverable,  ///< a result or its cell would lie outside memory, or there is no allocator
    alloc_failed,   ///< the guest's allocator trapped, or has no room
};

/// The codes that an import answers for outcomes other than ok.
struct Codes {
    std::int8_t unreadable, missing, failed, undeliverable;
};

/// The most parameters, after pointers and lengths were joined.
inline constexpr std::size_t kMostInputs = 3;

/// What the guest passed: numbers as u32, ranges as bytes that are valid until the guest runs again.
struct Inputs {
    std::array<ValueView, kMostInputs> values{};
    std::size_t count = 0;

    std::uint32_t number(std::size_t i) const noexcept { return values[i].u32(); }
    BytesView bytes(std::size_t i) const noexcept { return values[i].bytes(); }
    std::string_view text(std::size_t i) const noexcept { return text_of(values[i].bytes()); }
};

/// What goes back: bytes for the cells, borrowed from what stays while the guest allocates or owned here, or a number.
class Served {
public:
    void lend(BytesView bytes, std::size_t which = 0) noexcept { views_[which] = bytes; }
    void give(Bytes bytes, std::size_t which = 0) noexcept {
        owned_[which] = std::move(bytes);
        views_[which] = owned_[which];
    }
    void give(std::string_view text, std::size_t which = 0) { give(copy_bytes(text), which); }
    BytesView view(std::size_t which) const noexcept { return views_[which]; }

    std::int32_t value = 0;   ///< the result of imports that give a number, and a code that a replaced import chose

private:
    std::array<BytesView, 2> views_{};
    std::array<Bytes, 2> owned_{};
};

using Serve = Outcome (*)(Applet& applet, const Inputs& inputs, Served& served);

enum class Returns : std::uint8_t { code, value, nothing };

/// An import of one name and type.
struct Row {
    std::string_view module, name;
    std::string_view shape;   ///< n: a number; b: pointer and length; o: the addresses of two cells for a result
    Returns returns = Returns::code;
    Serve serve = nullptr;
    bool (Services::*ready)() const = nullptr;   ///< asked before anything is read; null: always
    Codes legacy{};
    Codes rc54{};
    bool document = false;    ///< of the document of April 2024 alone
};

/// All of them.
std::span<const Row> table() noexcept;

FunctionType type_of(const Row& row);

/// The row of an import by name and type; null if there is none.
const Row* find_row(const Import& import) noexcept;

std::int32_t code_of(const Row& row, CodeTable codes, Outcome outcome) noexcept;

}  // namespace mortise::abi::w3bstream
