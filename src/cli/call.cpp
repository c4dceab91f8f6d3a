#include "cli/commands.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include <mortise/runtime.hpp>

#include "cli/abi_extras.hpp"
#include "cli/calls.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/host_side.hpp"
#include "cli/json_lines.hpp"
#include "cli/outcome.hpp"
#include "cli/output.hpp"
#include "cli/plugin_flags.hpp"
#include "cli/report.hpp"
#include "cli/result_text.hpp"
#include "cli/text.hpp"

namespace mortise::cli {

namespace {

constexpr auto kExamples =
    "  mortise call add.wasm add 2 3\n"
    "  mortise call --types 'string,i32->string' shout.wasm repeat quiet 3\n"
    "  mortise call --codec msgpack plugin.wasm echo '{\"n\": 5}'\n"
    "  mortise call --host host.json --timeout 500ms plugin.wasm ping @request.bin\n"
    "  echo '{\"name\": \"add\", \"args\": [2, 3]}' | mortise call --jsonl add.wasm\n";

// What the command line says, checked as far as that is possible without the plugin.
struct Plan {
    enum class Mode : std::uint8_t { text, json, json_lines };
    Mode mode = Mode::text;
    std::string module;
    std::string name;
    std::vector<std::string> arguments;
    RuntimeOptions runtime;
    PluginOptions plugin;
    std::optional<Signature> types;
    Output output = Output::text;
    CallSettings settings;
    std::string host_file;
};

class CallCommand {
public:
    int run(Arguments arguments) {
        line_.examples(kExamples);
        if (const auto end = line_.parse(arguments)) return *end;
        auto plan = make_plan();
        if (!plan) return line_.wrong_value(plan.error());
        return carry_out(*plan);
    }

private:
    Result<Plan> make_plan() const;
    Result<void> read_operands(Plan& plan) const;
    Result<void> read_forms(Plan& plan) const;
    Result<void> read_streams(Plan& plan) const;

    static Result<void> add_host(const Runtime& runtime, BytesView bytes, Plan& plan, Services& services);
    static int carry_out(Plan& plan);
    static int call_once(const Plugin& plugin, Recorder* recorder, const Plan& plan);
    static int print_outcome(const Plugin& plugin, const Outcome& outcome, const Plan& plan);
    static int call_failed(const Plugin& plugin, const Plan& plan, const Error& error);
    static int failed(const Plan& plan, std::string_view what, const Error& error, std::string_view hint = {});

    CommandLine line_{"call [options] MODULE NAME [ARG...]",
                      "Loads the module, makes one instance, calls NAME once and prints the result. MODULE is a .wasm file, or a .wat "
                      "file where the engine reads the text format; - is stdin. For ABIs that carry values the ARGs are values; their types come "
                      "from the module where it tells them, else from --types, else from their form. For ABIs that carry a payload "
                      "there is one ARG at most, the payload: @FILE reads it from a file, and - from stdin."};
    CLI::Option* abi_ = line_.option("--abi", "NAME", "the plugin's ABI, instead of recognising it; see mortise abis");
    CLI::Option* types_ = line_.option("--types", "A,B->R", "types of arguments and results: i32 u32 i64 u64 f32 f64 bool string bytes");
    CLI::Option* codec_ = line_.option("--codec", "raw|json|msgpack", "json checks the payload, msgpack converts it from and to JSON");
    CLI::Option* host_ = line_.option("--host", "FILE", "host functions as a JSON file says; see mortise inspect --host-stub");
    CLI::Option* output_ = line_.option("--output", "text|hex|json|raw", "how the result is printed (default text)");
    CLI::Option* json_ = line_.flag("--json", "print everything about the call as one JSON object");
    CLI::Option* json_lines_ = line_.flag("--jsonl", "no NAME: requests on stdin, one JSON object a line; an outcome for each on stdout");
    CLI::Option* policy_ = line_.option("--instance-policy", "kept|reset|fresh", "what becomes of the instance between calls of --jsonl (default kept)");
    PluginFlags flags_{line_};
};

std::unexpected<Error> wrong(std::string text) { return fail(ErrorCode::invalid_argument, std::move(text)); }

Result<InstancePolicy> parse_policy(std::string_view text) {
    if (text == "kept") return InstancePolicy::kept;
    if (text == "reset") return InstancePolicy::reset;
    if (text == "fresh") return InstancePolicy::fresh;
    return wrong(in_quotes(text) + " is none of kept, reset, fresh");
}

Result<void> CallCommand::read_operands(Plan& plan) const {
    const auto& operands = line_.operands();
    if (operands.empty()) return wrong("which module? call needs MODULE and NAME");
    plan.module = operands[0];
    if (plan.mode == Plan::Mode::json_lines) {
        if (operands.size() > 1) return wrong("--jsonl takes no NAME: the requests on stdin have it");
        if (plan.module == "-") return wrong("--jsonl reads requests from stdin, the module cannot come from there as well");
        return {};
    }
    if (operands.size() < 2) return wrong("call what? NAME is missing after " + in_quotes(plan.module));
    plan.name = operands[1];
    plan.arguments.assign(operands.begin() + 2, operands.end());
    if (plan.module == "-" && std::ranges::count(plan.arguments, "-") != 0) return wrong("MODULE and an ARG are both -: stdin is read once");
    return {};
}

Result<void> CallCommand::read_forms(Plan& plan) const {
    if (given(types_)) {
        auto types = parsed(types_, parse_types);
        if (!types) return fail(std::move(types).error());
        plan.types = *std::move(types);
    }
    if (given(codec_)) {
        auto codec = parsed(codec_, parse_codec);
        if (!codec) return fail(std::move(codec).error());
        plan.settings.codec = *codec;
    }
    if (given(output_)) {
        auto output = parsed(output_, parse_output);
        if (!output) return fail(std::move(output).error());
        if (plan.mode != Plan::Mode::text) return wrong("--output has no meaning beside --json and --jsonl, which print one form");
        plan.output = *output;
    }
    if (given(policy_)) {
        auto policy = parsed(policy_, parse_policy);
        if (!policy) return fail(std::move(policy).error());
        plan.plugin.instance_policy = *policy;
    } else {
        plan.plugin.instance_policy = InstancePolicy::kept;   // whatever the ABI's own is
    }
    return {};
}

Result<void> CallCommand::read_streams(Plan& plan) const {
    auto stdio = flags_.stdio();
    if (!stdio) return fail(std::move(stdio).error());
    auto& sandbox = plan.plugin.sandbox;
    if (plan.mode != Plan::Mode::text) {
        if (*stdio) return wrong("--stdio has no meaning beside --json and --jsonl, which capture the streams");
        return {};   // the sandbox's default: to the observer
    }
    if (*stdio == PluginFlags::Stdio::inherit) {
        sandbox.standard_input = InheritInput{};
        sandbox.standard_output = InheritOutput{};
        sandbox.standard_error = InheritOutput{};
    } else {
        sandbox.standard_output = DiscardOutput{};
        sandbox.standard_error = DiscardOutput{};
    }
    return {};
}

Result<Plan> CallCommand::make_plan() const {
    Plan plan;
    if (given(json_) && given(json_lines_)) return wrong("--json and --jsonl are two ways to answer; give one");
    if (given(json_)) plan.mode = Plan::Mode::json;
    if (given(json_lines_)) plan.mode = Plan::Mode::json_lines;
    if (auto read = read_operands(plan); !read) return fail(std::move(read).error());
    if (auto read = read_forms(plan); !read) return fail(std::move(read).error());
    if (auto read = read_streams(plan); !read) return fail(std::move(read).error());
    const std::filesystem::path file(plan.module);
    if (auto read = flags_.apply(plan.runtime, plan.plugin, file.filename().string()); !read) return fail(std::move(read).error());
    if (const auto abi = text_of_option(abi_)) {
        if (abi->empty()) return wrong("--abi: the name is empty");
        plan.plugin.abi = *abi;
    }
    plan.plugin.name = file.stem().string();
    plan.host_file = text_of_option(host_).value_or("");
    if (given(host_) && plan.host_file.empty()) return wrong("--host: the file's name is empty");
    plan.settings.counts_fuel = flags_.counts_fuel();
    return plan;
}

// What a plugin may call depends on what it imports and on its ABI. A module that cannot be read is left to loading, which
// checks its digest first.
Result<void> CallCommand::add_host(const Runtime& runtime, BytesView bytes, Plan& plan, Services& services) {
    auto file = read_host_file(plan.host_file);
    if (!file) return fail(std::move(file).error());
    return add_host_side(runtime, bytes, *std::move(file), plan.plugin, services);
}

// With --json a script reads the answer, so it gets one whatever fails; people read the line on stderr.
int CallCommand::failed(const Plan& plan, std::string_view what, const Error& error, std::string_view hint) {
    const int status = report(what, error, hint);
    if (plan.mode != Plan::Mode::json) return status;
    const int printed = print(to_line(failure_to_json(error)) + '\n');
    return printed != kDone ? printed : status;
}

int CallCommand::carry_out(Plan& plan) {
    const std::string loading = "cannot load " + plan.module;
    const Runtime runtime(plan.runtime);
    auto bytes = read_module_file(plan.module, plan.plugin.load_limits);
    if (!bytes) return failed(plan, loading, bytes.error());
    Services services;
    if (auto added = add_host(runtime, *bytes, plan, services); !added) return failed(plan, "host file " + plan.host_file, added.error());
    auto recorder = std::make_shared<Recorder>();
    if (plan.mode == Plan::Mode::text) plan.plugin.observer = std::make_shared<LogPrinter>();
    else plan.plugin.observer = recorder;
    auto plugin = runtime.load_bytes(*bytes, plan.plugin);
    if (!plugin) {
        const int status = failed(plan, loading, plugin.error(), load_hint(*bytes, plugin.error()));
        // Scripts tell by 2 that no line was served, even where a limit is what was in the way.
        return plan.mode == Plan::Mode::json_lines && status == kPluginFailed ? kWrongInput : status;
    }
    recorder->set_abi(plugin->abi().name);
    if (plan.mode == Plan::Mode::json_lines) {
        if (auto fit = check_forms(*plugin, plan.types, plan.settings.codec); !fit) return report("cannot serve " + plan.module, fit.error());
        return serve_requests(*plugin, *recorder, services, plan.types, plan.settings);
    }
    return call_once(*plugin, plan.mode == Plan::Mode::json ? recorder.get() : nullptr, plan);
}

int CallCommand::call_once(const Plugin& plugin, Recorder* recorder, const Plan& plan) {
    const std::string what = "cannot call " + in_quotes(plan.name);
    auto call = make_call(plugin, plan.name, plan.arguments, plan.types, plan.settings.codec);
    if (!call) return failed(plan, what, call.error());
    auto instance = plugin.instantiate();
    if (!instance) {
        Outcome outcome;
        outcome.ended = fail(instance.error());
        if (recorder != nullptr) outcome.recording = recorder->take();
        const int status = report(plan.module + " did not start", instance.error());
        if (recorder == nullptr) return status;
        const int printed = print(to_line(outcome_to_json(std::move(outcome))) + '\n');
        return printed != kDone ? printed : status;
    }
    auto outcome = perform(*instance, plugin, *call, recorder, plan.settings);
    if (recorder == nullptr) return print_outcome(plugin, outcome, plan);
    const int status = outcome.ended ? int{kDone} : call_failed(plugin, plan, outcome.ended.error());
    const int printed = print(to_line(outcome_to_json(std::move(outcome))) + '\n');
    return printed != kDone ? printed : status;
}

// A wrong name or argument is the caller's; the guest has not run.
int CallCommand::call_failed(const Plugin& plugin, const Plan& plan, const Error& error) {
    const bool never_ran = exit_status(error) == kWrongInput;
    std::string hint;
    if (error.code() == ErrorCode::function_not_found) {
        std::vector<std::string> names;
        for (const auto& one : plugin.module().exports) {
            if (one.kind == ExternKind::function) names.push_back(one.name);
        }
        if (const auto near = nearest(plan.name, names); !near.empty()) hint = "did you mean " + std::string(near) + "?";
    }
    return report(never_ran ? "cannot call " + in_quotes(plan.name) : in_quotes(plan.name) + " failed", error, hint);
}

int CallCommand::print_outcome(const Plugin& plugin, const Outcome& outcome, const Plan& plan) {
    for (const auto& warning : outcome.recording.warnings) print_note("mortise: warning", warning.get_ref<const std::string&>());
    bool shown_as_hex = false;
    const auto text = result_text(outcome, plan.output, shown_as_hex);
    if (!text.empty()) {
        if (const int status = print(text); status != kDone) return status;
    }
    if (shown_as_hex) print_note("mortise", "the result is no text and shown as hex digits; --output raw gives its bytes");
    return outcome.ended ? int{kDone} : call_failed(plugin, plan, outcome.ended.error());
}

}  // namespace

int run_call(Arguments arguments) { return CallCommand().run(arguments); }

}  // namespace mortise::cli
