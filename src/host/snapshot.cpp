#include "host/snapshot.hpp"

#include <cstring>
#include <utility>
#include <vector>

#include "abi/imports.hpp"
#include "host/code.hpp"
#include "host/instance_state.hpp"
#include "host/wasi_link.hpp"
#include "wasi/wasi.hpp"
#include "wasm/snapshot.hpp"

namespace mortise::detail {

namespace {

// An import during start-up: the real one, and whether it was called. WASI's are not among them: it keeps count itself.
struct Watched {
    engine::HostImport real;
    std::size_t position = 0;
    mutable bool called = false;   // by the one thread that starts the plugin
};

engine::Stop watch(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept {
    const auto& watched = *static_cast<const Watched*>(function);
    watched.called = true;
    return watched.real.call(watched.real.function, store, caller, slots);
}

// The plugin once more, but with everything of it to be seen.
class Trial {
public:
    Trial(const PluginState& plugin, engine::Engine& engine, const FinalModule& module, std::span<const engine::Resolved> imports)
        : plugin_(plugin), engine_(engine), names_(module.import_names), start_export_(module.start_export),
          imports_(imports.begin(), imports.end()) {}

    // Why not, before anything runs.
    std::optional<std::string> obstacle() {
        watched_.reserve(imports_.size());
        for (std::size_t i = 0; i < imports_.size(); ++i) {
            auto* host = std::get_if<engine::HostImport>(&imports_[i]);
            if (host == nullptr) return "it is linked with other modules";
            const bool by_abi = i < plugin_.prepared.imports.size() && plugin_.prepared.imports[i].has_value();
            if (!by_abi || is_log(i)) continue;
            watched_.push_back({*host, i});
            *host = {&watch, &watched_.back()};
        }
        return std::nullopt;
    }

    Result<void> start(const wasm::ShownState& shown, const engine::CompileOptions& options) {
        auto trial = std::make_shared<PluginState>();
        trial->runtime = plugin_.runtime;
        trial->options = plugin_.options;
        trial->abi = plugin_.abi;
        trial->module = plugin_.module;
        trial->prepared = plugin_.prepared;
        trial->store_limits = plugin_.store_limits;
        trial->call_ticks = plugin_.call_ticks;
        trial->start_ticks = plugin_.start_ticks;
        trial->wants_wasi = plugin_.wants_wasi;
        auto code = obtain_code(*plugin_.runtime, {engine_, {shown.info, shown.wasm, imports_, names_}, options, plugin_.observer()});
        if (!code) return fail(std::move(code).error());
        trial->image = std::make_shared<Image>(shown.info, start_export_);
        trial->image->set_first(*std::move(code));
        auto instance = InstanceState::make(std::move(trial), {});
        if (!instance) return fail(std::move(instance).error());
        instance_ = *std::move(instance);
        return {};
    }

    // Why not, now that it has started.
    Result<std::optional<std::string>> verdict() const {
        const SnapshotOptions& allowed = plugin_.options.snapshot;
        for (const Watched& watched : watched_) {
            if (!watched.called || allowed.allow_host_calls) continue;
            return std::optional("its start-up called the host: " + abi::describe(plugin_.module.imports[watched.position]));
        }
        const auto* world = instance_->wasi();
        if (world == nullptr) return std::optional<std::string>();
        const std::uint32_t used = host::used_of(*world);
        const auto did = [used](wasi::Use use) { return (used & static_cast<std::uint32_t>(use)) != 0; };
        if (did(wasi::Use::random) && !allowed.allow_random) return std::optional<std::string>("its start-up drew random numbers");
        if (did(wasi::Use::clock) && !allowed.allow_clock) return std::optional<std::string>("its start-up looked at a clock");
        if (did(wasi::Use::files) && !allowed.allow_files) return std::optional<std::string>("its start-up used files");
        if (did(wasi::Use::descriptors)) return std::optional<std::string>("its start-up changed an open file");
        auto untouched = host::make_wasi_world(plugin_.options.sandbox, plugin_.options.limits, plugin_.prepared.wasi, instance_->session());
        if (!untouched) return fail(std::move(untouched).error());
        if (host::open_files(**untouched) != host::open_files(*world)) return std::optional<std::string>("its start-up left a file open or closed one");
        return std::optional<std::string>();
    }

    // Nothing if the engine hides a part of it: a zero in its place would be another program's start.
    std::optional<wasm::State> state(const wasm::ShownState& shown) {
        engine::Store& store = instance_->store();
        const engine::InstanceId id{0};
        wasm::State state;
        for (const wasm::StateGlobal& global : shown.globals) {
            const auto handle = store.global(id, global.name);
            if (!handle) return std::nullopt;
            const engine::RawValue value = store.get(*handle);
            std::memcpy(state.globals.emplace_back().data(), &value, sizeof(value));
        }
        if (shown.memory.empty()) return state;
        const auto memory = store.memory(id, shown.memory);
        if (!memory) return std::nullopt;
        const auto view = store.view(*memory);
        const auto bytes = view.bytes(0, view.size());
        if (!bytes) return std::nullopt;
        state.memory = *bytes;
        return state;
    }

private:
    bool is_log(std::size_t position) const {
        const Import& import = plugin_.module.imports[position];
        return plugin_.abi->only_logs(import) && abi::find_host_function(plugin_.options.host, import.module, import.name) == nullptr;
    }

    const PluginState& plugin_;
    engine::Engine& engine_;
    std::span<const std::pair<std::string, std::string>> names_;
    const std::string& start_export_;
    std::vector<engine::Resolved> imports_;
    std::vector<Watched> watched_;   // never moves: as many as there are imports fit
    std::shared_ptr<InstanceState> instance_;
};

}  // namespace

Result<std::optional<FinalModule>> take_snapshot(const PluginState& plugin, engine::Engine& engine, const FinalModule& module,
                                                 std::span<const engine::Resolved> imports, const engine::CompileOptions& options,
                                                 std::string& why) {
    const auto refused = [&why](std::string reason) {
        why = std::move(reason);
        return std::optional<FinalModule>();
    };
    // Its bytes only name it: what it holds is in C++ objects.
    if (engine.info().name == "native") return refused("it is native code, whose state is not in its memory alone");
    auto obstacle = wasm::snapshot_obstacle(module.wasm);
    if (!obstacle) return fail(std::move(obstacle).error());
    if (*obstacle) return refused(**std::move(obstacle));
    const auto shown = wasm::show_state(module.info, module.wasm);
    if (!shown) return refused(shown.error().message());

    Trial trial(plugin, engine, module, imports);
    if (auto reason = trial.obstacle()) return refused(*std::move(reason));
    if (auto started = trial.start(*shown, options); !started) return refused("its start-up failed: " + started.error().message());
    auto verdict = trial.verdict();
    if (!verdict) return fail(std::move(verdict).error());
    if (*verdict) return refused(**std::move(verdict));
    const auto state = trial.state(*shown);
    if (!state) return refused("engine " + engine.info().name + " does not show all of its state");
    auto baked = wasm::bake_state(module.info, module.wasm, *shown, *state);
    if (!baked && baked.error().code() == ErrorCode::unsupported) return refused(baked.error().message());
    if (!baked) return fail(std::move(baked).error());
    return FinalModule{std::move(baked->info), std::move(baked->wasm), module.import_names, {}};
}

}  // namespace mortise::detail
