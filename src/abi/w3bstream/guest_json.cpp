#include "abi/w3bstream/guest_json.hpp"

#include <cstddef>

namespace mortise::abi::w3bstream {

namespace {

constexpr std::size_t kMostLevels = 200;
constexpr std::size_t kMostValues = 1'000'000;

// Counts brackets and commas outside of strings. Of text that is no JSON it may say anything: the parser refuses that.
bool is_small_enough(std::string_view text) noexcept {
    std::size_t levels = 0;
    std::size_t values = 1;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\') ++i;
            else if (c == '"') quoted = false;
            continue;
        }
        switch (c) {
            case '"': quoted = true; break;
            case '[':
            case '{':
                if (++levels > kMostLevels || ++values > kMostValues) return false;
                break;
            case ']':
            case '}':
                if (levels != 0) --levels;
                break;
            case ',':
                if (++values > kMostValues) return false;
                break;
            default: break;
        }
    }
    return true;
}

}  // namespace

nlohmann::json parse_guest_json(std::string_view text) {
    if (!is_small_enough(text)) return nlohmann::json(nlohmann::json::value_t::discarded);
    return nlohmann::json::parse(text, nullptr, false);
}

bool is_json_but_no_array(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] != '[' && nlohmann::json::accept(text);
}

}  // namespace mortise::abi::w3bstream
