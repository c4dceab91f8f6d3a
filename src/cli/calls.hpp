#pragma once

#include <any>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/instance.hpp>
#include <mortise/plugin.hpp>

#include "cli/outcome.hpp"
#include "cli/recorder.hpp"
#include "cli/request.hpp"

namespace mortise::cli {

/// How payloads are converted for people: `--codec`.
enum class Codec : std::uint8_t { raw, json, msgpack };

/// Its name on the command line. Errors: `invalid_argument`.
Result<Codec> parse_codec(std::string_view text);

/// A call that fits its plugin: its arguments have their types, its payload is bytes, what its ABI wants beside is there.
struct Call {
    std::string name;
    bool with_values = false;                       ///< arguments, else a payload
    std::vector<Value> arguments{};
    std::optional<std::vector<Kind>> results{};     ///< as `--types` says
    Bytes payload{};
    Bytes accumulator{};                            ///< what `options` borrow
    std::any options{};                             ///< of the type that the ABI wants, or empty
    bool reset_state = false;                       ///< forget the services' state before it
};

/// Whether the options `--types` and `--codec` mean anything to the plugin. Errors: `invalid_argument`.
Result<void> check_forms(const Plugin& plugin, const std::optional<Signature>& types, Codec codec);

/// The call that command-line arguments after NAME mean. `codec` converts a payload. Errors: `invalid_argument`, `type_mismatch`,
/// and those of reading a file that holds the payload.
Result<Call> make_call(const Plugin& plugin, const std::string& name, std::span<const std::string> arguments,
                       const std::optional<Signature>& types, Codec codec);

/// The call that a request means. `types` serve where the request has none.
Result<Call> make_call(const Plugin& plugin, Request request, const std::optional<Signature>& types);

/// What is told of every call alike.
struct CallSettings {
    Codec codec = Codec::raw;
    bool counts_fuel = false;
};

/// Performs a call and gathers what it did. Never fails: failures are in the outcome.
Outcome perform(Instance& instance, const Plugin& plugin, const Call& call, Recorder* recorder, const CallSettings& settings);

}  // namespace mortise::cli
