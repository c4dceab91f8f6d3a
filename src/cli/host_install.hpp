#pragma once

#include <memory>

#include <mortise/abi_info.hpp>
#include <mortise/error.hpp>
#include <mortise/host_functions.hpp>
#include <mortise/module_info.hpp>

#include "cli/host_file.hpp"

namespace mortise::cli {

/// Puts a host file's entries into what a plugin of this ABI may call. Functions are made for the imports that the module has,
/// since an entry may leave open what it matches; messages are matched when they come. Errors: `invalid_argument`, an entry
/// that means nothing to this ABI.
Result<void> install_host_file(std::shared_ptr<const HostFile> file, const ModuleInfo& module, const AbiInfo& abi,
                               HostFunctions& out);

/// An import that mortise itself provides to guests of this ABI: WASI, or a part of the protocol.
bool provided_by_abi(const Import& import, std::string_view abi) noexcept;

/// The namespace and the method in the name of an aspect's import: what is before and after the last dot.
std::pair<std::string_view, std::string_view> split_aspect_name(std::string_view name) noexcept;

}  // namespace mortise::cli
