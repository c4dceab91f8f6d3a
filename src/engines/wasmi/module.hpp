#pragma once

#include <memory>
#include <vector>

#include "engine/engine.hpp"
#include "engines/wasmi/api.hpp"
#include "engines/wasmi/profile.hpp"

namespace mortise::engines::wasmi {

/// A module translated by Wasmi. Immutable.
class CompiledModule final : public engine::Module, public std::enable_shared_from_this<CompiledModule> {
public:
    /// Errors: see `Engine::compile`.
    static Result<std::shared_ptr<CompiledModule>> compile(std::shared_ptr<const Profile> profile,
                                                           const engine::ModuleSource& source);

    Result<std::unique_ptr<engine::Store>> new_store(const engine::StoreLimits& limits) const override;
    Result<Bytes> compiled_code() const override;

    const ModuleInfo& info() const noexcept { return info_; }
    const std::shared_ptr<const Profile>& profile() const noexcept { return profile_; }
    const std::vector<engine::Resolved>& imports() const noexcept { return imports_; }
    const mortise_wasmi_module_t* handle() const noexcept { return module_.get(); }

private:
    CompiledModule(std::shared_ptr<const Profile> profile, const engine::ModuleSource& source)
        : profile_(std::move(profile)), info_(source.info), imports_(source.imports.begin(), source.imports.end()) {}

    const std::shared_ptr<const Profile> profile_;
    const ModuleInfo info_;
    const std::vector<engine::Resolved> imports_;
    ModulePtr module_;
};

}  // namespace mortise::engines::wasmi
