#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include <mortise/runtime.hpp>

#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/text.hpp"

namespace mortise::cli {

namespace {

constexpr Command kCommands[] = {
    {"call", "call a function or an operation of a plugin", &run_call},
    {"run", "run a WASI command", &run_run},
    {"inspect", "tell what a module is, needs and offers", &run_inspect},
    {"bench", "measure calls of a plugin, on one engine or all", &run_bench},
    {"compile", "compile a plugin before it is needed", &run_compile},
    {"cache", "list or clear the compiled code that is kept", &run_cache},
    {"engines", "list the WebAssembly engines", &run_engines},
    {"abis", "list the guest ABIs", &run_abis},
};

std::string help() {
    std::string out =
        "usage: mortise COMMAND [options] ...\n"
        "\n"
        "Runs WebAssembly plugins.\n"
        "\n"
        "Commands:\n";
    for (const auto& command : kCommands) {
        std::string name(command.name);
        name.resize(9, ' ');
        out += "  " + name + std::string(command.summary) + '\n';
    }
    return out +
           "\n"
           "Options:\n"
           "  -h, --help  print this help, or that of a command after its name\n"
           "  --version   print the version\n"
           "\n"
           "Exit status: 0 done; 1 the plugin failed; 2 wrong usage or input; 3 refused by policy;\n"
           "4 the environment failed. mortise run gives the guest's own status when the guest exits.\n"
           "\n"
           "Examples:\n"
           "  mortise inspect plugin.wasm\n"
           "  mortise call plugin.wasm shout quiet\n"
           "  mortise run --dir .::/work tool.wasm /work/in.txt\n";
}

int unknown(const std::string& name) {
    const bool option = name.starts_with('-');
    std::string text = std::string("there is no ") + (option ? "option " : "command ") + in_quotes(name);
    std::vector<std::string> known{"--help", "--version"};
    if (!option) {
        known.clear();
        for (const auto& command : kCommands) known.emplace_back(command.name);
    }
    if (const auto near = nearest(name, known); !near.empty()) text += ", did you mean " + std::string(near) + "?";
    print_error({}, text, "see mortise --help");
    return kWrongInput;
}

int choose(Arguments arguments) {
    if (arguments.empty()) {
        print_error({}, "no command is given", "see mortise --help");
        return kWrongInput;
    }
    const auto& name = arguments.front();
    if (name == "--help" || name == "-h") return print(help());
    if (name == "help" && arguments.size() == 1) return print(help());
    if (name == "--version" || name == "version") return print("mortise " + std::string(version()) + '\n');
    const bool help_wanted = name == "help";
    const auto& wanted = help_wanted ? arguments[1] : name;
    const auto* command = std::ranges::find(kCommands, wanted, &Command::name);
    if (command == std::end(kCommands)) return unknown(wanted);
    if (help_wanted) return command->run(std::vector<std::string>{"--help"});
    return command->run(arguments.subspan(1));
}

}  // namespace

int dispatch(Arguments arguments) {
    try {
        return choose(arguments);
    } catch (const std::bad_alloc&) {
        print_error({}, "out of memory");
    } catch (const std::exception& error) {
        print_error("unexpected", error.what());
    }
    return kEnvironmentFailed;
}

}  // namespace mortise::cli
