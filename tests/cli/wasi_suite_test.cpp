// The official test suite of WASI preview 1, as far as it is in the shared folder, through `mortise run` as a person would type it,
// on every engine that the command says it has.

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

namespace fs = std::filesystem;

const fs::path kSuite = fs::path(MORTISE_SHARED_DIR) / "wasi-testsuite";

struct Case {
    std::string name;
    std::string engine;
    fs::path module;
};

void PrintTo(const Case& which, std::ostream* out) { *out << which.name; }

std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string output_of(const std::string& command) {
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return {};
    std::string out;
    std::array<char, 4096> block{};
    while (const auto got = std::fread(block.data(), 1, block.size(), pipe)) out.append(block.data(), got);
    ::pclose(pipe);
    return out;
}

// Those that run Wasm by themselves: not the one for plugins written in C++, nor what needs a library by name.
std::vector<std::string> engines() {
    std::vector<std::string> names;
    const auto json = nlohmann::json::parse(output_of(quoted(MORTISE_COMMAND) + " engines --json"), nullptr, false);
    if (!json.is_array()) return names;
    for (const auto& engine : json) {
        const auto name = engine.value("name", std::string());
        if (name != "native" && !name.starts_with("wasm-c-api")) names.push_back(name);
    }
    return names;
}

std::vector<Case> cases() {
    std::vector<Case> all;
    std::error_code missing;
    const auto names = engines();
    for (const auto& entry : fs::recursive_directory_iterator(kSuite / "tests", missing)) {
        if (entry.path().extension() != ".wasm") continue;
        const std::string language = fs::relative(entry.path(), kSuite / "tests").begin()->string();
        for (const std::string& engine : names) {
            std::string name = engine + "_" + language + "_" + entry.path().stem().string();
            std::replace_if(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
            all.push_back({name, engine, entry.path()});
        }
    }
    std::sort(all.begin(), all.end(), [](const Case& a, const Case& b) { return a.name < b.name; });
    return all;
}

class Scratch {
public:
    Scratch() {
        std::string name = (fs::temp_directory_path() / "mortise-run-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
        path = name;
    }
    ~Scratch() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    std::string read(const std::string& name) const {
        std::ifstream file(path / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    fs::path path;
};

nlohmann::json specification_of(fs::path module) {
    std::ifstream file(module.replace_extension(".json"));
    return file ? nlohmann::json::parse(file) : nlohmann::json::object();
}

// The command line of a case; its directories are copied, as some cases write.
std::string command_of(const Case& which, const nlohmann::json& wanted, const Scratch& scratch) {
    std::string command = quoted(MORTISE_COMMAND) + " run --engine " + quoted(which.engine);
    std::vector<std::pair<std::string, std::string>> directories;   // and what the guest calls them
    for (const auto& directory : wanted.value("dirs", std::vector<std::string>{})) directories.emplace_back(directory, directory);
    if (wanted.contains("root")) directories.emplace_back(wanted["root"].get<std::string>(), "/");
    for (const auto& [directory, guest_path] : directories) {
        fs::copy(which.module.parent_path() / directory, scratch.path / directory, fs::copy_options::recursive);
        for (const auto& entry : fs::recursive_directory_iterator(scratch.path / directory)) {
            fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
        }
        command += " --dir " + quoted((scratch.path / directory).string() + "::" + guest_path);
    }
    for (const auto& [name, value] : wanted.value("env", std::map<std::string, std::string>{})) {
        command += " --env " + quoted(name + "=" + value);
    }
    command += " " + quoted(which.module.string());
    for (const auto& argument : wanted.value("args", std::vector<std::string>{})) command += " " + quoted(argument);
    return command + " < /dev/null > " + quoted((scratch.path / "stdout").string()) + " 2> " + quoted((scratch.path / "stderr").string());
}

class RunSuite : public testing::TestWithParam<Case> {};

TEST_P(RunSuite, Case_run_passes) {
    const auto wanted = specification_of(GetParam().module);
    const Scratch scratch;
    const std::string command = command_of(GetParam(), wanted, scratch);
    const int status = std::system(command.c_str());
    ASSERT_TRUE(WIFEXITED(status)) << command;
    EXPECT_EQ(WEXITSTATUS(status), wanted.value("exit_code", 0)) << command << "\n" << scratch.read("stderr");
    for (const std::string stream : {"stdout", "stderr"}) {   // compared only where the case says something
        const bool said = wanted.contains(stream);
        EXPECT_EQ(scratch.read(stream), said ? wanted[stream].get<std::string>() : scratch.read(stream)) << command;
    }
}

INSTANTIATE_TEST_SUITE_P(Official, RunSuite, testing::ValuesIn(cases()), [](const auto& param) { return param.param.name; });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RunSuite);

// Says so where the suite is not there, instead of running nothing in silence.
TEST(RunSuiteFolder, Is_there_with_all_its_cases_for_each_engine) {
    ASSERT_FALSE(engines().empty()) << "the command names no engine";
    if (!fs::exists(kSuite)) GTEST_SKIP() << "no wasi-testsuite in " MORTISE_SHARED_DIR;
    EXPECT_GE(cases().size(), 26 * engines().size());
}

}  // namespace
