#include <mortise/error.hpp>

#include <atomic>

#include <mortise/bytes.hpp>

#include "base/text.hpp"

namespace mortise {

struct Error::Data {
    mutable std::atomic<std::size_t> owners{1};
    ErrorCode code = ErrorCode::internal;
    Blame blame = Blame::mortise;
    std::string message;
    std::vector<std::string> context;
    std::optional<std::string> guest_message;
    std::optional<TrapKind> trap;
    std::optional<std::int32_t> exit_status;
    std::vector<WasmFrame> backtrace;

    Data() = default;
    Data(const Data& other)
        : code(other.code),
          blame(other.blame),
          message(other.message),
          context(other.context),
          guest_message(other.guest_message),
          trap(other.trap),
          exit_status(other.exit_status),
          backtrace(other.backtrace) {}
};

Error::Error(ErrorCode code, std::string message) {
    auto data = std::make_unique<Data>();
    data->code = code;
    data->blame = default_blame(code);
    data->message = std::move(message);
    data_ = data.release();
}

Error::Error(const Error& other) noexcept : data_(other.data_) {
    if (data_ != nullptr) data_->owners.fetch_add(1, std::memory_order_relaxed);
}

Error& Error::operator=(const Error& other) noexcept {
    Error copy(other);
    std::swap(data_, copy.data_);
    return *this;
}

Error& Error::operator=(Error&& other) noexcept {
    Error taken(std::move(other));
    std::swap(data_, taken.data_);
    return *this;
}

Error::~Error() { release(data_); }

void Error::release(Data* data) noexcept {
    // Acquire and release: the last owner must see all that the others did with the data before it deletes it.
    if (data != nullptr && data->owners.fetch_sub(1, std::memory_order_acq_rel) == 1)
        std::unique_ptr<Data>(data).reset();
}

const Error::Data& Error::data() const noexcept {
    static const Data moved_from;
    return data_ != nullptr ? *data_ : moved_from;
}

Error::Data& Error::own() {
    if (data_ == nullptr) {
        data_ = std::make_unique<Data>().release();
    } else if (data_->owners.load(std::memory_order_acquire) != 1) {
        auto copy = std::make_unique<Data>(*data_);
        release(std::exchange(data_, copy.release()));
    }
    return *data_;
}

ErrorCode Error::code() const noexcept { return data().code; }
Blame Error::blame() const noexcept { return data().blame; }
const std::string& Error::message() const noexcept { return data().message; }
const std::vector<std::string>& Error::context() const noexcept { return data().context; }
const std::optional<std::string>& Error::guest_message() const noexcept { return data().guest_message; }
std::optional<TrapKind> Error::trap() const noexcept { return data().trap; }
std::optional<std::int32_t> Error::exit_status() const noexcept { return data().exit_status; }
const std::vector<WasmFrame>& Error::backtrace() const noexcept { return data().backtrace; }

std::string Error::describe() const {
    const auto& d = data();
    std::string out = d.message.empty() ? std::string(to_string(d.code)) : d.message;
    // The guest's words are often the message already.
    if (d.guest_message && !d.guest_message->empty() && out.find(*d.guest_message) == std::string::npos)
        out += base::concat("\n  the guest says: ", to_utf8_lossy(*d.guest_message));
    for (const auto& where : d.context) out += base::concat("\n  ", where);
    for (std::size_t i = 0; i < d.backtrace.size(); ++i) {
        const auto& frame = d.backtrace[i];
        const auto name = frame.name.empty() ? "function" : to_utf8_lossy(frame.name);
        out += base::concat("\n  #", i, " ", name, " [", frame.function, "]");
        if (frame.offset != UINT64_MAX) out += base::concat(" at ", base::hex(frame.offset));
    }
    return out;
}

Error& Error::add_context(std::string where) & {
    own().context.push_back(std::move(where));
    return *this;
}

Error&& Error::add_context(std::string where) && { return std::move(add_context(std::move(where))); }

Error& Error::set_blame(Blame blame) & {
    own().blame = blame;
    return *this;
}

Error&& Error::set_blame(Blame blame) && { return std::move(set_blame(blame)); }

Error& Error::set_guest_message(std::string text) & {
    own().guest_message = std::move(text);
    return *this;
}

Error&& Error::set_guest_message(std::string text) && { return std::move(set_guest_message(std::move(text))); }

Error& Error::set_trap(TrapKind kind, std::vector<WasmFrame> frames) & {
    auto& d = own();
    d.trap = kind;
    d.backtrace = std::move(frames);
    return *this;
}

Error& Error::set_exit_status(std::int32_t status) & {
    own().exit_status = status;
    return *this;
}

Exception::Exception(Error error)
    : error_(std::move(error)),
      text_(std::make_shared<const std::string>(base::concat(to_string(error_.code()), ": ", error_.describe()))) {}

const char* Exception::what() const noexcept { return text_->c_str(); }

}  // namespace mortise
