#include <algorithm>
#include <exception>
#include <utility>

#include "abi/assemblyscript.hpp"
#include "abi/wasp/instance.hpp"
#include "base/text.hpp"

namespace mortise::abi::wasp {

using base::concat;
using engine::RawValue;
using engine::Stop;

namespace {

// Host functions that run the guest for its conventions may be called by it again from there, without end: an interpreter
// would use up the host's own stack.
class Nested {
public:
    Nested(std::uint32_t& depth) : depth_(depth) { ++depth_; }
    ~Nested() { --depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

private:
    std::uint32_t& depth_;
};

Error too_deep() {
    return Error(ErrorCode::not_reentrant, "host functions are nested too deeply: the guest calls them from its own allocate or "
                                           "get_string_size");
}

ValueView number_of(const RawValue& slot, Kind kind) noexcept {
    switch (kind) {
        case Kind::i32: return slot.i32;
        case Kind::u32: return static_cast<std::uint32_t>(slot.i32);
        case Kind::boolean: return slot.i32 != 0;
        case Kind::i64: return slot.i64;
        case Kind::u64: return static_cast<std::uint64_t>(slot.i64);
        case Kind::f32: return slot.f32;
        case Kind::f64: return slot.f64;
        default: return {};
    }
}

// What does not fit the conventions, and what the embedder's function says, ends the guest's call as `host_abort`. A guest
// that was cut short meanwhile, and limits, keep their own codes.
bool keeps_code(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::trap:
        case ErrorCode::guest_exit:
        case ErrorCode::stack_overflow:
        case ErrorCode::memory_limit:
        case ErrorCode::output_limit:
        case ErrorCode::out_of_fuel:
        case ErrorCode::deadline_exceeded:
        case ErrorCode::cancelled:
        case ErrorCode::not_reentrant:
        case ErrorCode::internal: return true;
        default: return false;
    }
}

std::string named(const Callback& callback) { return concat("host function \"", callback.module, "\" \"", callback.name, "\""); }

Error of_conventions(const Callback& callback, Error error, std::string_view doing) {
    if (keeps_code(error.code())) return std::move(error).add_context(concat("while ", doing, " of ", named(callback)));
    return Error(ErrorCode::host_abort, concat(doing, " of ", named(callback), " failed: ", error.message())).set_blame(Blame::guest);
}

Error of_function(const Callback& callback, const Error& error) {
    Error out(ErrorCode::host_abort, concat(named(callback), " failed: ", error.message()));
    out.set_blame(Blame::host);
    return out;
}

// Host functions that may run inside one another: one for each nested call, and what each guest's own helpers call meanwhile.
std::uint64_t most_depth(const Limits& limits) noexcept { return 2 * std::uint64_t{std::max(limits.call_depth, 1u)}; }

}  // namespace

void WaspInstance::Scope::reset() noexcept {
    constexpr std::size_t kKept = std::size_t{1} << 20;
    if (copies.capacity() > kKept) std::vector<char>().swap(copies);
    copies.clear();
    ends.clear();
    views.clear();
}

Result<void> WaspInstance::read_params(const Callback& callback, const RawValue* slots, Scope& scope) {
    const auto& kinds = callback.function->params;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        const auto address = static_cast<std::uint32_t>(slots[i].i32);
        std::string_view piece;
        if (kinds[i] == Kind::string) {
            const auto text = guest_.read_text(address, frame().frees);
            if (!text) return fail(of_conventions(callback, text.error(), concat("reading parameter ", i + 1)));
            piece = *text;
        } else if (kinds[i] == Kind::bytes) {
            const auto bytes = guest_.read_bytes(address, frame().frees);
            if (!bytes) return fail(of_conventions(callback, bytes.error(), concat("reading parameter ", i + 1)));
            piece = text_of(*bytes);
        }
        scope.copies.insert(scope.copies.end(), piece.begin(), piece.end());
        scope.ends.push_back(scope.copies.size());
    }
    // The copies stand still only now.
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        const std::size_t begin = i == 0 ? 0 : scope.ends[i - 1];
        const std::string_view piece(scope.copies.data() + begin, scope.ends[i] - begin);
        if (kinds[i] == Kind::string) scope.views.emplace_back(piece);
        else if (kinds[i] == Kind::bytes) scope.views.emplace_back(bytes_of(piece));
        else scope.views.push_back(number_of(slots[i], kinds[i]));
    }
    return {};
}

Result<RawValue> WaspInstance::place_result(const Callback& callback, const Value& result) {
    const Kind wanted = callback.function->result;
    const ValueView view(result);
    if (wanted == Kind::string || wanted == Kind::bytes) {
        if (view.kind() != wanted) {
            return fail(ErrorCode::type_mismatch, concat("it is ", to_string(result.kind()), ", declared as ", to_string(wanted)));
        }
        auto address = guest_.place(view, frame().frees);
        if (!address) return fail(std::move(address).error());
        RawValue slot{};
        slot.i32 = static_cast<std::int32_t>(*address);
        return slot;
    }
    return to_slot(view, *wasm_type(wanted), "it");
}

Result<RawValue> WaspInstance::run_callback(const Callback& callback, const RawValue* slots) {
    const Nested nested(host_depth_);
    if (host_depth_ > most_depth(*session_.limits)) return fail(too_deep());
    const Entered entered(scopes_, scope_depth_);
    if (auto read = read_params(callback, slots, *entered); !read) return fail(std::move(read).error());
    const std::span<const ValueView> arguments = entered->views;

    HostCall call;
    call.instance_id = session_.instance_id;
    call.module = callback.module;
    call.name = callback.name;
    call.instance_ = session_.handle;
    if (guest_.heard()) {
        guest_.emit({.what = Event::What::callback_called, .level = LogLevel::debug, .module = call.module, .name = call.name, .arguments = arguments});
    }
    Result<Value> result;
    try {
        result = callback.function->values(callback.function->function.get(), call, arguments);
    } catch (...) {
        result = fail(detail::error_of_exception());
    }
    if (session_.observer != nullptr) {
        HostCallEvent event;
        event.module = call.module;
        event.name = call.name;
        event.arguments = arguments;
        event.ok = result.has_value();
        session_.host_call(event);
    }
    if (guest_.heard()) {
        guest_.emit({.what = Event::What::callback_finished, .level = LogLevel::debug, .module = call.module, .name = call.name, .ok = result.has_value()});
    }
    if (!result) return fail(of_function(callback, result.error()));
    if (callback.function->result == Kind::none) return RawValue{};
    auto slot = place_result(callback, *result);
    if (!slot) return fail(of_conventions(callback, std::move(slot).error(), "placing the result"));
    return slot;
}

Stop WaspInstance::raw_callback(const void* function, engine::Store& store, engine::Caller caller, RawValue* slots) noexcept {
    const auto& callback = *static_cast<const Callback*>(function);
    const Stop stop = callback.function->raw(callback.function->function.get(), store, caller, slots);
    if (stop != Stop::host_error) [[likely]] return stop;
    try {
        const engine::StopInfo info = store.take_stop();
        return store.stop_with(of_function(callback, info.error.value_or(Error(ErrorCode::host_function_failed, "it gave no reason"))));
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

Stop WaspInstance::callback(const void* function, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    const auto& callback = *static_cast<const Callback*>(function);
    auto& self = *static_cast<WaspInstance*>(static_cast<Instance*>(store.abi));
    try {
        auto slot = self.run_callback(callback, slots);
        if (!slot) return store.stop_with(std::move(slot).error());
        if (callback.function->result != Kind::none) slots[0] = *slot;
        return Stop::done;
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

Stop WaspInstance::raise_error(const void*, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    auto& self = *static_cast<WaspInstance*>(static_cast<Instance*>(store.abi));
    try {
        const Nested nested(self.host_depth_);
        if (self.host_depth_ > most_depth(*self.session_.limits)) return store.stop_with(too_deep());
        Frame& frame = self.frame();
        auto text = self.guest_.read_text(static_cast<std::uint32_t>(slots[0].i32), frame.frees);
        if (!text) {
            Error error = std::move(text).error();
            error.set_blame(Blame::guest);   // whatever its export lacks, it was running
            return store.stop_with(std::move(error).add_context("while reading the text of env.raise_error"));
        }
        frame.raised_text.assign(*text);
        frame.raised = true;
        self.guest_.emit({.what = Event::What::error_raised, .level = LogLevel::debug, .text = frame.raised_text});
        return Stop::done;
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

Stop WaspInstance::abort(const void*, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    auto& self = *static_cast<WaspInstance*>(static_cast<Instance*>(store.abi));
    try {
        AbortReason reason = read_abort(self.guest_.memory(), slots);
        engine::StopInfo info;
        info.trap = TrapKind::unreachable;
        info.text = "the guest aborted";
        if (const std::string text = reason.text(); !text.empty()) info.text += ": " + text;
        Frame& frame = self.frame();
        if (!frame.raised && reason.message) {
            frame.raised_text = *std::move(reason.message);
            frame.aborted = true;
        }
        return store.stop_with(Stop::trap, std::move(info));
    } catch (...) {
        return store.stop_with(detail::error_of_exception());
    }
}

}  // namespace mortise::abi::wasp
