#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <mortise/abi_info.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>
#include <mortise/instance.hpp>
#include <mortise/plugin.hpp>

namespace mortise {

namespace detail {
class PoolState;
struct PooledInstance;
}

/// Settings of a Pool.
struct PoolOptions {
    /// The most instances at once, leased and idle, at most 65,536. 0: two for each processor, so that one may wait while another works.
    std::size_t max_instances = 0;

    /// Instances kept ready even when nobody wants them: made when the pool is made, and not dropped for lying idle. One that failed is
    /// not made again before somebody wants it: start-up runs on threads of the caller's alone.
    std::size_t min_instances = 0;

    /// How long `acquire` waits for a lease when all are out. 100 ms: longer is a queue, which the caller should see.
    std::chrono::milliseconds wait{100};

    /// An instance that lay idle for this long is dropped, down to `min_instances`, also while nobody uses the pool: by a thread
    /// of the pool's own, which is started when there is something to drop one day and sleeps until then. `shrink` does it now.
    std::chrono::milliseconds idle_time = std::chrono::minutes(5);

    /// What becomes of an instance that comes back: kept as it is; made anew by who gives it back, so that the next lease finds it
    /// ready (`reset`); or dropped, so that the next lease makes one (`fresh`). Empty: the plugin's own policy. One that failed, also where
    /// `AfterFailure::reuse` let it go on, or was closed is always dropped.
    std::optional<InstancePolicy> on_return{};

    /// Runs on an instance before each lease of it, e.g. to warm it or to check its health. One that fails it is dropped, and
    /// the error is the caller's; one of code `host_function_failed` if it throws. It must not hold the pool that it belongs to: neither
    /// would ever go.
    std::function<Result<void>(Instance&)> before_lease{};

    InstanceOptions instance{};
};

/// Counts of a Pool at one moment.
struct PoolStatistics {
    std::size_t leased = 0;
    std::size_t idle = 0;
    std::size_t waiting = 0;         ///< callers in `acquire`
    std::uint64_t made = 0;          ///< instances made so far
    std::uint64_t reset = 0;         ///< times that one was made anew on its return
    std::uint64_t dropped = 0;       ///< because they failed, came back for a fresh sandbox, or lay idle
    std::uint64_t leases = 0;        ///< handed out
    std::uint64_t refused = 0;       ///< `busy`: nothing came back in time
};

/// An instance on loan; goes back to its pool when it is destroyed. Movable. It may outlive the pool. Destroyed during a call of its
/// instance, by a host function, it frees its place at once, while the instance goes when that call ends: one more than the pool's
/// most may exist until then. One that was moved from or discarded has no instance and must not be asked for it.
class MORTISE_API Lease {
public:
    Lease(Lease&& other) noexcept : item_(std::exchange(other.item_, nullptr)), instance_(std::exchange(other.instance_, nullptr)) {}
    Lease& operator=(Lease&&) noexcept;
    ~Lease();

    Instance& operator*() const noexcept { return *instance_; }
    Instance* operator->() const noexcept { return instance_; }

    /// Gives the instance back to be dropped, not used again.
    void discard() noexcept;

private:
    friend class detail::PoolState;
    explicit Lease(detail::PooledInstance* item) noexcept;

    detail::PooledInstance* item_;   // owned; keeps its pool alive
    Instance* instance_;
};

/// Instances of one plugin, leased and given back. Any thread may use it. Waiters are served in the order in which they came; while
/// nobody waits, leasing and giving back take no lock, and a thread finds the instance again that it used before. A host function that
/// leases from the pool of its own plugin needs an instance more for each level, or waits in vain (`busy`).
/// Cheap to copy; all copies are the same pool.
class MORTISE_API Pool {
public:
    Pool(const Pool&) = default;   // moving is copying: there is no empty one
    Pool& operator=(const Pool&) = default;

    /// Makes `min_instances`. Errors: as `Plugin::instantiate`; `invalid_argument` (the minimum is above the maximum, the maximum above
    /// 65,536).
    static Result<Pool> make(Plugin plugin, PoolOptions options = {});

    /// An instance: an idle one, a new one, or the next that comes back. Errors: `busy` (none in time), `closed`, `io` (out of
    /// memory), the errors of `Plugin::instantiate` and of `before_lease`.
    Result<Lease> acquire() const;

    /// Likewise with a waiting time of its own; 0 does not wait.
    Result<Lease> acquire(std::chrono::milliseconds wait) const;

    /// One call on a leased instance.
    Result<Bytes> invoke(std::string_view name, BytesView payload) const;
    /// Likewise in the general form of a call.
    Result<void> perform(const CallRequest& request, CallOutcome& outcome) const;

    PoolStatistics statistics() const;

    /// Drops what lies idle beyond `idle_time`.
    void shrink() const;

    /// No more leases; who waits gets `closed`. Idle instances go now, leased ones when they come back.
    void close() const noexcept;

    /// Waits until every lease is back; false if some are still out after this time.
    bool drain(std::chrono::milliseconds wait) const;

    /// Whose instances they are.
    const Plugin& plugin() const noexcept;

private:
    explicit Pool(std::shared_ptr<detail::PoolState> state) noexcept : state_(std::move(state)) {}
    std::shared_ptr<detail::PoolState> state_;
};

}  // namespace mortise
