// The official test suite of WASI preview 1, as far as it is in the shared folder, on every engine of this build.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <mortise/mortise.hpp>

namespace {

namespace fs = std::filesystem;
using namespace mortise;

struct Case {
    std::string name;
    std::string engine;
    fs::path module;
};

void PrintTo(const Case& which, std::ostream* out) { *out << which.name; }

std::vector<Case> cases() {
    const fs::path tests = fs::path(MORTISE_SHARED_DIR) / "wasi-testsuite" / "tests";
    std::vector<Case> all;
    std::error_code missing;
    for (const auto& entry : fs::recursive_directory_iterator(tests, missing)) {
        if (entry.path().extension() != ".wasm") continue;
        const std::string language = fs::relative(entry.path(), tests).begin()->string();
        for (const EngineInfo& engine : Runtime::engines()) {
            if (!engine.complete) continue;
            std::string name = engine.name + "_" + language + "_" + entry.path().stem().string();
            std::replace_if(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
            all.push_back({name, engine.name, entry.path()});
        }
    }
    std::sort(all.begin(), all.end(), [](const Case& a, const Case& b) { return a.name < b.name; });
    return all;
}

struct Specification {
    std::vector<std::string> arguments, directories;
    std::vector<std::pair<std::string, std::string>> environment;
    int exit_code = 0;
    std::optional<std::string> root;        // a directory that is preopened as "/"
    std::optional<std::string> out, err;    // compared only where the case says something
};

std::optional<std::string> member(const nlohmann::json& json, const char* name) {
    if (!json.contains(name)) return std::nullopt;
    return json[name].get<std::string>();
}

Specification specification_of(fs::path module) {
    Specification specification;
    std::ifstream file(module.replace_extension(".json"));
    if (!file) return specification;
    const auto json = nlohmann::json::parse(file);
    specification.arguments = json.value("args", std::vector<std::string>{});
    specification.directories = json.value("dirs", std::vector<std::string>{});
    for (const auto& [name, value] : json.value("env", std::map<std::string, std::string>{})) {
        specification.environment.emplace_back(name, value);
    }
    specification.exit_code = json.value("exit_code", 0);
    specification.root = member(json, "root");
    specification.out = member(json, "stdout");
    specification.err = member(json, "stderr");
    return specification;
}

class Captured final : public Observer {
public:
    void guest_output(std::uint64_t, Stream stream, BytesView bytes) override {
        (stream == Stream::standard_output ? out : err) += text_of(bytes);
    }
    std::string out, err;
};

// A copy of the directories beside a case, as some cases write.
class Scratch {
public:
    Scratch() {
        std::string name = (fs::temp_directory_path() / "mortise-suite-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
        path = name;
    }
    ~Scratch() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    fs::path path;
};

class WasiSuite : public testing::TestWithParam<Case> {};

TEST_P(WasiSuite, Case_run_passes) {
    const Case& which = GetParam();
    const Specification wanted = specification_of(which.module);
    Sandbox sandbox;
    sandbox.arguments.push_back(which.module.filename().string());
    sandbox.arguments.insert(sandbox.arguments.end(), wanted.arguments.begin(), wanted.arguments.end());
    sandbox.environment = wanted.environment;
    sandbox.clock = RealClock{};
    const Scratch scratch;
    std::vector<std::pair<std::string, std::string>> directories;   // and what the guest calls them
    for (const std::string& directory : wanted.directories) directories.emplace_back(directory, directory);
    if (wanted.root) directories.emplace_back(*wanted.root, "/");
    for (const auto& [directory, guest_path] : directories) {
        fs::copy(which.module.parent_path() / directory, scratch.path / directory, fs::copy_options::recursive);
        for (const auto& entry : fs::recursive_directory_iterator(scratch.path)) {
            fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
        }
        sandbox.directories.push_back({(scratch.path / directory).string(), guest_path, Access::read_write, {}, {}});
    }

    const Runtime runtime({.engine = which.engine});
    PluginOptions options;
    options.sandbox = std::move(sandbox);
    const auto observer = std::make_shared<Captured>();
    options.observer = observer;
    auto plugin = value(runtime.load(which.module, options));
    auto instance = value(plugin.instantiate());
    const auto ran = instance.call<void>("_start");
    int exit_code = 0;
    if (!ran) {
        ASSERT_EQ(ran.error().code(), ErrorCode::guest_exit) << ran.error().describe();
        exit_code = ran.error().exit_status().value_or(-1);
    }
    EXPECT_EQ(exit_code, wanted.exit_code) << observer->err;
    EXPECT_EQ(observer->out, wanted.out.value_or(observer->out));
    EXPECT_EQ(observer->err, wanted.err.value_or(observer->err));
}

INSTANTIATE_TEST_SUITE_P(Official, WasiSuite, testing::ValuesIn(cases()), [](const auto& param) { return param.param.name; });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(WasiSuite);

// Says so where the suite is not there, instead of running nothing in silence.
TEST(WasiSuiteFolder, Is_there_with_all_its_cases) {
    if (!fs::exists(fs::path(MORTISE_SHARED_DIR) / "wasi-testsuite")) GTEST_SKIP() << "no wasi-testsuite in " MORTISE_SHARED_DIR;
    EXPECT_GE(cases().size(), 26u);
}

}  // namespace
