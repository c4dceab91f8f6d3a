#include <array>

#include "abi/hookr/plan.hpp"
#include "base/text.hpp"

namespace mortise::abi::hookr {

namespace {

using engine::RawValue;
using engine::Stop;
using message::Calls;
using message::Frame;
using message::Site;

bool is_payload(Kind kind) noexcept { return kind == Kind::string || kind == Kind::bytes; }

Result<void> call_registered(const detail::HostFn& function, const HostCall& call, Bytes& reply) {
    std::array<ValueView, 1> argument;
    const auto arguments = std::span(argument).first(function.params.size());
    if (!arguments.empty()) {
        argument[0] = function.params[0] == Kind::string ? ValueView(text_of(call.payload)) : ValueView(call.payload);
    }
    auto result = function.values(function.function.get(), call, arguments);
    if (!result) return fail(std::move(result).error());
    if (auto* bytes = result->get_if<Bytes>()) reply = std::move(*bytes);
    else if (const auto* text = result->get_if<std::string>()) reply = copy_bytes(*text);
    return {};
}

Result<void> serve(const Plan& plan, const HostCall& call, Bytes& reply) {
    if (const MessageHandler* handler = plan.host->handler_for(call)) return (*handler)(call, reply);
    const auto registered = plan.by_operation.find(call.operation);
    if (registered != plan.by_operation.end()) return call_registered(*registered->second, call, reply);
    return fail(ErrorCode::host_function_failed,
                base::concat("no handler registered for operation '", call.operation, "'"));
}

}  // namespace

bool serves_operations(const detail::HostFn& function) noexcept {
    const bool takes = function.params.empty() || (function.params.size() == 1 && is_payload(function.params[0]));
    return takes && (function.result == Kind::none || is_payload(function.result));
}

Stop host_call(const void* function, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    auto& calls = static_cast<HookrCalls&>(Calls::of(store));
    const auto& site = *static_cast<const Site*>(function);
    Frame* frame = calls.top();
    if (frame == nullptr) {  // the start section runs without a call: a failure, whatever it asks for
        slots[0].i32 = 0;
        return Stop::done;
    }
    frame->begin_host_call();

    static constexpr message::Fields<2> kFields = {"operation", "payload"};
    const Stop taken = take_arguments(calls, *frame, site, kFields, slots);
    if (taken != Stop::done) [[unlikely]] return taken;

    HostCall call;
    call.module = site.module;
    call.name = site.name;
    const BytesView arguments = frame->arguments;
    const auto operation_size = static_cast<std::uint32_t>(slots[1].i32);
    call.operation = text_of(arguments.first(operation_size));
    call.payload = arguments.subspan(operation_size, static_cast<std::uint32_t>(slots[3].i32));
    return answer_host_call(calls, *frame, call, slots, [&calls](const HostCall& heard, Bytes& reply) {
        return serve(calls.plan(), heard, reply);
    });
}

}  // namespace mortise::abi::hookr
