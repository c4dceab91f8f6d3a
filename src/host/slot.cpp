#include <mortise/slot.hpp>

#include <mutex>
#include <utility>

namespace mortise {

namespace detail {

class SlotState {
public:
    SlotState(Pool pool, PoolOptions pool_options) : options(std::move(pool_options)), pool_(std::move(pool)) {}

    Pool current() const {
        const std::lock_guard lock(mutex_);
        return pool_;
    }

    /// Puts another pool in place, unless the old one is in use and must not be. Gives the old one.
    Result<Pool> exchange(Pool next, bool only_if_idle) {
        const std::lock_guard lock(mutex_);
        if (closed_) return fail(ErrorCode::closed, "the slot is closed");
        if (only_if_idle && pool_.statistics().leased != 0) return fail(ErrorCode::busy, "the slot's plugin is in a call");
        return std::exchange(pool_, std::move(next));
    }

    void close() noexcept {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        pool_.close();
    }

    const PoolOptions options;

private:
    mutable std::mutex mutex_;   // guards what follows; held for a copy or an exchange, never during a call
    Pool pool_;
    bool closed_ = false;
};

}  // namespace detail

PoolOptions Slot::one_instance() {
    PoolOptions options;
    options.max_instances = 1;
    options.wait = std::chrono::seconds(30);
    return options;
}

namespace {

Result<Pool> started_pool(Plugin plugin, PoolOptions options) {
    if (options.min_instances == 0) options.min_instances = 1;
    return Pool::make(std::move(plugin), std::move(options));
}

}  // namespace

Result<Slot> Slot::make(Plugin plugin, PoolOptions options) {
    auto pool = started_pool(std::move(plugin), options);
    if (!pool) return fail(std::move(pool).error());
    return Slot(std::make_shared<detail::SlotState>(*std::move(pool), std::move(options)));
}

Result<void> Slot::replace(Plugin plugin, Replace how, std::chrono::milliseconds wait) const {
    auto next = started_pool(std::move(plugin), state_->options);
    if (!next) return fail(std::move(next).error());
    auto old = state_->exchange(*std::move(next), how == Replace::if_idle);
    if (!old) return fail(std::move(old).error());
    // Callers that took the old pool before the exchange and wait for its instance are told that it is closed: see invoke.
    old->close();
    if (how == Replace::wait && !old->drain(wait)) {
        return fail(ErrorCode::deadline_exceeded, "the new plugin serves, a call of the old one is still running");
    }
    return {};
}

Result<Lease> Slot::acquire() const {
    for (;;) {
        const Pool pool = state_->current();
        auto lease = pool.acquire();
        if (lease || lease.error().code() != ErrorCode::closed) return lease;
        // Closed by a replacement: the next turn takes its successor. Closed for good: nothing has come after it.
        if (&state_->current().plugin() == &pool.plugin()) return lease;
    }
}

Result<Bytes> Slot::invoke(std::string_view name, BytesView payload) const {
    auto lease = acquire();
    if (!lease) return fail(std::move(lease).error());
    return (*lease)->invoke(name, payload);
}

Result<void> Slot::perform(const CallRequest& request, CallOutcome& outcome) const {
    auto lease = acquire();
    if (!lease) return fail(std::move(lease).error());
    return (*lease)->perform(request, outcome);
}

Plugin Slot::plugin() const { return state_->current().plugin(); }
void Slot::close() const noexcept { state_->close(); }

}  // namespace mortise
