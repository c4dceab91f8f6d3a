#include "cli/plugin_flags.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include "cli/text.hpp"
#include "cli/units.hpp"

namespace mortise::cli {

namespace {

constexpr auto kLimits = "Limits";
constexpr auto kSandbox = "Sandbox (nothing is open unless it is named here)";

std::unexpected<Error> wrong(const CLI::Option* option, std::string_view why) {
    return fail(ErrorCode::invalid_argument, option->get_name() + ": " + std::string(why));
}

std::unexpected<Error> wrong_time(Error error) {
    return fail(error.code(), error.message() + ", or none for no limit");
}

Result<void> check_directory(const CLI::Option* option, const std::string& path) {
    std::error_code problem;
    const auto status = std::filesystem::status(path, problem);
    if (std::filesystem::is_directory(status)) return {};
    const bool there = std::filesystem::exists(status);
    return fail(ErrorCode::not_found, option->get_name() + ": " + in_quotes(path) + (there ? " is no directory" : " does not exist"));
}

bool sees_default_cache(const Sandbox& sandbox) {
    const auto folder = default_code_cache_folder();
    if (!folder) return false;
    std::error_code none;
    const auto cache = std::filesystem::weakly_canonical(*folder, none);
    return std::ranges::any_of(sandbox.directories, [&](const HostDirectory& directory) {
        const auto below = cache.lexically_relative(std::filesystem::canonical(directory.host_path, none));
        return !below.empty() && *below.begin() != "..";
    });
}

}  // namespace

PluginFlags::PluginFlags(CommandLine& line, std::string engine_about, Streams streams)
    : engine_(line.option("--engine", "NAME", std::move(engine_about))),
      sha256_(line.option("--sha256", "HEX", "refuse the module unless its file has this SHA-256")),
      cache_(add_cache(line)),
      trust_compiled_(line.flag("--trust-compiled", "run compiled code in MODULE (mortise compile -o) whoever made it: it can do anything")),
      timeout_(line.option("--timeout", "TIME", "wall time for start-up and for each call: 500ms, 2s, 5min, 1h, none", kLimits)),
      fuel_(line.option("--fuel", "N", "count fuel, about one an instruction, and stop at N", kLimits)),
      memory_(line.option("--memory", "SIZE", "memory of the plugin: 65536, 512KiB, 64MiB, 1GiB (default 256MiB)", kLimits)),
      stack_(line.option("--stack", "SIZE", "stack of the plugin (default 512KiB)", kLimits)),
      directories_(line.options("--dir", "HOST::GUEST[:ro]", "let it see the directory HOST as GUEST; :ro forbids changes. Repeatable", kSandbox)),
      environment_(line.options("--env", "KEY=VALUE", "an environment variable. Repeatable", kSandbox)),
      arguments_(line.options("--arg", "TEXT", "an argument of the program, after its name. Repeatable", kSandbox)),
      stdio_(streams == Streams::dropped ? nullptr : line.option("--stdio", "inherit|discard", "its stdin, stdout and stderr: ours, or none", kSandbox)),
      clock_(line.option("--clock", "real|fixed", "real time, or one that moves a fixed step with each look", kSandbox)),
      seed_(line.option("--seed", "N", "random numbers from this seed, the same in each run", kSandbox)) {}

CLI::Option* PluginFlags::add_cache(CommandLine& line) {
    return line.option("--cache", "DIR|off", "keep compiled code in DIR; it must be yours alone (default: mortise/code in your cache folder)");
}

std::optional<CodeCacheOptions> PluginFlags::cache(const CLI::Option* option) {
    const auto folder = text_of_option(option);
    if (folder == "off") return std::nullopt;
    if (folder) return CodeCacheOptions{.folder = *folder};
    // Without a home there is no place for one, and nobody asked.
    return default_code_cache_folder() ? std::optional(CodeCacheOptions{}) : std::nullopt;
}

Result<std::optional<PluginFlags::Stdio>> PluginFlags::stdio() const {
    const auto text = stdio_ == nullptr ? std::nullopt : text_of_option(stdio_);
    if (!text) return std::nullopt;
    if (*text == "inherit") return Stdio::inherit;
    if (*text == "discard") return Stdio::discard;
    return wrong(stdio_, in_quotes(*text) + " is neither inherit nor discard");
}

Result<void> PluginFlags::apply_limits(RuntimeOptions& runtime, Limits& limits) const {
    if (given(timeout_) && timeout_->results().at(0) == "none") {
        limits.call_time = limits.start_time = std::nullopt;
    } else if (given(timeout_)) {
        auto time = parsed(timeout_, parse_duration);
        if (!time) return wrong_time(std::move(time).error());
        limits.call_time = limits.start_time = *time;
    }
    if (given(fuel_)) {
        auto fuel = parsed(fuel_, parse_count);
        if (!fuel) return fail(std::move(fuel).error());
        limits.fuel = *fuel;
    }
    if (given(memory_)) {
        auto memory = parsed(memory_, parse_size);
        if (!memory) return fail(std::move(memory).error());
        limits.memory_bytes = *memory;
    }
    if (given(stack_)) {
        auto stack = parsed(stack_, parse_size);
        if (!stack) return fail(std::move(stack).error());
        runtime.stack_bytes = *stack;   // this Runtime has one plugin, so that what it fixes for all is the plugin's own
    }
    return {};
}

Result<void> PluginFlags::apply_clock_and_seed(Sandbox& sandbox) const {
    if (const auto clock = text_of_option(clock_)) {
        if (*clock == "real") sandbox.clock = RealClock{};
        else if (*clock == "fixed") sandbox.clock = FixedClock{};
        else return wrong(clock_, in_quotes(*clock) + " is neither real nor fixed");
    }
    if (given(seed_)) {
        auto seed = parsed(seed_, parse_count);
        if (!seed) return fail(std::move(seed).error());
        sandbox.random = SeededRandom{*seed};
    }
    return {};
}

Result<void> PluginFlags::apply_sandbox(Sandbox& sandbox, const std::string& program) const {
    for (const auto& text : directories_->results()) {
        auto directory = parse_directory(text);
        if (!directory) return wrong(directories_, directory.error().message());
        if (auto there = check_directory(directories_, directory->host_path); !there) return there;
        const auto same = std::ranges::find(sandbox.directories, directory->guest_path, &HostDirectory::guest_path);
        if (same != sandbox.directories.end()) return wrong(directories_, "the guest has two directories " + in_quotes(directory->guest_path));
        sandbox.directories.push_back(*std::move(directory));
    }
    for (const auto& text : environment_->results()) {
        auto variable = parse_variable(text);
        if (!variable) return wrong(environment_, variable.error().message());
        const auto same = std::ranges::find(sandbox.environment, variable->first, &std::pair<std::string, std::string>::first);
        if (same != sandbox.environment.end()) same->second = variable->second;   // the last one counts, as in a shell
        else sandbox.environment.push_back(*std::move(variable));
    }
    if (given(arguments_)) {
        if (sandbox.arguments.empty()) sandbox.arguments.push_back(program);
        const auto& more = arguments_->results();
        sandbox.arguments.insert(sandbox.arguments.end(), more.begin(), more.end());
    }
    return apply_clock_and_seed(sandbox);
}

Result<void> PluginFlags::apply(RuntimeOptions& runtime, PluginOptions& plugin, const std::string& program) const {
    if (given(engine_)) runtime.engine = engine_->results().at(0);
    if (given(engine_) && runtime.engine.empty()) return wrong(engine_, "the name is empty");
    if (text_of_option(cache_) == "") return wrong(cache_, "the name is empty");
    runtime.code_cache = cache(cache_);
    plugin.trust_compiled_code = given(trust_compiled_);
    if (const auto digest = text_of_option(sha256_)) {
        const auto is_digit = [](unsigned char c) { return std::isxdigit(c) != 0; };
        if (digest->size() != 64 || !std::ranges::all_of(*digest, is_digit)) return wrong(sha256_, "needs 64 hex digits");
        plugin.sha256 = *digest;
    }
    if (auto done = apply_limits(runtime, plugin.limits); !done) return done;
    if (auto done = apply_sandbox(plugin.sandbox, program); !done) return done;
    // Nobody asked for the default cache: a guest that sees its folder runs without it. With --cache it is an error.
    if (!given(cache_) && sees_default_cache(plugin.sandbox)) runtime.code_cache.reset();
    return {};
}

std::string_view load_hint(BytesView module, const Error& error) {
    if (error.code() != ErrorCode::denied) return {};
    const auto seen = Runtime().inspect(module);
    return seen && seen->form == "compiled" ? "--trust-compiled runs it, whoever made it: it can do anything" : "";
}

Result<HostDirectory> parse_directory(std::string_view text) {
    HostDirectory directory;
    directory.access = Access::read_write;
    constexpr std::string_view kReadOnly = ":ro";
    auto rest = text;
    if (rest.ends_with(kReadOnly)) {
        directory.access = Access::read_only;
        rest.remove_suffix(kReadOnly.size());
    }
    const auto at = rest.find("::");
    if (at == std::string_view::npos || at == 0 || at + 2 == rest.size()) {
        return fail(ErrorCode::invalid_argument, in_quotes(text) + " is not HOST::GUEST or HOST::GUEST:ro, such as ./data::/data:ro");
    }
    directory.host_path = rest.substr(0, at);
    directory.guest_path = rest.substr(at + 2);
    return directory;
}

Result<std::pair<std::string, std::string>> parse_variable(std::string_view text) {
    const auto at = text.find('=');
    if (at == std::string_view::npos || at == 0) {
        return fail(ErrorCode::invalid_argument, in_quotes(text) + " is not KEY=VALUE");
    }
    return std::pair{std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

}  // namespace mortise::cli
