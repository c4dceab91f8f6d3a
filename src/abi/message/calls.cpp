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

void Frame::begin(Bytes& response_buffer) noexcept {
    response_buffer.clear();
    response = &response_buffer;
    has_request = false;
    has_response = false;
    error.clear();
    drop_host_answer();
}

void Frame::trim() noexcept {
    message::trim(error);
    message::trim(host_response);
    message::trim(host_error);
    message::trim(arguments);
}

Calls::Calls(engine::Store& store, engine::InstanceId instance, Session& session)
    : store_(store), session_(session), memory_(store.memory(instance, "memory")) {}

Frame& Calls::push(Bytes& response) {
    if (depth_ > nested_.size()) nested_.push_back(std::make_unique<Frame>());
    ++depth_;
    Frame& frame = *top();
    frame.begin(response);
    return frame;
}

void Calls::pop() noexcept {
    top()->trim();
    --depth_;
}

Result<void> check_lengths(const Request& request) {
    if (request.name.size() > UINT32_MAX) {
        return fail(ErrorCode::invalid_argument, "the operation is longer than 4 GiB, which the ABI cannot carry");
    }
    if (request.payload.size() > UINT32_MAX) {
        return fail(ErrorCode::invalid_argument, "the payload is larger than 4 GiB, which the ABI cannot carry");
    }
    return {};
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
