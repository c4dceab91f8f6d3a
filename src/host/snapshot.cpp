#include "host/snapshot.hpp"

#include <cstring>
#include <exception>
#include <utility>
#include <vector>

#include "abi/imports.hpp"
#include "engine/rehearsal.hpp"
#include "host/held_observer.hpp"
#include "host/instance_state.hpp"
#include "host/wasi_link.hpp"
#include "wasm/snapshot.hpp"

namespace mortise::detail {

namespace {

using engine::Effect;
using engine::Stop;

constexpr std::uint32_t bit(Effect effect) noexcept { return static_cast<std::uint32_t>(effect); }

std::uint32_t allowed_by(const SnapshotOptions& options) noexcept {
    std::uint32_t allowed = bit(Effect::arguments) | bit(Effect::environment);   // the plugin's own, the same for every instance
    if (options.allow_host_calls) allowed |= bit(Effect::host_call);
    if (options.allow_random) allowed |= bit(Effect::random);
    if (options.allow_clock) allowed |= bit(Effect::clock);
    if (options.allow_files) allowed |= bit(Effect::files);
    return allowed;
}

// An import during start-up. WASI's are not among them: it asks by itself.
struct Watched {
    engine::HostImport real;
    std::size_t position = 0;
    engine::Rehearsal* rehearsal = nullptr;
    const Watched** refused = nullptr;   // the first that was to be called and was not
};

Stop watch(const void* function, engine::Store& store, engine::Caller caller, engine::RawValue* slots) noexcept {
    const auto& watched = *static_cast<const Watched*>(function);
    Stop stop = Stop::done;
    if (watched.rehearsal->allows(Effect::host_call)) stop = watched.real.call(watched.real.function, store, caller, slots);
    else if (*watched.refused == nullptr) *watched.refused = &watched;
    // A function that is allowed may have called the guest, and made nothing of its end.
    if (stop == Stop::done && watched.rehearsal->cut()) stop = store.stop_with(Error(ErrorCode::cancelled, engine::kCutRehearsal));
    return stop;
}

// The plugin once more, but with everything of it to be seen, and nothing to be seen of it outside.
class Trial {
public:
    Trial(const PluginState& plugin, engine::Engine& engine, const FinalModule& module, std::span<const engine::Resolved> imports)
        : plugin_(plugin), engine_(engine), names_(module.import_names), start_export_(module.start_export),
          imports_(imports.begin(), imports.end()), rehearsal_(allowed_by(plugin.options.snapshot)) {}

    // Host functions may have kept functions of the instance, which keep its state, but not its sandbox.
    ~Trial() {
        if (instance_) instance_->close();
    }
    Trial(const Trial&) = delete;
    Trial& operator=(const Trial&) = delete;

    // Why not, before anything runs.
    std::optional<std::string> obstacle() {
        if (!plugin_.abi->starts_instances()) return "its start-up belongs to each call";
        watched_.reserve(imports_.size());
        for (std::size_t i = 0; i < imports_.size(); ++i) {
            auto* host = std::get_if<engine::HostImport>(&imports_[i]);
            if (host == nullptr) return "it is linked with other modules";
            const bool by_abi = i < plugin_.prepared.imports.size() && plugin_.prepared.imports[i].has_value();
            if (!by_abi || is_log(i)) continue;
            watched_.push_back({*host, i, &rehearsal_, &refused_});
            *host = {&watch, &watched_.back()};
        }
        return std::nullopt;
    }

    // Why not, after it was started.
    std::optional<std::string> start(const wasm::ShownState& shown, const engine::CompileOptions& options) {
        auto trial = std::make_shared<PluginState>();
        trial->runtime = plugin_.runtime;
        trial->options = plugin_.options;
        trial->abi = plugin_.abi;
        trial->module = plugin_.module;
        trial->prepared = plugin_.prepared;
        trial->store_limits = plugin_.store_limits;
        trial->call_ticks = plugin_.call_ticks;
        trial->stoppable = plugin_.stoppable;
        trial->start_ticks = plugin_.start_ticks;
        trial->wants_wasi = plugin_.wants_wasi;
        trial->rehearsal = &rehearsal_;
        auto code = compile_once({shown.info, shown.wasm, imports_, names_}, options);
        if (!code) return "it cannot be compiled to be tried: " + code.error().message();
        trial->image = std::make_shared<Image>(shown.info, start_export_);
        trial->image->set_first(*std::move(code));
        InstanceOptions heard;
        if (const auto& observer = plugin_.shared_observer()) heard.observer = held_ = std::make_shared<HeldObserver>(observer);
        auto instance = InstanceState::make(std::move(trial), std::move(heard));
        if (instance) instance_ = *std::move(instance);
        if (rehearsal_.cut()) return "its start-up " + described(*rehearsal_.cut());
        if (!instance_) return "its start-up failed: " + instance.error().message();
        if (held_ && held_->full()) return "its start-up " + described(Effect::long_output);
        if (instance_->wasi() != nullptr && !host::same_descriptors(*instance_->wasi())) return "its start-up left a file open or closed one";
        return std::nullopt;
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

    // What it said was said for all its copies. Why not, if that fails: each instance then fails by itself.
    std::optional<std::string> release() {
        if (held_) held_->release();
        if (instance_->wasi() == nullptr) return std::nullopt;
        engine::Store& store = instance_->store();
        store.deadline = plugin_.runtime->clock().now().load(std::memory_order_relaxed) + plugin_.start_ticks;
        try {
            host::release_output(*instance_->wasi(), store);
        } catch (const std::exception& exception) {
            return std::string("what its start-up writes cannot be handed on: ") + exception.what();
        } catch (...) {
            return "what its start-up writes cannot be handed on";
        }
        return std::nullopt;
    }

    bool follows_from_module() const noexcept {
        return !rehearsal_.did(bit(Effect::host_call) | bit(Effect::random) | bit(Effect::clock) | bit(Effect::files) |
                               bit(Effect::arguments) | bit(Effect::environment));
    }

private:
    // It runs once: the compiler that is done sooner is the better one. Never into a cache: nobody asks for this code again.
    Result<std::shared_ptr<engine::Module>> compile_once(const engine::ModuleSource& source, engine::CompileOptions options) {
        if (engine_.info().capabilities.two_compilers && !options.baseline_compiler) {
            options.baseline_compiler = true;
            if (auto code = engine_.compile(source, options)) return code;
            options.baseline_compiler = false;   // it lacks what the module uses
        }
        return engine_.compile(source, options);
    }

    std::string described(Effect effect) const {
        switch (effect) {
            case Effect::host_call: return "called the host: " + abi::describe(plugin_.module.imports[refused_->position]);
            case Effect::random: return "drew random numbers";
            case Effect::clock: return "looked at a clock";
            case Effect::arguments: return "read its arguments";
            case Effect::environment: return "read its environment";
            case Effect::files: return "used files";
            case Effect::input: return "read its input";
            case Effect::changed_files: return "changed files";
            case Effect::descriptors: return "changed an open file";
            case Effect::long_output: return "logs or writes more than can be held back";
        }
        return "did what is not allowed";
    }

    bool is_log(std::size_t position) const {
        const Import& import = plugin_.module.imports[position];
        return plugin_.abi->only_logs(import) && abi::find_host_function(plugin_.options.host, import.module, import.name) == nullptr;
    }

    const PluginState& plugin_;
    engine::Engine& engine_;
    std::span<const std::pair<std::string, std::string>> names_;
    const std::string& start_export_;
    std::vector<engine::Resolved> imports_;
    engine::Rehearsal rehearsal_;
    const Watched* refused_ = nullptr;
    std::vector<Watched> watched_;   // never moves: as many as there are imports fit
    std::shared_ptr<HeldObserver> held_;
    std::shared_ptr<InstanceState> instance_;
};

}  // namespace

Result<std::optional<Snapshot>> take_snapshot(const PluginState& plugin, engine::Engine& engine, const FinalModule& module,
                                              std::span<const engine::Resolved> imports, const engine::CompileOptions& options,
                                              std::string& why) {
    const auto refused = [&why](std::string reason) {
        why = std::move(reason);
        return std::optional<Snapshot>();
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
    if (auto reason = trial.start(*shown, options)) return refused(*std::move(reason));
    const auto state = trial.state(*shown);
    if (!state) return refused("engine " + engine.info().name + " does not show all of its state");
    auto baked = wasm::bake_state(module.info, module.wasm, *shown, *state);
    if (!baked && baked.error().code() == ErrorCode::unsupported) return refused(baked.error().message());
    if (!baked) return fail(std::move(baked).error());
    if (auto reason = trial.release()) return refused(*std::move(reason));
    return Snapshot{{std::move(baked->info), std::move(baked->wasm), module.import_names, {}}, trial.follows_from_module()};
}

}  // namespace mortise::detail
