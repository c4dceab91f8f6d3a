#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <mortise/plugin.hpp>

#include "abi/abi.hpp"
#include "engine/engine.hpp"
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
    ModuleInfo compiled;             // as the ABI and the normalising pass left it
    const abi::Abi* abi = nullptr;   // lives in the Runtime
    abi::Prepared prepared;
    std::shared_ptr<engine::Module> code;
    engine::StoreLimits store_limits;
    std::uint64_t call_ticks = 0;    // beyond any clock where there is no limit
    std::uint64_t start_ticks = 0;
    InstancePolicy policy = InstancePolicy::kept;
    AfterFailure after_failure = AfterFailure::reinstantiate;
    bool wants_wasi = false;         // some import is WASI's
};

/// Loads: reads, recognises, prepares, links, compiles. Errors as `Runtime::load_bytes`.
Result<std::shared_ptr<const PluginState>> load_plugin(std::shared_ptr<RuntimeState> runtime, BytesView bytes, PluginOptions options);

}  // namespace mortise::detail
