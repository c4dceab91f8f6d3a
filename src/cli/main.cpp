#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/output.hpp"

int main(int argc, char** argv) {
    mortise::cli::prepare_standard_streams();
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    return mortise::cli::dispatch(arguments);
}
