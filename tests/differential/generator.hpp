#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/module_info.hpp>

namespace mortise::differential {

/// Where a generator's choices come from: a fuzzer's bytes as long as there are some, then numbers made of the seed.
class Choices {
public:
    explicit Choices(std::uint64_t seed) : state_(seed) {}
    explicit Choices(BytesView bytes) : bytes_(bytes), state_(bytes.size()) {}

    /// 0 to `below` - 1.
    std::uint32_t below(std::uint32_t below);
    bool one_in(std::uint32_t times) { return below(times) == 0; }
    std::uint64_t bits();

private:
    BytesView bytes_;
    std::uint64_t state_;
};

/// A function that a generated module exports.
struct Entry {
    std::string name;
    FunctionType type;
};

/// A valid module of the first version of Wasm with bulk memory, sign extension and saturating conversions.
struct Generated {
    Bytes wasm;
    std::vector<Entry> entries;
    std::vector<std::string> globals;  ///< exported, i32 or i64
};

/// Makes a module that ends: every function and every round of a loop counts down a budget, whose end is a trap. Floats
/// are computed but only compared or turned into integers: the bits of a NaN, which no specification fixes, are never
/// seen. Memory is "memory", at most `kMostPages`.
Generated generate(Choices& choices);

inline constexpr std::uint32_t kMostPages = 4;

}  // namespace mortise::differential
