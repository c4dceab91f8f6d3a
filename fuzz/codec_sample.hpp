#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mortise/codec.hpp>

/// A struct with a member of every shape that the codecs carry, itself among them.
struct Sample {
    bool flag = false;
    std::int8_t tiny = 0;
    std::uint16_t small = 0;
    std::int32_t medium = 0;
    std::uint64_t large = 0;
    float narrow = 0;
    double wide = 0;
    std::string text{};
    mortise::Bytes blob{};
    std::optional<std::string> maybe{};
    std::vector<std::int64_t> numbers{};
    std::map<std::string, std::uint8_t> counts{};
    std::map<std::int32_t, bool> flags{};
    std::array<std::uint8_t, 3> triple{};
    std::pair<std::string, bool> pair{};
    std::vector<Sample> inner{};
    std::unique_ptr<Sample> next{};
};
MORTISE_FIELDS(Sample, flag, tiny, small, medium, large, narrow, wide, text, blob, maybe, numbers, counts, flags, triple, pair, inner, next)

/// Small enough that an input of a fuzzer reaches them.
inline constexpr mortise::codec::DecodeOptions kSampleLimits{.max_depth = 8, .max_elements = 1000, .max_bytes = 1 << 16};
