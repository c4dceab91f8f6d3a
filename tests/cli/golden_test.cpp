// Runs the command as users do and compares what it prints with the files in golden/. With MORTISE_UPDATE_GOLDEN=1 in the
// environment the files are written anew instead: look at the difference before keeping it.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mortise/runtime.hpp>

#include "cli/golden_file.hpp"

namespace {

namespace fs = std::filesystem;
using namespace mortise::golden;

const fs::path kFolder = fs::path(MORTISE_SOURCE_DIR) / "tests/cli";

class Scratch {
public:
    Scratch() {
        std::string name = (fs::temp_directory_path() / "mortise-golden-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        path_ = name;
    }
    ~Scratch() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

bool has_engine(std::string_view name) {
    const auto engines = mortise::Runtime::engines();
    return std::ranges::any_of(engines, [&](const auto& engine) { return engine.name == name; });
}

// What is missing for a file's steps; empty if nothing is.
std::string missing(const std::string& need) {
    if (need == "shared") return fs::exists(fs::path(MORTISE_SHARED_DIR) / "plugins") ? "" : "no folder of real plugins";
    if (need.starts_with("abi ")) {
        const auto abis = mortise::Runtime::abis();
        const bool there = std::ranges::any_of(abis, [&](const auto& abi) { return abi.name == need.substr(4); });
        return there ? "" : "no " + need + " in this build";
    }
    if (need.starts_with("engine ")) return has_engine(need.substr(7)) ? "" : "no " + need + " in this build";
    if (need == "every engine") {  // their names are among what is compared
        for (const auto* name : {"wasmtime", "wasmi", "native", "wasm-c-api"}) {
            if (!has_engine(name)) return std::string("no engine ") + name + " in this build";
        }
        return "";
    }
    return "unknown condition " + need;
}

bool reads_text_format() {
    const auto engines = mortise::Runtime::engines();
    return !engines.empty() && engines.front().capabilities.text_format;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += line + '\n';
    return text;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, file) {
    const auto path = kFolder / "golden" / (GetParam() + ".txt");
    auto file = read_golden(path);
    ASSERT_FALSE(file.steps.empty()) << path << " runs no command";
    if (!reads_text_format()) GTEST_SKIP() << "the default engine does not read the guests, which are in the text format";
    for (const auto& need : file.needs) {
        if (const auto why = missing(need); !why.empty()) GTEST_SKIP() << why;
    }
    const bool update = std::getenv("MORTISE_UPDATE_GOLDEN") != nullptr;
    const Scratch scratch;
    ::setenv("XDG_CACHE_HOME", (scratch.path() / ".cache").c_str(), 1);   // compiled code is kept in no user's folder
    for (auto& step : file.steps) {
        const auto lines = as_lines(run(step.command, step.input, kFolder, scratch.path()), scratch.path());
        if (update) step.expected = lines;
        else EXPECT_EQ(joined(lines), joined(step.expected)) << path.string() << ':' << step.line << "\n$ " << step.command;
    }
    if (update) write_golden(path, file);
}

// The console blocks of a document: "$ COMMAND", and below it what it prints.
std::vector<Step> console_steps(const fs::path& path) {
    std::vector<Step> steps;
    std::ifstream in(path);
    bool inside = false;
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (line.starts_with("```")) inside = line == "```console";
        else if (inside && line.starts_with("$ ")) steps.push_back({.line = number, .before = {}, .command = line.substr(2), .input = {}, .expected = {}});
        else if (inside && !steps.empty()) steps.back().expected.push_back(line);
    }
    return steps;
}

TEST(Documents, commands_print_what_they_say) {
    const auto path = fs::path(MORTISE_SOURCE_DIR) / "docs/command.md";
    const auto steps = console_steps(path);
    ASSERT_FALSE(steps.empty()) << path;
    if (const auto why = missing("engine wasmtime"); !why.empty()) GTEST_SKIP() << why << ", whose compiled code the document lists";
    const Scratch scratch;
    ::setenv("XDG_CACHE_HOME", (scratch.path() / ".cache").c_str(), 1);
    for (const auto& step : steps) {
        auto lines = as_lines(run(step.command, "", kFolder, scratch.path()), scratch.path());
        for (auto& line : lines) {
            if (!line.starts_with('?')) line.erase(0, 2);   // the mark of its stream
        }
        EXPECT_EQ(joined(lines), joined(step.expected)) << path.string() << ':' << step.line << "\n$ " << step.command;
    }
}

std::vector<std::string> all_files() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(kFolder / "golden")) {
        if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
    }
    std::ranges::sort(names);
    return names;
}

INSTANTIATE_TEST_SUITE_P(Command, Golden, testing::ValuesIn(all_files()), [](const auto& row) { return row.param; });

}  // namespace
