#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/command_line.hpp"

namespace mortise::cli {

/// A subcommand: one file each, listed in dispatch.cpp.
struct Command {
    std::string_view name;
    std::string_view summary;
    int (*run)(Arguments arguments);   ///< gives the exit status
};

int run_call(Arguments arguments);
int run_run(Arguments arguments);
int run_inspect(Arguments arguments);
int run_bench(Arguments arguments);
int run_compile(Arguments arguments);
int run_cache(Arguments arguments);
int run_engines(Arguments arguments);
int run_abis(Arguments arguments);

/// The whole command. `arguments` without the program's name.
int dispatch(Arguments arguments);

}  // namespace mortise::cli
