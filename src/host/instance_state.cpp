#include "host/instance_state.hpp"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

namespace mortise::detail {

namespace {

// Instances count through the whole process, so that a log line or an observer tells them apart whatever made them.
std::atomic<std::uint64_t> next_id{1};

// The deadline between two records of a batch, while no guest code runs. No call has it.
constexpr std::uint64_t kPaused = UINT64_MAX;

Error cannot_stop() {
    return Error(ErrorCode::invalid_argument,
                 "a time limit for a plugin whose code cannot be stopped: it was loaded without time limits and not as interruptible");
}

}  // namespace

InstanceState::InstanceState(std::shared_ptr<const PluginState> plugin, InstanceOptions options)
    : plugin_(std::move(plugin)),
      options_(std::move(options)),
      observer_(options_.observer            ? options_.observer
                : plugin_->options.observer ? plugin_->options.observer
                                            : plugin_->runtime->options().observer),
      now_(&plugin_->runtime->clock().now()),
      call_ticks_(options_.call_time ? plugin_->runtime->clock().ticks(*options_.call_time) : plugin_->call_ticks),
      handle_(std::shared_ptr<InstanceState>(std::shared_ptr<void>(), this)) {
    session_.instance_id = next_id.fetch_add(1, std::memory_order_relaxed);
    session_.limits = &plugin_->options.limits;
    session_.observer = observer_.get();
    session_.handle = &handle_;
    if (plugin_->observer() != nullptr) session_.timing = &timing_;
}

Result<std::shared_ptr<InstanceState>> InstanceState::make(std::shared_ptr<const PluginState> plugin, InstanceOptions options) {
    if ((options.call_time || options.start_time) && !plugin->stoppable) return fail(cannot_stop());
    std::shared_ptr<InstanceState> state(new InstanceState(std::move(plugin), std::move(options)));
    try {
        state->living_.emplace(state->plugin_->runtime->clock());
    } catch (const std::system_error& error) {
        return fail(ErrorCode::io, std::string("the clock of the time limits cannot start a thread: ") + error.what());
    }
    state->owner_.store(this_thread(), std::memory_order_relaxed);   // start-up code may call host functions that call back
    auto built = state->build();
    state->owner_.store(state->idle(), std::memory_order_release);
    if (built) return state;
    state->close();   // start-up code may have had functions bound, which keep this object
    return fail(std::move(built).error());
}

InstanceState::~InstanceState() { drop(); }   // store_ outlives what hangs on it

void InstanceState::drop() noexcept {
    abi_.reset();
    std::unique_ptr<engine::Store> old;
    {
        const std::lock_guard lock(store_mutex_);
        old = std::move(store_);
    }
    old.reset();
    wasi_.reset();
}

Result<void> InstanceState::build() {
    drop();
    ++generation_;
    calls_when_built_ = calls_;
    attention_ = true;   // until it stands: a sandbox that could not be made must not be entered
    session_.marks.poisoned = false;
    failed_ = false;
    refill_log();

    // A sandbox of its own may show start-up code another world than the one that the snapshot was taken in.
    const Image& image = plugin_->snapshot && !options_.sandbox ? *plugin_->snapshot : *plugin_->image;
    const engine::Module& code = image.code();
    session_.started = image.started;
    session_.start_export = image.start_export;
    auto store = code.new_store(plugin_->store_limits);
    if (!store) return fail(std::move(store).error());
    {
        const std::lock_guard lock(store_mutex_);
        store_ = *std::move(store);
        if (asked_.load(std::memory_order_relaxed)) store_->interrupt.store(1, std::memory_order_relaxed);   // ends the start-up
    }
    store_->clock = now_;
    store_->session = &session_;
    const Sandbox& sandbox = options_.sandbox ? *options_.sandbox : plugin_->options.sandbox;
    session_.random = host::random_of(sandbox);
    session_.rehearsal = plugin_->rehearsal;
    if (plugin_->wants_wasi) {
        auto world = host::make_wasi_world(sandbox, plugin_->options.limits, plugin_->prepared.wasi, session_);
        if (!world) return fail(std::move(world).error());
        wasi_ = *std::move(world);
        host::attach_wasi(*store_, *wasi_);
    }
    auto instance = store_->instantiate(code);
    if (!instance) return fail(std::move(instance).error());
    auto attached = plugin_->abi->attach(plugin_->prepared, image.info, *store_, *instance, session_);
    if (!attached) return fail(std::move(attached).error());
    abi_ = *std::move(attached);

    const auto start_ticks = options_.start_time ? plugin_->runtime->clock().ticks(*options_.start_time) : plugin_->start_ticks;
    store_->deadline = now_->load(std::memory_order_relaxed) + start_ticks;
    if (plugin_->options.limits.fuel) {
        if (auto set = store_->set_fuel(*plugin_->options.limits.fuel); !set) return set;
    }
    if (session_.timing != nullptr) timing_.begin();
    auto started = abi_->start();
    if (session_.timing != nullptr) timing_.end();
    if (wasi_) host::flush_wasi(*wasi_);
    session_.marks.ending = wasi_ || closing_;
    refill_log();
    attention_ = closed_ || plugin_->policy != InstancePolicy::kept || plugin_->options.limits.fuel || session_.timing != nullptr;
    if (!started) {
        session_.marks.poisoned = true;
        attention_ = true;
        return fail(std::move(started).error().add_context("while starting plugin \"" + plugin_->options.name + "\""));
    }
    return {};
}

Result<std::uint64_t> InstanceState::enter() {
    const auto me = this_thread();
    if (!take(me, kNobody) && !take(me, kAttention)) {
        if (owner_.load(std::memory_order_relaxed) == me) return enter_nested();
        return fail(ErrorCode::busy, "another thread is using the instance");
    }
    // An interrupt that comes from now on counts; nobody can know of this call yet.
    if (store_) store_->interrupt.store(0, std::memory_order_relaxed);
    asked_.store(false, std::memory_order_relaxed);
    auto ready = ready_for_call();
    if (ready) {
        if (session_.timing != nullptr) timing_.begin();
        return UINT64_MAX;
    }
    owner_.store(idle(), std::memory_order_release);
    return fail(std::move(ready).error());
}

Result<void> InstanceState::ready_for_call() {
    if (auto ready = prepare_entry(); !ready) return ready;
    if (asked_.load(std::memory_order_relaxed)) return fail(ErrorCode::cancelled, "the call was interrupted before it began");
    arm_again(*store_);
    if (plugin_->options.limits.fuel) return store_->set_fuel(*plugin_->options.limits.fuel);
    return {};
}

Result<void> InstanceState::limit_call(std::chrono::milliseconds time) {
    if (!plugin_->stoppable) return fail(cannot_stop());
    const std::uint64_t until = now_->load(std::memory_order_relaxed) + plugin_->runtime->clock().ticks(time);
    store_->deadline = nested_ != 0 ? std::min(store_->deadline, until) : until;
    return {};
}

// The batch may have begun with a plain call, which leaves the mark of an earlier interrupt.
void InstanceState::begin_batch() noexcept {
    if (nested_ == 0) asked_.store(store_->interrupt.load(std::memory_order_relaxed) != 0, std::memory_order_relaxed);
}

void InstanceState::pause() noexcept {
    if (session_.timing != nullptr) timing_.pass_to(nested_ != 0 ? abi::Timing::In::host : abi::Timing::In::elsewhere);
    if (nested_ == 0 && store_) store_->deadline = kPaused;   // a call from here has all of its own time
}

Result<void> InstanceState::enter_again() {
    if (wasi_ && nested_ == 0) host::flush_wasi(*wasi_);
    if (closed_) return fail(ErrorCode::closed, "the instance was closed during the batch");
    const bool interrupted = store_ && store_->interrupt.load(std::memory_order_relaxed) != 0;
    if (interrupted) asked_.store(true, std::memory_order_relaxed);
    if (nested_ != 0 && session_.marks.poisoned) {
        return fail(ErrorCode::poisoned, "an earlier record failed; the instance ends with the outer call");
    }
    if (nested_ != 0 ? interrupted : asked_.load(std::memory_order_relaxed)) {
        return fail(ErrorCode::cancelled, "the batch was interrupted");
    }
    if (nested_ == 0) {
        if (session_.marks.logged) refill_log();
        if (auto ready = ready_for_call(); !ready) return ready;
    }
    if (session_.timing != nullptr) timing_.pass_to(abi::Timing::In::guest);
    return {};
}

// The instance is idle and this thread is inside the gate, but a plain call is not possible.
Result<void> InstanceState::prepare_entry() {
    if (closed_) return fail(ErrorCode::closed, "the instance is closed");
    if (session_.marks.poisoned || abi_ == nullptr) {
        if (plugin_->after_failure == AfterFailure::fail) {
            return fail(ErrorCode::poisoned, "the instance failed before, and its policy forbids further use");
        }
        if (plugin_->after_failure == AfterFailure::reuse && abi_ != nullptr) {
            session_.marks.poisoned = false;
            failed_ = true;
        } else {
            return build();
        }
    }
    if (plugin_->policy != InstancePolicy::kept && calls_ != calls_when_built_) return build();
    return {};
}

// From inside a host function of this instance, on its own thread.
Result<std::uint64_t> InstanceState::enter_nested() {
    if (closed_) return fail(ErrorCode::closed, "the instance is closed");
    if (!plugin_->abi->info().nested_calls) {
        return fail(ErrorCode::not_reentrant, "ABI " + plugin_->abi->info().name + " has no nested calls");
    }
    auto engine = plugin_->runtime->engine();
    if (!engine || !(*engine)->info().capabilities.nested_calls) {
        return fail(ErrorCode::not_reentrant, "the engine has no nested calls");
    }
    if (nested_ + 1 >= plugin_->options.limits.call_depth) {
        return fail(ErrorCode::not_reentrant, "calls are nested more deeply than the limit of " +
                                                  std::to_string(plugin_->options.limits.call_depth));
    }
    if (abi_ == nullptr) return fail(ErrorCode::not_reentrant, "the instance has not started yet");
    if (session_.lending) return fail(ErrorCode::not_reentrant, "the instance lends its output: it cannot be called meanwhile");
    if (session_.marks.poisoned) return fail(ErrorCode::poisoned, "an inner call failed; the instance ends with the outer one");
    const std::uint64_t outer = store_->deadline;
    if (session_.timing != nullptr) timing_.pass_to(abi::Timing::In::guest);
    ++nested_;
    store_->deadline = std::min(outer, now_->load(std::memory_order_relaxed) + call_ticks_);
    return outer;
}

void InstanceState::leave(std::uint64_t outer_deadline) noexcept {
    if (nested_ == 0) return leave_slowly();
    --nested_;
    if (session_.timing != nullptr) timing_.pass_to(outer_deadline == kPaused ? abi::Timing::In::elsewhere : abi::Timing::In::host);
    store_->deadline = outer_deadline;
}

void InstanceState::refill_log() noexcept {
    session_.log_left = plugin_->options.limits.log_bytes;
    session_.log_cut = false;
    session_.marks.logged = false;
}

// A call ended that failed, left output behind, or whose instance was let go of meanwhile; or it was no plain one.
void InstanceState::leave_slowly() noexcept {
    if (session_.timing != nullptr) timing_.end();
    if (wasi_) host::flush_wasi(*wasi_);
    if (session_.marks.logged) refill_log();
    if (!closing_) {
        owner_.store(idle(), std::memory_order_release);
        return;
    }
    closing_ = false;
    drop();
    living_.reset();
    session_.marks.ending = false;
    owner_.store(idle(), std::memory_order_release);
    const auto last = std::move(keep_);   // may be the end of this object
}

void InstanceState::interrupt() noexcept {
    const std::lock_guard lock(store_mutex_);
    if (!in_call()) return;
    asked_.store(true, std::memory_order_relaxed);   // a new sandbox may be on its way, which knows nothing of it
    if (!store_) return;
    store_->interrupt.store(1, std::memory_order_relaxed);
    store_->wake();
}

InstanceUsage InstanceState::usage() const {
    InstanceUsage usage;
    usage.calls = calls_;
    usage.guest_time = timing_.guest();
    usage.host_time = timing_.host();
    if (!store_) return usage;
    usage.memory_bytes = store_->memory_bytes();
    usage.memory_peak_bytes = store_->memory_peak_bytes();
    if (const auto fuel = plugin_->options.limits.fuel) usage.fuel = *fuel - std::min(*fuel, store_->fuel_left());
    return usage;
}

Result<void> InstanceState::reset() {
    if (in_call()) return fail(ErrorCode::busy, "the instance is in a call");
    if (closed_) return fail(ErrorCode::closed, "the instance is closed");
    owner_.store(this_thread(), std::memory_order_relaxed);
    asked_.store(false, std::memory_order_relaxed);
    auto built = build();
    owner_.store(idle(), std::memory_order_release);
    return built;
}

void InstanceState::close() noexcept {
    closed_ = true;
    attention_ = true;
    if (in_call()) {
        closing_ = true;
        session_.marks.ending = true;
        keep_ = shared_from_this();
        return;
    }
    owner_.store(kAttention, std::memory_order_relaxed);
    drop();
    living_.reset();
}

}  // namespace mortise::detail
