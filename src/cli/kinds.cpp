#include "cli/kinds.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "cli/text.hpp"

namespace mortise::cli {

namespace {

constexpr std::array kKinds{Kind::i32, Kind::u32, Kind::i64, Kind::u64, Kind::f32, Kind::f64,
                            Kind::boolean, Kind::string, Kind::bytes};

Result<std::vector<Kind>> parse_list(std::string_view list, std::string_view whole) {
    std::vector<Kind> kinds;
    if (trimmed(list).empty()) return kinds;
    for (const auto part : split(list, ',')) {
        const auto name = trimmed(part);
        const auto kind = std::ranges::find(kKinds, name, [](Kind k) { return to_string(k); });
        if (kind == kKinds.end()) {
            return fail(ErrorCode::invalid_argument, "no type " + in_quotes(name) + " in " + in_quotes(whole) +
                                                         "; types are i32 u32 i64 u64 f32 f64 bool string bytes");
        }
        kinds.push_back(*kind);
    }
    return kinds;
}

}  // namespace

Result<Signature> parse_types(std::string_view text) {
    const auto arrow = text.find("->");
    if (arrow == std::string_view::npos || text.find("->", arrow + 2) != std::string_view::npos) {
        return fail(ErrorCode::invalid_argument,
                    in_quotes(text) + " is no list of types; write arguments->results, for example string,i32->string");
    }
    auto params = parse_list(text.substr(0, arrow), text);
    if (!params) return fail(std::move(params).error());
    auto results = parse_list(text.substr(arrow + 2), text);
    if (!results) return fail(std::move(results).error());
    return Signature{*std::move(params), *std::move(results)};
}

}  // namespace mortise::cli
