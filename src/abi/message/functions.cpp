#include "abi/message/functions.hpp"

#include <algorithm>
#include <iterator>

namespace mortise::abi::message {

using engine::Caller;
using engine::GuestMemory;
using engine::RawValue;
using engine::Store;

namespace {

const Site& site_of(const void* function) noexcept { return *static_cast<const Site*>(function); }

std::uint32_t u32(const RawValue& slot) noexcept { return static_cast<std::uint32_t>(slot.i32); }

[[gnu::cold, gnu::noinline]] Stop bad_pointer(Store& store, const Site& site, const Range& range, const GuestMemory& memory) {
    return store.stop_with(Error(ErrorCode::bad_pointer,
                                 base::concat(site.name, ": the ", range.field, " (", range.size, " bytes at ", base::hex(range.at),
                                              ") is not inside the guest's memory of ", memory.size(), " bytes")));
}

[[gnu::cold, gnu::noinline]] Stop too_long(Store& store, const Site& site, const Range& range, std::uint64_t limit) {
    return store.stop_with(Error(ErrorCode::output_limit, base::concat(site.name, ": the ", range.field, " has ", range.size,
                                                                       " bytes, the limit is ", limit)));
}

[[gnu::cold, gnu::noinline]] Stop stop_of_exception(Store& store) noexcept {
    return store.stop_with(detail::error_of_exception());
}

// Hands the bytes of a range to `take`, checked against memory and limit first.
template <class Take>
Stop read(Calls& calls, const Site& site, const Range& range, Take&& take) noexcept {
    const GuestMemory memory = calls.memory();
    const auto bytes = memory.bytes(range.at, range.size);
    if (!bytes) [[unlikely]] return bad_pointer(calls.store(), site, range, memory);
    if (range.size > calls.output_limit()) [[unlikely]] return too_long(calls.store(), site, range, calls.output_limit());
    try {
        take(*bytes);
    } catch (...) {
        return stop_of_exception(calls.store());
    }
    return Stop::done;
}

Stop write(Calls& calls, const Site& site, std::string_view field, std::uint32_t at, BytesView bytes) noexcept {
    if (bytes.empty()) return Stop::done;
    const GuestMemory memory = calls.memory();
    if (memory.write(at, bytes)) [[likely]] return Stop::done;
    return bad_pointer(calls.store(), site, {field, at, static_cast<std::uint32_t>(bytes.size())}, memory);
}

}  // namespace

Stop request(const void* function, Store& store, Caller, RawValue* slots) noexcept {
    Calls& calls = Calls::of(store);
    const Frame* frame = calls.top();
    if (frame == nullptr || !frame->has_request) return Stop::done;
    const BytesView operation = bytes_of(frame->operation);
    const std::uint32_t operation_at = u32(slots[0]);
    const std::uint32_t payload_at = u32(slots[1]);

    const GuestMemory memory = calls.memory();
    const auto payload_out = memory.writable(payload_at, frame->payload.size());
    const auto operation_out = memory.writable(operation_at, operation.size());
    if (!payload_out) [[unlikely]] {
        const Range range{"payload", payload_at, static_cast<std::uint32_t>(frame->payload.size())};
        return bad_pointer(store, site_of(function), range, memory);
    }
    if (!operation_out) [[unlikely]] {
        const Range range{"operation", operation_at, static_cast<std::uint32_t>(operation.size())};
        return bad_pointer(store, site_of(function), range, memory);
    }
    // The payload first: where a guest gave overlapping buffers, the operation is what stays.
    if (!payload_out->empty()) std::memcpy(payload_out->data(), frame->payload.data(), payload_out->size());
    if (!operation_out->empty()) std::memcpy(operation_out->data(), operation.data(), operation_out->size());
    return Stop::done;
}

Stop response(const void* function, Store& store, Caller, RawValue* slots) noexcept {
    Calls& calls = Calls::of(store);
    Frame* frame = calls.top();
    if (frame == nullptr) return Stop::done;
    return read(calls, site_of(function), {"response", u32(slots[0]), u32(slots[1])}, [frame](BytesView bytes) {
        frame->response->assign(bytes.begin(), bytes.end());
        frame->has_response = true;
    });
}

Stop error(const void* function, Store& store, Caller, RawValue* slots) noexcept {
    Calls& calls = Calls::of(store);
    Frame* frame = calls.top();
    if (frame == nullptr) return Stop::done;
    return read(calls, site_of(function), {"error text", u32(slots[0]), u32(slots[1])},
                [frame](BytesView bytes) { frame->error.assign(text_of(bytes)); });
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
    return write(calls, site_of(function), "host's response", u32(slots[0]), frame->host_response);
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
    return write(calls, site_of(function), "host's error text", u32(slots[0]), bytes_of(frame->host_error));
}

Stop log(const void* function, Store& store, Caller, RawValue* slots) noexcept {
    Calls& calls = Calls::of(store);
    const GuestMemory memory = calls.memory();
    const Range range{"text", u32(slots[0]), u32(slots[1])};
    const auto text = memory.text(range.at, range.size);
    if (!text) [[unlikely]] return bad_pointer(store, site_of(function), range, memory);
    calls.session().log(LogLevel::info, *text);
    return Stop::done;
}

Stop take_arguments(Calls& calls, Frame& frame, const Site& site, std::span<const Range> ranges) noexcept {
    const GuestMemory memory = calls.memory();
    const std::uint64_t limit = calls.output_limit();
    std::uint64_t total = 0;  // of at most four lengths of 32 bits each
    for (const Range& range : ranges) {
        if (!memory.contains(range.at, range.size)) [[unlikely]] return bad_pointer(calls.store(), site, range, memory);
        if (range.size > limit) [[unlikely]] return too_long(calls.store(), site, range, limit);
        total += range.size;
    }
    try {
        if (frame.arguments.size() < total) frame.arguments.resize(static_cast<std::size_t>(total));
    } catch (...) {
        return stop_of_exception(calls.store());
    }
    std::byte* out = frame.arguments.data();
    for (const Range& range : ranges) {
        if (range.size == 0) continue;
        std::memcpy(out, memory.bytes(range.at, range.size)->data(), range.size);
        out += range.size;
    }
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
        return stop_of_exception(calls.store());
    }
    slots[0].i32 = 0;
    return Stop::done;
}

}  // namespace mortise::abi::message
