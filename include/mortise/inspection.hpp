#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <mortise/export.hpp>
#include <mortise/module_info.hpp>

namespace mortise {

/// An ABI that recognises a module, and why, for people.
struct Recognition {
    std::string abi;
    std::string reason;
};

/// The ABIs that recognise a module; none: `plain`, more than one: the caller must name it.
MORTISE_API std::vector<Recognition> recognise(const ModuleInfo& module);

/// What can be told of a plugin's file without compiling or running it.
struct Inspection {
    ModuleInfo module;
    std::string form;                      ///< `binary`, `text`, `compiled`, or the name of the ABI whose container it is
    std::string sha256;                    ///< of the bytes as they were given, 64 lower-case hex digits
    std::uint64_t file_bytes = 0;          ///< as they were given
    std::uint64_t module_bytes = 0;        ///< of the binary
    std::vector<Recognition> recognised;
};

}  // namespace mortise
