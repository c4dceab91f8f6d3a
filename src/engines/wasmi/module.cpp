#include "engines/wasmi/module.hpp"

#include "base/text.hpp"
#include "engine/binding.hpp"
#include "engines/wasmi/store.hpp"

namespace mortise::engines::wasmi {

Result<std::shared_ptr<CompiledModule>> CompiledModule::compile(std::shared_ptr<const Profile> profile,
                                                                const engine::ModuleSource& source) {
    if (auto bound = engine::check_imports(source); !bound) return fail(std::move(bound).error());
    if (source.info.start) {
        return fail(ErrorCode::invalid_argument, "the module still has a start section, which would run unguarded");
    }
    // Wasmi's own types are not read back, so the description is compared with the bytes.
    if (auto same = engine::check_description(source.info, source.bytes); !same) return fail(std::move(same).error());
    std::shared_ptr<CompiledModule> made(new CompiledModule(std::move(profile), source));
    Text error;
    made->module_.reset(mortise_wasmi_compile(made->profile_->engine(),
                                              reinterpret_cast<const std::uint8_t*>(source.bytes.data()),
                                              source.bytes.size(), error.out()));
    if (!made->module_) return fail(ErrorCode::malformed_module, "Wasmi refuses the module: " + error.line());
    return made;
}

Result<std::unique_ptr<engine::Store>> CompiledModule::new_store(const engine::StoreLimits& limits) const {
    return WasmiStore::make(*this, limits);
}

Result<Bytes> CompiledModule::compiled_code() const {
    return fail(ErrorCode::unsupported, "Wasmi interprets: it has no compiled code to save");
}

}  // namespace mortise::engines::wasmi
