#include "cli/golden_file.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <mortise/bytes.hpp>

namespace mortise::golden {

namespace {

std::string read_text(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

void write_text(const std::filesystem::path& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

bool is_expectation(const std::string& line) {
    return line.starts_with(">") || line.starts_with("!") || line.starts_with("?");
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
    if (what.empty()) return;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) text.replace(at, what.size(), with);
}

std::string normalised(std::string text, const std::filesystem::path& scratch) {
    replace_all(text, scratch.string(), "$T");
    replace_all(text, MORTISE_SHARED_DIR, "$SHARED");
    if (text.size() > 1'000'000) return text;   // std::regex recurses; such an output is looked at by other means
    text = std::regex_replace(text, std::regex("\"elapsed_ns\":[0-9]+"), "\"elapsed_ns\":0");
    text = std::regex_replace(text, std::regex("\"version\":\"[^\"]*\""), "\"version\":\"VERSION\"");
    // What is measured: its place, not the figure.
    text = std::regex_replace(
        text, std::regex("\"(load_ns|fresh_per_second|calls|calls_per_second|p50|p90|p99|p999|max)\":[0-9.e+]+"), "\"$1\":0");
    if (text.starts_with("engine ") && text.find("fresh/s") != std::string::npos) {
        text = std::regex_replace(text, std::regex("  +[0-9][^\n]*"), " FIGURES");
        text = std::regex_replace(text, std::regex(" +"), " ");
    }
    return std::regex_replace(text, std::regex("\\b(mortise|wasmtime|wasmi) [0-9]+\\.[0-9]+\\.[0-9]+"), "$1 VERSION");
}

// The bytes as a golden file can hold them.
std::string shown(const std::string& line) {
    constexpr char kDigits[] = "0123456789abcdef";
    const bool text = is_utf8(line);
    std::string out;
    for (const char one : line) {
        const auto c = static_cast<unsigned char>(one);
        if ((c < 0x20 && c != '\t') || c == 0x7f || (c >= 0x80 && !text)) {
            out += "⟦";
            out += kDigits[c >> 4];
            out += kDigits[c & 15];
            out += "⟧";
        } else {
            out += one;
        }
    }
    return out;
}

void append_lines(std::vector<std::string>& lines, char mark, const std::string& text) {
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        const bool unended = in.eof();   // the last one, without its "\n"
        std::string out(1, mark);
        if (unended) out += '.';
        if (!line.empty()) out += ' ' + shown(line);
        lines.push_back(std::move(out));
    }
}

[[noreturn]] void become(const std::string& command, const std::filesystem::path& folder, const std::filesystem::path& scratch) {
    const auto open_as = [&](const char* name, int flags, int descriptor) {
        const int opened = ::open((scratch / name).c_str(), flags, 0600);
        if (opened < 0 || ::dup2(opened, descriptor) < 0) ::_exit(126);
        ::close(opened);
    };
    open_as(".stdin", O_RDONLY, 0);
    open_as(".stdout", O_WRONLY | O_CREAT | O_TRUNC, 1);
    open_as(".stderr", O_WRONLY | O_CREAT | O_TRUNC, 2);
    if (::chdir(folder.c_str()) != 0) ::_exit(126);
    const std::string path = std::filesystem::path(MORTISE_COMMAND).parent_path().string() + ":" + std::getenv("PATH");
    ::setenv("PATH", path.c_str(), 1);
    ::setenv("T", scratch.c_str(), 1);
    ::setenv("SHARED", MORTISE_SHARED_DIR, 1);
    ::setenv("LC_ALL", "C.UTF-8", 1);
    ::setpgid(0, 0);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
}

int wait_for(pid_t child) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    for (;;) {
        int status = 0;
        const pid_t ended = ::waitpid(child, &status, WNOHANG);
        if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (std::chrono::steady_clock::now() > end) {
            ::kill(-child, SIGKILL);
            ::waitpid(child, &status, 0);
            return -1;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

}  // namespace

GoldenFile read_golden(const std::filesystem::path& path) {
    GoldenFile file;
    std::istringstream in(read_text(path));
    std::vector<std::string> between;
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (line.starts_with("$ ")) {
            file.steps.push_back({.line = number, .before = std::move(between), .command = line.substr(2), .input = {}, .expected = {}});
            between.clear();
        } else if (line.starts_with("needs: ")) {
            file.needs.push_back(line.substr(7));
            between.push_back(line);
        } else if (line.empty() || line.starts_with("#")) {
            between.push_back(line);
        } else if (file.steps.empty() || !between.empty()) {
            throw std::runtime_error(path.string() + ":" + std::to_string(number) + ": belongs to no command");
        } else if (line.starts_with("<")) {
            file.steps.back().input += (line.size() > 1 ? line.substr(2) : "") + '\n';
        } else if (is_expectation(line)) {
            file.steps.back().expected.push_back(line);
        } else {
            throw std::runtime_error(path.string() + ":" + std::to_string(number) + ": what is this line?");
        }
    }
    file.after = std::move(between);
    return file;
}

void write_golden(const std::filesystem::path& path, const GoldenFile& file) {
    std::string text;
    for (const auto& step : file.steps) {
        for (const auto& line : step.before) text += line + '\n';
        text += "$ " + step.command + '\n';
        std::istringstream in(step.input);
        for (std::string line; std::getline(in, line);) text += (line.empty() ? "<" : "< " + line) + '\n';
        for (const auto& line : step.expected) text += line + '\n';
    }
    for (const auto& line : file.after) text += line + '\n';
    write_text(path, text);
}

Done run(const std::string& command, const std::string& input, const std::filesystem::path& folder, const std::filesystem::path& scratch) {
    write_text(scratch / ".stdin", input);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("cannot fork");
    if (child == 0) become(command, folder, scratch);
    Done done;
    done.status = wait_for(child);
    done.standard_output = read_text(scratch / ".stdout");
    done.standard_error = read_text(scratch / ".stderr");
    return done;
}

std::vector<std::string> as_lines(const Done& done, const std::filesystem::path& scratch) {
    std::vector<std::string> lines;
    append_lines(lines, '>', normalised(done.standard_output, scratch));
    append_lines(lines, '!', normalised(done.standard_error, scratch));
    if (done.status != 0) lines.push_back("? " + std::to_string(done.status));
    return lines;
}

}  // namespace mortise::golden
