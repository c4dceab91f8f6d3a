#include <mortise/abi/wasp_plugins.hpp>

#include <map>
#include <mutex>
#include <utility>

namespace mortise::abi::wasp {

namespace {

struct Registered {
    Plugin plugin;
    Sandbox sandbox;
};

}  // namespace

struct Plugins::State {
    Runtime runtime;
    std::mutex mutex;                                          // guards by_name
    std::map<std::string, Registered, std::less<>> by_name;
};

Plugins::Plugins(Runtime runtime) : state_(std::make_shared<State>()) { state_->runtime = std::move(runtime); }

Result<void> Plugins::put(std::string name, Result<Plugin> plugin, Sandbox sandbox) {
    if (!plugin) return fail(std::move(plugin).error());
    Registered added{*std::move(plugin), std::move(sandbox)};
    const std::lock_guard lock(state_->mutex);
    if (auto found = state_->by_name.find(name); found != state_->by_name.end()) std::swap(found->second, added);
    else state_->by_name.emplace(std::move(name), std::move(added));
    return {};
}

Result<void> Plugins::add(std::string name, const std::filesystem::path& file, PluginOptions options) {
    options.abi = "wasp";
    if (options.name.empty()) options.name = name;
    Sandbox sandbox = options.sandbox;
    return put(std::move(name), state_->runtime.load(file, std::move(options)), std::move(sandbox));
}

Result<void> Plugins::add_bytes(std::string name, BytesView bytes, PluginOptions options) {
    options.abi = "wasp";
    if (options.name.empty()) options.name = name;
    Sandbox sandbox = options.sandbox;
    return put(std::move(name), state_->runtime.load_bytes(bytes, std::move(options)), std::move(sandbox));
}

Result<Instance> Plugins::instance(std::string_view name, std::string workspace) const {
    std::optional<Registered> found;
    {
        const std::lock_guard lock(state_->mutex);
        if (const auto it = state_->by_name.find(name); it != state_->by_name.end()) found = it->second;
    }
    if (!found) return fail(ErrorCode::not_found, "no plugin \"" + std::string(name) + "\" is registered");
    InstanceOptions options;
    options.sandbox = std::move(found->sandbox);
    add_workspace(*options.sandbox, std::move(workspace));
    return found->plugin.instantiate(std::move(options));
}

bool Plugins::remove(std::string_view name) {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->by_name.find(name);
    if (found == state_->by_name.end()) return false;
    state_->by_name.erase(found);
    return true;
}

}  // namespace mortise::abi::wasp
