#include "host/pool_state.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "host/plugin_state.hpp"

namespace mortise::detail {

namespace {

Error pool_closed() { return Error(ErrorCode::closed, "the pool is closed"); }

std::size_t default_size() { return std::max<std::size_t>(2, 2 * std::size_t{std::thread::hardware_concurrency()}); }

// Longer than any process lives, and short enough to be added to a time.
constexpr std::chrono::milliseconds kForever = std::chrono::hours(24 * 365);

PoolOptions with_defaults(PoolOptions options, const Plugin& plugin) {
    if (options.max_instances == 0) options.max_instances = std::max(default_size(), options.min_instances);
    options.idle_time = std::clamp(options.idle_time, std::chrono::milliseconds(0), kForever);
    if (!options.on_return) options.on_return = plugin.state().policy;
    return options;
}

}  // namespace

PoolState::PoolState(Plugin plugin, PoolOptions options)
    : plugin_(std::move(plugin)), options_(with_defaults(std::move(options), plugin_)) {}

PoolState::~PoolState() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    tidy_wake_.notify_one();
    if (tidier_.joinable()) tidier_.join();
}

Result<std::unique_ptr<Instance>> PoolState::make_one() {
    auto instance = plugin_.instantiate(options_.instance);
    if (!instance) return fail(std::move(instance).error());
    const std::lock_guard lock(mutex_);
    ++counted_.made;
    return std::make_unique<Instance>(*std::move(instance));
}

Result<void> PoolState::fill() {
    if (options_.min_instances > options_.max_instances) {
        return fail(ErrorCode::invalid_argument, "the pool's minimum of instances is above its maximum");
    }
    for (std::size_t i = 0; i < options_.min_instances; ++i) {
        auto instance = make_one();
        if (!instance) return fail(std::move(instance).error());
        const std::lock_guard lock(mutex_);
        idle_.push_back({*std::move(instance), std::chrono::steady_clock::now()});
    }
    return {};
}

Result<Lease> PoolState::acquire(std::chrono::milliseconds wait) {
    const auto now = std::chrono::steady_clock::now();
    std::unique_ptr<Instance> instance;
    std::vector<Idle> stale;   // dropped after the lock is free
    {
        std::unique_lock lock(mutex_);
        if (closed_) return fail(pool_closed());
        stale = take_stale(now);
        if (waiting_.empty() && !idle_.empty()) {
            instance = std::move(idle_.back().instance);
            idle_.pop_back();
            ++leased_;
        } else if (waiting_.empty() && leased_ + idle_.size() < options_.max_instances) {
            ++leased_;
        } else {
            auto served = wait_in_line(lock, now + std::min(wait, kForever), instance);
            if (!served) return fail(std::move(served).error());
        }
        ++counted_.leases;
    }
    if (!instance) {
        auto made = make_one();
        if (!made) {
            free_place();
            return fail(std::move(made).error());
        }
        instance = *std::move(made);
    }
    return lease(std::move(instance));
}

// `instance` stays empty if the caller got a place to make one in.
Result<void> PoolState::wait_in_line(std::unique_lock<std::mutex>& lock, Time until, std::unique_ptr<Instance>& instance) {
    Waiter me;
    waiting_.push_back(&me);
    if (!me.wake.wait_until(lock, until, [&me] { return me.served; })) {
        waiting_.remove(&me);
        ++counted_.refused;
        return fail(ErrorCode::busy, "all " + std::to_string(options_.max_instances) + " instances of the pool are in use");
    }
    if (!me.instance && !me.may_make) return fail(pool_closed());
    instance = std::move(me.instance);   // its place was counted by whoever gave it
    return {};
}

Result<Lease> PoolState::lease(std::unique_ptr<Instance> instance) {
    if (options_.before_lease) {
        auto ready = [&]() -> Result<void> {
            try {
                return options_.before_lease(*instance);
            } catch (...) {
                return fail(error_of_exception());
            }
        }();
        if (!ready) {
            give_back(std::move(instance), false);
            return fail(std::move(ready).error().add_context("while preparing an instance of the pool"));
        }
    }
    return Lease(shared_from_this(), std::move(instance));
}

void PoolState::give_back(std::unique_ptr<Instance> instance, bool usable) noexcept {
    usable = usable && instance->reusable() && made_ready(*instance);
    if (usable) {
        const std::lock_guard lock(mutex_);
        if (!closed_) {
            if (waiting_.empty()) {
                --leased_;
                idle_.push_back({std::move(instance), std::chrono::steady_clock::now()});
                if (leased_ == 0) all_back_.notify_all();
                start_tidying();
                return;
            }
            Waiter* next = waiting_.front();
            waiting_.pop_front();
            next->instance = std::move(instance);
            next->served = true;
            next->wake.notify_one();
            return;
        }
    }
    instance.reset();
    {
        const std::lock_guard lock(mutex_);
        ++counted_.dropped;
    }
    free_place();
}

void PoolState::free_place() noexcept {
    const std::lock_guard lock(mutex_);
    if (!closed_ && !waiting_.empty()) {
        Waiter* next = waiting_.front();   // takes the place over, so leased_ stays
        waiting_.pop_front();
        next->may_make = true;
        next->served = true;
        next->wake.notify_one();
        return;
    }
    if (--leased_ == 0) all_back_.notify_all();
}

std::vector<PoolState::Idle> PoolState::take_stale(Time now) noexcept {
    std::vector<Idle> stale;
    while (!idle_.empty() && idle_.size() + leased_ > options_.min_instances && now - idle_.front().since >= options_.idle_time) {
        stale.push_back(std::move(idle_.front()));
        idle_.pop_front();
        ++counted_.dropped;
    }
    return stale;
}

bool PoolState::made_ready(Instance& instance) noexcept {
    if (options_.on_return == InstancePolicy::kept) return true;
    if (options_.on_return == InstancePolicy::fresh) return false;
    try {
        if (!instance.reset()) return false;
    } catch (...) {
        return false;
    }
    const std::lock_guard lock(mutex_);
    ++counted_.reset;
    return true;
}

void PoolState::start_tidying() noexcept {
    if (idle_.size() + leased_ <= options_.min_instances) return;
    if (tidier_rests_) return tidy_wake_.notify_one();
    if (tidier_.joinable()) return;
    try {
        tidier_ = std::thread(&PoolState::tidy, this);
    } catch (...) {   // no thread to be had: what lies idle goes at the next use
    }
}

void PoolState::tidy() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
        if (idle_.empty() || idle_.size() + leased_ <= options_.min_instances) {
            tidier_rests_ = true;
            tidy_wake_.wait(lock);
            tidier_rests_ = false;
            continue;
        }
        const auto due = idle_.front().since + options_.idle_time;
        const auto now = std::chrono::steady_clock::now();
        if (now < due) {
            tidy_wake_.wait_until(lock, due);
            continue;
        }
        auto stale = take_stale(now);
        lock.unlock();
        stale.clear();
        lock.lock();
    }
}

void PoolState::shrink() noexcept {
    std::vector<Idle> stale;
    const std::lock_guard lock(mutex_);
    stale = take_stale(std::chrono::steady_clock::now());
}

void PoolState::close() noexcept {
    std::deque<Idle> gone;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    gone.swap(idle_);
    counted_.dropped += gone.size();
    for (Waiter* waiter : waiting_) {
        waiter->served = true;
        waiter->wake.notify_one();
    }
    waiting_.clear();
}

bool PoolState::drain(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    return all_back_.wait_for(lock, wait, [this] { return leased_ == 0; });
}

PoolStatistics PoolState::statistics() const {
    const std::lock_guard lock(mutex_);
    PoolStatistics now = counted_;
    now.leased = leased_;
    now.idle = idle_.size();
    now.waiting = waiting_.size();
    return now;
}

}  // namespace mortise::detail

namespace mortise {

Lease::Lease(std::shared_ptr<detail::PoolState> pool, std::unique_ptr<Instance> instance) noexcept
    : pool_(std::move(pool)), instance_(std::move(instance)) {}

Lease::Lease(Lease&&) noexcept = default;

Lease& Lease::operator=(Lease&& other) noexcept {
    if (this != &other) {
        if (instance_) pool_->give_back(std::move(instance_), true);
        pool_ = std::move(other.pool_);
        instance_ = std::move(other.instance_);
    }
    return *this;
}

Lease::~Lease() {
    if (instance_) pool_->give_back(std::move(instance_), true);
}

void Lease::discard() noexcept {
    if (instance_) pool_->give_back(std::move(instance_), false);
}

Result<Pool> Pool::make(Plugin plugin, PoolOptions options) {
    auto state = std::make_shared<detail::PoolState>(std::move(plugin), std::move(options));
    if (auto filled = state->fill(); !filled) return fail(std::move(filled).error());
    return Pool(std::move(state));
}

Result<Lease> Pool::acquire() const { return state_->acquire(state_->options().wait); }
Result<Lease> Pool::acquire(std::chrono::milliseconds wait) const { return state_->acquire(wait); }

Result<Bytes> Pool::invoke(std::string_view name, BytesView payload) const {
    auto lease = acquire();
    if (!lease) return fail(std::move(lease).error());
    return (*lease)->invoke(name, payload);
}

Result<void> Pool::perform(const CallRequest& request, CallOutcome& outcome) const {
    auto lease = acquire();
    if (!lease) return fail(std::move(lease).error());
    return (*lease)->perform(request, outcome);
}

PoolStatistics Pool::statistics() const { return state_->statistics(); }
void Pool::shrink() const { state_->shrink(); }
void Pool::close() const noexcept { state_->close(); }
bool Pool::drain(std::chrono::milliseconds wait) const { return state_->drain(wait); }
const Plugin& Pool::plugin() const noexcept { return state_->plugin(); }

}  // namespace mortise
