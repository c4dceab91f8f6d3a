#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/export.hpp>

namespace mortise {

/// Whether a guest may change what it sees.
enum class Access : std::uint8_t { read_only, read_write };

/// A host directory that the guest sees under a name of its own. Nothing outside can be reached through it, by any path or
/// symbolic link; hard links and mounts that are inside count as inside.
struct HostDirectory {
    std::string host_path;   ///< opened when the instance starts; a missing one fails the start with `io`
    std::string guest_path;  ///< as the guest names it, e.g. `/data`
    Access access = Access::read_only;          ///< writing is asked for by name; without it the guest sees EROFS
    std::optional<std::uint64_t> quota_bytes{}; ///< bytes, by file size, that this instance may add; beyond it the guest sees EDQUOT
    std::optional<std::uint64_t> quota_files{}; ///< names of files, directories and links that it may add (EDQUOT)
};

/// A directory that lives in memory, private to each instance. Beyond its quotas the guest sees ENOSPC.
struct MemoryDirectory {
    std::string guest_path;
    std::map<std::string, Bytes> files{};       ///< initial content: path below the directory -> bytes; counts in the quotas
    Access access = Access::read_write;
    std::uint64_t quota_bytes = std::uint64_t{16} << 20;  ///< of all files together
    std::uint64_t quota_files = 1'000;
};

/// What a guest reads as stdin.
struct NoInput {};                               ///< end of file at once
struct InheritInput {};                          ///< this process's stdin
using Input = std::variant<NoInput, Bytes, InheritInput>;

/// Where a guest's stdout or stderr goes. What is not inherited looks like a terminal to the guest, so that C libraries hand
/// over each line at once instead of keeping it until the guest ends, which a plugin never does.
struct DiscardOutput {};
struct ObserveOutput {};                         ///< to `Observer::guest_output`, at most `Limits::log_bytes` a call
struct InheritOutput {};                         ///< to this process's stream of the same name
using OutputLines = std::function<void(std::string_view line)>;  ///< called per line, without its end, and for a last incomplete one; cut at `Limits::log_bytes`
/// Functions given for output, clocks and random bytes end the call with `host_function_failed` by throwing.
using Output = std::variant<ObserveOutput, DiscardOutput, InheritOutput, OutputLines>;

/// A clock that starts at `start` and moves by `step` with each reading; a wait on it advances it and returns at once.
struct FixedClock {
    std::chrono::nanoseconds start{std::chrono::seconds(1'640'995'200)};  ///< 2022-01-01 for the wall clock; monotonic starts at 0
    std::chrono::nanoseconds step{1'000'000};
};
struct RealClock {};                             ///< the operating system's clocks
/// Supplied: the argument says which clock, the result is its time. A guest's wait asks it every millisecond and lasts until
/// it says that the time has come, or the call's own time is over.
enum class ClockId : std::uint8_t { realtime, monotonic };
using ClockFunction = std::function<std::chrono::nanoseconds(ClockId)>;
using Clock = std::variant<FixedClock, RealClock, ClockFunction>;

struct SystemRandom {};                          ///< the operating system's generator
struct SeededRandom { std::uint64_t seed = 0; }; ///< repeatable; for tests, never for secrets
using RandomFunction = std::function<void(std::span<std::byte> out)>;
using Random = std::variant<SystemRandom, SeededRandom, RandomFunction>;

/// What an instance may see of the world. A value, copied into the plugin; functions in it are called from whichever thread
/// runs an instance, several at once.
struct Sandbox {
    /// argv as the guest sees it, the program's name included. Empty: a guest gets no arguments.
    std::vector<std::string> arguments;

    /// Environment variables. Empty: the host's environment is full of secrets.
    std::vector<std::pair<std::string, std::string>> environment;

    /// Directories. Empty: a plugin that needs no files should see none.
    std::vector<HostDirectory> directories;
    std::vector<MemoryDirectory> memory_directories;

    /// stdio: nothing to read; what is written goes to the observer, so that it is neither lost nor mixed with the host's own.
    Input standard_input = NoInput{};
    Output standard_output = ObserveOutput{};
    Output standard_error = ObserveOutput{};

    /// Fixed-step: a plugin's result does not depend on the hour, timing attacks find no clock, and a wait costs no time.
    Clock clock = FixedClock{};

    /// The operating system's: the same random numbers in every sandbox would be a security defect.
    Random random = SystemRandom{};
};

}  // namespace mortise
