#include "cli/command_line.hpp"

#include <algorithm>
#include <utility>

#include "cli/exit_status.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/text.hpp"

namespace mortise::cli {

namespace {

// Operands that begin with "-": stdin, and negative numbers, infinities and NaN.
bool is_operand(std::string_view token) noexcept {
    if (!token.starts_with('-') || token == "-") return true;
    if (token[1] >= '0' && token[1] <= '9') return true;
    if (token[1] == '.' && token.size() > 2 && token[2] >= '0' && token[2] <= '9') return true;
    return token == "-inf" || token == "-nan";
}

std::vector<std::string> long_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    }
    return names;
}

// Breaks a text into lines of at most `width`, at blanks; line ends in it are kept.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    for (const auto paragraph : split(text, '\n')) {
        std::string line;
        for (const auto word : split(paragraph, ' ')) {
            if (!line.empty() && line.size() + 1 + word.size() > width) lines.push_back(std::exchange(line, {}));
            if (!line.empty()) line += ' ';
            line += word;
        }
        lines.push_back(line);
    }
    return lines;
}

constexpr std::size_t kWidth = 100;
constexpr std::size_t kColumn = 26;   // where the explanations of options begin

std::string option_help(const CLI::Option& option) {
    std::string left = "  " + option.get_name(false, true);
    if (const auto comma = left.find(','); comma != std::string::npos) left.insert(comma + 1, " ");
    if (option.get_type_size_max() > 0) left += ' ' + option.get_type_name();
    std::string out;
    for (const auto& line : wrapped(option.get_description(), kWidth - kColumn)) {
        if (left.size() + 1 > kColumn) {
            out += left + '\n';
            left.clear();
        }
        left.resize(kColumn, ' ');
        out += left + line + '\n';
        left.clear();
    }
    return out;
}

}  // namespace

CommandLine::CommandLine(std::string usage, std::string about) : app_(std::move(about)), usage_(std::move(usage)) {
    app_.set_help_flag();   // ours: it must not look at the other options first
    help_ = flag("-h,--help", "print this help and end");
}

CLI::Option* CommandLine::option(std::string name, std::string type, std::string about, std::string group) {
    // The callback does nothing: values are read as they were given, since CLI11's conversions give "{}" and "[...]" a meaning.
    return app_.add_option(std::move(name), [](const CLI::results_t&) { return true; }, std::move(about))
        ->type_name(std::move(type))
        ->group(std::move(group));
}

CLI::Option* CommandLine::options(std::string name, std::string type, std::string about, std::string group) {
    auto* made = option(std::move(name), std::move(type), std::move(about), std::move(group));
    made->take_all();
    return made;
}

CLI::Option* CommandLine::flag(std::string name, std::string about, std::string group) {
    auto* made = app_.add_flag(std::move(name), std::as_const(about));
    made->group(std::move(group));
    return made;
}

std::string CommandLine::unknown_option(std::string_view name) const {
    std::string text = "there is no option " + in_quotes(name);
    const auto names = long_names(app_);
    if (const auto near = nearest(name, names); !near.empty()) text += ", did you mean " + std::string(near) + "?";
    return text;
}

// One option with its value, as separate tokens: CLI11 then takes the value whatever it looks like.
Result<void> CommandLine::take_option(Arguments arguments, std::size_t& at, std::vector<std::string>& tokens) {
    const std::string_view token = arguments[at];
    const auto equals = token.starts_with("--") ? token.find('=') : std::string_view::npos;
    const std::string name(token.substr(0, equals));
    const auto* option = app_.get_option_no_throw(name);
    if (option == nullptr) return fail(ErrorCode::invalid_argument, unknown_option(name));
    tokens.push_back(name);
    if (option == help_) help_asked_ = true;
    const bool has_value = option->get_items_expected_max() > 0;
    if (!has_value && equals != std::string_view::npos) return fail(ErrorCode::invalid_argument, name + " takes no value");
    if (!has_value) return {};
    if (equals != std::string_view::npos) {
        tokens.emplace_back(token.substr(equals + 1));
    } else if (at + 1 < arguments.size()) {
        tokens.push_back(arguments[++at]);
    } else {
        return fail(ErrorCode::invalid_argument, name + " needs a value: " + option->get_type_name());
    }
    return {};
}

Result<std::vector<std::string>> CommandLine::take_operands(Arguments arguments, Options where) {
    std::vector<std::string> tokens;
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        const auto& token = arguments[at];
        if (token == "--") {
            operands_.insert(operands_.end(), arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1, arguments.end());
            break;
        }
        if (!is_operand(token)) {
            if (auto taken = take_option(arguments, at, tokens); !taken) return fail(std::move(taken).error());
            continue;
        }
        operands_.push_back(token);
        if (where == Options::before_operands) {
            operands_.insert(operands_.end(), arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1, arguments.end());
            break;
        }
    }
    return tokens;
}

std::optional<int> CommandLine::parse(Arguments arguments, Options where) {
    auto tokens = take_operands(arguments, where);
    if (!tokens) return wrong_usage({}, tokens.error().message());
    if (help_asked_) return print(help());
    std::ranges::reverse(*tokens);   // as CLI11 wants them
    try {
        app_.parse(std::move(*tokens));
    } catch (const CLI::ArgumentMismatch&) {
        for (const auto* option : app_.get_options()) {
            if (option->count() > 1 && option->get_multi_option_policy() == CLI::MultiOptionPolicy::Throw) {
                return wrong_usage(option->get_name(), "given more than once");
            }
        }
        throw;
    } catch (const CLI::ParseError& error) {
        return wrong_usage({}, error.what());
    }
    return std::nullopt;
}

int CommandLine::wrong_usage(std::string_view what, std::string_view why) const {
    const auto command = split(usage_, ' ').front();
    print_error(what, why, "see mortise " + std::string(command) + " --help");
    return kWrongInput;
}

int CommandLine::wrong_value(const Error& error) const {
    if (!error.message().starts_with("--")) return wrong_usage({}, error.message());
    print_error({}, error.message());   // which says what to write instead
    return kWrongInput;
}

std::string CommandLine::help() const {
    std::string out = "usage: mortise " + usage_ + "\n\n";
    for (const auto& line : wrapped(app_.get_description(), kWidth)) out += line + '\n';
    for (const auto& group : app_.get_groups()) {
        out += '\n' + group + ":\n";
        for (const auto* option : app_.get_options()) {
            if (option->get_group() == group) out += option_help(*option);
        }
    }
    if (!examples_.empty()) out += "\nExamples:\n" + examples_;
    return out;
}

std::optional<std::string> text_of_option(const CLI::Option* option) {
    if (!given(option)) return std::nullopt;
    return option->results().at(0);
}

}  // namespace mortise::cli
