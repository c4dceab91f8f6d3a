#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include <mortise/error.hpp>

namespace mortise::cli {

/// What follows the name of a subcommand.
using Arguments = std::span<const std::string>;

/// Where options may stand.
enum class Options { anywhere, before_operands };

/// The command line of one subcommand: CLI11 knows the options; operands are taken out before it sees them, because they may be
/// negative numbers, empty, or JSON, all of which mean something to it.
class CommandLine {
public:
    /// `usage` is what follows "mortise", `about` one or more sentences.
    CommandLine(std::string usage, std::string about);

    /// An option with a value. `name` as CLI11 has it ("--types"), `type` stands for the value in the help text.
    CLI::Option* option(std::string name, std::string type, std::string about, std::string group = "Options");

    /// Likewise one that may be given several times.
    CLI::Option* options(std::string name, std::string type, std::string about, std::string group = "Options");

    /// An option without a value.
    CLI::Option* flag(std::string name, std::string about, std::string group = "Options");

    /// What the help text ends with.
    void examples(std::string text) { examples_ = std::move(text); }

    /// Parses. A status means that the command ends with it: help was printed, or what is wrong was reported.
    std::optional<int> parse(Arguments arguments, Options where = Options::anywhere);

    /// What was no option, in order.
    const std::vector<std::string>& operands() const noexcept { return operands_; }

    /// Reports wrong usage and gives the exit status.
    int wrong_usage(std::string_view what, std::string_view why) const;

    /// Likewise for a value that does not fit, as the message says with the option's name.
    int wrong_value(const Error& error) const;

    std::string help() const;
    CLI::App& app() noexcept { return app_; }

private:
    Result<std::vector<std::string>> take_operands(Arguments arguments, Options where);
    Result<void> take_option(Arguments arguments, std::size_t& at, std::vector<std::string>& tokens);
    std::string unknown_option(std::string_view name) const;

    CLI::App app_;
    std::string usage_;
    std::string examples_;
    CLI::Option* help_ = nullptr;
    bool help_asked_ = false;
    std::vector<std::string> operands_;
};

/// True if the option was given.
inline bool given(const CLI::Option* option) { return option->count() > 0; }

/// The option's value, or nothing.
std::optional<std::string> text_of_option(const CLI::Option* option);

/// The value through one of the parsers of units.hpp; the error names the option.
template <class Parse>
auto parsed(const CLI::Option* option, Parse parse) -> decltype(parse(std::string_view())) {
    auto value = parse(std::string_view(option->results().at(0)));
    if (!value) return fail(ErrorCode::invalid_argument, option->get_name() + ": " + value.error().message());
    return value;
}

}  // namespace mortise::cli
