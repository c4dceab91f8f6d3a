#include <mortise/plugin.hpp>

#include "host/code.hpp"
#include "host/instance_state.hpp"
#include "host/plugin_state.hpp"

namespace mortise {

Plugin::Plugin(std::shared_ptr<const detail::PluginState> state) noexcept : state_(std::move(state)) {}

Result<Instance> Plugin::instantiate(InstanceOptions options) const {
    if (options.sandbox && state_->wants_wasi && !state_->prepared.wasi.empty_configuration) {
        if (auto granted = detail::check_grants(*state_->runtime, *options.sandbox); !granted) return fail(std::move(granted).error());
    }
    auto state = detail::InstanceState::make(state_, std::move(options));
    if (!state) return fail(std::move(state).error());
    return Instance(*std::move(state));
}

Result<CallOutcome> Plugin::call_fresh(const CallRequest& request) const {
    auto instance = instantiate();
    if (!instance) return fail(std::move(instance).error());
    CallOutcome outcome;
    if (auto done = instance->perform(request, outcome); !done) return fail(std::move(done).error());
    return outcome;
}

Result<Bytes> Plugin::invoke_fresh(std::string_view name, BytesView payload) const {
    auto instance = instantiate();
    if (!instance) return fail(std::move(instance).error());
    return instance->invoke(name, payload);
}

const std::string& Plugin::name() const noexcept { return state_->options.name; }
const AbiInfo& Plugin::abi() const noexcept { return state_->abi->info(); }
const std::string& Plugin::abi_reason() const noexcept { return state_->abi_reason; }
const ModuleInfo& Plugin::module() const noexcept { return state_->module; }
const std::string& Plugin::sha256() const noexcept { return state_->sha256; }
const std::string& Plugin::snapshot_refusal() const noexcept { return state_->snapshot_refusal; }

bool Plugin::optimised() const noexcept {
    if (state_->background) return state_->background->succeeded();
    return !state_->only_baseline;
}

bool Plugin::wait_until_optimised() const { return state_->background ? state_->background->wait() : optimised(); }

}  // namespace mortise
