#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "engines/wasm_c_api/library.hpp"
#include "engines/wasm_c_api/prepare.hpp"

namespace mortise::engines::wasm_c_api {

/// A module compiled by a library. Shared between stores by the API's own means; where a library has none, from its bytes
/// anew for each store.
class CompiledModule final : public engine::Module, public std::enable_shared_from_this<CompiledModule> {
public:
    /// Errors: see `Engine::compile`.
    static Result<std::shared_ptr<CompiledModule>> make(std::shared_ptr<const Library> library,
                                                        const engine::ModuleSource& source,
                                                        const engine::CompileOptions& options);

    Result<std::unique_ptr<engine::Store>> new_store(const engine::StoreLimits& limits) const override;
    Result<Bytes> compiled_code() const override;

    const ModuleInfo& info() const noexcept { return info_; }
    const std::shared_ptr<const Library>& library() const noexcept { return library_; }
    const engine::CompileOptions& options() const noexcept { return options_; }
    const std::vector<engine::Resolved>& imports() const noexcept { return imports_; }

    /// What the library is to be given, in its order; see `Prepared::imports`.
    const std::vector<std::size_t>& import_order() const noexcept { return prepared_.imports; }

    /// The module for that store; null if the library cannot make it.
    Owned<c::Module> in(c::Store& store) const;

    /// The type of a global by its index in the module, imported ones first; null if there is none.
    const GlobalType* global_type(std::uint32_t index) const noexcept;

    /// The type of a memory, likewise.
    const SizeRange* memory_type(std::uint32_t index) const noexcept;

private:
    CompiledModule(std::shared_ptr<const Library> library, const engine::ModuleSource& source,
                   const engine::CompileOptions& options, Prepared prepared);

    Result<void> compile();

    const std::shared_ptr<const Library> library_;
    const ModuleInfo info_;
    const engine::CompileOptions options_;
    const std::vector<engine::Resolved> imports_;  // host functions point into it
    Prepared prepared_;                            // its bytes only as long as they are needed
    Owned<c::SharedModule> shared_;
};

}  // namespace mortise::engines::wasm_c_api
