#include "abi/message/calls.hpp"

#include "base/text.hpp"

namespace mortise::abi::message {

namespace {

// Buffers up to this size stay with the instance from call to call.
constexpr std::size_t kKeptBytes = std::size_t{1} << 20;

template <class Buffer>
void trim(Buffer& buffer) noexcept {
    if (buffer.capacity() > kKeptBytes) [[unlikely]] Buffer().swap(buffer);
}

}  // namespace

void Frame::clear() noexcept {
    error.clear();
    host_response.clear();
    host_error.clear();
    trim(error);
    trim(host_response);
    trim(host_error);
    trim(arguments);
    touched = false;
}

Calls::Calls(engine::Store& store, engine::InstanceId instance, Session& session)
    : store_(store), session_(session), memory_(store.memory(instance, "memory")) {}

Error too_long(const Request& request) {
    const std::string_view what = request.name.size() > UINT32_MAX ? "operation" : "payload";
    return Error(ErrorCode::invalid_argument, base::concat("the ", what, " is longer than 4 GiB, which the ABI cannot carry"));
}

Error failure_of(Calls& calls, const Frame& frame, engine::Stop stop) {
    Error error = error_of_stop(calls.store(), stop);
    if (!frame.error.empty()) error.set_guest_message(frame.error);
    return error;
}

Error guest_error(const std::string& text, std::string_view operation) {
    if (text.empty()) {
        return Error(ErrorCode::guest_error,
                     base::concat("the guest's operation ", base::quoted(operation), " failed without saying why"));
    }
    Error error(ErrorCode::guest_error, is_utf8(text) ? text : to_utf8_lossy(text));
    error.set_guest_message(text);
    return error;
}

}  // namespace mortise::abi::message
