#include <array>

#include "abi/wapc/plan.hpp"
#include "base/text.hpp"

namespace mortise::abi::wapc {

namespace {

using engine::RawValue;
using engine::Stop;
using message::Calls;
using message::Fields;
using message::Frame;
using message::Site;

constexpr Fields<4> kAllFields = {"binding", "namespace", "operation", "payload"};

// The fields of a generation are the last ones of today's.
template <std::size_t N>
constexpr Fields<N> kFields = [] {
    Fields<N> fields;
    for (std::size_t i = 0; i < N; ++i) fields[i] = kAllFields[kAllFields.size() - N + i];
    return fields;
}();

Error no_handler(const HostFunctions& host, const HostCall& call) {
    return Error(ErrorCode::host_function_failed,
                 base::concat(host.routes().empty() ? "no host call handler is set" : "no host call handler takes this call",
                              ": binding ", base::quoted(call.binding), ", namespace ", base::quoted(call.space),
                              ", operation ", base::quoted(call.operation)));
}

// The name of a field that is not UTF-8, or an empty text.
std::string_view field_not_utf8(const HostCall& call) noexcept {
    if (!is_utf8(call.binding)) return kAllFields[0];
    if (!is_utf8(call.space)) return kAllFields[1];
    if (!is_utf8(call.operation)) return kAllFields[2];
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
    frame->begin_host_call();

    constexpr std::size_t kParts = Names + 1;
    const Stop taken = take_arguments(calls, *frame, site, kFields<kParts>, slots);
    if (taken != Stop::done) [[unlikely]] return taken;

    HostCall call;
    call.module = site.module;
    call.name = site.name;
    const std::byte* at = frame->arguments.data();
    const auto next = [&at, slots](std::size_t part) {
        const BytesView bytes(at, static_cast<std::uint32_t>(slots[2 * part + 1].i32));
        at += bytes.size();
        return bytes;
    };
    if constexpr (Names >= 3) call.binding = text_of(next(Names - 3));
    if constexpr (Names >= 2) call.space = text_of(next(Names - 2));
    call.operation = text_of(next(Names - 1));
    const BytesView names(frame->arguments.data(), at);
    call.payload = next(Names);

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
