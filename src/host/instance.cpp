#include <mortise/instance.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "host/instance_state.hpp"

namespace mortise {

namespace detail {

namespace {

// One call through the gate of an instance: the plain way if nothing is in its way, else whatever `enter` finds.
class Gate {
public:
    explicit Gate(InstanceState& state) : state_(state), plain_(state.enter_plain() != nullptr) {
        if (!plain_) [[unlikely]] entered_.emplace(state.enter());
    }
    ~Gate() {
        if (plain_) [[likely]] state_.leave_plain();
        else if (*entered_) state_.leave(**entered_);
    }
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    explicit operator bool() const noexcept { return plain_ || entered_->has_value(); }
    Error error() && { return std::move(*entered_).error(); }

private:
    InstanceState& state_;
    const bool plain_;
    std::optional<Result<std::uint64_t>> entered_;
};

Error with_context(InstanceState& state, std::string_view name, Error error) {
    return std::move(error).add_context("while calling \"" + std::string(name) + "\" of plugin \"" +
                                        state.plugin().options.name + "\"");
}

BoundExport& whole(BoundHead& head) noexcept { return static_cast<BoundExport&>(head); }

Result<void> rebind(BoundExport& bound) {
    auto again = bound.state->abi().bind(bound.name, bound.params, bound.result);
    if (!again) return fail(std::move(again).error());
    bound.bound = *std::move(again);
    // A raw call's slots are as many as the caller's signature has parameters, one at least: results must fit into them.
    bound.slots = std::max<std::size_t>(1, bound.params.size());
    bound.raw = bound.bound.raw && bound.bound.function.slots <= bound.slots;
    bound.generation = bound.state->generation();
    return {};
}

}  // namespace

Result<std::shared_ptr<BoundHead>> bind(const std::shared_ptr<InstanceState>& state, std::string_view name,
                                          std::span<const Kind> params, Kind result) {
    if (!state) return fail(ErrorCode::closed, "the instance was moved from");
    Gate gate(*state);
    if (!gate) return fail(with_context(*state, name, std::move(gate).error()));
    auto bound = std::make_shared<BoundExport>();
    bound->state = state->shared_from_this();
    bound->name = std::string(name);
    bound->params.assign(params.begin(), params.end());
    bound->result = result;
    if (auto done = rebind(*bound); !done) return fail(with_context(*state, name, std::move(done).error()));
    return bound;
}

namespace {

[[gnu::cold, gnu::noinline]] bool give_up(BoundExport& bound, Error error) noexcept {
    bound.error.emplace(with_context(*bound.state, bound.name, std::move(error)));
    return false;
}

}  // namespace

namespace {

// The guest was cut short in a raw call.
[[gnu::cold, gnu::noinline]] bool stopped(BoundExport& bound, engine::Stop stop) noexcept {
    InstanceState& state = *bound.state;
    state.session().marks.poisoned = true;
    return give_up(bound, abi::error_of_stop(state.store(), stop));
}

// Whatever kept a raw call from being a plain one: the first after a new sandbox, a nested one, fuel, a closed instance.
[[gnu::noinline]] bool call_raw_slowly(BoundExport& bound, engine::RawValue* slots) noexcept {
    InstanceState& state = *bound.state;
    auto entered = state.enter();
    if (!entered) return give_up(bound, std::move(entered).error());
    state.count_call();
    if (bound.generation != state.generation()) {
        auto again = rebind(bound);
        if (again && !bound.raw) again = fail(ErrorCode::internal, "the export is of another type than before");
        if (!again) {
            give_up(bound, std::move(again).error());
            state.leave(*entered);
            return false;
        }
    }
    const engine::Stop stop = state.store().call(bound.bound.function, slots, bound.slots);
    const bool done = stop == engine::Stop::done || stopped(bound, stop);
    state.leave(*entered);
    return done;
}

}  // namespace

bool call_raw(BoundHead& head, engine::RawValue* slots) noexcept {
    BoundExport& bound = whole(head);
    InstanceState& state = *bound.state;
    if (bound.generation != state.generation()) [[unlikely]] return call_raw_slowly(bound, slots);
    engine::Store* store = state.enter_plain();
    if (store == nullptr) [[unlikely]] return call_raw_slowly(bound, slots);
    state.count_call();
    const engine::Stop stop = store->call(bound.bound.function, slots, bound.slots);
    const bool done = stop == engine::Stop::done || stopped(bound, stop);
    state.leave_plain();
    return done;
}

Error take_error(BoundHead& head) noexcept {
    BoundExport& bound = whole(head);
    Error error = bound.error ? *std::move(bound.error) : Error(ErrorCode::internal, "no error was kept");
    bound.error.reset();
    return error;
}

Result<Value> call_bound(BoundHead& head, std::span<const ValueView> arguments) {
    BoundExport& bound = whole(head);
    InstanceState& state = *bound.state;
    Gate gate(state);
    if (!gate) return fail(with_context(state, bound.name, std::move(gate).error()));
    state.count_call();
    if (bound.generation != state.generation()) {
        if (auto again = rebind(bound); !again) return fail(with_context(state, bound.name, std::move(again).error()));
    }
    abi::Reply reply;
    auto value = state.abi().call(bound.bound, arguments, {.name = bound.name}, reply);
    if (!value) return fail(with_context(state, bound.name, std::move(value).error()));
    return value;
}

}  // namespace detail

namespace {

using detail::Gate;
using detail::InstanceState;

Error moved_from() { return Error(ErrorCode::closed, "the instance was moved from"); }

void take_reply(abi::Reply& reply, CallOutcome& outcome) {
    outcome.has_payload = reply.present;
    outcome.payload = std::move(reply.payload);
    outcome.warning = std::move(reply.warning);
    outcome.report = std::move(reply.report);
    if (reply.value.kind() != Kind::none) outcome.value = std::move(reply.value);
}

Result<void> perform_values(InstanceState& state, const CallRequest& request, CallOutcome& outcome) {
    std::vector<Kind> kinds;
    for (const auto& argument : request.arguments) kinds.push_back(argument.kind());
    auto bound = state.abi().bind(request.name, kinds, request.wanted);
    if (!bound) return fail(std::move(bound).error());
    abi::Reply reply;
    reply.present = false;
    auto value = state.abi().call(*bound, request.arguments, {.name = request.name, .payload = request.payload, .options = request.options}, reply);
    take_reply(reply, outcome);
    if (!value) return fail(std::move(value).error());
    outcome.value = *std::move(value);
    return {};
}

// Gives `to` the capacity of `from`; but where `payload` is a view into it, as in a chain of calls, it is kept alive instead.
inline void reuse(Bytes& from, BytesView payload, Bytes& to, Bytes& kept) noexcept {
    const auto offset = reinterpret_cast<std::uintptr_t>(payload.data()) - reinterpret_cast<std::uintptr_t>(from.data());
    if (offset < from.capacity()) [[unlikely]] {
        kept = std::move(from);
        return;
    }
    to = std::move(from);
    to.clear();
}

Result<void> perform_message(InstanceState& state, const CallRequest& request, CallOutcome& outcome) {
    abi::Reply reply;
    Bytes kept;
    reuse(outcome.payload, request.payload, reply.payload, kept);
    auto done = state.abi().invoke({.name = request.name, .payload = request.payload, .options = request.options}, reply);
    take_reply(reply, outcome);
    return done;
}

// The one argument of a message call: text or bytes, or none.
Result<BytesView> payload_of(std::span<const ValueView> arguments) {
    if (arguments.empty()) return BytesView{};
    if (arguments.size() == 1 && arguments[0].kind() == Kind::bytes) return arguments[0].bytes();
    if (arguments.size() == 1 && arguments[0].kind() == Kind::string) return bytes_of(arguments[0].text());
    return fail(ErrorCode::type_mismatch, "the plugin's ABI takes one payload, text or bytes; values need a codec");
}

Result<Value> payload_as(Bytes payload, Kind wanted) {
    switch (wanted) {
        case Kind::none: return Value();
        case Kind::string: return Value(text_of(payload));
        case Kind::bytes:
        case Kind::any: return Value(std::move(payload));
        default:
            return fail(ErrorCode::type_mismatch, "the plugin's ABI answers with a payload, asked for " +
                                                      std::string(to_string(wanted)) + "; values need a codec");
    }
}

}  // namespace

Instance::Instance(std::shared_ptr<InstanceState> state) noexcept : state_(std::move(state)) {}
Instance::Instance(Instance&&) noexcept = default;

Instance& Instance::operator=(Instance&& other) noexcept {
    if (this != &other) {
        if (state_ && state_.use_count() != 0) state_->close();
        state_ = std::move(other.state_);
    }
    return *this;
}

// A handle that owns nothing (what host functions get) has a use count of 0.
Instance::~Instance() {
    if (state_ && state_.use_count() != 0) state_->close();
}

Result<void> Instance::perform(const CallRequest& request, CallOutcome& outcome) {
    if (!state_) return fail(moved_from());
    InstanceState& state = *state_;
    Gate gate(state);
    if (!gate) return fail(detail::with_context(state, request.name, std::move(gate).error()));
    if (request.call_time) {
        if (auto limited = state.limit_call(*request.call_time); !limited) {
            return fail(detail::with_context(state, request.name, std::move(limited).error()));
        }
    }
    state.count_call();
    try {
        auto done = request.form == CallRequest::Form::values ? perform_values(state, request, outcome)
                                                              : perform_message(state, request, outcome);
        if (!done) return fail(detail::with_context(state, request.name, std::move(done).error()));
    } catch (const std::bad_alloc&) {
        return fail(detail::with_context(state, request.name, Error(ErrorCode::io, "the host is out of memory")));
    }
    return {};
}

namespace {

// An operation through the gate; the response is left in `reply`.
Result<void> send(const std::shared_ptr<InstanceState>& to, std::string_view name, BytesView payload, abi::Reply& reply) {
    if (!to) return fail(moved_from());
    InstanceState& state = *to;
    Gate gate(state);
    if (!gate) [[unlikely]] return fail(detail::with_context(state, name, std::move(gate).error()));
    state.count_call();
    auto done = state.abi().invoke({.name = name, .payload = payload}, reply);
    if (!done) [[unlikely]] return fail(detail::with_context(state, name, std::move(done).error()));
    return {};
}

}  // namespace

Result<Bytes> Instance::invoke(std::string_view name, BytesView payload) {
    abi::Reply reply;
    if (auto done = send(state_, name, payload, reply); !done) [[unlikely]] return fail(std::move(done).error());
    return std::move(reply.payload);
}

Result<void> Instance::invoke_into(std::string_view name, BytesView payload, Bytes& response) {
    abi::Reply reply;
    Bytes kept;
    reuse(response, payload, reply.payload, kept);
    auto done = send(state_, name, payload, reply);
    response = std::move(reply.payload);
    if (!done) [[unlikely]] response.clear();
    return done;
}

// The response where the guest has it; of ABIs that cannot lend it, the copy.
Result<void> Instance::lend_output(std::string_view name, BytesView payload, void (*look)(void*, BytesView), void* context) {
    if (!state_) return fail(moved_from());
    InstanceState& state = *state_;
    Gate gate(state);
    if (!gate) [[unlikely]] return fail(detail::with_context(state, name, std::move(gate).error()));
    state.count_call();
    abi::OutputSink sink{.take = look, .context = context};
    abi::Reply reply;
    reply.sink = &sink;
    auto done = state.abi().invoke({.name = name, .payload = payload}, reply);
    if (!done) [[unlikely]] return fail(detail::with_context(state, name, std::move(done).error()));
    if (sink.taken) [[likely]] return {};
    try {
        const abi::Lending lending(state.session());
        look(context, reply.payload);
    } catch (...) {
        return fail(detail::with_context(state, name, detail::error_of_exception()));
    }
    return {};
}

Result<void> Instance::invoke_each(std::string_view name, std::span<const BytesView> payloads,
                                   void (*each)(void*, std::size_t, Result<BytesView>), void* context) {
    if (!state_) return fail(moved_from());
    const auto keep = state_.use_count() != 0 ? state_ : nullptr;   // `each` may let go of this instance
    InstanceState& state = *state_;
    Gate gate(state);
    if (!gate) return fail(detail::with_context(state, name, std::move(gate).error()));
    state.begin_batch();
    abi::Reply reply;
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        auto ready = i == 0 ? Result<void>() : state.enter_again();
        if (ready) {
            state.count_call();
            reply.payload.clear();
            ready = state.abi().invoke({.name = name, .payload = payloads[i]}, reply);
        }
        state.pause();
        if (ready) [[likely]] each(context, i, BytesView(reply.payload));
        else each(context, i, fail(detail::with_context(state, name, std::move(ready).error())));
    }
    return {};
}

Result<std::vector<Result<Bytes>>> Instance::invoke_many(std::string_view name, std::span<const BytesView> payloads) {
    std::vector<Result<Bytes>> outcomes;
    outcomes.reserve(payloads.size());
    auto done = invoke_many(name, payloads, [&outcomes](std::size_t, Result<BytesView> outcome) {
        if (outcome) outcomes.emplace_back(copy_bytes(*outcome));
        else outcomes.emplace_back(std::unexpected(std::move(outcome).error()));
    });
    if (!done) return fail(std::move(done).error());
    return outcomes;
}

Result<Value> Instance::call_values(std::string_view name, std::span<const ValueView> arguments, Kind wanted) {
    if (!state_) return fail(moved_from());
    if (state_->plugin().abi->info().form == AbiForm::messages) {
        auto payload = payload_of(arguments);
        if (!payload) return fail(detail::with_context(*state_, name, std::move(payload).error()));
        auto response = invoke(name, *payload);
        if (!response) return fail(std::move(response).error());
        return payload_as(*std::move(response), wanted);
    }
    CallOutcome outcome;
    auto done = perform({.name = name, .arguments = arguments, .wanted = wanted}, outcome);
    if (!done) return fail(std::move(done).error());
    return std::move(outcome.value);
}

void Instance::interrupt() const noexcept {
    if (state_) state_->interrupt();
}

InterruptHandle Instance::interrupt_handle() const noexcept {
    return InterruptHandle(state_ ? state_->weak_from_this() : std::weak_ptr<InstanceState>());
}

void InterruptHandle::interrupt() const noexcept {
    if (const auto state = state_.lock()) state->interrupt();
}

InstanceUsage Instance::usage() const { return state_ ? state_->usage() : InstanceUsage{}; }

std::uint64_t Instance::id() const noexcept { return state_ ? state_->session().instance_id : 0; }

bool Instance::reusable() const noexcept { return state_ && state_->reusable(); }

Result<void> Instance::close() {
    if (!state_) return fail(moved_from());
    if (state_->in_call()) return fail(ErrorCode::busy, "the instance is in a call");
    state_->close();
    return {};
}

Result<void> Instance::reset() {
    if (!state_) return fail(moved_from());
    return state_->reset();
}

}  // namespace mortise
