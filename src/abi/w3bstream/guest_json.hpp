#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

namespace mortise::abi::w3bstream {

/// The JSON that a guest hands over; `is_discarded` if it is none. So is what is nested more than 200 levels deep or has more than
/// a million values, which nobody needs: copying, printing and dropping such a value would use up the host's stack and memory.
nlohmann::json parse_guest_json(std::string_view text);

/// Whether the text is JSON, and of which an array is none: as metrics must be.
bool is_json_but_no_array(std::string_view text);

}  // namespace mortise::abi::w3bstream
