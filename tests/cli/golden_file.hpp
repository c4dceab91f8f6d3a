#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace mortise::golden {

/// One command of a golden file and what came of it, as lines of that file.
struct Step {
    std::size_t line = 0;                 ///< where it stands, from 1
    std::vector<std::string> before;      ///< comments and blank lines above it
    std::string command;
    std::string input;                    ///< stdin
    std::vector<std::string> expected;    ///< lines beginning with ">", "!" and "?"
};

/// A golden file: comments ("#"), conditions ("needs: ..."), and steps. A step is "$ COMMAND" and below it, each as often as
/// needed: "< " a line of stdin, "> " a line of stdout, "! " a line of stderr, "? " the exit status (0 where it is missing).
/// A last line without an end is ">. " or "!. ". Control characters stand as ⟦1b⟧.
struct GoldenFile {
    std::vector<std::string> needs;
    std::vector<Step> steps;
    std::vector<std::string> after;
};

GoldenFile read_golden(const std::filesystem::path& path);
void write_golden(const std::filesystem::path& path, const GoldenFile& file);

/// What a command did.
struct Done {
    std::string standard_output;
    std::string standard_error;
    int status = 0;                       ///< -1: it was still running after a minute; 128 and the number of a signal
};

/// Runs a shell command in `folder`. T in its environment is `scratch`.
Done run(const std::string& command, const std::string& input, const std::filesystem::path& folder, const std::filesystem::path& scratch);

/// What it did as lines of a golden file: what must differ from run to run is made the same.
std::vector<std::string> as_lines(const Done& done, const std::filesystem::path& scratch);

}  // namespace mortise::golden
