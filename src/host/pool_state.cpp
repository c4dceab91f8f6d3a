#include "host/pool_state.hpp"

#include <time.h>

#include <algorithm>
#include <utility>

#include "host/plugin_state.hpp"

namespace mortise::detail {

namespace {

Error pool_closed() { return Error(ErrorCode::closed, "the pool is closed"); }

std::size_t default_size() { return std::max<std::size_t>(2, 2 * std::size_t{std::thread::hardware_concurrency()}); }

// What a walk over all places still bears.
constexpr std::size_t kMostInstances = 65'536;

// Longer than any process lives, and short enough to be added to a time.
constexpr std::chrono::milliseconds kForever = std::chrono::hours(24 * 365);

// The tidying thread never looks more often.
constexpr std::chrono::milliseconds kLeastRest{10};

PoolOptions with_defaults(PoolOptions options, const Plugin& plugin) {
    if (options.max_instances == 0) options.max_instances = std::max(default_size(), options.min_instances);
    options.idle_time = std::clamp(options.idle_time, std::chrono::milliseconds(0), kForever);
    if (!options.on_return) options.on_return = plugin.state().policy;
    return options;
}

// Milliseconds are all that idle times need: the coarse clock costs a fifth of the exact one.
std::int64_t coarse_now() noexcept {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec * 1'000 + now.tv_nsec / 1'000'000;
}

// Where this thread looks first: the instance that it used last is warm in its caches. Threads get numbers of their own, so that few
// threads do not meet at one place.
std::size_t first_place(std::size_t count) noexcept {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed);
    return mine % count;
}

}  // namespace

// A reason for the slow way as long as it lives; seen by whoever leaves an instance after it was made.
class PoolState::Slowly {
public:
    explicit Slowly(PoolState& pool) noexcept : pool_(pool) { pool_.slow_.fetch_add(1, std::memory_order_seq_cst); }
    ~Slowly() { pool_.slow_.fetch_sub(1, std::memory_order_seq_cst); }
    Slowly(const Slowly&) = delete;
    Slowly& operator=(const Slowly&) = delete;

private:
    PoolState& pool_;
};

PoolState::PoolState(Plugin plugin, PoolOptions options)
    : plugin_(std::move(plugin)),
      options_(with_defaults(std::move(options), plugin_)),
      place_count_(std::max<std::size_t>(1, options_.max_instances)),
      places_(std::make_unique<Place[]>(place_count_)) {}

PoolState::~PoolState() = default;   // retired before: no thread, nothing idle

PoolState::Item PoolState::take_idle() noexcept {
    const std::size_t first = first_place(place_count_);
    for (std::size_t i = 0; i < place_count_; ++i) {
        Place& place = places_[(first + i) % place_count_];
        if (place.item.load(std::memory_order_seq_cst) == nullptr) continue;
        if (PooledInstance* item = place.item.exchange(nullptr, std::memory_order_seq_cst)) {
            place.leases.fetch_add(1, std::memory_order_relaxed);
            return Item(item);
        }
    }
    return nullptr;
}

// There are as many places as instances may exist, so one is free; not found only if others change theirs meanwhile.
bool PoolState::leave_idle(PooledInstance* item) noexcept {
    const std::size_t first = first_place(place_count_);
    for (std::size_t i = 0; i < 4 * place_count_; ++i) {
        Place& place = places_[(first + i) % place_count_];
        if (place.item.load(std::memory_order_relaxed) != nullptr) continue;
        place.since.store(coarse_now(), std::memory_order_relaxed);
        PooledInstance* nothing = nullptr;
        if (place.item.compare_exchange_strong(nothing, item, std::memory_order_seq_cst)) return true;
    }
    return false;
}

std::size_t PoolState::idle_count() const noexcept {
    std::size_t count = 0;
    for (std::size_t i = 0; i < place_count_; ++i) count += places_[i].item.load(std::memory_order_seq_cst) != nullptr ? 1 : 0;
    return count;
}

Result<PoolState::Item> PoolState::make_one() {
    auto instance = plugin_.instantiate(options_.instance);
    if (!instance) return fail(std::move(instance).error());
    const std::lock_guard lock(mutex_);
    ++counted_.made;
    return Item(new PooledInstance{*std::move(instance), shared_from_this()});
}

Result<void> PoolState::fill() {
    if (options_.min_instances > options_.max_instances) {
        return fail(ErrorCode::invalid_argument, "the pool's minimum of instances is above its maximum");
    }
    for (std::size_t i = 0; i < options_.min_instances; ++i) {
        auto item = make_one();
        if (!item) return fail(std::move(item).error());
        const std::lock_guard lock(mutex_);
        ++existing_;
        if (leave_idle(item->get())) static_cast<void>(item->release());
    }
    return {};
}

Result<Lease> PoolState::acquire(std::chrono::milliseconds wait) {
    if (slow_.load(std::memory_order_seq_cst) == 0) [[likely]] {
        if (Item item = take_idle()) [[likely]] return lease(std::move(item));
    }
    auto item = acquire_slowly(wait);
    if (!item) return fail(std::move(item).error());
    return lease(*std::move(item));
}

Result<PoolState::Item> PoolState::acquire_slowly(std::chrono::milliseconds wait) {
    const Slowly slowly(*this);
    Item item;
    std::vector<Item> stale;   // dropped after the lock is free
    {
        std::unique_lock lock(mutex_);
        if (closed_) return fail(pool_closed());
        if (waiting_.empty()) {
            stale = take_stale();
            item = take_idle();
        }
        if (!item && waiting_.empty() && existing_ < options_.max_instances) {
            ++existing_;
            start_tidying();
        } else if (!item) {
            auto served = wait_in_line(lock, std::chrono::steady_clock::now() + std::min(wait, kForever), item);
            if (!served) return fail(std::move(served).error());
        }
        if (!item) ++counted_.leases;   // the others are counted where they are taken
    }
    if (item) return item;
    auto made = make_one();
    if (made) return made;
    const std::lock_guard lock(mutex_);
    --counted_.leases;
    free_place();
    return made;
}

// `item` stays empty if the caller got a place to make one in.
Result<void> PoolState::wait_in_line(std::unique_lock<std::mutex>& lock, Time until, Item& item) {
    Waiter me;
    waiting_.push_back(&me);
    if (!me.wake.wait_until(lock, until, [&me] { return me.served; })) {
        waiting_.remove(&me);
        ++counted_.refused;
        return fail(ErrorCode::busy, "all " + std::to_string(options_.max_instances) + " instances of the pool are in use");
    }
    if (!me.item && !me.may_make) return fail(pool_closed());
    item = std::move(me.item);
    return {};
}

Result<Lease> PoolState::lease(Item item) {
    if (options_.before_lease) {
        auto ready = [&]() -> Result<void> {
            try {
                return options_.before_lease(item->instance);
            } catch (...) {
                return fail(error_of_exception());
            }
        }();
        if (!ready) {
            give_back(item.release(), false);
            return fail(std::move(ready).error().add_context("while preparing an instance of the pool"));
        }
    }
    return Lease(item.release());
}

void PoolState::give_back(PooledInstance* returned, bool usable) noexcept {
    Item item(returned);
    PoolState& pool = *item->pool;
    if (usable && item->instance.reusable() && pool.made_ready(item->instance)) [[likely]] {
        if (pool.leave_plainly(item)) [[likely]] return;
        const auto keep = item->pool;   // the item may be the pool's last holder
        if (pool.leave_idle(item.get())) {
            static_cast<void>(item.release());
            return pool.serve_waiters();
        }
    }
    const auto keep = std::move(item->pool);
    item.reset();
    const std::lock_guard lock(pool.mutex_);
    ++pool.counted_.dropped;
    pool.free_place();
}

// Once the item lies in its place somebody else may take it, and with it what keeps the pool alive: `retire` waits for all who are here.
bool PoolState::leave_plainly(Item& item) noexcept {
    std::atomic<std::uint32_t>& leaving = places_[first_place(place_count_)].leaving;
    leaving.fetch_add(1, std::memory_order_seq_cst);
    const bool left = slow_.load(std::memory_order_seq_cst) == 0 && leave_idle(item.get());
    if (left) [[likely]] {
        static_cast<void>(item.release());
        if (slow_.load(std::memory_order_seq_cst) != 0) [[unlikely]] serve_waiters();
    }
    leaving.fetch_sub(1, std::memory_order_release);
    return left;
}

void PoolState::serve_waiters() noexcept {
    std::vector<Item> gone;
    const std::lock_guard lock(mutex_);
    serve_waiters(gone);
}

// Hands idle instances to whoever waits, or out of a closed pool. `gone` is to be dropped after the lock is free.
void PoolState::serve_waiters(std::vector<Item>& gone) noexcept {
    while (closed_ || !waiting_.empty()) {
        Item item = take_idle();
        if (!item) break;
        if (closed_) {
            gone.push_back(std::move(item));
            --existing_;
            ++counted_.dropped;
            continue;
        }
        Waiter* next = waiting_.front();
        waiting_.pop_front();
        next->item = std::move(item);
        next->served = true;
        next->wake.notify_one();
    }
    if (existing_ == idle_count()) all_back_.notify_all();
}

void PoolState::free_place() noexcept {
    if (!closed_ && !waiting_.empty()) {
        Waiter* next = waiting_.front();   // takes the place over, so existing_ stays
        waiting_.pop_front();
        next->may_make = true;
        next->served = true;
        next->wake.notify_one();
        return;
    }
    --existing_;
    if (existing_ == idle_count()) all_back_.notify_all();
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

std::vector<PoolState::Item> PoolState::take_stale() noexcept {
    std::vector<Item> stale;
    if (!waiting_.empty()) return stale;   // what lies there was left for the first in line, by somebody who will say so next
    const std::int64_t now = coarse_now();
    for (std::size_t i = 0; i < place_count_ && existing_ > options_.min_instances; ++i) {
        Place& place = places_[i];
        if (place.item.load(std::memory_order_relaxed) == nullptr) continue;
        if (now - place.since.load(std::memory_order_relaxed) < options_.idle_time.count()) continue;
        Item item(place.item.exchange(nullptr, std::memory_order_seq_cst));
        if (!item) continue;   // leased at this moment
        stale.push_back(std::move(item));
        --existing_;
        ++counted_.dropped;
    }
    return stale;
}

void PoolState::start_tidying() noexcept {
    if (existing_ <= options_.min_instances || options_.idle_time == kForever) return;
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
        if (existing_ <= options_.min_instances) {
            tidier_rests_ = true;
            tidy_wake_.wait(lock);
            tidier_rests_ = false;
            continue;
        }
        std::int64_t oldest = coarse_now();
        for (std::size_t i = 0; i < place_count_; ++i) {
            if (places_[i].item.load(std::memory_order_relaxed) == nullptr) continue;
            oldest = std::min(oldest, places_[i].since.load(std::memory_order_relaxed));
        }
        const std::chrono::milliseconds due(oldest + options_.idle_time.count() - coarse_now());
        tidy_wake_.wait_for(lock, std::max(due, kLeastRest));
        if (ending_) return;
        auto stale = take_stale();
        lock.unlock();
        stale.clear();
        lock.lock();
    }
}

void PoolState::shrink() noexcept {
    std::vector<Item> stale;
    const std::lock_guard lock(mutex_);
    stale = take_stale();
}

void PoolState::close() noexcept {
    std::vector<Item> gone;
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    slow_.fetch_add(1, std::memory_order_seq_cst);   // for good
    closed_ = true;
    serve_waiters(gone);
    for (Waiter* waiter : waiting_) {
        waiter->served = true;
        waiter->wake.notify_one();
    }
    waiting_.clear();
}

void PoolState::retire() noexcept {
    close();
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    tidy_wake_.notify_one();
    if (tidier_.joinable()) tidier_.join();
    for (std::size_t i = 0; i < place_count_; ++i) {
        while (places_[i].leaving.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
    }
}

bool PoolState::drain(std::chrono::milliseconds wait) {
    const Slowly slowly(*this);
    std::unique_lock lock(mutex_);
    return all_back_.wait_for(lock, std::min(wait, kForever), [this] { return existing_ == idle_count(); });
}

PoolStatistics PoolState::statistics() const {
    const std::lock_guard lock(mutex_);
    PoolStatistics now = counted_;
    now.idle = idle_count();
    now.leased = existing_ - std::min(existing_, now.idle);
    now.waiting = waiting_.size();
    for (std::size_t i = 0; i < place_count_; ++i) now.leases += places_[i].leases.load(std::memory_order_relaxed);
    return now;
}

}  // namespace mortise::detail

namespace mortise {

Lease::Lease(detail::PooledInstance* item) noexcept : item_(item), instance_(&item->instance) {}

Lease& Lease::operator=(Lease&& other) noexcept {
    if (this != &other) {
        if (item_ != nullptr) detail::PoolState::give_back(item_, true);
        item_ = std::exchange(other.item_, nullptr);
        instance_ = std::exchange(other.instance_, nullptr);
    }
    return *this;
}

Lease::~Lease() {
    if (item_ != nullptr) detail::PoolState::give_back(item_, true);
}

void Lease::discard() noexcept {
    instance_ = nullptr;
    if (item_ != nullptr) detail::PoolState::give_back(std::exchange(item_, nullptr), false);
}

Result<Pool> Pool::make(Plugin plugin, PoolOptions options) {
    if (std::max(options.max_instances, options.min_instances) > detail::kMostInstances) {
        return fail(ErrorCode::invalid_argument, "a pool has at most " + std::to_string(detail::kMostInstances) + " instances");
    }
    auto state = std::make_shared<detail::PoolState>(std::move(plugin), std::move(options));
    // Instances hold the pool, and the pool holds those that are idle: the last handle to go ends that circle.
    detail::PoolState* const bare = state.get();
    std::shared_ptr<detail::PoolState> handle(bare, [state = std::move(state)](detail::PoolState*) { state->retire(); });
    if (auto filled = handle->fill(); !filled) return fail(std::move(filled).error());
    return Pool(std::move(handle));
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
