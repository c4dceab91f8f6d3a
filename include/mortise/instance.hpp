#pragma once

#include <any>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/codec.hpp>
#include <mortise/detail/call.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>
#include <mortise/function.hpp>
#include <mortise/value.hpp>

namespace mortise {

namespace detail {
class PoolState;
}

/// One call in its general form, for tools; `call`, `function` and `invoke` are the everyday ones.
struct CallRequest {
    enum class Form : std::uint8_t {
        values,   ///< `arguments`, `wanted`
        message,  ///< `payload`
    };
    std::string_view name;
    Form form = Form::values;
    std::span<const ValueView> arguments{};
    Kind wanted = Kind::any;
    BytesView payload{};
    const std::any* options = nullptr;   ///< of the type that the ABI's header names, e.g. gas; null: its defaults

    /// The time that this call may take, instead of the instance's; a nested call's only shortens the outer one's. As for
    /// `InstanceOptions::call_time`, `invalid_argument` where the plugin's code cannot be stopped.
    std::optional<std::chrono::milliseconds> call_time{};
};

/// What came of a call.
struct CallOutcome {
    Value value;                ///< of value ABIs, and status numbers
    Bytes payload;              ///< of message ABIs
    bool has_payload = false;   ///< the guest gave a response (maybe an empty one)
    std::string warning;        ///< what the guest said beside a success
    std::any report;            ///< of the type that the ABI's header names, e.g. gas left
};

/// What an instance used so far. Fuel is that of the latest call.
struct InstanceUsage {
    std::uint64_t memory_bytes = 0;
    std::uint64_t memory_peak_bytes = 0;
    std::uint64_t calls = 0;
    std::uint64_t fuel = 0;         ///< 0 where it is not counted

    /// Time inside the guest, the ABI's own work included, and inside host functions, WASI's included, of all calls and start-ups. 0
    /// unless the plugin was loaded with an observer, its own or its Runtime's: looking at the clock costs more than a call.
    std::chrono::nanoseconds guest_time{0};
    std::chrono::nanoseconds host_time{0};
};

/// Stops an instance from another thread. Copy it freely; it may outlive the instance, and then does nothing.
class MORTISE_API InterruptHandle {
public:
    /// The call that is running ends with `cancelled`, at the latest at the next tick or when its host function returns, the making
    /// of a new sandbox for it included; of a batch all that is left. Nothing happens while no call is running. Any thread.
    void interrupt() const noexcept;

    explicit InterruptHandle(std::weak_ptr<detail::InstanceState> state) noexcept : state_(std::move(state)) {}

private:
    std::weak_ptr<detail::InstanceState> state_;
};

/// One sandbox of a plugin. Movable. One caller at a time: a second thread gets `busy` in checking builds (debug, TSan), and
/// mostly in others; a host function may call its own instance again on the same thread. A moved-from instance answers
/// `closed`. After guest code was cut short the plugin's `AfterFailure` decides what the next call finds.
class MORTISE_API Instance {
public:
    Instance(Instance&&) noexcept;
    Instance& operator=(Instance&&) noexcept;
    ~Instance();

    /// Calls an export of a value ABI, or an operation of a message ABI whose one argument and result are text or bytes.
    /// R: void, a number, bool, std::string, Bytes, or Value (whatever the function gives). Errors: `function_not_found`,
    /// `type_mismatch` (naming the parameter, wanted and got), `abi_unknown`, and the run codes.
    template <class R = void, class... A>
        requires(!(codec::Codec<A> || ...))
    Result<R> call(std::string_view name, const A&... arguments) {
        const std::array<ValueView, sizeof...(A)> views{detail::view_of(arguments)...};
        return detail::value_as<R>(call_values(name, views, detail::wanted_kind<R>()));
    }

    /// Calls an operation of a message ABI with a struct through a codec, e.g. `codec::msgpack`.
    template <class R, class A, codec::Codec C>
    Result<R> call(std::string_view name, const A& argument, const C& codec) {
        auto payload = codec::encode(argument, codec);
        if (!payload) return std::unexpected(std::move(payload).error());
        auto response = invoke(name, *payload);
        if (!response) return std::unexpected(std::move(response).error());
        if constexpr (std::is_void_v<R>) return {};
        else return codec::decode<R>(*response, codec);
    }

    /// An operation with a payload: waPC, hookr, W3bstream. An absent response is empty bytes.
    Result<Bytes> invoke(std::string_view name, BytesView payload);
    Result<Bytes> invoke(std::string_view name, std::string_view payload) { return invoke(name, bytes_of(payload)); }

    /// Likewise into a buffer whose capacity is reused; it is emptied first. `payload` may be a view into it.
    Result<void> invoke_into(std::string_view name, BytesView payload, Bytes& response);

    /// Likewise without a copy of the response: `look` is called with the bytes where the guest has them, valid until it returns,
    /// each time the guest gives a response (usually once), or once with empty bytes if it gave none. The call may still fail
    /// after it: what `look` did counts only if this succeeds. `look` may not call this instance (`not_reentrant`); what it
    /// throws ends the call. Of ABIs whose responses lie nowhere in one piece (dataflow) it sees a copy.
    template <class F>
        requires std::invocable<F&, BytesView>
    Result<void> with_output(std::string_view name, BytesView payload, F&& look) {
        return lend_output(name, payload, [](void* f, BytesView output) { static_cast<void>((*static_cast<std::remove_reference_t<F>*>(f))(output)); },
                           const_cast<void*>(static_cast<const void*>(std::addressof(look))));
    }

    /// An operation for each of many payloads, in their order, as one call with regard to other threads. Each has an outcome of its
    /// own: one that fails does not end the batch, its limits (time, fuel, output) are those of one call, and after guest code was
    /// cut short the plugin's `AfterFailure` decides what the next record finds. `each(index, outcome)` is called once for every
    /// payload; the bytes are valid until it returns. It may call the instance: with a deadline of its own, and the fuel that the record
    /// left. What it throws leaves the rest undone and comes out of here. After
    /// `interrupt` all further outcomes are `cancelled`; once `each` has destroyed the instance they are `closed` (`close` and `reset`
    /// from within are `busy`). The result fails, with `each` never
    /// called, only if the instance cannot be entered: `busy`, `closed`, `poisoned`, what a new sandbox may fail with.
    template <class F>
        requires std::invocable<F&, std::size_t, Result<BytesView>>
    Result<void> invoke_many(std::string_view name, std::span<const BytesView> payloads, F&& each) {
        return invoke_each(name, payloads, [](void* f, std::size_t index, Result<BytesView> outcome) {
            static_cast<void>((*static_cast<std::remove_reference_t<F>*>(f))(index, std::move(outcome)));
        }, const_cast<void*>(static_cast<const void*>(std::addressof(each))));
    }

    /// Likewise with a copy of every response: as many outcomes as payloads, in their order.
    Result<std::vector<Result<Bytes>>> invoke_many(std::string_view name, std::span<const BytesView> payloads);

    /// An export bound once: looked up and type-checked here, called without any look-up. A call after the instance is
    /// gone answers `closed`: the sandbox goes with the instance, the plugin's code and host functions stay while it does.
    template <class Signature>
    Result<Function<Signature>> function(std::string_view name) {
        return Function<Signature>::bind(state_, name);
    }

    /// A call in its general form. `outcome` is filled on failure too, as far as it got.
    Result<void> perform(const CallRequest& request, CallOutcome& outcome);

    /// Ends the running call from another thread; see `InterruptHandle`, which may be kept apart from the instance.
    void interrupt() const noexcept;
    InterruptHandle interrupt_handle() const noexcept;

    /// Any time, from the instance's own thread.
    InstanceUsage usage() const;

    /// Unique in the process, from 1; the same through re-instantiations.
    std::uint64_t id() const noexcept;

    /// False after guest code was cut short, during a call, when closed or moved from: a pool drops such an instance.
    bool reusable() const noexcept;

    /// Drops the sandbox now; later calls answer `closed`. Errors: `busy` (from inside a host function of this
    /// instance, or while another thread is in a call), `closed` (moved from).
    Result<void> close();

    /// The sandbox as after start-up again: a new one. Errors: as `Plugin::instantiate`; `busy`, `closed`.
    Result<void> reset();

    explicit Instance(std::shared_ptr<detail::InstanceState> state) noexcept;

private:
    Result<void> lend_output(std::string_view name, BytesView payload, void (*look)(void*, BytesView), void* context);
    Result<void> invoke_each(std::string_view name, std::span<const BytesView> payloads,
                             void (*each)(void*, std::size_t, Result<BytesView>), void* context);
    Result<Value> call_values(std::string_view name, std::span<const ValueView> arguments, Kind wanted);

    friend class detail::PoolState;
    std::shared_ptr<detail::InstanceState> state_;
};

}  // namespace mortise
