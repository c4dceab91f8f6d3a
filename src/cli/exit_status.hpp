#pragma once

#include <mortise/error.hpp>

namespace mortise::cli {

/// How the command ends. Scripts rely on these numbers.
enum ExitStatus : int {
    kDone = 0,
    kPluginFailed = 1,       ///< trap, guest error, limit
    kWrongInput = 2,         ///< usage, no such file, not a module, missing import or export
    kRefused = 3,            ///< policy: digest, signature
    kEnvironmentFailed = 4,  ///< files, memory, or a defect of ours
};

/// The status that an error stands for.
int exit_status(const Error& error) noexcept;

}  // namespace mortise::cli
