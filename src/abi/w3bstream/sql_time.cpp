#include "abi/w3bstream/sql_time.hpp"

#include <chrono>
#include <cstdint>

namespace mortise::abi::w3bstream {

namespace {

constexpr std::int64_t kDay = 86'400;

// Takes pieces off the front of a text.
class Pieces {
public:
    explicit Pieces(std::string_view text) noexcept : text_(text) {}
    bool done() const noexcept { return text_.empty(); }
    char next() const noexcept { return text_.empty() ? '\0' : text_.front(); }
    bool take(char c) noexcept {
        if (next() != c) return false;
        text_.remove_prefix(1);
        return true;
    }
    /// A number of exactly this many digits.
    std::optional<int> number(std::size_t digits) noexcept {
        if (text_.size() < digits) return std::nullopt;
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            if (text_[i] < '0' || text_[i] > '9') return std::nullopt;
            value = value * 10 + (text_[i] - '0');
        }
        text_.remove_prefix(digits);
        return value;
    }
    /// The digits after a point as nanoseconds; what is finer is dropped.
    std::optional<std::int32_t> fraction() noexcept {
        constexpr int kDigits = 9;
        int digits = 0;
        std::int32_t value = 0;
        while (next() >= '0' && next() <= '9') {
            if (digits < kDigits) value = value * 10 + (next() - '0');
            ++digits;
            text_.remove_prefix(1);
        }
        if (digits == 0) return std::nullopt;
        for (; digits < kDigits; ++digits) value *= 10;
        return value;
    }

private:
    std::string_view text_;
};

std::optional<std::int64_t> read_date(Pieces& in) {
    const auto year = in.number(4);
    if (!year || !in.take('-')) return std::nullopt;
    const auto month = in.number(2);
    if (!month || !in.take('-')) return std::nullopt;
    const auto day = in.number(2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch().count() * kDay;
}

bool read_clock(Pieces& in, SqlTime& out) {
    const auto hours = in.number(2);
    if (!hours || !in.take(':')) return false;
    const auto minutes = in.number(2);
    if (!minutes || !in.take(':')) return false;
    const auto seconds = in.number(2);
    if (!seconds || *hours > 23 || *minutes > 59 || *seconds > 59) return false;
    out.seconds += std::int64_t{*hours} * 3600 + *minutes * 60 + *seconds;
    if (!in.take('.')) return true;
    const auto fraction = in.fraction();
    if (!fraction) return false;
    out.nanoseconds = *fraction;
    return true;
}

bool read_zone(Pieces& in, SqlTime& out, bool strict) {
    if (in.done()) return !strict;
    if (in.take('Z')) return true;
    const bool plus = in.take('+');
    if (!plus && !in.take('-')) return false;
    const auto hours = in.number(2);
    if (!hours || *hours > 23) return false;
    std::optional<int> minutes = 0;
    if (in.take(':')) minutes = in.number(2);
    else if (strict) return false;
    if (!minutes || *minutes > 59) return false;
    const std::int64_t offset = std::int64_t{*hours} * 3600 + *minutes * 60;
    out.seconds += plus ? -offset : offset;
    return true;
}

}  // namespace

std::optional<SqlTime> parse_time(std::string_view text, bool strict) {
    Pieces in(text);
    SqlTime time;
    if (!strict && text.size() > 2 && text[2] == ':') {
        constexpr std::int64_t kYearZero = -719'528 * kDay;   // as Go has the date of a time alone
        time.seconds = kYearZero;
        if (read_clock(in, time) && read_zone(in, time, false) && in.done()) return time;
        return std::nullopt;
    }
    const auto date = read_date(in);
    if (!date) return std::nullopt;
    time.seconds = *date;
    if (in.done()) return strict ? std::nullopt : std::optional(time);
    if (!in.take('T') && (strict || !in.take(' '))) return std::nullopt;
    if (!read_clock(in, time) || !read_zone(in, time, strict) || !in.done()) return std::nullopt;
    return time;
}

std::string format_time(const SqlTime& time) {
    const auto point = std::chrono::sys_seconds(std::chrono::seconds(time.seconds));
    const auto day = std::chrono::floor<std::chrono::days>(point);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(point - day);
    const auto padded = [](std::int64_t number, std::size_t digits) {
        std::string text = std::to_string(number);
        return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
    };
    std::string out = padded(static_cast<int>(date.year()), 4) + "-" + padded(static_cast<unsigned>(date.month()), 2) + "-" +
                      padded(static_cast<unsigned>(date.day()), 2) + "T" + padded(clock.hours().count(), 2) + ":" +
                      padded(clock.minutes().count(), 2) + ":" + padded(clock.seconds().count(), 2);
    if (time.nanoseconds != 0) {
        std::string fraction = padded(time.nanoseconds, 9);
        fraction.erase(fraction.find_last_not_of('0') + 1);
        out += "." + fraction;
    }
    return out + "Z";
}

}  // namespace mortise::abi::w3bstream
