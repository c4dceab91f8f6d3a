#pragma once

#include <cstdint>
#include <exception>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mortise/export.hpp>

namespace mortise {

/// What went wrong, for programs. Numbers are stable and grouped by phase:
/// 1xx load, 2xx configuration and arguments, 3xx run, 4xx data, 5xx host.
/// `to_string` gives the spelling that the command and its scripts use.
enum class ErrorCode : std::uint16_t {
    // Load.
    malformed_module = 100,        ///< not a valid core module
    unsupported = 101,             ///< valid, but needs what this engine, build or limit does not offer
    missing_import = 102,          ///< an import that nobody provides
    import_mismatch = 103,         ///< an import whose type is not the one provided
    missing_export = 104,          ///< the ABI requires an export that is not there
    export_mismatch = 105,         ///< a required export of another kind or type
    abi_unknown = 106,             ///< no ABI, or more than one, recognises the module
    digest_mismatch = 107,         ///< the bytes are not the ones expected
    bad_signature = 108,           ///< no valid signature of a trusted key
    denied = 109,                  ///< policy forbids it
    instrumentation_failed = 110,  ///< the module cannot be rewritten to count gas or fuel

    // Configuration and arguments.
    invalid_argument = 200,    ///< a value that no call could accept
    type_mismatch = 201,       ///< an argument or result of another type than the function has
    function_not_found = 202,  ///< no such exported function
    not_found = 203,           ///< no such file, plugin or other named thing

    // Run.
    guest_error = 300,           ///< the guest reported a failure in its ABI's own way
    no_response = 301,           ///< success without the answer that the ABI requires
    trap = 302,                  ///< the guest trapped; `Error::trap` says how
    guest_exit = 303,            ///< the guest called `proc_exit`; `Error::exit_status` has the status
    bad_pointer = 304,           ///< the guest gave an address or length outside its memory
    stack_overflow = 305,        ///< the guest's stack is exhausted
    memory_limit = 306,          ///< `Limits` on memory or tables
    output_limit = 307,          ///< `Limits` on what a call may return or write
    out_of_fuel = 308,           ///< `Limits::fuel` is used up
    out_of_gas = 309,            ///< the gas of an aspect call is used up
    deadline_exceeded = 310,     ///< `Limits` on wall time
    cancelled = 311,             ///< `Instance::interrupt` was called
    not_reentrant = 312,         ///< a nested call where engine or ABI has none, or nested too deeply
    poisoned = 313,              ///< the instance failed before and its policy forbids further use
    busy = 314,                  ///< another thread is using the instance
    closed = 315,                ///< the instance, pool or slot is closed, or the instance was moved from
    host_function_failed = 316,  ///< a host function failed or threw, which ended the call
    host_abort = 317,            ///< a host function asked to end the guest's call

    // Data.
    decode = 400,  ///< bytes that are not what their format demands
    encode = 401,  ///< a value that the format cannot hold

    // Host.
    io = 500,        ///< the host's environment failed: files, memory, processes
    internal = 501,  ///< a defect of mortise or of an engine
};

/// Who has to act.
enum class Blame : std::uint8_t { guest, host, configuration, engine, mortise };

/// How a guest trapped, as far as the engine tells.
enum class TrapKind : std::uint8_t {
    unknown,  ///< the engine does not tell kinds of traps
    unreachable,
    memory_out_of_bounds,
    table_out_of_bounds,
    indirect_call_to_null,
    indirect_call_type_mismatch,
    integer_overflow,
    integer_division_by_zero,
    invalid_conversion_to_integer,
    misaligned_atomic,
    null_reference,
    out_of_memory,
    uncaught_exception,
};

/// The spelling in the command's output, e.g. `deadline_exceeded`.
MORTISE_API std::string_view to_string(ErrorCode code) noexcept;
/// Their names here.
MORTISE_API std::string_view to_string(Blame blame) noexcept;
MORTISE_API std::string_view to_string(TrapKind kind) noexcept;

/// The blame that a code carries unless its maker says otherwise.
MORTISE_API Blame default_blame(ErrorCode code) noexcept;

/// One frame of a Wasm backtrace, innermost first.
struct WasmFrame {
    std::uint32_t function = 0;  ///< function index in the module as it was compiled
    std::string name;            ///< from the name section; empty if it has none
    std::uint64_t offset = 0;    ///< bytes from the start of the module; UINT64_MAX if unknown
};

/// A failure: a code for programs, a message for people, and what belongs to it. One pointer wide; copying shares, changing
/// copies what is shared. Any thread may read one, and copies of one may be used on different threads. An error that was
/// moved from may be destroyed, assigned to, and read, as one of code `internal`.
class MORTISE_API Error {
public:
    /// Makes an error whose blame is `default_blame(code)`.
    Error(ErrorCode code, std::string message);

    Error(const Error& other) noexcept;
    Error(Error&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
    Error& operator=(const Error& other) noexcept;
    Error& operator=(Error&& other) noexcept;
    ~Error();

    ErrorCode code() const noexcept;
    Blame blame() const noexcept;

    /// What happened, one sentence without the context.
    const std::string& message() const noexcept;

    /// Where it happened, innermost first, e.g. `while calling "f" of plugin "p"`.
    const std::vector<std::string>& context() const noexcept;

    /// The guest's own words, byte for byte as it gave them, also beside a trap; nothing if it gave none.
    const std::optional<std::string>& guest_message() const noexcept;

    /// How the guest trapped; only with code `trap` (and `stack_overflow`, where it is `unknown`).
    std::optional<TrapKind> trap() const noexcept;

    /// The status of `proc_exit`; only with code `guest_exit`.
    std::optional<std::int32_t> exit_status() const noexcept;

    /// The Wasm frames at the failure, innermost first; empty where there are none.
    const std::vector<WasmFrame>& backtrace() const noexcept;

    /// Message, guest message, context and backtrace as one text of one or more lines.
    std::string describe() const;

    Error& add_context(std::string where) &;
    Error&& add_context(std::string where) &&;
    Error& set_blame(Blame blame) &;
    Error&& set_blame(Blame blame) &&;
    Error& set_guest_message(std::string text) &;
    Error&& set_guest_message(std::string text) &&;
    Error& set_trap(TrapKind kind, std::vector<WasmFrame> frames) &;
    Error& set_exit_status(std::int32_t status) &;

private:
    struct Data;
    const Data& data() const noexcept;
    Data& own();  // this error's data, copied first if shared
    static void release(Data* data) noexcept;
    Data* data_;  // counted in itself, which a shared_ptr's two pointers would not be; null if moved from
};

/// A value or an `Error`. Functions that return one do not throw (but for `std::bad_alloc`).
template <class T>
using Result = std::expected<T, Error>;

/// The failed result of any type: `return fail(ErrorCode::trap, "...")`.
inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
    return std::unexpected(Error(code, std::move(message)));
}

/// The failed result that hands an error on: `if (!r) return fail(std::move(r).error());`.
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

/// What `value` throws: an `Error` as a standard exception.
class MORTISE_API Exception : public std::exception {
public:
    explicit Exception(Error error);
    const char* what() const noexcept override;
    const Error& error() const noexcept { return error_; }

private:
    Error error_;
    std::shared_ptr<const std::string> text_;
};

/// The value of a result, or its error thrown as `Exception`: for programs that prefer exceptions.
template <class T>
T value(Result<T> result) {
    if (!result) throw Exception(std::move(result).error());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace mortise
