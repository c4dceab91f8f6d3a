#pragma once

#include <string>
#include <string_view>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>

#include "host/runtime_state.hpp"

namespace mortise::detail {

/// The plain binary inside whatever was given.
struct UnwrappedModule {
    Bytes wasm;
    std::string form;   ///< `binary`, `text`, or the name of the ABI whose container it was in
};

/// Takes a module out of the container of some ABI (`abi` alone if it is not empty), or translates the text format. What is none
/// of these is given back as it is: the module reader says what is wrong with it. Errors: a broken container, bad text,
/// `unsupported` if what is in the container is larger than `limits` has it.
Result<UnwrappedModule> unwrap_module(RuntimeState& runtime, BytesView bytes, std::string_view abi,
                                      const LoadLimits& limits);

}  // namespace mortise::detail
