// Every WASI function with every address and count that is not what it seems, from a real guest: its exports hand the host's
// arguments on to the imports.

#include <array>
#include <span>

#include "attack.hpp"

namespace mortise::hostile {
namespace {

constexpr std::uint32_t kMemory = 65536;
constexpr int kFault = 21;
constexpr std::uint32_t kPath = 64, kFresh = 128, kLink = 192, kList = 256, kSubscription = 320, kOut = 1024, kBuffer = 2048;

/// A function, its arguments in a good call, and what they are, a letter each:
///   p address of a path   n bytes of it   o address of a result   b address of a buffer   s its size   i address of a list or
///   structure that is read   k its count   c plain i32   C plain i64
struct Function {
    std::string name;
    std::string shape;
    std::vector<std::uint64_t> good;
};

const std::vector<Function>& functions() {
    static const std::vector<Function> all = {
        {"args_get", "ob", {kOut, kBuffer}},
        {"args_sizes_get", "oo", {kOut, kOut + 8}},
        {"environ_get", "ob", {kOut, kBuffer}},
        {"environ_sizes_get", "oo", {kOut, kOut + 8}},
        {"clock_res_get", "co", {0, kOut}},
        {"clock_time_get", "cCo", {0, 0, kOut}},
        {"fd_advise", "cCCc", {4, 0, 0, 0}},
        {"fd_allocate", "cCC", {4, 0, 1}},
        {"fd_close", "c", {9}},
        {"fd_datasync", "c", {4}},
        {"fd_fdstat_get", "co", {4, kOut}},
        {"fd_fdstat_set_flags", "cc", {4, 0}},
        {"fd_fdstat_set_rights", "cCC", {9, 0, 0}},
        {"fd_filestat_get", "co", {4, kOut}},
        {"fd_filestat_set_size", "cC", {4, 7}},
        {"fd_filestat_set_times", "cCCc", {4, 0, 0, 0}},
        {"fd_pread", "cikCo", {4, kList, 1, 0, kOut}},
        {"fd_prestat_get", "co", {3, kOut}},
        {"fd_prestat_dir_name", "cbs", {3, kBuffer, 1}},
        {"fd_pwrite", "cikCo", {4, kList, 1, 0, kOut}},
        {"fd_read", "ciko", {4, kList, 1, kOut}},
        {"fd_readdir", "cbsCo", {3, kBuffer, 256, 0, kOut}},
        {"fd_renumber", "cc", {9, 10}},
        {"fd_seek", "cCco", {4, 0, 0, kOut}},
        {"fd_sync", "c", {4}},
        {"fd_tell", "co", {4, kOut}},
        {"fd_write", "ciko", {4, kList, 1, kOut}},
        {"path_create_directory", "cpn", {3, kFresh, 5}},
        {"path_filestat_get", "ccpno", {3, 0, kPath, 4, kOut}},
        {"path_filestat_set_times", "ccpnCCc", {3, 0, kPath, 4, 0, 0, 0}},
        {"path_link", "ccpncpn", {3, 0, kPath, 4, 3, kFresh, 5}},
        {"path_open", "ccpncCCco", {3, 0, kPath, 4, 0, 0, 0, 0, kOut}},
        {"path_readlink", "cpnbso", {3, kLink, 4, kBuffer, 64, kOut}},
        {"path_remove_directory", "cpn", {3, kFresh, 5}},
        {"path_rename", "cpncpn", {3, kPath, 4, 3, kPath, 4}},
        {"path_symlink", "pncpn", {kPath, 4, 3, kLink, 4}},
        {"path_unlink_file", "cpn", {3, kFresh, 5}},
        {"poll_oneoff", "ioko", {kSubscription, kOut, 1, kOut + 64}},
        {"proc_raise", "c", {100}},
        {"random_get", "bs", {kBuffer, 64}},
        {"sched_yield", "", {}},
        {"sock_accept", "cco", {4, 0, kOut}},
        {"sock_recv", "cikcoo", {4, kList, 1, 0, kOut, kOut + 8}},
        {"sock_send", "cikco", {4, kList, 1, 0, kOut}},
        {"sock_shutdown", "cc", {4, 0}},
    };
    return all;
}

// "file" at 64, "fresh" at 128, "link" at 192; a list of one buffer of 64 bytes; a wait for the clock.
std::string guest(std::string_view module) {
    std::string imports, exports;
    for (const Function& function : functions()) {
        if (module == "wasi_unstable" && function.name == "sock_accept") continue;   // it came later
        std::string params, arguments;
        for (std::size_t i = 0; i < function.shape.size(); ++i) {
            params += function.shape[i] == 'C' ? " i64" : " i32";
            arguments += " (local.get " + std::to_string(i) + ")";
        }
        imports += "(import \"" + std::string(module) + "\" \"" + function.name + "\" (func $" + function.name + " (param" + params + ") (result i32)))\n";
        exports += "(func (export \"" + function.name + "\") (param" + params + ") (result i32) (call $" + function.name + arguments + "))\n";
    }
    return "(module " + imports + R"((memory (export "memory") 1)
        (data (i32.const 64) "file") (data (i32.const 128) "fresh") (data (i32.const 192) "link")
        (data (i32.const 256) "\00\08\00\00\40\00\00\00") (data (i32.const 336) "\01\00\00\00\01\00\00\00"))" + exports + ")";
}

PluginOptions options() {
    PluginOptions options;
    options.limits = tight_limits();
    options.sandbox.arguments = {"program", "argument"};
    options.sandbox.environment = {{"name", "value"}};
    options.sandbox.memory_directories.push_back({"/", {{"file", copy_bytes("content")}}, Access::read_write, 1 << 20, 100});
    return options;
}

class WasiGuest {
public:
    explicit WasiGuest(std::string_view module) : instance_(testing::instance_of(runtime(), guest(module), options())) {
        EXPECT_EQ(call("path_symlink", {kPath, 4, 3, kLink, 4}), 0);
        const std::uint64_t rights = 0x1fffffff;
        EXPECT_EQ(call("path_open", {3, 0, kPath, 4, 0, rights & 0x2001ff, 0, 0, kOut}), 0) << "descriptor 4";
    }

    /// The error number; fails the test where the call ends any other way.
    int call(const Function& function, std::span<const std::uint64_t> arguments) {
        std::vector<ValueView> views;
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            if (function.shape[i] == 'C') views.emplace_back(static_cast<std::int64_t>(arguments[i]));
            else views.emplace_back(static_cast<std::int32_t>(static_cast<std::uint32_t>(arguments[i])));
        }
        CallOutcome outcome;
        const auto done = instance_.perform({.name = function.name, .arguments = views, .wanted = Kind::i32, .payload = {}}, outcome);
        EXPECT_THAT(done, testing::IsOk()) << function.name;
        const auto* number = outcome.value.get_if<std::int32_t>();
        return number == nullptr ? -1 : *number;
    }
    int call(std::string_view name, std::vector<std::uint64_t> arguments) {
        for (const Function& function : functions()) {
            if (function.name == name) return call(function, arguments);
        }
        ADD_FAILURE() << name;
        return -1;
    }

private:
    Instance instance_;
};

struct Lie {
    std::string name;
    std::uint32_t value;
};

// A lie about an address is seen however small the thing is; a lie about a size only if the thing begins where it is said to.
std::vector<Lie> lies_about(const Function& function, std::size_t parameter) {
    const std::uint32_t at = parameter == 0 ? 0 : static_cast<std::uint32_t>(function.good[parameter - 1]);
    switch (function.shape[parameter]) {
        case 'p': case 'o': case 'b': case 'i':
            return {{"at_the_end", kMemory}, {"beyond_the_end", kMemory + 1}, {"below_half_way", 0x7fffffff}, {"half_way", 0x80000000},
                    {"wraps_to_0", 0xfffffff8}, {"all_ones", 0xffffffff}};
        case 'n':
            return {{"one_too_many", kMemory - at + 1}, {"all_memory", kMemory}, {"wraps_to_0", 0u - at}, {"wraps_to_1", 1u - at},
                    {"half_way", 0x80000000}, {"all_ones", 0xffffffff}};
        case 's':
            // A directory's name is written as long as it is, wherever its room ends; nothing else is written beyond its count.
            if (function.name == "fd_prestat_dir_name") return {};
            return {{"one_too_many", kMemory - at + 1}, {"all_memory", kMemory}, {"wraps_to_0", 0u - at}, {"wraps_to_1", 1u - at},
                    {"all_ones", 0xffffffff}};
        case 'k':   // of eight bytes or more each: 0x20000000 of them wrap to 0 in 32 bits
            return {{"one_too_many", (kMemory - at) / 8 + 1}, {"all_memory", kMemory}, {"bytes_wrap_to_0", 0x20000000},
                    {"bytes_wrap_to_8", 0x20000001}, {"half_way", 0x80000000}, {"all_ones", 0xffffffff}};
        default: return {};
    }
}

class WasiImports : public ::testing::TestWithParam<const char*> {};

TEST_P(WasiImports, EveryLie_isAFaultAndHarmsNobody) {
    WasiGuest guest(GetParam());
    std::size_t rows = 0;
    for (const Function& function : functions()) {
        for (std::size_t p = 0; p < function.shape.size(); ++p) {
            if (std::string_view(GetParam()) == "wasi_unstable" && function.name == "sock_accept") continue;
            if (function.name.starts_with("sock_")) continue;   // there are no sockets: refused before anything is looked at
            for (const Lie& lie : lies_about(function, p)) {
                SCOPED_TRACE(function.name + " argument " + std::to_string(p) + " " + lie.name);
                auto arguments = function.good;
                arguments[p] = lie.value;
                const int error = guest.call(function, arguments);
                // Counts that no call may have are refused as such, wherever they would reach.
                const bool too_many = function.name == "poll_oneoff" && function.shape[p] == 'k';
                EXPECT_TRUE(error == kFault || (too_many && error == 28)) << error;
                expect_neighbour_works();
                ++rows;
            }
        }
    }
    EXPECT_GT(rows, 300u);
}

TEST_P(WasiImports, EveryGoodCall_isGoodAfterwards) {
    WasiGuest guest(GetParam());
    for (const Function& function : functions()) {
        if (std::string_view(GetParam()) == "wasi_unstable" && function.name == "sock_accept") continue;
        const int error = guest.call(function, function.good);
        EXPECT_NE(error, kFault) << function.name;
        EXPECT_GE(error, 0) << function.name;
        EXPECT_LE(error, 76) << function.name;
    }
}

TEST_P(WasiImports, ResultsOverEachOther_areTheGuestsOwnTrouble) {
    WasiGuest guest(GetParam());
    for (const Function& function : functions()) {
        if (std::string_view(GetParam()) == "wasi_unstable" && function.name == "sock_accept") continue;
        for (const std::uint32_t at : {kList, kSubscription, kPath}) {
            auto arguments = function.good;
            for (std::size_t p = 0; p < function.shape.size(); ++p) {
                if (std::string_view("pobi").find(function.shape[p]) != std::string_view::npos) arguments[p] = at;
            }
            const int error = guest.call(function, arguments);
            EXPECT_GE(error, 0) << function.name;
            EXPECT_LE(error, 76) << function.name;
        }
    }
    expect_neighbour_works();
}

TEST_P(WasiImports, LiesOverAndOver_leaveNothingBehind) {
    expect_no_growth([] {
        WasiGuest guest(GetParam());
        for (int repeat = 0; repeat < 5; ++repeat) {
            for (const Function& function : functions()) {
                if (std::string_view(GetParam()) == "wasi_unstable" && function.name == "sock_accept") continue;
                for (std::size_t p = 0; p < function.shape.size(); ++p) {
                    for (const Lie& lie : lies_about(function, p)) {
                        auto arguments = function.good;
                        arguments[p] = lie.value;
                        guest.call(function, arguments);
                    }
                }
            }
        }
    });
}

INSTANTIATE_TEST_SUITE_P(Both, WasiImports, ::testing::Values("wasi_snapshot_preview1", "wasi_unstable"),
                         [](const auto& module) { return module.param; });

}  // namespace
}  // namespace mortise::hostile
