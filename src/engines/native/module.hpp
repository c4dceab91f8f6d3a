#pragma once

#include <memory>
#include <vector>

#include <mortise/native.hpp>

#include "engine/engine.hpp"

namespace mortise::engines::native_modules {

/// A native module with its imports bound.
class BoundModule final : public engine::Module, public std::enable_shared_from_this<BoundModule> {
public:
    /// `registered`: what the engine was made with. Errors: `not_found` (no native module, or none of that name),
    /// `unsupported` (the module wants what native functions have not), `malformed_module` (not what it is named after).
    static Result<std::shared_ptr<BoundModule>> make(std::span<const std::shared_ptr<const native::Module>> registered,
                                                     const engine::ModuleSource& source,
                                                     const engine::CompileOptions& options);

    Result<std::unique_ptr<engine::Store>> new_store(const engine::StoreLimits& limits) const override;
    Result<Bytes> compiled_code() const override;

    const ModuleInfo& info() const noexcept { return info_; }
    const native::Module& native() const noexcept { return *native_; }
    const std::vector<engine::Resolved>& imports() const noexcept { return imports_; }
    const engine::CompileOptions& options() const noexcept { return options_; }

private:
    BoundModule(std::shared_ptr<const native::Module> native, const engine::ModuleSource& source,
                const engine::CompileOptions& options);

    const std::shared_ptr<const native::Module> native_;
    const ModuleInfo info_;
    const std::vector<engine::Resolved> imports_;
    const engine::CompileOptions options_;
};

}  // namespace mortise::engines::native_modules
