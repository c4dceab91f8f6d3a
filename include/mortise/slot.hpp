#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include <mortise/error.hpp>
#include <mortise/export.hpp>
#include <mortise/plugin.hpp>
#include <mortise/pool.hpp>

namespace mortise {

namespace detail {
class SlotState;
}

/// What `Slot::replace` does about calls that are running.
enum class Replace : std::uint8_t {
    at_once,   ///< they finish on the old plugin; calls that begin later get the new one
    wait,      ///< likewise, and `replace` returns when the last of them has ended, or after the time given
    if_idle,   ///< `busy` if there are any
};

/// A place where a plugin runs and can be replaced while calls are in flight. Any thread may use it; calls beyond the
/// pool's size wait their turn; a host function that calls its own slot needs an instance more, or waits in vain (`busy`). Cheap to copy; all copies are the same slot.
class MORTISE_API Slot {
public:
    Slot(const Slot&) = default;   // moving is copying: there is no empty one
    Slot& operator=(const Slot&) = default;

    /// Makes and starts one instance, so that a plugin that cannot start never gets a slot. The default pool has one instance:
    /// what a plugin remembers between calls, it remembers for all callers.
    static Result<Slot> make(Plugin plugin, PoolOptions options = one_instance());

    /// Another plugin in its place. It is loaded and started aside; any failure leaves the old one serving. Memory,
    /// globals, tables and the WASI world are the new plugin's own, nothing moves over; pool options and what the caller holds stay. The old instance is
    /// dropped as soon as its last call has ended. Errors: as `Plugin::instantiate`; `busy` (`if_idle`); `closed`;
    /// `deadline_exceeded` (`wait`: the new plugin serves already, an old call is still running).
    Result<void> replace(Plugin plugin, Replace how = Replace::at_once,
                         std::chrono::milliseconds wait = std::chrono::seconds(30)) const;

    /// One call. Errors: as `Pool::acquire` and the call's own.
    Result<Bytes> invoke(std::string_view name, BytesView payload) const;
    Result<Bytes> invoke(std::string_view name, std::string_view payload) const { return invoke(name, bytes_of(payload)); }
    /// Likewise in the general form of a call.
    Result<void> perform(const CallRequest& request, CallOutcome& outcome) const;

    /// An instance of the plugin that serves now, for several calls in a row; a replacement meanwhile does not touch it.
    Result<Lease> acquire() const;

    /// The plugin that serves now.
    Plugin plugin() const;

    /// As `Pool::close`.
    void close() const noexcept;

    /// One instance, and a call that waits as long as a call may take.
    static PoolOptions one_instance();

private:
    explicit Slot(std::shared_ptr<detail::SlotState> state) noexcept : state_(std::move(state)) {}
    std::shared_ptr<detail::SlotState> state_;
};

}  // namespace mortise
