#include <array>

#include "abi/wapc/plan.hpp"
#include "base/text.hpp"

namespace mortise::abi::wapc {

namespace {

using engine::RawValue;
using engine::Stop;
using message::Calls;
using message::Frame;
using message::Range;
using message::Site;

constexpr std::array<std::string_view, 3> kNames = {"binding", "namespace", "operation"};

Error no_handler(const HostFunctions& host, const HostCall& call) {
    return Error(ErrorCode::host_function_failed,
                 base::concat(host.routes().empty() ? "no host call handler is set" : "no host call handler takes this call",
                              ": binding ", base::quoted(call.binding), ", namespace ", base::quoted(call.space),
                              ", operation ", base::quoted(call.operation)));
}

// The name of a field that is not UTF-8, or an empty text.
std::string_view field_not_utf8(const HostCall& call) noexcept {
    if (!is_utf8(call.binding)) return kNames[0];
    if (!is_utf8(call.space)) return kNames[1];
    if (!is_utf8(call.operation)) return kNames[2];
    return {};
}

}  // namespace

template <std::size_t Names>
Stop host_call(const void* function, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    auto& calls = static_cast<WapcCalls&>(Calls::of(store));
    const auto& site = *static_cast<const Site*>(function);
    Frame* frame = calls.top();
    if (frame == nullptr) [[unlikely]] {
        slots[0].i32 = 0;
        return Stop::done;
    }
    frame->drop_host_answer();

    std::array<Range, Names + 1> ranges;
    for (std::size_t i = 0; i <= Names; ++i) {
        ranges[i].field = i == Names ? "payload" : kNames[kNames.size() - Names + i];
        ranges[i].at = static_cast<std::uint32_t>(slots[2 * i].i32);
        ranges[i].size = static_cast<std::uint32_t>(slots[2 * i + 1].i32);
    }
    if (const Stop stop = take_arguments(calls, *frame, site, ranges); stop != Stop::done) [[unlikely]] return stop;

    HostCall call;
    call.module = site.module;
    call.name = site.name;
    const std::byte* at = frame->arguments.data();
    const auto next = [&at](const Range& range) {
        const BytesView bytes(at, range.size);
        at += range.size;
        return bytes;
    };
    if constexpr (Names >= 3) call.binding = text_of(next(ranges[Names - 3]));
    if constexpr (Names >= 2) call.space = text_of(next(ranges[Names - 2]));
    call.operation = text_of(next(ranges[Names - 1]));
    const BytesView names(frame->arguments.data(), at);
    call.payload = next(ranges[Names]);

    const Plan& plan = calls.plan();
    return answer_host_call(calls, *frame, call, slots, [&](const HostCall& heard, Bytes& reply) -> Result<void> {
        if (!message::is_ascii(names) && plan.options.names_not_utf8 == NamesNotUtf8::reject) [[unlikely]] {
            if (const auto field = field_not_utf8(heard); !field.empty()) {
                return fail(ErrorCode::host_function_failed, base::concat(heard.name, ": the ", field, " is not UTF-8"));
            }
        }
        const MessageHandler* handler = plan.host->handler_for(heard);
        if (handler == nullptr) [[unlikely]] return fail(no_handler(*plan.host, heard));
        return (*handler)(heard, reply);
    });
}

template Stop host_call<1>(const void*, engine::Store&, engine::Caller, RawValue*) noexcept;
template Stop host_call<2>(const void*, engine::Store&, engine::Caller, RawValue*) noexcept;
template Stop host_call<3>(const void*, engine::Store&, engine::Caller, RawValue*) noexcept;

}  // namespace mortise::abi::wapc
