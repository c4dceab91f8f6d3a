// poll_oneoff: waiting for clocks and descriptors.

#include <poll.h>

#include <algorithm>
#include <vector>

#include "wasi/call.hpp"
#include "wasi/layout.hpp"

namespace mortise::wasi {

namespace {

using Kind = Subscription::Kind;

// More than a guest has descriptors and clocks for; bounds what one call costs the host.
constexpr std::uint32_t kMostSubscriptions = 4096;

// How often a supplied clock is asked whether the time has come.
constexpr std::uint64_t kSuppliedSlice = 1'000'000;
constexpr std::uint64_t kSlice = std::uint64_t{kWaitSliceMilliseconds} * 1'000'000;

ClockId clock_of(const Subscription& subscription) noexcept {
    return subscription.clock == 0 ? ClockId::realtime : ClockId::monotonic;
}

// One call of poll_oneoff.
class Poll {
public:
    explicit Poll(Call& call) : call_(call) {}

    Errno load(std::uint32_t in, std::uint32_t count) {
        const engine::GuestMemory memory = call_.memory();
        for (std::uint32_t i = 0; i < count; ++i) {
            auto loaded = load_subscription(memory, in + std::uint64_t{i} * subscription_bytes(call_.version), call_.version);
            if (!loaded) return loaded.error();
            if (loaded->kind == Kind::clock) {
                if (loaded->clock > 1) return Errno::inval;
            } else {
                MORTISE_WASI_TRY(check_descriptor(*loaded));
            }
            subscriptions_.push_back(*loaded);
        }
        // What is relative begins now, for all of them at once.
        for (Subscription& subscription : subscriptions_) {
            if (subscription.kind != Kind::clock || subscription.absolute) continue;
            const std::uint64_t now = time_of(subscription);
            subscription.timeout += std::min(now, UINT64_MAX - subscription.timeout);
        }
        return Errno::success;
    }

    // Waits until there is at least one event.
    Errno wait() {
        for (;;) {
            collect_descriptors();
            if (events_.empty() || !call_.world.clocks.fixed()) collect_clocks();
            if (!events_.empty()) return Errno::success;
            if (call_.patience().over()) return Errno::intr;
            if (call_.world.clocks.fixed() && has_clock()) {
                advance();
            } else {
                sleep();
            }
        }
    }

    Errno store(std::uint32_t out, std::uint32_t result) const {
        const engine::GuestMemory memory = call_.memory();
        std::uint64_t at = out;
        for (const Event& event : events_) {
            if (!store_event(memory, at, event)) return Errno::fault;
            at += kEventBytes;
        }
        return call_.store_result(result, static_cast<std::uint32_t>(events_.size()));
    }

private:
    // Waiting needs the right to do what is waited for; the right to wait alone gives nothing to wait for.
    Errno check_descriptor(const Subscription& subscription) const {
        const auto found = call_.descriptor(subscription.fd, 0);
        if (!found) return found.error();
        if (subscription.kind == Kind::read) MORTISE_WASI_TRY(call_.may(engine::Effect::input));
        const Rights wanted = subscription.kind == Kind::read ? rights::fd_read : rights::fd_write;
        if (((*found)->base & wanted) == 0) return Errno::notcapable;
        return Errno::success;
    }

    std::uint64_t time_of(const Subscription& subscription) {
        Clocks& clocks = call_.world.clocks;
        // A fixed clock moves with what the guest reads, not with what a wait has to look up.
        return clocks.supplied() ? clocks.read(clock_of(subscription)) : clocks.peek(clock_of(subscription));
    }

    bool has_clock() const noexcept {
        return std::any_of(subscriptions_.begin(), subscriptions_.end(), [](const auto& s) { return s.kind == Kind::clock; });
    }

    void collect_clocks() {
        for (const Subscription& subscription : subscriptions_) {
            if (subscription.kind != Kind::clock || time_of(subscription) < subscription.timeout) continue;
            events_.push_back({subscription.userdata, Errno::success, Kind::clock, 0, false});
        }
    }

    void collect_descriptors() {
        for (const Subscription& subscription : subscriptions_) {
            if (subscription.kind == Kind::clock) continue;
            Descriptor* descriptor = call_.world.descriptors.find(subscription.fd);
            Event event{subscription.userdata, Errno::success, subscription.kind, 0, false};
            if (descriptor == nullptr) {
                event.error = Errno::badf;  // a supplied clock's function closed it meanwhile
            } else if (!is_ready(*descriptor->handle, subscription.kind)) {
                continue;
            } else if (subscription.kind == Kind::read) {
                const Handle::Readable readable = descriptor->handle->readable();
                event.bytes = readable.bytes;
                event.hangup = readable.end;
            }
            events_.push_back(event);
        }
    }

    static short events_of(Kind kind) noexcept { return kind == Kind::read ? POLLIN : POLLOUT; }

    static bool is_ready(const Handle& handle, Kind kind) noexcept {
        if (handle.waits_on() < 0) return true;
        pollfd polled{handle.waits_on(), events_of(kind), 0};
        return ::poll(&polled, 1, 0) > 0;
    }

    std::uint64_t time_left() {
        std::uint64_t left = UINT64_MAX;
        for (const Subscription& subscription : subscriptions_) {
            if (subscription.kind != Kind::clock) continue;
            const std::uint64_t now = time_of(subscription);
            left = std::min(left, subscription.timeout > now ? subscription.timeout - now : 0);
        }
        return left;
    }

    void advance() { call_.world.clocks.advance(time_left()); }

    // One slice of waiting, cut short by a descriptor that becomes ready.
    void sleep() {
        polled_.clear();
        for (const Subscription& subscription : subscriptions_) {
            if (subscription.kind == Kind::clock) continue;
            const Descriptor* descriptor = call_.world.descriptors.find(subscription.fd);
            if (descriptor == nullptr) return;
            polled_.push_back({descriptor->handle->waits_on(), events_of(subscription.kind), 0});
        }
        const std::uint64_t slice =
            call_.world.clocks.supplied() && has_clock() ? kSuppliedSlice : std::min(kSlice, time_left());
        const timespec time{0, static_cast<long>(slice)};
        ::ppoll(polled_.data(), polled_.size(), &time, nullptr);
    }

    Call& call_;
    std::vector<Subscription> subscriptions_;
    std::vector<Event> events_;
    std::vector<pollfd> polled_;
};

}  // namespace

Errno poll_oneoff(Call& call, std::uint32_t in, std::uint32_t out, std::uint32_t count, std::uint32_t result) {
    MORTISE_WASI_TRY(call.may(engine::Effect::clock));
    if (count == 0 || count > kMostSubscriptions) return Errno::inval;
    if (!call.memory().contains(in, count, subscription_bytes(call.version))) return Errno::fault;
    MORTISE_WASI_TRY(call.can_store(out, std::uint64_t{count} * kEventBytes));
    MORTISE_WASI_TRY(call.can_store(result, 4));
    Poll poll(call);
    MORTISE_WASI_TRY(poll.load(in, count));
    MORTISE_WASI_TRY(poll.wait());
    return poll.store(out, result);
}

}  // namespace mortise::wasi
