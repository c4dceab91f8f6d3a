#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <mortise/error.hpp>
#include <mortise/instance.hpp>

#include "cli/json.hpp"
#include "cli/recorder.hpp"

namespace mortise::cli {

/// Everything that `--json` and `--jsonl` tell of one call.
struct Outcome {
    Result<void> ended{};
    std::optional<Value> value;          ///< of ABIs that have results of their own
    bool carries_payload = false;        ///< the ABI answers with a payload
    std::optional<Bytes> payload;        ///< nothing: no response
    std::optional<Json> decoded;         ///< the payload through `--codec`
    std::optional<std::vector<std::uint64_t>> output_ends;   ///< of a payload that is not one output: where each ends
    std::optional<std::uint64_t> gas_left;
    Recording recording;
    std::uint64_t elapsed_ns = 0;
    std::optional<std::uint64_t> fuel;
    std::uint64_t memory_bytes = 0;
};

/// The outcome object. Takes the recording out of it.
Json outcome_to_json(Outcome outcome);

/// The outcome of a line that is no request, or of a plugin that did not load.
Json failure_to_json(const Error& error);

}  // namespace mortise::cli
