#include "cli/commands.hpp"

#include <filesystem>
#include <memory>
#include <utility>

#include <mortise/runtime.hpp>

#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/output.hpp"
#include "cli/plugin_flags.hpp"
#include "cli/recorder.hpp"
#include "cli/report.hpp"
#include "cli/text.hpp"

namespace mortise::cli {

namespace {

constexpr auto kExamples =
    "  mortise compile plugin.wasm\n"
    "  mortise compile --for run -o tool.compiled tool.wasm && mortise run tool.compiled\n";

struct Target {
    std::string module;
    std::string output;   // empty: into the cache alone
    RuntimeOptions runtime;
    PluginOptions plugin;
};

// Writing it would lose the module. A terminal may well be both.
bool is_same_file(const std::string& one, const std::string& other) {
    std::error_code missing;
    return std::filesystem::is_regular_file(one, missing) && std::filesystem::equivalent(one, other, missing);
}

int compile(const Target& target) {
    const std::string compiling = "cannot compile " + target.module;
    auto bytes = read_module_file(target.module, target.plugin.load_limits);
    if (!bytes) return report(compiling, bytes.error());
    const Runtime runtime(target.runtime);
    if (target.output.empty()) {
        if (auto kept = runtime.compile_into_cache(*bytes, target.plugin); !kept) return report(compiling, kept.error());
        return kDone;
    }
    auto compiled = runtime.compile(*bytes, target.plugin);
    if (!compiled) return report(compiling, compiled.error());
    if (target.output == "-") return print(text_of(*compiled));
    if (auto written = write_file(target.output, *compiled); !written) return report("cannot write " + target.output, written.error());
    return kDone;
}

// As `call` and `run` have it, so that they find the code that they would make.
Result<void> suit(Target& target, std::string_view purpose) {
    if (purpose == "call") return {};
    if (purpose != "run") return fail(ErrorCode::invalid_argument, "--for: " + in_quotes(purpose) + " is neither call nor run");
    target.plugin.abi = "plain";
    target.plugin.limits.call_time = target.plugin.limits.start_time = std::nullopt;
    return {};
}

}  // namespace

int run_compile(Arguments arguments) {
    CommandLine line("compile [options] MODULE",
                     "Compiles a plugin, so that call and run need not: into the compiled-code cache, and with -o into a file that they take "
                     "in the module's place. The code is for this machine, this version, and the engine and limits named here. The file is "
                     "run only with the cache that was in use when it was made, or with --trust-compiled: it is machine code.");
    line.examples(kExamples);
    const auto* output = line.option("-o,--output", "FILE", "write module and code to FILE; - is stdout");
    const auto* abi = line.option("--abi", "NAME", "the plugin's ABI, instead of recognising it; see mortise abis");
    const auto* purpose = line.option("--for", "call|run", "which command will use it (default call): run has no time limit");
    const PluginFlags flags(line);
    if (const auto end = line.parse(arguments)) return *end;
    if (line.operands().size() != 1) return line.wrong_usage({}, "which module? compile needs one MODULE");
    Target target;
    target.module = line.operands()[0];
    target.output = text_of_option(output).value_or("");
    target.plugin.name = std::filesystem::path(target.module).stem().string();
    target.plugin.abi = text_of_option(abi).value_or("");
    target.plugin.observer = std::make_shared<LogPrinter>();
    const auto command = text_of_option(purpose).value_or("call");
    if (auto suits = suit(target, command); !suits) return line.wrong_value(suits.error());
    if (auto applied = flags.apply(target.runtime, target.plugin, target.plugin.name); !applied) return line.wrong_value(applied.error());
    target.plugin.interruptible = command == "call" || target.plugin.limits.call_time.has_value();
    if (is_same_file(target.module, target.output)) return line.wrong_usage({}, "--output: that is MODULE itself");
    if (!target.runtime.code_cache && target.output.empty()) {
        return line.wrong_usage({}, "compile into what? there is no cache: name a file with -o");
    }
    return compile(target);
}

}  // namespace mortise::cli
