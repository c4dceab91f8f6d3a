#include "engine/words.hpp"

#include <algorithm>

namespace mortise::engine {
namespace {

std::string_view trim(std::string_view text) {
    const auto from = text.find_first_not_of(" \t\r");
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

/// "0: cause" of a list of several causes, without its number.
std::string_view without_number(std::string_view line) {
    const auto digits = line.find_first_not_of("0123456789");
    if (digits == 0 || digits == std::string_view::npos || !line.substr(digits).starts_with(": ")) return line;
    return line.substr(digits + 2);
}

/// "line 3, column 7" of the mark "--> <anon>:3:7" that the parser of the text format sets; empty if it is none.
std::string place_of(std::string_view line) {
    constexpr std::string_view kMark = "--> <anon>:";
    if (!line.starts_with(kMark)) return {};
    line.remove_prefix(kMark.size());
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return {};
    return "line " + std::string(line.substr(0, colon)) + ", column " + std::string(line.substr(colon + 1));
}

}  // namespace

std::string on_one_line(std::string_view text) {
    std::string line_of_all;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = without_number(trim(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line == "Stack backtrace:") break;
        if (line.empty() || line == "Caused by:") continue;
        if (const auto place = place_of(line); !place.empty()) {   // below it there is a drawing of the source
            line_of_all += " at " + place;
            break;
        }
        if (!line_of_all.empty()) line_of_all += line_of_all.ends_with(':') ? " " : ": ";
        line_of_all += line;
    }
    return line_of_all;
}

}  // namespace mortise::engine
