#pragma once

#include <optional>

#include <mortise/plugin.hpp>

#include "cli/abi_extras.hpp"
#include "cli/calls.hpp"
#include "cli/kinds.hpp"
#include "cli/recorder.hpp"

namespace mortise::cli {

/// Serves the requests on stdin, an outcome for each on stdout as soon as it is known. Gives the exit status: 0 when every line got
/// its outcome. `types` serve requests that have none.
int serve_requests(const Plugin& plugin, Recorder& recorder, const Services& services, const std::optional<Signature>& types,
                   const CallSettings& settings);

}  // namespace mortise::cli
