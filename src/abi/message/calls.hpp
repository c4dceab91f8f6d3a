#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>

#include "abi/abi.hpp"
#include "abi/session.hpp"

namespace mortise::abi::message {

/// One guest call in progress. Frames are kept and used again, so that a call allocates only what its response needs.
struct Frame {
    std::string_view operation;   ///< lent by the caller until the call ends
    BytesView payload;            ///< likewise
    bool has_request = false;     ///< false in initialisers: nothing to fetch
    bool has_response = false;
    bool touched = false;         ///< something below `response` was used: to be cleared before the next call
    Bytes* response = nullptr;    ///< where the guest's response is copied; the caller's own buffer, so that it is never moved
    OutputSink* sink = nullptr;   ///< gets the response instead of `response`; usually null
    std::string error;            ///< the guest's error text; empty means none
    Bytes host_response;          ///< of the latest host call
    std::string host_error;       ///< likewise; empty means none
    Bytes arguments;              ///< names and payload of the running host call; what its handler sees, also while the guest
                                  ///< runs again. Never shrinks within a call, so its size says nothing

    std::unique_ptr<Frame> above; ///< for a call made during this one; empty until there was one

    void begin(Bytes& response_buffer) noexcept {
        response_buffer.clear();
        response = &response_buffer;
        sink = nullptr;
        has_request = false;
        has_response = false;
        if (touched) [[unlikely]] clear();
    }

    /// Before anything of the latest host call is recorded.
    void begin_host_call() noexcept {
        touched = true;
        host_response.clear();
        host_error.clear();
    }

    /// Empties what was touched, and gives back memory that an unusually large call left behind.
    void clear() noexcept;
};

/// The calls of one instance, nested ones on top: what the imports of a message ABI work on. `Store::abi` points to it.
class Calls {
public:
    Calls(engine::Store& store, engine::InstanceId instance, Session& session);
    Calls(const Calls&) = delete;
    Calls& operator=(const Calls&) = delete;

    static Calls& of(engine::Store& store) noexcept { return *static_cast<Calls*>(store.abi); }

    engine::Store& store() noexcept { return store_; }
    Session& session() noexcept { return session_; }
    std::uint64_t output_limit() const noexcept { return session_.limits->output_bytes; }

    /// The guest's memory as it is now; an empty one if it exports none.
    engine::GuestMemory memory() noexcept { return memory_ ? store_.view(*memory_) : engine::GuestMemory(); }

    /// The innermost call; null while guest code runs without one.
    Frame* top() noexcept { return top_; }

    /// The guest's words where it has no call to keep them in: an abort in start-up code that runs without one.
    std::string& stray_error() noexcept { return stray_error_; }

    /// Makes a new innermost call for as long as this lives. `response` takes what the guest answers.
    class Call {
    public:
        Call(Calls& calls, Bytes& response)
            : calls_(calls), outer_(calls.top_), frame_(outer_ == nullptr ? calls.first_ : above(*outer_)) {
            frame_.begin(response);
            calls_.top_ = &frame_;
        }
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        ~Call() {
            if (frame_.touched) [[unlikely]] frame_.clear();
            calls_.top_ = outer_;
        }
        Frame& frame() noexcept { return frame_; }

    private:
        [[gnu::cold]] static Frame& above(Frame& outer) {
            if (!outer.above) outer.above = std::make_unique<Frame>();
            return *outer.above;
        }

        Calls& calls_;
        Frame* const outer_;
        Frame& frame_;
    };

private:
    engine::Store& store_;
    Session& session_;
    std::optional<engine::MemoryRef> memory_;
    std::string stray_error_;
    Frame* top_ = nullptr;
    Frame first_;
};

/// True if the protocol's 32-bit lengths can carry the request.
inline bool fits(const Request& request) noexcept { return ((request.name.size() | request.payload.size()) >> 32) == 0; }

/// `invalid_argument` for a request that does not fit.
Error too_long(const Request& request);

/// The failure that a stop of guest code stands for, with the guest's own text beside it if it had given one.
Error failure_of(Calls& calls, const Frame& frame, engine::Stop stop);

/// `guest_error` with the guest's text; without a text the message is a fixed one of ours and `Error::guest_message` is empty.
Error guest_error(const std::string& text, std::string_view operation);

}  // namespace mortise::abi::message
