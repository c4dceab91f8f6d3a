#include "engines/wasmtime/module.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "engine/binding.hpp"
#include "engines/wasmtime/compiled_code.hpp"
#include "engines/wasmtime/store.hpp"

namespace mortise::engines::wasmtime {
namespace {

using base::concat;
using base::quoted;
using engine::HostImport;
using engine::LinkedImport;
using engine::spelled;

Result<ModulePtr> compile_in(wasm_engine_t* engine, BytesView wasm) {
    ModulePtr module;
    bool panicked = false;
    const ErrorPtr error = new_module(engine, wasm, module, panicked);
    if (!error) return module;
    if (panicked) return fail(ErrorCode::internal, "Wasmtime cannot compile the module: " + message_of(*error));
    // Two reasons to fail share one error: a module that is none, and a limit or gap of the compiler.
    const bool valid = validate_module(engine, wasm) == nullptr;
    return fail(valid ? ErrorCode::unsupported : ErrorCode::malformed_module, message_of(*error));
}

Result<ModulePtr> load_in(wasm_engine_t* engine, BytesView code) {
    ModulePtr module;
    const ErrorPtr error = load_module(engine, code, module);
    if (error) return fail(ErrorCode::malformed_module, "the engine refuses the compiled code: " + message_of(*error));
    return module;
}

bool same_binding(const engine::Resolved& a, const engine::Resolved& b) noexcept {
    const auto* x = std::get_if<HostImport>(&a);
    const auto* y = std::get_if<HostImport>(&b);
    return x != nullptr && y != nullptr && x->call == y->call && x->function == y->function;
}

std::vector<std::pair<std::string, std::string>> names_in_bytes(const engine::ModuleSource& source) {
    if (!source.import_names.empty()) return {source.import_names.begin(), source.import_names.end()};
    std::vector<std::pair<std::string, std::string>> names;
    names.reserve(source.info.imports.size());
    for (const Import& import : source.info.imports) names.emplace_back(import.module, import.name);
    return names;
}

/// The engine's linker goes by name: it cannot serve instances of the same store, nor two imports of one name that
/// differ.
bool must_go_by_position(const engine::ModuleSource& source,
                         const std::vector<std::pair<std::string, std::string>>& names) {
    std::map<std::pair<std::string_view, std::string_view>, std::size_t> first;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (std::holds_alternative<LinkedImport>(source.imports[i])) return true;
        const auto [at, is_new] = first.try_emplace({names[i].first, names[i].second}, i);
        if (is_new) continue;
        const std::size_t other = at->second;
        if (!same_binding(source.imports[i], source.imports[other])) return true;
        if (source.info.imports[i].function != source.info.imports[other].function) return true;
    }
    return false;
}

struct ExportTypes {
    ExportTypes() { wasm_exporttype_vec_new_empty(&all); }
    ExportTypes(const ExportTypes&) = delete;
    ExportTypes& operator=(const ExportTypes&) = delete;
    ~ExportTypes() { wasm_exporttype_vec_delete(&all); }
    wasm_exporttype_vec_t all;
};

}  // namespace

std::string position_name(std::size_t position) { return std::to_string(position); }

CompiledModule::CompiledModule(std::shared_ptr<Profile> profile, const engine::ModuleSource& source)
    : profile_(std::move(profile)),
      info_(source.info),
      imports_(source.imports.begin(), source.imports.end()),
      import_names_(names_in_bytes(source)),
      by_position_(must_go_by_position(source, import_names_)) {}

Result<std::shared_ptr<CompiledModule>> CompiledModule::compile(std::shared_ptr<Profile> profile,
                                                                const engine::ModuleSource& source) {
    if (auto done = engine::check_imports(source); !done) return fail(std::move(done).error());
    std::shared_ptr<CompiledModule> made(new CompiledModule(std::move(profile), source));
    const Profile& with = *made->profile_;
    if (with.has_pool() && made->fits_pool()) {
        // A refusal here may be the pool's, whose bounds on an instance's own data only the engine can compute.
        if (auto module = compile_in(with.engine(true), source.bytes)) {
            if (auto done = made->adopt(true, std::move(*module)); !done) return fail(std::move(done).error());
            return made;
        }
    }
    auto module = compile_in(with.engine(false), source.bytes);
    if (!module && module.error().code() == ErrorCode::malformed_module && with.only_baseline_refuses(source.bytes)) {
        return fail(ErrorCode::unsupported,
                    "the baseline compiler lacks what the module uses: " + module.error().message());
    }
    if (!module) return fail(std::move(module).error());
    if (auto done = made->adopt(false, std::move(*module)); !done) return fail(std::move(done).error());
    return made;
}

Result<std::shared_ptr<CompiledModule>> CompiledModule::load(std::shared_ptr<Profile> profile,
                                                             const engine::ModuleSource& source) {
    if (auto done = engine::check_imports(source); !done) return fail(std::move(done).error());
    std::shared_ptr<CompiledModule> made(new CompiledModule(std::move(profile), source));
    const Profile& with = *made->profile_;
    const auto key = with.code_key();
    if (!key) return fail(key.error());
    const auto code = unwrap_code(*key, source.bytes);
    if (!code) return fail(code.error());
    if (with.has_pool() && made->fits_pool()) {
        if (auto module = load_in(with.engine(true), *code)) {
            if (auto done = made->adopt(true, std::move(*module)); !done) return fail(std::move(done).error());
            return made;
        }
    }
    auto module = load_in(with.engine(false), *code);
    if (!module) return fail(std::move(module).error());
    if (auto done = made->adopt(false, std::move(*module)); !done) return fail(std::move(done).error());
    return made;
}

Result<void> CompiledModule::adopt(bool pooled, ModulePtr module) {
    if (auto same = check_exports(*module); !same) return same;
    Variant variant;
    variant.module = std::move(module);
    if (auto done = define_imports(variant, profile_->engine(pooled)); !done) return done;
    if (pooled) {
        pooled_ = std::move(variant);
    } else {
        // Through the flag, so that later readers need none of it.
        std::call_once(plain_once_, [&] { plain_ = std::move(variant); });
    }
    return {};
}

/// Calls are not checked against the engine's idea of a type, so both ideas must be the same: with compiled code that
/// belongs to another module they are not.
Result<void> CompiledModule::check_exports(const wasmtime_module_t& module) const {
    ExportTypes types;
    wasmtime_module_exports(&module, &types.all);
    const auto mismatch = [](std::string_view what) {
        return fail(ErrorCode::malformed_module, concat("the compiled code is not this module's: ", what));
    };
    if (types.all.size != info_.exports.size()) return mismatch("its exports are others");
    for (std::size_t i = 0; i < types.all.size; ++i) {
        const wasm_name_t* name = wasm_exporttype_name(types.all.data[i]);
        const Export& ours = info_.exports[i];
        if (std::string_view(name->data, name->size) != ours.name) return mismatch("its exports have other names");
        const wasm_functype_t* function = wasm_externtype_as_functype_const(wasm_exporttype_type(types.all.data[i]));
        if ((function != nullptr) != (ours.kind == ExternKind::function))
            return mismatch(concat("export ", quoted(ours.name), " differs"));
        if (function == nullptr) continue;
        const FunctionType* type = info_.function_type(ours.index);
        if (type == nullptr || !same_type(*function, *type))
            return mismatch(concat("export ", quoted(ours.name), " has another type"));
    }
    return {};
}

Result<void> CompiledModule::define_imports(Variant& variant, wasm_engine_t* engine) const {
    LinkerPtr linker(wasmtime_linker_new(engine));
    std::set<std::pair<std::string_view, std::string_view>> defined;
    for (std::size_t i = 0; i < imports_.size(); ++i) {
        if (std::holds_alternative<LinkedImport>(imports_[i])) continue;
        const std::string position = position_name(i);
        const std::pair<std::string_view, std::string_view> name =
            by_position_
                ? std::pair<std::string_view, std::string_view>("", position)
                : std::pair<std::string_view, std::string_view>(import_names_[i].first, import_names_[i].second);
        if (!by_position_ && !defined.insert(name).second) continue;  // imported twice under one name, alike
        if (auto done = define(linker.get(), name.first, name.second, i); !done) return done;
    }
    if (by_position_) {
        variant.linker = std::move(linker);
        return {};
    }
    wasmtime_instance_pre_t* pre = nullptr;
    const ErrorPtr error(wasmtime_linker_instantiate_pre(linker.get(), variant.module.get(), &pre));
    if (error) return fail(ErrorCode::internal, "the engine cannot bind the imports: " + message_of(*error));
    variant.instance_pre.reset(pre);
    return {};
}

Result<void> CompiledModule::define(wasmtime_linker_t* linker, std::string_view module, std::string_view name,
                                    std::size_t position) const {
    const Import& import = info_.imports[position];
    const FunctionTypePtr type = make_function_type(import.function);
    if (!type) {
        return fail(
            ErrorCode::unsupported,
            concat("import ", spelled(import), " has a type that hosts cannot provide: ", to_string(import.function)));
    }
    // The binding lives as long as this module, and stores keep their modules.
    const void* binding = std::get_if<HostImport>(&imports_[position]);
    const ErrorPtr error(wasmtime_linker_define_func_unchecked(linker, module.data(), module.size(), name.data(),
                                                               name.size(), type.get(), &WasmtimeStore::host_call,
                                                               const_cast<void*>(binding), nullptr));
    if (error)
        return fail(ErrorCode::internal,
                    concat("the engine cannot define import ", spelled(import), ": ", message_of(*error)));
    return {};
}

const GlobalType* CompiledModule::global_type(std::uint32_t index) const noexcept {
    for (const Import& import : info_.imports) {
        if (import.kind != ExternKind::global) continue;
        if (index == 0) return &import.global;
        --index;
    }
    return index < info_.globals.size() ? &info_.globals[index] : nullptr;
}

bool CompiledModule::fits_pool() const noexcept {
    if (info_.memories.size() > kPooledMemoriesPerModule || info_.tables.size() > kTablesPerSlot) return false;
    return std::all_of(info_.tables.begin(), info_.tables.end(),
                       [](const TableType& table) { return table.size.minimum <= kPooledTableElements; });
}

const Variant* CompiledModule::variant(bool pooled) const {
    if (pooled) return pooled_ ? &*pooled_ : nullptr;
    std::call_once(plain_once_, [this] {
        // The same code serves both engines: their settings differ only in where instances come from.
        const auto code = serialized(*pooled_);
        if (!code) return;
        auto module = load_in(profile_->engine(false), *code);
        if (!module) return;
        Variant variant;
        variant.module = std::move(*module);
        if (define_imports(variant, profile_->engine(false))) plain_ = std::move(variant);
    });
    return plain_ ? &*plain_ : nullptr;
}

Result<std::unique_ptr<engine::Store>> CompiledModule::new_store(const engine::StoreLimits& limits) const {
    return WasmtimeStore::make(profile_, pooled_.has_value(), limits);
}

Result<Bytes> CompiledModule::serialized(const Variant& variant) const {
#if defined(WASMTIME_FEATURE_COMPILER)
    ByteVec code;
    const ErrorPtr error(wasmtime_module_serialize(variant.module.get(), code.out()));
    if (error) return fail(ErrorCode::internal, "the engine cannot save compiled code: " + message_of(*error));
    return copy_bytes(code.bytes());
#else
    return fail(ErrorCode::unsupported, "this build of Wasmtime saves no compiled code");
#endif
}

Result<Bytes> CompiledModule::compiled_code() const {
    const auto key = profile_->code_key();
    if (!key) return fail(key.error());
    const Variant* from = pooled_ ? &*pooled_ : variant(false);
    if (from == nullptr) return fail(ErrorCode::internal, "there is no code to save");
    const auto code = serialized(*from);
    if (!code) return fail(code.error());
    return wrap_code(*key, *code);
}

}  // namespace mortise::engines::wasmtime
