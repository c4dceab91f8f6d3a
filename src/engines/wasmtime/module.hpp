#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "engines/wasmtime/api.hpp"
#include "engines/wasmtime/profile.hpp"

namespace mortise::engines::wasmtime {

/// The module in one of the profile's two vendor engines, ready to be instantiated.
struct Variant {
    ModulePtr module;
    LinkerPtr linker;             ///< the host functions, where instances are put together by position
    InstancePrePtr instance_pre;  ///< everything resolved, where host functions are all that is imported
};

/// A module compiled by Wasmtime.
class CompiledModule final : public engine::Module, public std::enable_shared_from_this<CompiledModule> {
public:
    /// Compiles. Errors: see `Engine::compile`.
    static Result<std::shared_ptr<CompiledModule>> compile(std::shared_ptr<Profile> profile,
                                                           const engine::ModuleSource& source);

    /// Loads what `compiled_code` gave. Errors: see `Engine::load`.
    static Result<std::shared_ptr<CompiledModule>> load(std::shared_ptr<Profile> profile,
                                                        const engine::ModuleSource& source);

    Result<std::unique_ptr<engine::Store>> new_store(const engine::StoreLimits& limits) const override;
    Result<Bytes> compiled_code() const override;

    const ModuleInfo& info() const noexcept { return info_; }
    const std::shared_ptr<Profile>& profile() const noexcept { return profile_; }
    const std::vector<engine::Resolved>& imports() const noexcept { return imports_; }

    /// The type of a global by its index in the module, imported ones first; null if there is none.
    const GlobalType* global_type(std::uint32_t index) const noexcept;

    /// The module for stores of that kind; made when it is first asked for. Null: the engine could not make it.
    const Variant* variant(bool pooled) const;

private:
    CompiledModule(std::shared_ptr<Profile> profile, const engine::ModuleSource& source);

    Result<void> adopt(bool pooled, ModulePtr module);
    Result<void> check_exports(const wasmtime_module_t& module) const;
    Result<void> define_imports(Variant& variant, wasm_engine_t* engine) const;
    Result<void> define(wasmtime_linker_t* linker, std::string_view module, std::string_view name,
                        std::size_t position) const;
    bool fits_pool() const noexcept;
    Result<Bytes> serialized(const Variant& variant) const;

    const std::shared_ptr<Profile> profile_;
    const ModuleInfo info_;
    const std::vector<engine::Resolved> imports_;                          // the linker's functions point into it
    const std::vector<std::pair<std::string, std::string>> import_names_;  // as in the bytes
    bool by_position_ = false;
    std::optional<Variant> pooled_;
    mutable std::once_flag plain_once_;
    mutable std::optional<Variant> plain_;
};

/// The name under which the import at that position stands in a linker that goes by position.
std::string position_name(std::size_t position);

}  // namespace mortise::engines::wasmtime
