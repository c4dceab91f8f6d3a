#include "engines/native/module.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "engine/binding.hpp"
#include "engines/native/machine.hpp"
#include "engines/native/module_bytes.hpp"

namespace mortise::engines::native_modules {
namespace {

using base::concat;

Result<std::shared_ptr<const native::Module>> find(std::span<const std::shared_ptr<const native::Module>> registered,
                                                   const engine::ModuleSource& source) {
    const auto section = std::ranges::find(source.info.custom_sections, kSection, &CustomSection::name);
    if (section == source.info.custom_sections.end()) {
        return fail(ErrorCode::unsupported,
                    "the engine native runs functions of this program alone, and this is a module with code of its own; "
                    "see native::Module");
    }
    if (section->offset > source.bytes.size() || section->size > source.bytes.size() - section->offset) {
        return fail(ErrorCode::malformed_module, "the module is not the described one");
    }
    const auto name = text_of(
        source.bytes.subspan(static_cast<std::size_t>(section->offset), static_cast<std::size_t>(section->size)));
    const auto known = std::ranges::find(registered, name, [](const auto& one) -> std::string_view { return one->name(); });
    if (known != registered.end()) return *known;
    return fail(ErrorCode::not_found,
                concat("no native module ", base::quoted(name), " in NativeOptions::modules of this Runtime"));
}

/// Whether the bytes still are those that the functions were described by: ABIs may have added to them.
Result<void> check(const native::Module& native, const ModuleInfo& info) {
    const auto differs = [](std::string_view what, std::string_view name) {
        return fail(ErrorCode::malformed_module,
                    concat("the module is not the one that is registered under its name: ", what, " ", base::quoted(name)));
    };
    for (std::size_t i = 0; i < native.imports().size(); ++i) {
        const auto& import = native.imports()[i];
        if (i >= info.imports.size() || info.imports[i].kind != ExternKind::function ||
            info.imports[i].module != import.module || info.imports[i].function != import.type)
            return differs("import", import.name);
    }
    for (const auto& function : native.functions()) {
        const FunctionType* type = info.exported_function(function.name);
        if (type == nullptr || *type != function.type) return differs("export", function.name);
    }
    return {};
}

/// What only Wasm code could use was put there for a purpose that native code does not serve.
Result<void> check_additions(const native::Module& native, const ModuleInfo& info) {
    if (info.imports.size() > native.imports().size()) {
        const Import& added = info.imports[native.imports().size()];
        return fail(ErrorCode::unsupported, concat("native functions cannot be metered: the module was rewritten to import ",
                                                   engine::spelled(added)));
    }
    if (info.memories.size() > 1 || !info.tables.empty() || info.start) {
        return fail(ErrorCode::unsupported, "a native module has one memory and neither tables nor a start section");
    }
    return {};
}

}  // namespace

Result<std::shared_ptr<BoundModule>> BoundModule::make(std::span<const std::shared_ptr<const native::Module>> registered,
                                                       const engine::ModuleSource& source,
                                                       const engine::CompileOptions& options) {
    auto native = find(registered, source);
    if (!native) return fail(std::move(native).error());
    if (auto same = check(**native, source.info); !same) return fail(std::move(same).error());
    if (auto fits = check_additions(**native, source.info); !fits) return fail(std::move(fits).error());
    if (auto bound = engine::check_imports(source); !bound) return fail(std::move(bound).error());
    for (const auto& import : source.imports) {
        if (std::holds_alternative<engine::LinkedImport>(import))
            return fail(ErrorCode::unsupported, "native modules are not linked to others");
    }
    return std::shared_ptr<BoundModule>(new BoundModule(std::move(*native), source, options));
}

BoundModule::BoundModule(std::shared_ptr<const native::Module> native, const engine::ModuleSource& source,
                         const engine::CompileOptions& options)
    : native_(std::move(native)),
      info_(source.info),
      imports_(source.imports.begin(), source.imports.end()),
      options_(options) {}

Result<std::unique_ptr<engine::Store>> BoundModule::new_store(const engine::StoreLimits& limits) const {
    return std::unique_ptr<engine::Store>(std::make_unique<native::detail::Machine>(options_, limits));
}

Result<Bytes> BoundModule::compiled_code() const {
    return fail(ErrorCode::unsupported, "native functions are compiled with the program");
}

}  // namespace mortise::engines::native_modules
