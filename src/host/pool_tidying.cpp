#include <algorithm>

#include "host/pool_state.hpp"

namespace mortise::detail {

namespace {

// The tidying thread never looks more often.
constexpr std::chrono::milliseconds kLeastRest{10};

}  // namespace

void PoolState::take_stale(Outgoing& outgoing) noexcept {
    if (!waiting_.empty()) return;   // what lies there was left for the first in line, by somebody who will say so next
    const std::int64_t now = coarse_now();
    for (std::size_t i = 0; i < place_count_ && staying() > options_.min_instances; ++i) {
        Place& place = places_[i];
        if (place.item.load(std::memory_order_relaxed) == nullptr) continue;
        if (now - place.since.load(std::memory_order_relaxed) < options_.idle_time.count()) continue;
        Item item(place.item.exchange(nullptr, std::memory_order_seq_cst));
        if (!item) continue;   // leased at this moment
        outgoing.add(std::move(item));
        ++outgoing_;
        ++counted_.dropped;
    }
}

void PoolState::start_tidying() noexcept {
    if (staying() <= options_.min_instances || options_.idle_time == kForever) return;
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
        if (staying() <= options_.min_instances) {
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
        Outgoing stale;
        take_stale(stale);
        lock.unlock();
        drop(stale);
        lock.lock();
    }
}

void PoolState::shrink() noexcept {
    Outgoing stale;
    {
        const std::lock_guard lock(mutex_);
        take_stale(stale);
    }
    drop(stale);
}

}  // namespace mortise::detail
