#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <mortise/plugin.hpp>

#include "abi/abi.hpp"
#include "engine/engine.hpp"
#include "host/background.hpp"
#include "host/image.hpp"
#include "host/runtime_state.hpp"

namespace mortise::detail {

/// What all instances of a plugin share; never changes once it is loaded.
class PluginState {
public:
    std::shared_ptr<RuntimeState> runtime;
    PluginOptions options;           // name and abi filled in
    std::string sha256;
    std::string abi_reason;
    ModuleInfo module;               // as given
    const abi::Abi* abi = nullptr;   // lives in the Runtime
    abi::Prepared prepared;
    std::shared_ptr<Image> image;    // what instances are made of
    std::shared_ptr<Image> snapshot; // likewise, started already; null if there is none
    std::string snapshot_refusal;    // why there is none
    engine::StoreLimits store_limits;
    std::uint64_t call_ticks = 0;    // beyond any clock where there is no limit
    std::uint64_t start_ticks = 0;
    bool stoppable = false;          // the code looks at deadlines and interrupts
    InstancePolicy policy = InstancePolicy::kept;
    AfterFailure after_failure = AfterFailure::reinstantiate;
    bool wants_wasi = false;         // some import is WASI's
    std::vector<std::unique_ptr<const engine::HostImport>> timed;   // what is behind the imports of an observed plugin

    engine::Rehearsal* rehearsal = nullptr;   // only while a snapshot is tried: what the start-up of its instances must ask

    bool only_baseline = false;      // compiled by the baseline compiler, for good
    std::unique_ptr<BackgroundCompilation> background;   // null if there is none; last: it has shares of the above

    /// Who hears of what concerns the whole plugin; may be null.
    const std::shared_ptr<Observer>& shared_observer() const noexcept {
        return options.observer ? options.observer : runtime->options().observer;
    }
    Observer* observer() const noexcept { return shared_observer().get(); }
};

/// Loads: reads, recognises, prepares, links, compiles. Errors as `Runtime::load_bytes`.
Result<std::shared_ptr<const PluginState>> load_plugin(std::shared_ptr<RuntimeState> runtime, BytesView bytes, PluginOptions options);

/// The same way as far as compiling, with stand-ins for imports that nobody provides. Errors as `Runtime::compile`.
Result<Bytes> compile_plugin(std::shared_ptr<RuntimeState> runtime, BytesView bytes, PluginOptions options);

}  // namespace mortise::detail
