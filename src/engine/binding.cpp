#include "engine/binding.hpp"

#include "base/text.hpp"
#include "wasm/module.hpp"

namespace mortise::engine {

using base::concat;
using base::quoted;

std::string spelled(const Import& import) { return concat(quoted(import.module), " ", quoted(import.name)); }

Result<void> check_imports(const ModuleSource& source) {
    const auto& wanted = source.info.imports;
    if (source.imports.size() != wanted.size()) {
        return fail(ErrorCode::invalid_argument,
                    concat("module has ", wanted.size(), " imports, ", source.imports.size(), " are given"));
    }
    if (!source.import_names.empty() && source.import_names.size() != wanted.size()) {
        return fail(ErrorCode::invalid_argument, "as many import names as imports are needed, or none");
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto* host = std::get_if<HostImport>(&source.imports[i]);
        if (host == nullptr) continue;
        if (host->call == nullptr)
            return fail(ErrorCode::missing_import, concat("nobody provides import ", spelled(wanted[i])));
        if (wanted[i].kind != ExternKind::function) {
            return fail(ErrorCode::import_mismatch, concat("import ", spelled(wanted[i]), " is a ",
                                                           to_string(wanted[i].kind), ", provided is a function"));
        }
    }
    return {};
}

Result<void> check_link(const Import& import, const LinkedImport& link, const ModuleInfo& from) {
    const Export* found = from.find_export(link.name);
    if (found == nullptr || found->kind != import.kind) {
        return fail(ErrorCode::missing_import,
                    concat("import ", spelled(import), " is linked to a ", to_string(import.kind), " ",
                           quoted(link.name), " that the instance does not export"));
    }
    if (import.kind != ExternKind::function) return {};
    const FunctionType* type = from.function_type(found->index);
    if (type == nullptr || *type != import.function) {
        return fail(ErrorCode::import_mismatch,
                    concat("import ", spelled(import), " wants a function ", to_string(import.function), ", ",
                           quoted(link.name), " has another type"));
    }
    return {};
}

Result<void> check_description(const ModuleInfo& described, BytesView wasm) {
    const auto mismatch = [](std::string_view what) {
        return fail(ErrorCode::malformed_module, concat("the code is not the described module's: ", what));
    };
    const auto read = read_module(wasm, wasm::no_load_limits());
    if (!read) return mismatch(read.error().message());
    if (read->exports.size() != described.exports.size()) return mismatch("its exports are others");
    for (std::size_t i = 0; i < read->exports.size(); ++i) {
        const Export& theirs = read->exports[i];
        const Export& ours = described.exports[i];
        if (theirs.name != ours.name || theirs.kind != ours.kind || theirs.index != ours.index)
            return mismatch(concat("export ", quoted(ours.name), " differs"));
        if (ours.kind != ExternKind::function) continue;
        const FunctionType* type = described.function_type(ours.index);
        const FunctionType* actual = read->function_type(ours.index);
        if (type == nullptr || actual == nullptr || *type != *actual)
            return mismatch(concat("export ", quoted(ours.name), " has another type"));
    }
    return {};
}

}  // namespace mortise::engine
