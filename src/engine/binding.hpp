#pragma once

#include <string>

#include "engine/engine.hpp"

namespace mortise::engine {

/// An import for a message: module and name, in quotes.
std::string spelled(const Import& import);

/// Whether every import has an answer that can be given before there is an instance. Errors: `invalid_argument`
/// (another number of bindings or names than of imports), `missing_import` and `import_mismatch`, naming the import.
Result<void> check_imports(const ModuleSource& source);

/// Whether the module exports what `link` says and `import` wants: kind, and type of a function. Errors:
/// `missing_import`, `import_mismatch`.
Result<void> check_link(const Import& import, const LinkedImport& link, const ModuleInfo& from);

/// Whether the bytes have the exports that `described` says, for engines whose calls are not checked against a type.
/// Errors: `malformed_module`, also for bytes that cannot be read.
Result<void> check_description(const ModuleInfo& described, BytesView wasm);

}  // namespace mortise::engine
