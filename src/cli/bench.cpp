#include "cli/commands.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>

#include <mortise/runtime.hpp>

#include "cli/abi_extras.hpp"
#include "cli/bench_report.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/host_side.hpp"
#include "cli/output.hpp"
#include "cli/plugin_flags.hpp"
#include "cli/report.hpp"
#include "cli/text.hpp"
#include "cli/units.hpp"

namespace mortise::cli {

namespace {

constexpr auto kExamples =
    "  mortise bench add.wasm add 2 3\n"
    "  mortise bench --engine all --time 500ms plugin.wasm ping hello\n"
    "  mortise bench --engine wasmtime,wasm-c-api:/usr/lib/libwasmer.so --threads 1,4 --json add.wasm add 2 3\n";

constexpr unsigned kMostThreads = 1024;

struct Plan {
    std::string module;
    std::string name;
    std::vector<std::string> arguments;
    std::vector<std::string> engines;
    bool all_engines = false;   // so that one which cannot is no failure
    RuntimeOptions runtime;
    PluginOptions plugin;
    std::optional<Signature> types;
    Codec codec = Codec::raw;
    std::string host_file;
    BenchSettings settings;
    bool json = false;
};

std::unexpected<Error> wrong(std::string text) { return fail(ErrorCode::invalid_argument, std::move(text)); }

Result<std::vector<unsigned>> parse_threads(std::string_view text) {
    std::vector<unsigned> out;
    for (const auto part : split(text, ',')) {
        const auto count = parse_count(part);
        if (!count || *count == 0 || *count > kMostThreads) {
            return wrong(in_quotes(part) + " is no number of threads from 1 to " + std::to_string(kMostThreads));
        }
        out.push_back(static_cast<unsigned>(*count));
    }
    return out;
}

// One thread, and as many as there are processors.
std::vector<unsigned> default_threads() {
    const unsigned processors = std::clamp(std::thread::hardware_concurrency(), 1u, kMostThreads);
    return processors == 1 ? std::vector<unsigned>{1} : std::vector<unsigned>{1, processors};
}

// Those that run Wasm by their name alone.
Result<std::vector<std::string>> every_engine(const std::vector<EngineInfo>& built) {
    std::vector<std::string> names;
    for (const auto& engine : built) {
        if (engine.name != "native" && engine.name != "wasm-c-api") names.push_back(engine.name);
    }
    if (names.empty()) return wrong("--engine: no engine of this build runs a module by its name alone; name one");
    return names;
}

// A name, or a name and what its engine is to open: "wasm-c-api:PATH".
Result<std::vector<std::string>> parse_engines(std::string_view text) {
    const auto built = Runtime::engines();
    if (text.empty() || text == "all") return text.empty() ? std::vector<std::string>{""} : every_engine(built);
    std::vector<std::string> names;
    for (const auto part : split(text, ',')) {
        const auto name = part.substr(0, part.find(':'));
        if (name.empty()) return wrong("--engine: a name is empty in " + in_quotes(text));
        if (part == "all") return wrong("--engine: all is every engine, so that no other name goes with it");
        if (std::ranges::find(built, name, &EngineInfo::name) == built.end()) {
            std::vector<std::string_view> known;
            for (const auto& engine : built) known.emplace_back(engine.name);
            return wrong("--engine: no engine " + in_quotes(name) + " in this build; it has: " + joined(known));
        }
        names.emplace_back(part);
    }
    return names;
}

class BenchCommand {
public:
    int run(Arguments arguments) {
        line_.examples(kExamples);
        if (const auto end = line_.parse(arguments)) return *end;
        const auto plan = make_plan();
        if (!plan) return line_.wrong_value(plan.error());
        return carry_out(*plan);
    }

private:
    Result<Plan> make_plan() const;
    Result<void> read_forms(Plan& plan) const;
    static int carry_out(const Plan& plan);
    static EngineReport measure_engine(const Plan& plan, const std::string& engine, BytesView bytes);
    static Result<void> add_host(const Runtime& runtime, BytesView bytes, const Plan& plan, PluginOptions& options, Services& services);

    CommandLine line_{"bench [options] MODULE NAME [ARG...]",
                      "Measures one call over and over: how long loading takes, how many fresh instances a second there are, how many calls "
                      "a second on each number of threads, each thread with an instance of its own, and within which time 50, 90, 99 and 99.9 "
                      "of 100 calls ended. Reading the clock is part of each call, about 25 ns. Calls that fail are told and not counted. "
                      "MODULE, NAME and ARG as for mortise call; what the guest writes is dropped."};
    CLI::Option* abi_ = line_.option("--abi", "NAME", "the plugin's ABI, instead of recognising it; see mortise abis");
    CLI::Option* types_ = line_.option("--types", "A,B->R", "types of arguments and results: i32 u32 i64 u64 f32 f64 bool string bytes");
    CLI::Option* codec_ = line_.option("--codec", "raw|json|msgpack", "json checks the payload, msgpack converts it from JSON");
    CLI::Option* host_ = line_.option("--host", "FILE", "host functions as a JSON file says; see mortise inspect --host-stub");
    CLI::Option* threads_ = line_.option("--threads", "N,N", "numbers of threads to measure with (default 1 and the number of processors)");
    CLI::Option* time_ = line_.option("--time", "TIME", "how long each measurement takes: 500ms, 2s (default 1s)");
    CLI::Option* json_ = line_.flag("--json", "print one JSON object on one line; times in nanoseconds");
    PluginFlags flags_{line_, "run it on these engines, in this order: NAME,NAME or all; see mortise engines",
                       PluginFlags::Streams::dropped};
};

Result<void> BenchCommand::read_forms(Plan& plan) const {
    if (given(types_)) {
        auto types = parsed(types_, parse_types);
        if (!types) return fail(std::move(types).error());
        plan.types = *std::move(types);
    }
    if (given(codec_)) {
        auto codec = parsed(codec_, parse_codec);
        if (!codec) return fail(std::move(codec).error());
        plan.codec = *codec;
    }
    plan.settings.threads = default_threads();
    if (given(threads_)) {
        auto threads = parsed(threads_, parse_threads);
        if (!threads) return fail(std::move(threads).error());
        plan.settings.threads = *std::move(threads);
    }
    if (given(time_)) {
        auto time = parsed(time_, parse_duration);
        if (!time) return fail(std::move(time).error());
        plan.settings.time = *time;
    }
    return {};
}

Result<Plan> BenchCommand::make_plan() const {
    Plan plan;
    const auto& operands = line_.operands();
    if (operands.empty()) return wrong("which module? bench needs MODULE and NAME");
    if (operands.size() < 2) return wrong("call what? NAME is missing after " + in_quotes(operands[0]));
    plan.module = operands[0];
    plan.name = operands[1];
    plan.arguments.assign(operands.begin() + 2, operands.end());
    if (plan.module == "-" && std::ranges::count(plan.arguments, "-") != 0) return wrong("MODULE and an ARG are both -: stdin is read once");
    plan.json = given(json_);
    if (auto read = read_forms(plan); !read) return fail(std::move(read).error());
    plan.plugin.sandbox.standard_output = DiscardOutput{};
    plan.plugin.sandbox.standard_error = DiscardOutput{};
    plan.plugin.instance_policy = InstancePolicy::kept;   // whatever the ABI's own is: fresh instances have a figure of their own
    const std::filesystem::path file(plan.module);
    if (auto read = flags_.apply(plan.runtime, plan.plugin, file.filename().string()); !read) return fail(std::move(read).error());
    auto engines = parse_engines(plan.runtime.engine);
    if (!engines) return fail(std::move(engines).error());
    plan.engines = *std::move(engines);
    plan.all_engines = plan.runtime.engine == "all";
    if (const auto abi = text_of_option(abi_)) {
        if (abi->empty()) return wrong("--abi: the name is empty");
        plan.plugin.abi = *abi;
    }
    plan.plugin.name = file.stem().string();
    plan.host_file = text_of_option(host_).value_or("");
    if (given(host_) && plan.host_file.empty()) return wrong("--host: the file's name is empty");
    return plan;
}

// What a plugin may call depends on what it imports and on its ABI. A module that cannot be read is left to loading.
Result<void> BenchCommand::add_host(const Runtime& runtime, BytesView bytes, const Plan& plan, PluginOptions& options, Services& services) {
    auto file = read_host_file(plan.host_file);
    if (!file) return fail(std::move(file).error().add_context("in host file " + plan.host_file));
    return add_host_side(runtime, bytes, *std::move(file), options, services);
}

EngineReport BenchCommand::measure_engine(const Plan& plan, const std::string& engine, BytesView bytes) {
    auto runtime_options = plan.runtime;
    runtime_options.engine = engine;
    const Runtime runtime(runtime_options);
    auto info = runtime.engine();   // made here, so that its own start does not count as loading
    if (!info) return fail(std::move(info).error());
    auto options = plan.plugin;
    Services services;
    if (auto added = add_host(runtime, bytes, plan, options, services); !added) return fail(std::move(added).error());
    const auto begin = std::chrono::steady_clock::now();
    auto plugin = runtime.load_bytes(bytes, options);
    const auto load_time = std::chrono::steady_clock::now() - begin;
    if (!plugin) return fail(std::move(plugin).error());
    auto call = make_call(*plugin, plan.name, plan.arguments, plan.types, plan.codec);
    if (!call) return fail(std::move(call).error());
    EngineRun run{.engine = info->name, .version = info->version, .load_time = load_time, .runs = {}};
    if (auto done = measure(*plugin, *call, plan.settings, run); !done) return fail(std::move(done).error());
    return run;
}

int BenchCommand::carry_out(const Plan& plan) {
    auto bytes = read_module_file(plan.module, plan.plugin.load_limits);
    if (!bytes) return report("cannot load " + plan.module, bytes.error());
    std::vector<std::pair<std::string, EngineReport>> engines;
    for (const auto& name : plan.engines) engines.emplace_back(name, measure_engine(plan, name, *bytes));
    const bool any = std::ranges::any_of(engines, [](const auto& one) { return one.second.has_value(); });
    int status = kDone;
    for (const auto& [name, measured] : engines) {
        if (measured) continue;
        const std::string what = "cannot measure " + in_quotes(plan.name);
        const int failed = report(engines.size() == 1 ? what : what + " on " + name, measured.error(), load_hint(*bytes, measured.error()));
        if (status == kDone && (!any || !plan.all_engines)) status = failed;
    }
    if (!any && !plan.json) return status;
    const int printed = print(plan.json ? bench_as_json(plan.module, plan.name, engines) : bench_as_text(engines));
    return printed != kDone ? printed : status;
}

}  // namespace

int run_bench(Arguments arguments) { return BenchCommand().run(arguments); }

}  // namespace mortise::cli
