#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <mortise/abi/wasp.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>
#include <mortise/instance.hpp>
#include <mortise/plugin.hpp>
#include <mortise/runtime.hpp>

namespace mortise::abi::wasp {

/// Plugins by name, as the engine object of the original host has them: registered once, any number of instances of each.
/// Cheap to copy; all copies are the same. Any thread may use it.
class MORTISE_API Plugins {
public:
    Plugins(const Plugins&) = default;   // moving is copying: there is no empty one
    Plugins& operator=(const Plugins&) = default;

    explicit Plugins(Runtime runtime);

    /// Loads a plugin and registers it; one that has the name already is replaced, its instances live on. Its `abi` is `wasp`,
    /// whatever stands in `options`. Errors: as `Runtime::load`; what had the name stays then.
    Result<void> add(std::string name, const std::filesystem::path& file, PluginOptions options = {});
    Result<void> add_bytes(std::string name, BytesView bytes, PluginOptions options = {});

    /// A new instance. `workspace`: a host directory that it alone sees as `workspace` and `/workspace`, beside what the
    /// plugin's sandbox has; empty: none. Errors: `not_found` (no such plugin), and those of `Plugin::instantiate`.
    Result<Instance> instance(std::string_view name, std::string workspace = {}) const;

    /// Forgets a plugin; its instances live on. False if there is none of the name.
    bool remove(std::string_view name);

private:
    struct State;
    Result<void> put(std::string name, Result<Plugin> plugin, Sandbox sandbox);
    std::shared_ptr<State> state_;
};

}  // namespace mortise::abi::wasp
