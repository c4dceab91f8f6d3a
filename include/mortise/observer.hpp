#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>
#include <mortise/export.hpp>
#include <mortise/value.hpp>

namespace mortise {

/// How grave a guest's log line is; ABIs without levels use `info`.
enum class LogLevel : std::uint8_t { trace, debug, info, warning, error };
/// Its name here.
MORTISE_API std::string_view to_string(LogLevel level) noexcept;

/// Which of a guest's output streams.
enum class Stream : std::uint8_t { standard_output, standard_error };

/// A call from a guest to its host, after it ended. Views are valid during the notification. An ABI fills what it has.
struct HostCallEvent {
    std::uint64_t instance = 0;
    std::string_view module;              ///< the import's module, e.g. `wapc`
    std::string_view name;                ///< the import's name, e.g. `__host_call`
    std::string_view binding;             ///< waPC
    std::string_view space;               ///< the namespace: waPC, aspect
    std::string_view operation;           ///< waPC, hookr
    BytesView payload;                    ///< of message ABIs
    std::span<const ValueView> arguments; ///< of value ABIs
    bool has_payload = false;
    bool ok = true;                       ///< the guest was told of a success
};

/// What happens in plugins, for logs and metrics. Derive, override what you want, and give it to the Runtime or to a plugin.
/// Threads: called on whichever thread runs the instance, from several at once. What it throws is swallowed: an observer never
/// fails a guest. Views are valid during the notification, often in the guest's own memory: the instance that it is about cannot be
/// called from within (`not_reentrant`). What a start-up for a snapshot says comes when the snapshot is taken (`SnapshotOptions`),
/// under a number that no Instance has. Defaults do nothing.
class MORTISE_API Observer {
public:
    virtual ~Observer();

    /// A line that a guest logged through its ABI: bare text, lossily made UTF-8.
    virtual void guest_log(std::uint64_t instance, LogLevel level, std::string_view text);

    /// Bytes that a guest wrote to a captured stdout or stderr.
    virtual void guest_output(std::uint64_t instance, Stream stream, BytesView bytes);

    /// A call to the host ended.
    virtual void host_call(const HostCallEvent& event);

    /// Something that the host's owner should know though nothing failed, e.g. a log cut at its limit.
    virtual void warning(std::uint64_t instance, std::string_view text);
};

}  // namespace mortise
