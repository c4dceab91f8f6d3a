#pragma once

#include <mortise/bytes.hpp>
#include <mortise/module_info.hpp>

namespace mortise::engines::wasm_c_api {

/// The smallest module that uses this proposal and none that came later, to ask a library whether it takes it. Empty for
/// proposals whose types or memories the standard C API has no words for: they are refused on every library.
BytesView probe_of(Feature feature) noexcept;

}  // namespace mortise::engines::wasm_c_api
