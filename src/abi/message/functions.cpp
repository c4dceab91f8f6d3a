#include "abi/message/functions.hpp"

namespace mortise::abi::message {

using engine::Caller;
using engine::GuestMemory;
using engine::RawValue;
using engine::Store;

namespace {

const Site& site_of(const void* function) noexcept { return *static_cast<const Site*>(function); }

std::uint32_t u32(const RawValue& slot) noexcept { return static_cast<std::uint32_t>(slot.i32); }

// Hands the bytes of a range to `take`, checked against memory and limit first.
template <class Take>
Stop read(Calls& calls, const Site& site, std::string_view field, const RawValue* slots, Take&& take) noexcept {
    const std::uint32_t at = u32(slots[0]);
    const std::uint32_t size = u32(slots[1]);
    const auto bytes = calls.memory().bytes(at, size);
    if (!bytes) [[unlikely]] return bad_pointer(calls, site, field, at, size);
    if (size > calls.output_limit()) [[unlikely]] return too_long(calls, site, field, size);
    try {
        take(*bytes);
    } catch (...) {
        return stop_of_exception(calls);
    }
    return Stop::done;
}

Stop write(Calls& calls, const Site& site, std::string_view field, const RawValue& pointer, BytesView bytes) noexcept {
    if (bytes.empty()) return Stop::done;
    if (calls.memory().write(u32(pointer), bytes)) [[likely]] return Stop::done;
    return bad_pointer(calls, site, field, u32(pointer), static_cast<std::uint32_t>(bytes.size()));
}

}  // namespace

[[gnu::cold]] Stop bad_pointer(Calls& calls, const Site& site, std::string_view field, std::uint32_t at, std::uint32_t size) noexcept {
    return calls.store().stop_with(
        Error(ErrorCode::bad_pointer, base::concat(site.name, ": the ", field, " (", size, " bytes at ", base::hex(at),
                                                   ") is not inside the guest's memory of ", calls.memory().size(), " bytes")));
}

[[gnu::cold]] Stop too_long(Calls& calls, const Site& site, std::string_view field, std::uint32_t size) noexcept {
    return calls.store().stop_with(Error(ErrorCode::output_limit, base::concat(site.name, ": the ", field, " has ", size,
                                                                               " bytes, the limit is ", calls.output_limit())));
}

[[gnu::cold]] Stop stop_of_exception(Calls& calls) noexcept { return calls.store().stop_with(detail::error_of_exception()); }

Stop request(const void* function, Store& store, Caller, RawValue* slots) noexcept {
    Calls& calls = Calls::of(store);
    const Frame* frame = calls.top();
    if (frame == nullptr || !frame->has_request) return Stop::done;
    const BytesView operation = bytes_of(frame->operation);
    const BytesView payload = frame->payload;

    const GuestMemory memory = calls.memory();
    const auto payload_out = memory.writable(u32(slots[1]), payload.size());
    const auto operation_out = memory.writable(u32(slots[0]), operation.size());
    if (!payload_out) [[unlikely]] {
        return bad_pointer(calls, site_of(function), "payload", u32(slots[1]), static_cast<std::uint32_t>(payload.size()));
    }
    if (!operation_out) [[unlikely]] {
        return bad_pointer(calls, site_of(function), "operation", u32(slots[0]), static_cast<std::uint32_t>(operation.size()));
    }
    // The payload first: where a guest gave overlapping buffers, the operation is what stays.
    if (!payload_out->empty()) std::memcpy(payload_out->data(), payload.data(), payload.size());
    if (!operation_out->empty()) std::memcpy(operation_out->data(), operation.data(), operation.size());
    return Stop::done;
}

Stop response(const void* function, Store& store, Caller, RawValue* slots) noexcept {
    Calls& calls = Calls::of(store);
    Frame* frame = calls.top();
    if (frame == nullptr) return Stop::done;
    return read(calls, site_of(function), "response", slots, [frame, &calls](BytesView bytes) {
        frame->has_response = true;
        if (frame->sink == nullptr) [[likely]] return frame->response->assign(bytes.begin(), bytes.end());
        const Lending lending(calls.session());
        frame->sink->taken = true;
        frame->sink->take(frame->sink->context, bytes);
    });
}

Stop error(const void* function, Store& store, Caller, RawValue* slots) noexcept {
    Calls& calls = Calls::of(store);
    Frame* frame = calls.top();
    if (frame == nullptr) return Stop::done;
    return read(calls, site_of(function), "error text", slots, [frame](BytesView bytes) {
        frame->touched = true;
        frame->error.assign(text_of(bytes));
    });
}

Stop host_response_len(const void*, Store& store, Caller, RawValue* slots) noexcept {
    const Frame* frame = Calls::of(store).top();
    slots[0].i32 = frame == nullptr ? 0 : static_cast<std::int32_t>(frame->host_response.size());
    return Stop::done;
}

Stop host_response(const void* function, Store& store, Caller, RawValue* slots) noexcept {
    Calls& calls = Calls::of(store);
    const Frame* frame = calls.top();
    if (frame == nullptr) return Stop::done;
    return write(calls, site_of(function), "host's response", slots[0], frame->host_response);
}

Stop host_error_len(const void*, Store& store, Caller, RawValue* slots) noexcept {
    const Frame* frame = Calls::of(store).top();
    slots[0].i32 = frame == nullptr ? 0 : static_cast<std::int32_t>(frame->host_error.size());
    return Stop::done;
}

Stop host_error(const void* function, Store& store, Caller, RawValue* slots) noexcept {
    Calls& calls = Calls::of(store);
    const Frame* frame = calls.top();
    if (frame == nullptr) return Stop::done;
    return write(calls, site_of(function), "host's error text", slots[0], bytes_of(frame->host_error));
}

Stop log(const void* function, Store& store, Caller, RawValue* slots) noexcept {
    Calls& calls = Calls::of(store);
    const auto text = calls.memory().text(u32(slots[0]), u32(slots[1]));
    if (!text) [[unlikely]] return bad_pointer(calls, site_of(function), "text", u32(slots[0]), u32(slots[1]));
    calls.session().log(LogLevel::info, *text);
    return Stop::done;
}

Stop finish_host_call(Calls& calls, Frame& frame, const HostCall& call, Result<void> outcome, RawValue* slots) noexcept {
    if (outcome && frame.host_response.size() > UINT32_MAX) [[unlikely]] {
        outcome = fail(ErrorCode::host_function_failed, "the host's answer is larger than 4 GiB, which the ABI cannot carry");
    }
    Session& session = calls.session();
    if (session.observer != nullptr) [[unlikely]] {
        HostCallEvent event;
        event.module = call.module;
        event.name = call.name;
        event.binding = call.binding;
        event.space = call.space;
        event.operation = call.operation;
        event.payload = call.payload;
        event.has_payload = true;
        event.ok = outcome.has_value();
        session.host_call(event);
    }
    if (outcome) [[likely]] {
        slots[0].i32 = 1;
        return Stop::done;
    }
    if (outcome.error().code() == ErrorCode::host_abort) return calls.store().stop_with(std::move(outcome).error());
    frame.host_response.clear();
    try {
        frame.host_error = std::string_view(outcome.error().message()).substr(0, UINT32_MAX);
    } catch (...) {
        return stop_of_exception(calls);
    }
    slots[0].i32 = 0;
    return Stop::done;
}

}  // namespace mortise::abi::message
