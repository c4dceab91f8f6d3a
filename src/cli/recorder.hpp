#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <mortise/observer.hpp>

#include "cli/json.hpp"

namespace mortise::cli {

/// What happened beside a call's result.
struct Recording {
    Json host_calls = Json::array();
    std::uint64_t host_calls_left_out = 0;   ///< beyond the recorder's bounds
    Json logs = Json::array();
    Json warnings = Json::array();
    Bytes standard_output;
    Bytes standard_error;
};

/// Keeps what plugins do until it is asked for. The command runs its calls on one thread, one after the other, so whatever comes
/// between two `take`s belongs to one call. A guest can call its host very often: what it keeps of that is bounded.
class Recorder final : public Observer {
public:
    /// The ABI decides which parts of a host call are shown. Set it before the first call.
    void set_abi(std::string_view abi) { abi_ = abi; }

    /// What happened since the last time.
    Recording take();

    void guest_log(std::uint64_t instance, LogLevel level, std::string_view text) override;
    void guest_output(std::uint64_t instance, Stream stream, BytesView bytes) override;
    void host_call(const HostCallEvent& event) override;
    void warning(std::uint64_t instance, std::string_view text) override;

private:
    std::string abi_;
    Recording recording_;
    std::uint64_t kept_bytes_ = 0;
};

/// Prints what guests log to stderr as it happens: for people at a terminal.
class LogPrinter final : public Observer {
public:
    void guest_log(std::uint64_t instance, LogLevel level, std::string_view text) override;
    void warning(std::uint64_t instance, std::string_view text) override;
};

}  // namespace mortise::cli
