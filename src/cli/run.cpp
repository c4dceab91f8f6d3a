#include "cli/commands.hpp"

#include <filesystem>
#include <memory>
#include <utility>

#include <mortise/runtime.hpp>

#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/plugin_flags.hpp"
#include "cli/recorder.hpp"
#include "cli/report.hpp"
#include "cli/text.hpp"

namespace mortise::cli {

namespace {

constexpr auto kExamples =
    "  mortise run hello.wasm\n"
    "  mortise run --dir ./data::/data:ro --env LANG=C --timeout 10s tool.wasm --verbose /data/in.txt\n";

constexpr std::int32_t kLastStatus = 125;   // shells give the numbers above a meaning of their own

// The status of a command that exited by itself.
int guest_status(std::int32_t status) {
    if (status >= 0 && status <= kLastStatus) return status;
    print_error("the guest exited with status " + std::to_string(status),
                "only 0 to 125 can be handed on, 1 stands for it");
    return kPluginFailed;
}

int ended(const std::string& module, const Error& error) {
    if (error.code() == ErrorCode::guest_exit && error.exit_status()) return guest_status(*error.exit_status());
    return report(module + " failed", error);
}

struct Settings {
    RuntimeOptions runtime;
    PluginOptions plugin;
};

Result<Settings> read_settings(const PluginFlags& flags, std::span<const std::string> operands) {
    Settings settings;
    const std::filesystem::path file(operands[0]);
    auto& [runtime, plugin] = settings;
    plugin.name = file.stem().string();
    plugin.abi = "plain";   // a command speaks to WASI alone
    plugin.observer = std::make_shared<LogPrinter>();
    plugin.limits.call_time = std::nullopt;
    plugin.limits.start_time = std::nullopt;
    plugin.sandbox.clock = RealClock{};
    plugin.sandbox.arguments = {file.filename().string()};
    auto stdio = flags.stdio();
    if (!stdio) return fail(std::move(stdio).error());
    if (*stdio == PluginFlags::Stdio::discard) {
        plugin.sandbox.standard_output = DiscardOutput{};
        plugin.sandbox.standard_error = DiscardOutput{};
    } else {
        plugin.sandbox.standard_input = InheritInput{};
        plugin.sandbox.standard_output = InheritOutput{};
        plugin.sandbox.standard_error = InheritOutput{};
    }
    if (auto done = flags.apply(runtime, plugin, plugin.sandbox.arguments.front()); !done) return fail(std::move(done).error());
    plugin.sandbox.arguments.insert(plugin.sandbox.arguments.end(), operands.begin() + 1, operands.end());
    // Without a time limit nothing will ever stop it, so that its code needs no checks.
    plugin.interruptible = plugin.limits.call_time.has_value();
    return settings;
}

int run_module(const std::string& module, const Settings& settings) {
    const std::string loading = "cannot load " + module;
    auto bytes = read_module_file(module, settings.plugin.load_limits);
    if (!bytes) return report(loading, bytes.error());
    auto plugin = Runtime(settings.runtime).load_bytes(*bytes, settings.plugin);
    if (!plugin) {
        const bool missing = plugin.error().code() == ErrorCode::missing_import;
        return report(loading, plugin.error(), missing ? "a command gets WASI alone; mortise call gives host functions with --host FILE"
                                                       : load_hint(*bytes, plugin.error()));
    }
    const auto* start = plugin->module().exported_function("_start");
    if (start == nullptr || *start != FunctionType{}) {
        print_error("cannot run " + module, start == nullptr ? "it is no WASI command: it exports no function _start"
                                                             : "its _start takes arguments or gives results",
                    "mortise call MODULE NAME calls a function by name");
        return kWrongInput;
    }
    auto instance = plugin->instantiate();
    if (!instance) return ended(module, instance.error());
    CallOutcome outcome;
    auto ran = instance->perform({.name = "_start", .arguments = {}, .wanted = Kind::none, .payload = {}}, outcome);
    return ran ? int{kDone} : ended(module, ran.error());
}

}  // namespace

int run_run(Arguments arguments) {
    CommandLine line("run [options] MODULE [ARG...]",
                     "Runs a WASI command: calls _start with stdin, stdout and stderr, the directories and the environment that the "
                     "options name, and ends with its exit status (0 to 125; above that 1). All that follows MODULE goes to the guest. "
                     "There is no time limit unless one is given, and the clock is the real one.");
    line.examples(kExamples);
    const PluginFlags flags(line);
    if (const auto end = line.parse(arguments, Options::before_operands)) return *end;
    if (line.operands().empty()) return line.wrong_usage({}, "which module? run needs MODULE");
    auto settings = read_settings(flags, line.operands());
    if (!settings) return line.wrong_value(settings.error());
    return run_module(line.operands()[0], *settings);
}

}  // namespace mortise::cli
