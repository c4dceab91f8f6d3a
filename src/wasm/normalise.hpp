#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mortise/module_info.hpp>

namespace mortise::wasm {

class Rewriter;

/// The export that a start section becomes. No toolchain makes such a name.
inline constexpr std::string_view kStartExport = "mortise:start";

struct NormaliseOptions {
    /// The export that a start section becomes.
    std::string start_export{kStartExport};

    /// Give an import that stands there more than once another name each further time, so that an engine that links by
    /// name can serve every one by its position. The host must resolve by position anyway: the new names are nobody's.
    bool rename_duplicate_imports = true;
};

/// A module as engines get it.
struct Normalised {
    bool changed = false;    ///< false: use the original bytes, `wasm` is empty
    Bytes wasm;              ///< the new binary
    bool had_start = false;  ///< there was a start section: call the export `start_export` after instantiation
    std::vector<std::pair<std::string, std::string>> import_names;  ///< module and name of each import, by position
};

/// Turns a start section into an exported function, so that instantiating runs no guest code, and makes the names of
/// imports unique. Everything else stays byte for byte; a module that needs neither is not copied. `info` must be what
/// `read_module` gave for `wasm`. Errors: `unsupported` if the module has a start section and exports
/// something else under that name.
Result<Normalised> normalise(const ModuleInfo& info, BytesView wasm, const NormaliseOptions& options = {});

/// The part of it that is about the start section, for other rewriters; nothing without one. An export of that name that is
/// the same function already serves. Errors: `unsupported` if it is something else.
Result<void> export_start(const ModuleInfo& info, std::string_view name, Rewriter& rewriter);

}  // namespace mortise::wasm
