#pragma once

#include <optional>
#include <string>

#include <mortise/code_cache.hpp>
#include <mortise/error.hpp>
#include <mortise/plugin.hpp>
#include <mortise/runtime.hpp>

#include "cli/command_line.hpp"

namespace mortise::cli {

/// The options that `call` and `run` share: engine, limits, sandbox, trust.
class PluginFlags {
public:
    enum class Streams : std::uint8_t { chosen, dropped };   ///< dropped: there is no `--stdio`

    /// Adds them to the command line, which must outlive this. `engine_about` is what `--engine` means to the subcommand.
    explicit PluginFlags(CommandLine& line, std::string engine_about = "run it on this engine; see mortise engines",
                         Streams streams = Streams::chosen);

    /// What they say, on top of what is in `runtime` and `plugin`: the subcommand's own defaults. `program` is the name that the
    /// guest sees as its own where it gets arguments at all. Errors: `invalid_argument`, `not_found` (a directory), naming the option.
    Result<void> apply(RuntimeOptions& runtime, PluginOptions& plugin, const std::string& program) const;

    /// `--stdio`, or nothing.
    enum class Stdio : std::uint8_t { inherit, discard };
    Result<std::optional<Stdio>> stdio() const;

    bool counts_fuel() const { return given(fuel_); }

    /// The compiled-code cache that `--cache` asks for; nothing where it is off. Without the option: the user's own.
    static std::optional<CodeCacheOptions> cache(const CLI::Option* option);
    static CLI::Option* add_cache(CommandLine& line);

private:
    Result<void> apply_limits(RuntimeOptions& runtime, Limits& limits) const;
    Result<void> apply_sandbox(Sandbox& sandbox, const std::string& program) const;
    Result<void> apply_clock_and_seed(Sandbox& sandbox) const;

    CLI::Option* engine_;
    CLI::Option* sha256_;
    CLI::Option* cache_;
    CLI::Option* trust_compiled_;
    CLI::Option* timeout_;
    CLI::Option* fuel_;
    CLI::Option* memory_;
    CLI::Option* stack_;
    CLI::Option* directories_;
    CLI::Option* environment_;
    CLI::Option* arguments_;
    CLI::Option* stdio_;
    CLI::Option* clock_;
    CLI::Option* seed_;
};

/// What to do about a plugin that is not loaded; empty where the error's usual hint will do.
std::string_view load_hint(BytesView module, const Error& error);

/// "HOST::GUEST" or "HOST::GUEST:ro". Errors: `invalid_argument`.
Result<HostDirectory> parse_directory(std::string_view text);

/// "KEY=VALUE". Errors: `invalid_argument`.
Result<std::pair<std::string, std::string>> parse_variable(std::string_view text);

}  // namespace mortise::cli
