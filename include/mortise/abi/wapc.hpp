#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mortise::abi::wapc {

/// What a plugin of the waPC ABI speaks: operations with a payload, both ways.
///
/// Calling: `Instance::invoke(operation, payload)`. The answer is the guest's response. Failures, beside those of any plugin:
/// - `guest_error`: the guest said no. `Error::guest_message` has its text, byte for byte, and `Error::message` the same as
///   UTF-8; without a guest message it failed without saying why. The text also stands beside a trap, an exit or a limit if the
///   guest had set one before.
/// - `no_response`: success without an answer (see `MissingResponse`).
/// - `bad_pointer`: an address or a length outside the guest's memory, naming function and field.
/// - `output_limit`: a response, an error text, or a part of a host call longer than `Limits::output_bytes`.
/// Success with an error text beside the response keeps the response; the text is the result's warning.
///
/// Being called: `HostFunctions::on` and `on_call` take binding, namespace and operation from `HostCall`. Failing with
/// `host_abort` ends the guest's call; any other failure, also an exception, gives the guest its text.
/// Numeric functions under other module names (`HostFunctions::add`) serve guests that import them.

/// Which return codes of the guest mean success.
enum class SuccessRule : std::uint8_t {
    non_zero,     ///< any but 0, as the Rust and JavaScript hosts have it
    exactly_one,  ///< 1 alone, as the Go hosts and wasmCloud have it
};

/// What counts when the guest returned success and set a response and an error text.
enum class ResponseAndError : std::uint8_t {
    response_wins,  ///< the return code decides; the text is a warning
    error_wins,     ///< `guest_error`, as in the Go hosts
};

/// What a success without any response and error text is.
enum class MissingResponse : std::uint8_t {
    error,  ///< `no_response`
    empty,  ///< an absent response: empty bytes and a flag, as in the Go hosts
};

/// What becomes of a host call with a binding, namespace or operation that is not UTF-8.
enum class NamesNotUtf8 : std::uint8_t {
    reject,  ///< the guest reads an error text that names the field; no handler is called
    bytes,   ///< the handler gets the bytes as they are
};

/// What becomes of imported functions that nobody provides.
enum class UnknownImports : std::uint8_t {
    error,      ///< loading fails with `missing_import`
    trap_stub,  ///< the guest traps when it calls one; for guests that import what they never use. Not for WASI modules
};

/// How one plugin is treated: `PluginOptions::abi_options`. The defaults are the protocol as most of its hosts agree on it; each
/// other value is for plugins written against a host that differs. What happens after a trap is not here: see `AfterFailure`.
struct Options {
    SuccessRule success_rule = SuccessRule::non_zero;
    ResponseAndError response_and_error = ResponseAndError::response_wins;
    MissingResponse missing_response = MissingResponse::error;
    NamesNotUtf8 names_not_utf8 = NamesNotUtf8::reject;
    UnknownImports unknown_imports = UnknownImports::error;

    /// Initialisers in the order of their calls, each called once if the plugin exports it without parameters. The first two
    /// are those of toolchains (command and reactor modules), the last is the protocol's own.
    std::vector<std::string> start_functions = {"_start", "_initialize", "wapc_init"};

    /// Generations beside the current one, told apart by the parameters of the imported `__host_call`: 4 (until 2020-03-02,
    /// operation alone), 6 (until 2020-03-30, namespace and operation), and imports from module `wasmbus` (wasmCloud). On: a
    /// host that refuses them gains nothing. Off: loading such a plugin fails with `unsupported`.
    bool accept_g1 = true;
    bool accept_g2 = true;
    bool accept_wasmbus = true;
};

}  // namespace mortise::abi::wapc
