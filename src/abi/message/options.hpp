#pragma once

#include <any>
#include <string>
#include <string_view>

#include <mortise/error.hpp>

namespace mortise::abi::message {

/// An ABI's own options out of what the embedder gave: the defaults if nothing. Errors: `invalid_argument` for options of
/// another ABI.
template <class Options>
Result<Options> options_of(const std::any& given, std::string_view type) {
    if (!given.has_value()) return Options{};
    if (const auto* options = std::any_cast<Options>(&given)) return *options;
    return fail(ErrorCode::invalid_argument, "the options given for the ABI are not a " + std::string(type));
}

}  // namespace mortise::abi::message
