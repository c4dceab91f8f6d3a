#include "host/pool_state.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "host/instance_state.hpp"
#include "host/plugin_state.hpp"

namespace mortise::detail {

namespace {

Error pool_closed() { return Error(ErrorCode::closed, "the pool is closed"); }

std::size_t default_size() { return std::max<std::size_t>(2, 2 * std::size_t{std::thread::hardware_concurrency()}); }

// What a walk over all places still bears.
constexpr std::size_t kMostInstances = 65'536;

std::chrono::milliseconds in_bounds(std::chrono::milliseconds wait) noexcept {
    return std::clamp(wait, std::chrono::milliseconds(0), kForever);
}

PoolOptions with_defaults(PoolOptions options, const Plugin& plugin) {
    if (options.max_instances == 0) options.max_instances = std::max(default_size(), options.min_instances);
    options.idle_time = in_bounds(options.idle_time);
    if (!options.on_return) options.on_return = plugin.state().policy;
    return options;
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

// A place that is counted and has no instance yet: it goes to the next in line unless it gets one, whatever is thrown meanwhile.
class PoolState::Unfilled {
public:
    explicit Unfilled(PoolState& pool) noexcept : pool_(pool) {}
    ~Unfilled() {
        if (filled_) return;
        const std::lock_guard lock(pool_.mutex_);
        pool_.free_place();
    }
    Unfilled(const Unfilled&) = delete;
    Unfilled& operator=(const Unfilled&) = delete;
    void fill() noexcept { filled_ = true; }

private:
    PoolState& pool_;
    bool filled_ = false;
};

std::size_t PoolState::Line::size() const noexcept {
    std::size_t count = 0;
    for (const Waiter* waiter = first_; waiter != nullptr; waiter = waiter->next) ++count;
    return count;
}

void PoolState::Line::add(Waiter& waiter) noexcept {
    (last_ != nullptr ? last_->next : first_) = &waiter;
    last_ = &waiter;
}

void PoolState::Line::remove(const Waiter& waiter) noexcept {
    Waiter* before = nullptr;
    for (Waiter* at = first_; at != &waiter; at = at->next) before = at;
    (before != nullptr ? before->next : first_) = waiter.next;
    if (last_ == &waiter) last_ = before;
}

PoolState::Waiter* PoolState::Line::take_first() noexcept {
    Waiter* const first = first_;
    if (first != nullptr) remove(*first);
    return first;
}

void PoolState::Outgoing::add(Item item) noexcept {
    item->next = first_;
    first_ = item.release();
}

PoolState::Item PoolState::Outgoing::take() noexcept {
    Item item(first_);
    if (item) first_ = item->next;
    return item;
}

PoolState::PoolState(Plugin plugin, PoolOptions options)
    : plugin_(std::move(plugin)),
      options_(with_defaults(std::move(options), plugin_)),
      place_count_(std::max<std::size_t>(1, options_.max_instances)),
      places_(std::make_unique<Place[]>(place_count_)) {}

PoolState::~PoolState() = default;   // retired before: no thread, nothing idle

PoolState::Item PoolState::take_idle(std::size_t first) noexcept {
    for (std::size_t i = 0; i < place_count_; ++i) {
        Place& place = places_[(first + i) % place_count_];
        if (place.item.load(std::memory_order_seq_cst) == nullptr) continue;
        if (PooledInstance* item = place.item.exchange(nullptr, std::memory_order_seq_cst)) return Item(item);
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
    Item item(new PooledInstance{*std::move(instance), shared_from_this()});
    const std::lock_guard lock(mutex_);
    ++counted_.made;
    return item;
}

Result<PoolState::Item> PoolState::make_in_place() {
    Unfilled place(*this);
    auto made = make_one();
    if (made) place.fill();
    return made;
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
    const std::size_t first = first_place(place_count_);
    try {
        if (slow_.load(std::memory_order_seq_cst) == 0) [[likely]] {
            if (Item item = take_idle(first)) [[likely]] return lease(std::move(item), first);
        }
        auto item = acquire_slowly(wait);
        if (!item) return fail(std::move(item).error());
        return lease(*std::move(item), first);
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::io, "the host is out of memory");
    }
}

Result<PoolState::Item> PoolState::acquire_slowly(std::chrono::milliseconds wait) {
    const Slowly slowly(*this);
    Item item;
    Outgoing stale;
    {
        std::unique_lock lock(mutex_);
        if (closed_) return fail(pool_closed());
        if (waiting_.empty()) item = take_idle(first_place(place_count_));
        if (item) {
            take_stale(stale);   // nothing is, where nothing lies idle
        } else if (waiting_.empty() && existing_ < options_.max_instances) {
            ++existing_;
            start_tidying();
        } else {
            auto served = wait_in_line(lock, std::chrono::steady_clock::now() + in_bounds(wait), item);
            if (!served) return fail(std::move(served).error());
        }
    }
    drop(stale);
    if (item) return item;
    return make_in_place();
}

// `item` stays empty if the caller got a place to make one in.
Result<void> PoolState::wait_in_line(std::unique_lock<std::mutex>& lock, Time until, Item& item) {
    Waiter me;
    waiting_.add(me);
    if (!me.wake.wait_until(lock, until, [&me] { return me.served; })) {
        waiting_.remove(me);
        ++counted_.refused;
        return fail(ErrorCode::busy, "all " + std::to_string(options_.max_instances) + " instances of the pool are in use");
    }
    if (!me.item && !me.may_make) return fail(pool_closed());
    item = std::move(me.item);
    return {};
}

Result<Lease> PoolState::lease(Item item, std::size_t first) {
    if (options_.before_lease) [[unlikely]] {
        if (auto ready = prepared(item); !ready) return fail(std::move(ready).error());
    }
    places_[first].leases.fetch_add(1, std::memory_order_relaxed);
    return Lease(item.release());
}

// One that fails goes back to be dropped.
Result<void> PoolState::prepared(Item& item) {
    Lease lease(item.release());   // goes back, whatever is thrown
    auto ready = told_by_hook(*lease);
    if (ready) item.reset(std::exchange(lease.item_, nullptr));
    else lease.discard();
    return ready;
}

Result<void> PoolState::told_by_hook(Instance& instance) const {
    const auto failed = [](Error error) { return fail(std::move(error).add_context("while preparing an instance of the pool")); };
    try {
        auto ready = options_.before_lease(instance);
        if (!ready) return failed(std::move(ready).error());
        return {};
    } catch (const Exception& e) {
        return failed(e.error());
    } catch (const std::exception& e) {
        return failed(Error(ErrorCode::host_function_failed, std::string("before_lease threw: ") + e.what()));
    } catch (...) {
        return failed(Error(ErrorCode::host_function_failed, "before_lease threw something that is no std::exception"));
    }
}

void PoolState::give_back(PooledInstance* returned, bool usable) noexcept {
    Item item(returned);
    PoolState& pool = *item->pool;
    const auto& state = item->instance.state_;   // null if the instance was moved from
    const bool kept = pool.options_.on_return == InstancePolicy::kept;
    if (usable && state && state->shareable() && (kept || pool.made_ready(item->instance))) [[likely]] {
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
    Outgoing outgoing;
    {
        const std::lock_guard lock(mutex_);
        serve_waiters(outgoing);
    }
    drop(outgoing);
}

// Hands idle instances to whoever waits, or out of a closed pool.
void PoolState::serve_waiters(Outgoing& outgoing) noexcept {
    while (closed_ || !waiting_.empty()) {
        Item item = take_idle(first_place(place_count_));
        if (!item) break;
        if (closed_) {
            outgoing.add(std::move(item));
            ++outgoing_;
            ++counted_.dropped;
            continue;
        }
        Waiter* next = waiting_.take_first();
        next->item = std::move(item);
        next->served = true;
        next->wake.notify_one();
    }
    if (existing_ == idle_count()) all_back_.notify_all();
}

void PoolState::drop(Outgoing& outgoing) noexcept {
    std::size_t count = 0;
    while (Item item = outgoing.take()) {
        item.reset();
        ++count;
    }
    if (count == 0) return;
    const std::lock_guard lock(mutex_);
    outgoing_ -= count;
    for (; count > 0; --count) free_place();
}

void PoolState::free_place() noexcept {
    if (Waiter* next = closed_ ? nullptr : waiting_.take_first()) {   // takes the place over, so existing_ stays
        next->may_make = true;
        next->served = true;
        next->wake.notify_one();
        return;
    }
    --existing_;
    if (existing_ == idle_count()) all_back_.notify_all();
}

bool PoolState::made_ready(Instance& instance) noexcept {
    if (options_.on_return == InstancePolicy::fresh) return false;
    if (slow_.load(std::memory_order_relaxed) != 0) {   // maybe for good: then start-up would run for nothing
        const std::lock_guard lock(mutex_);
        if (closed_) return false;
    }
    try {
        if (!instance.reset()) return false;
    } catch (...) {
        return false;
    }
    const std::lock_guard lock(mutex_);
    ++counted_.reset;
    return true;
}

void PoolState::close() noexcept {
    Outgoing outgoing;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return;
        slow_.fetch_add(1, std::memory_order_seq_cst);   // for good
        closed_ = true;
        serve_waiters(outgoing);
        while (Waiter* waiter = waiting_.take_first()) {
            waiter->served = true;
            waiter->wake.notify_one();
        }
    }
    drop(outgoing);
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
    return all_back_.wait_for(lock, in_bounds(wait), [this] { return existing_ == idle_count(); });
}

PoolStatistics PoolState::statistics() const {
    const std::lock_guard lock(mutex_);
    PoolStatistics now = counted_;
    now.idle = idle_count();
    now.leased = staying() - std::min(staying(), now.idle);
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
