#include "cli/report.hpp"

#include <string>

#include <mortise/bytes.hpp>

#include "cli/exit_status.hpp"
#include "cli/output.hpp"
#include "cli/text.hpp"

namespace mortise::cli {

namespace {

std::string_view usual_hint(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::abi_unknown: return "--abi NAME says which ABI it is; mortise abis lists them";
        case ErrorCode::missing_import:
            return "--host FILE gives the plugin host functions; mortise inspect --host-stub MODULE writes one to fill in";
        case ErrorCode::function_not_found: return "mortise inspect MODULE lists what it exports";
        case ErrorCode::deadline_exceeded: return "--timeout TIME allows more";
        case ErrorCode::out_of_fuel: return "--fuel N allows more";
        case ErrorCode::memory_limit: return "--memory SIZE allows more";
        default: return {};
    }
}

}  // namespace

void print_error(std::string_view what, std::string_view why, std::string_view hint) {
    std::string line = "mortise";
    for (const auto part : {what, why}) {
        if (!part.empty()) line += ": " + one_line(part);
    }
    if (!hint.empty()) line += " (" + one_line(hint) + ')';
    line += '\n';
    write_to_stderr(line);
}

std::string describe_in_line(const Error& error) {
    std::string text = error.message();
    // The guest's words are often the message already.
    const std::string guest = to_utf8_lossy(error.guest_message().value_or(""));
    if (text.find(guest) == std::string::npos) text += ": " + guest;
    return text;
}

int report(std::string_view what, const Error& error, std::string_view hint) {
    print_error(what, describe_in_line(error), hint.empty() ? usual_hint(error.code()) : hint);
    return exit_status(error);
}

void print_note(std::string_view kind, std::string_view text) {
    write_to_stderr(std::string(kind) + ": " + one_line(text) + '\n');
}

}  // namespace mortise::cli
