#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/abi/aspect.hpp>

#include "abi/imports.hpp"

namespace mortise::abi::aspect {

/// An embedder's function bound to an import.
struct BoundImport {
    const detail::HostFn* function = nullptr;   ///< lives as long as the plugin
    std::string module;
    std::string name;
    std::string_view space;    ///< of `name`, before its last dot
    std::string_view method;   ///< of `name`, after it
    GasRule rule;
};

/// What all instances of a plugin share.
struct Plan {
    Options options;
    std::vector<std::unique_ptr<BoundImport>> imports;
};

/// Most parameters of a host function.
inline constexpr std::size_t kMostParams = 3;

/// Instruments the module, resolves its imports and makes the plan. Errors: as `Abi::prepare`.
Result<Prepared> prepare(const Source& source);

/// Hands an event to the plugin's listener, if there is one.
void emit(const Options& options, const Event& event) noexcept;

}  // namespace mortise::abi::aspect
