#pragma once

#include <string_view>
#include <vector>

#include <mortise/error.hpp>
#include <mortise/value.hpp>

namespace mortise::cli {

/// What `--types` says: the types of the arguments and of the results.
struct Signature {
    std::vector<Kind> params;
    std::vector<Kind> results;
};

/// Reads "string,i32->string"; either side may be empty. Errors: `invalid_argument`.
Result<Signature> parse_types(std::string_view text);

}  // namespace mortise::cli
