#pragma once

#include <cstdint>

#include "wasm/module.hpp"
#include "wasm/rewriter.hpp"

namespace mortise::wasm {

/// Adds one to every function index from `first` on, everywhere but in code: start, exports, table and global
/// initialisers, element segments, names. A name section that cannot be read is left out. `module` must have been read
/// with `Detail::function_uses`.
void shift_functions(const ParsedModule& module, BytesView wasm, std::uint32_t first, Rewriter& rewriter);

/// Leaves out the custom sections that tell byte offsets in code, which a rewriter of code makes wrong.
void remove_code_offsets(const ParsedModule& module, Rewriter& rewriter);

/// True of the name of such a section.
bool tells_code_offsets(std::string_view custom_section) noexcept;

}  // namespace mortise::wasm
