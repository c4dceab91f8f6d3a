#pragma once

#include <memory>
#include <string>
#include <vector>

#include <mortise/abi/wasp.hpp>

#include "abi/imports.hpp"

namespace mortise::abi::wasp {

/// An embedder's function bound to an import.
struct Callback {
    const detail::HostFn* function = nullptr;   ///< lives as long as the plugin
    std::string module;
    std::string name;
};

/// What all instances of a plugin share.
struct Plan {
    Options options;
    std::vector<std::unique_ptr<Callback>> callbacks;
    bool framed = false;   ///< something that the module imports needs the frame of the running call: no way around `call`
};

/// Resolves the imports that are not WASI's and makes the plan. Errors: as `Abi::prepare`.
Result<Prepared> prepare(const Source& source);

/// The Wasm type in which a kind crosses: text and bytes are addresses. Nothing for kinds that no value has.
std::optional<ValType> crossing_type(Kind kind) noexcept;

}  // namespace mortise::abi::wasp
