#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <mortise/error.hpp>
#include <mortise/export.hpp>

namespace mortise::abi::hookr {

/// What a plugin of the hookr ABI speaks: operations with a payload, both ways; generation 1 (hookr 1.x) and its predecessor.
///
/// Calling: `Instance::invoke(operation, payload)`. A success without any response is empty bytes, and absent in
/// `CallOutcome::has_payload`. Failures, beside those of any plugin:
/// - `guest_error`: the guest gave an error text, which counts even beside a success, or returned something else than 1.
///   `Error::guest_message` has its text, byte for byte; without one it failed without saying why. The text also stands beside
///   a trap, an exit or a limit if the guest had set one before.
/// - `guest_exit` with status 255: an AssemblyScript guest aborted; its words are the guest message.
/// - `bad_pointer`: an address or a length outside the guest's memory, naming function and field.
/// - `output_limit`: a response, an error text, or a part of a host call longer than `Limits::output_bytes`.
///
/// Being called: `HostFunctions::on` and `on_call` take `HostCall::operation`. Where neither takes the call, a function added
/// under module `hookr` with the operation as its name does: `host.add("hookr", "upper", [](BytesView) -> Result<Bytes> ...)`,
/// one payload (text or bytes) or none in, text, bytes or nothing out, the last of a name wins. Failing with `host_abort` ends
/// the guest's call; any other failure, also an exception, gives the guest its text.
///
/// Typed functions both ways, structs as MessagePack: `codec::Function` and `codec::handler` of `<mortise/codec_functions.hpp>`.

/// Whether the initialisers see a request.
enum class InitialiserRequest : std::uint8_t {
    none,            ///< `__plugin_request` writes nothing
    operation_name,  ///< it writes the initialiser's own name, as in the Go host; no guest can know the length
};

/// What becomes of plugins of generation 2 (numeric methods).
enum class Generation2 : std::uint8_t {
    refuse,  ///< loading fails with `unsupported`, naming the generation. The only choice: the generation is not implemented
};

/// How one plugin is treated: `PluginOptions::abi_options`.
struct Options {
    /// On: an error text is a failure whatever the return code says, as in the Go host. Off: the return code decides; the text
    /// beside a success becomes the result's warning.
    bool error_beats_success = true;

    /// None: the name is of no use to a guest that does not know its length, and would overwrite its memory.
    InitialiserRequest initialiser_request = InitialiserRequest::none;

    /// The names from before 1.0: `__guest_call`, `__guest_request`, `__guest_response`, `__guest_error`. On: they can mean
    /// nothing else.
    bool generation_0_aliases = true;

    Generation2 generation_2 = Generation2::refuse;
};

/// Whether upper and lower case hex digits are the same.
enum class HashCase : std::uint8_t {
    insensitive,
    sensitive,  ///< as in the Go host
};

/// Compares a plugin's digest in hex with the one that its user expects, in a time that does not tell where they differ.
/// `computed` is empty where no hasher was chosen, `expected` where no hash was given: either without the other is a
/// `digest_mismatch`, as in the Go host, and neither is fine. To have the digest computed and checked while loading set
/// `PluginOptions::sha256` instead, which is the everyday way; this is for hosts that bring a hasher of their own.
MORTISE_API Result<void> check_hash(std::optional<std::string_view> expected, std::optional<std::string_view> computed,
                                    HashCase hash_case = HashCase::insensitive);

}  // namespace mortise::abi::hookr
