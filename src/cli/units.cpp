#include "cli/units.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "cli/text.hpp"

namespace mortise::cli {

namespace {

using Unit = std::pair<std::string_view, std::uint64_t>;

constexpr Unit kSizes[] = {{"", 1}, {"B", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30},
                           {"TiB", std::uint64_t{1} << 40}};
constexpr Unit kTimes[] = {{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}};

std::unexpected<Error> wrong(std::string_view text, std::string_view why) {
    return fail(ErrorCode::invalid_argument, in_quotes(text) + ' ' + std::string(why));
}

// Digits and a unit; nothing if it is not that.
struct Quantity {
    std::uint64_t number;
    std::uint64_t factor;
};

std::optional<Quantity> read(std::string_view text, std::span<const Unit> units, bool& overflow) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [after, problem] = std::from_chars(text.data(), end, number);
    overflow = problem == std::errc::result_out_of_range;
    if (problem != std::errc()) return std::nullopt;
    const std::string_view name(after, static_cast<std::size_t>(end - after));
    const auto unit = std::ranges::find(units, name, &Unit::first);
    if (unit == units.end()) return std::nullopt;
    overflow = unit->second != 0 && number > std::numeric_limits<std::uint64_t>::max() / unit->second;
    if (overflow) return std::nullopt;
    return Quantity{number, unit->second};
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
    bool overflow = false;
    const auto quantity = read(text, kSizes, overflow);
    if (overflow) return wrong(text, "is more bytes than 64 bits can count");
    if (!quantity) return wrong(text, "is no size; write bytes such as 65536, or 512KiB, 64MiB, 1GiB");
    return quantity->number * quantity->factor;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    constexpr auto kMost = std::uint64_t{1000} * 365 * 24 * 3'600'000;   // 1000 years: the clock's ticks stay far from wrapping
    bool overflow = false;
    const auto quantity = read(text, kTimes, overflow);
    if (!quantity && !overflow) return wrong(text, "is no time; write 500ms, 2s, 5min or 1h");
    if (overflow || quantity->number > kMost / quantity->factor) return wrong(text, "is longer than 1000 years; write 500ms, 2s, 5min or 1h");
    if (quantity->number == 0) return wrong(text, "leaves no time at all; write 500ms, 2s, 5min or 1h");
    return std::chrono::milliseconds(quantity->number * quantity->factor);
}

Result<std::uint64_t> parse_count(std::string_view text) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [after, problem] = std::from_chars(text.data(), end, number);
    if (problem == std::errc::result_out_of_range) return wrong(text, "is more than 64 bits can hold");
    if (problem != std::errc() || after != end) return wrong(text, "is no number; write decimal digits");
    return number;
}

}  // namespace mortise::cli
