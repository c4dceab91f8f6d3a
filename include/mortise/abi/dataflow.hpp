#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <mortise/bytes.hpp>

/// mortise's own small ABI for plugins that turn data into data: records are mapped, filtered, reduced by named functions. The names
/// in this namespace go with `PluginOptions::abi == "dataflow"`; `src/abi/dataflow/README.md` is the whole of the wire format.
///
/// `Instance::invoke(function, record)` gives what the function makes of a record; nothing (`CallOutcome::has_payload` false, empty bytes)
/// if it drops the record. A function that hands out several outputs gives them joined; `Outputs` tells where each ends.
/// `<mortise/abi/dataflow_calls.hpp>` has maps and folds over many records.
namespace mortise::abi::dataflow {

/// A module with an export of this name, whatever it is, is one of this ABI.
inline constexpr std::string_view kMarker = "__dataflow_v1";

/// `CallRequest::options` of a call of a function of two inputs: the accumulator comes first, the payload second.
struct Reduction {
    BytesView accumulator{};   ///< borrowed for the call
};

/// `CallOutcome::report` of a call whose function handed out anything but one output: where each ends in the payload.
struct Outputs {
    std::vector<std::uint64_t> ends;
};

}  // namespace mortise::abi::dataflow
