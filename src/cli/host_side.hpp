#pragma once

#include <string>

#include <mortise/plugin.hpp>
#include <mortise/runtime.hpp>

#include "cli/abi_extras.hpp"
#include "cli/host_file.hpp"

namespace mortise::cli {

/// The entries of the host file at `path`; none for an empty path. Errors: as `read_file` and `parse_host_file`.
Result<HostFile> read_host_file(const std::string& path);

/// Gives a plugin that is about to be loaded what its ABI expects around it: sandbox, services, and these host functions. Does
/// nothing where the module or its ABI cannot be told, which loading will say. Errors: as `install_host_file`.
Result<void> add_host_side(const Runtime& runtime, BytesView bytes, HostFile file, PluginOptions& options, Services& services);

}  // namespace mortise::cli
