#include "engines/wasm_c_api/module.hpp"

#include "base/text.hpp"
#include "engine/binding.hpp"
#include "engines/wasm_c_api/store.hpp"

namespace mortise::engines::wasm_c_api {
namespace {

using base::concat;
using base::quoted;

bool is_reference(ValType type) noexcept { return type >= ValType::funcref; }

bool has_reference(const FunctionType& type) noexcept {
    for (const auto* types : {&type.params, &type.results}) {
        for (const ValType one : *types) {
            if (is_reference(one)) return true;
        }
    }
    return false;
}

/// What an import may not be here, beyond what no engine can bind.
Result<void> check_import(const Import& import, const engine::Resolved& resolved, const Library& library) {
    if (std::holds_alternative<engine::HostImport>(resolved)) {
        if (crosses(import.function)) return {};
        return fail(ErrorCode::unsupported,
                    concat("import ", engine::spelled(import), " is a function ", to_string(import.function), "; to ",
                           quoted(library.file()), " a host function can be numbers to numbers alone"));
    }
    const bool carries = import.kind == ExternKind::table ||
                         (import.kind == ExternKind::function && has_reference(import.function)) ||
                         (import.kind == ExternKind::global && is_reference(import.global.type));
    if (!carries) return {};
    // A host function that is called through another instance's reference does not learn who calls.
    return fail(ErrorCode::unsupported,
                concat("import ", engine::spelled(import), ": instances in ", quoted(library.file()),
                       " cannot share tables and references to functions"));
}

}  // namespace

Result<std::shared_ptr<CompiledModule>> CompiledModule::make(std::shared_ptr<const Library> library,
                                                             const engine::ModuleSource& source,
                                                             const engine::CompileOptions& options) {
    if (source.info.start) {
        return fail(ErrorCode::invalid_argument, "the module still has a start section, which would run unguarded");
    }
    if (auto bound = engine::check_imports(source); !bound) return fail(std::move(bound).error());
    for (std::size_t i = 0; i < source.imports.size(); ++i) {
        auto fits = check_import(source.info.imports[i], source.imports[i], *library);
        if (!fits) return fail(std::move(fits).error());
    }
    if (auto same = engine::check_description(source.info, source.bytes); !same) return fail(std::move(same).error());
    auto prepared = prepare(source.bytes);
    if (!prepared) return fail(std::move(prepared).error());
    const std::shared_ptr<CompiledModule> module(
        new CompiledModule(std::move(library), source, options, std::move(*prepared)));
    if (auto compiled = module->compile(); !compiled) return fail(std::move(compiled).error());
    return module;
}

CompiledModule::CompiledModule(std::shared_ptr<const Library> library, const engine::ModuleSource& source,
                               const engine::CompileOptions& options, Prepared prepared)
    : library_(std::move(library)),
      info_(source.info),
      options_(options),
      imports_(source.imports.begin(), source.imports.end()),
      prepared_(std::move(prepared)),
      shared_(nullptr, library_->api().shared_module_delete) {}

Result<void> CompiledModule::compile() {
    const auto store = library_->new_store();
    if (!store) return fail(ErrorCode::io, concat(quoted(library_->file()), " cannot make a store"));
    const auto module = library_->new_module(*store, prepared_.wasm);
    if (!module) {
        const bool valid = library_->validates(*store, prepared_.wasm);
        return fail(valid ? ErrorCode::unsupported : ErrorCode::malformed_module,
                    concat(quoted(library_->file()), " refuses the module", valid ? ", which is valid," : " as not valid",
                           " and gives no reason"));
    }
    if (!library_->api().shares_modules()) return {};
    shared_.reset(library_->api().module_share(module.get()));
    if (shared_) prepared_.wasm = Bytes();
    return {};
}

Owned<c::Module> CompiledModule::in(c::Store& store) const {
    const Api& api = library_->api();
    if (shared_) return {api.module_obtain(&store, shared_.get()), api.module_delete};
    return library_->new_module(store, prepared_.wasm);
}

Result<std::unique_ptr<engine::Store>> CompiledModule::new_store(const engine::StoreLimits& limits) const {
    return LibraryStore::make(library_, options_, limits);
}

Result<Bytes> CompiledModule::compiled_code() const {
    return fail(ErrorCode::unsupported, "the standard C API keeps no compiled code that can be trusted to load again");
}

const GlobalType* CompiledModule::global_type(std::uint32_t index) const noexcept {
    for (const Import& import : info_.imports) {
        if (import.kind != ExternKind::global) continue;
        if (index == 0) return &import.global;
        --index;
    }
    return index < info_.globals.size() ? &info_.globals[index] : nullptr;
}

const SizeRange* CompiledModule::memory_type(std::uint32_t index) const noexcept {
    for (const Import& import : info_.imports) {
        if (import.kind != ExternKind::memory) continue;
        if (index == 0) return &import.memory;
        --index;
    }
    return index < info_.memories.size() ? &info_.memories[index] : nullptr;
}

}  // namespace mortise::engines::wasm_c_api
