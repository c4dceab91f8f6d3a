// Every function with every bad pointer: the guest gets an error number, nothing outside its memory is touched, and nothing is
// done for a guest that could not learn of it. And the table of imports itself.

#include <random>

#include "../support/matchers.hpp"
#include "wasi/guest_world.hpp"

namespace mortise::wasi_tests {
namespace {

using mortise::testing::FailsWith;

// A call with good arguments; `pointers` says which of them are addresses in guest memory.
struct Attack {
    std::string name;
    std::vector<std::uint64_t> arguments;
    std::vector<std::size_t> pointers;
};

class Hostile : public ::testing::Test {
protected:
    static constexpr std::uint32_t kFile = 4;
    static Sandbox sandbox() {
        Sandbox sandbox;
        sandbox.arguments = {"program", "argument"};
        sandbox.environment = {{"name", "value"}};
        sandbox.memory_directories.push_back({"/", {{"file", copy_bytes("content")}}, Access::read_write, 1 << 20, 100});
        return sandbox;
    }
    Hostile() {
        EXPECT_THAT(guest.symlink("file", 3, "link"), ::testing::Eq(Errno::success));
        EXPECT_THAT(guest.open(3, "file", {.base = rights::of_file}), Gives(kFile));
        guest.forget();
        path = guest.put("file");
        fresh = guest.put("fresh");
        link = guest.put("link");
        out = guest.room(256);
        out2 = guest.room(256);
        buffer = guest.room(1024);
        list = guest.room(16);
        guest.memory().store(list, buffer);
        guest.memory().store(list + 4, 64u);
        subscription = guest.room(48);
        guest.memory().store(subscription + 16, 1u);
    }

    std::vector<Attack> attacks() const {
        return {
            {"args_get", {out, buffer}, {0, 1}},
            {"args_sizes_get", {out, out2}, {0, 1}},
            {"environ_get", {out, buffer}, {0, 1}},
            {"environ_sizes_get", {out, out2}, {0, 1}},
            {"clock_res_get", {0, out}, {1}},
            {"clock_time_get", {0, 0, out}, {2}},
            {"fd_fdstat_get", {kFile, out}, {1}},
            {"fd_filestat_get", {kFile, out}, {1}},
            {"fd_pread", {kFile, list, 1, 0, out}, {1, 4}},
            {"fd_prestat_get", {3, out}, {1}},
            {"fd_prestat_dir_name", {3, out, 1}, {1}},
            {"fd_pwrite", {kFile, list, 1, 0, out}, {1, 4}},
            {"fd_read", {kFile, list, 1, out}, {1, 3}},
            {"fd_readdir", {3, buffer, 256, 0, out}, {1, 4}},
            {"fd_seek", {kFile, 0, 0, out}, {3}},
            {"fd_tell", {kFile, out}, {1}},
            {"fd_write", {kFile, list, 1, out}, {1, 3}},
            {"path_create_directory", {3, fresh, 5}, {1}},
            {"path_filestat_get", {3, 0, path, 4, out}, {2, 4}},
            {"path_filestat_set_times", {3, 0, path, 4, 0, 0, 0}, {2}},
            {"path_link", {3, 0, path, 4, 3, fresh, 5}, {2, 5}},
            {"path_open", {3, 0, fresh, 5, oflags::creat, 0, 0, 0, out}, {2, 8}},
            {"path_readlink", {3, link, 4, buffer, 64, out}, {1, 3, 5}},
            {"path_remove_directory", {3, fresh, 5}, {1}},
            {"path_rename", {3, path, 4, 3, fresh, 5}, {1, 4}},
            {"path_symlink", {path, 4, 3, fresh, 5}, {0, 3}},
            {"path_unlink_file", {3, fresh, 5}, {1}},
            {"poll_oneoff", {subscription, buffer, 1, out}, {0, 1, 3}},
            {"random_get", {buffer, 64}, {0}},
        };
    }

    Errno run(const std::string& name, const std::vector<std::uint64_t>& a) {
        switch (a.size()) {
            case 1: return guest.call(name, a[0]);
            case 2: return guest.call(name, a[0], a[1]);
            case 3: return guest.call(name, a[0], a[1], a[2]);
            case 4: return guest.call(name, a[0], a[1], a[2], a[3]);
            case 5: return guest.call(name, a[0], a[1], a[2], a[3], a[4]);
            case 6: return guest.call(name, a[0], a[1], a[2], a[3], a[4], a[5]);
            case 7: return guest.call(name, a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
            default: return guest.call(name, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]);
        }
    }

    GuestWorld guest{sandbox()};
    std::uint32_t path = 0, fresh = 0, link = 0, out = 0, out2 = 0, buffer = 0, list = 0, subscription = 0;
};

TEST_F(Hostile, Bad_pointer_is_a_fault_and_does_nothing) {
    const auto size = static_cast<std::uint32_t>(guest.memory().size());
    const std::uint32_t bad[] = {size, size - 0u, size + 1, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};
    for (const Attack& attack : attacks()) {
        for (const std::size_t pointer : attack.pointers) {
            for (const std::uint32_t address : bad) {
                auto arguments = attack.arguments;
                arguments[pointer] = address;
                const auto files = guest.world->open_files();
                EXPECT_EQ(run(attack.name, arguments), Errno::fault) << attack.name << " argument " << pointer << " = " << address;
                EXPECT_EQ(guest.stop, engine::Stop::done);
                EXPECT_EQ(guest.world->open_files(), files);
                const std::uint32_t at = guest.room(64);
                EXPECT_EQ(guest.call("path_filestat_get", 3, 0u, fresh, 5u, at), Errno::noent) << attack.name << " made something";
                EXPECT_EQ(guest.call("path_filestat_get", 3, 0u, path, 4u, at), Errno::success) << attack.name << " removed something";
            }
            // One byte too far.
            auto arguments = attack.arguments;
            arguments[pointer] = size - 1;
            const Errno error = run(attack.name, arguments);
            EXPECT_TRUE(error == Errno::fault || attack.name == "fd_prestat_dir_name") << attack.name << " argument " << pointer;
        }
    }
}

TEST_F(Hostile, Good_calls_of_the_table_are_good) {
    for (const Attack& attack : attacks()) {
        const Errno error = run(attack.name, attack.arguments);
        const bool expected = error == Errno::success || attack.name == "path_remove_directory" || attack.name == "path_unlink_file" ||
                              attack.name == "path_link" || attack.name == "path_open" || attack.name == "path_rename" || attack.name == "path_symlink";
        EXPECT_TRUE(expected) << attack.name << " " << static_cast<int>(error);
        EXPECT_NE(error, Errno::fault) << attack.name;
    }
}

TEST_F(Hostile, Bad_descriptor_is_said_so) {
    for (const std::uint32_t fd : {5u, 99u, 128u, 0x7fffffffu, 0xffffffffu}) {
        EXPECT_EQ(guest.call("fd_advise", fd, 0, 0, 0u), Errno::badf);
        EXPECT_EQ(guest.call("fd_allocate", fd, 0, 1), Errno::badf);
        EXPECT_EQ(guest.call("fd_close", fd), Errno::badf);
        EXPECT_EQ(guest.call("fd_datasync", fd), Errno::badf);
        EXPECT_EQ(guest.call("fd_sync", fd), Errno::badf);
        EXPECT_EQ(guest.call("fd_fdstat_get", fd, out), Errno::badf);
        EXPECT_EQ(guest.call("fd_fdstat_set_flags", fd, 0u), Errno::badf);
        EXPECT_EQ(guest.call("fd_fdstat_set_rights", fd, 0, 0), Errno::badf);
        EXPECT_EQ(guest.call("fd_filestat_get", fd, out), Errno::badf);
        EXPECT_EQ(guest.call("fd_filestat_set_size", fd, 0), Errno::badf);
        EXPECT_EQ(guest.call("fd_filestat_set_times", fd, 0, 0, 0u), Errno::badf);
        EXPECT_EQ(guest.call("fd_pread", fd, list, 1u, 0, out), Errno::badf);
        EXPECT_EQ(guest.call("fd_pwrite", fd, list, 1u, 0, out), Errno::badf);
        EXPECT_EQ(guest.call("fd_prestat_get", fd, out), Errno::badf);
        EXPECT_EQ(guest.call("fd_prestat_dir_name", fd, out, 10u), Errno::badf);
        EXPECT_EQ(guest.call("fd_read", fd, list, 1u, out), Errno::badf);
        EXPECT_EQ(guest.call("fd_readdir", fd, buffer, 10u, 0, out), Errno::badf);
        EXPECT_EQ(guest.call("fd_renumber", fd, 4u), Errno::badf);
        EXPECT_EQ(guest.call("fd_renumber", 4u, fd), Errno::badf);
        EXPECT_EQ(guest.call("fd_seek", fd, 0, 0u, out), Errno::badf);
        EXPECT_EQ(guest.call("fd_tell", fd, out), Errno::badf);
        EXPECT_EQ(guest.call("fd_write", fd, list, 1u, out), Errno::badf);
        EXPECT_EQ(guest.call("path_create_directory", fd, path, 4u), Errno::badf);
        EXPECT_EQ(guest.call("path_filestat_get", fd, 0u, path, 4u, out), Errno::badf);
        EXPECT_EQ(guest.call("path_filestat_set_times", fd, 0u, path, 4u, 0, 0, 0u), Errno::badf);
        EXPECT_EQ(guest.call("path_link", fd, 0u, path, 4u, 3u, fresh, 5u), Errno::badf);
        EXPECT_EQ(guest.call("path_link", 3u, 0u, path, 4u, fd, fresh, 5u), Errno::badf);
        EXPECT_EQ(guest.call("path_open", fd, 0u, path, 4u, 0u, 0, 0, 0u, out), Errno::badf);
        EXPECT_EQ(guest.call("path_readlink", fd, link, 4u, buffer, 10u, out), Errno::badf);
        EXPECT_EQ(guest.call("path_remove_directory", fd, path, 4u), Errno::badf);
        EXPECT_EQ(guest.call("path_rename", fd, path, 4u, 3u, fresh, 5u), Errno::badf);
        EXPECT_EQ(guest.call("path_rename", 3u, path, 4u, fd, fresh, 5u), Errno::badf);
        EXPECT_EQ(guest.call("path_symlink", path, 4u, fd, fresh, 5u), Errno::badf);
        EXPECT_EQ(guest.call("path_unlink_file", fd, path, 4u), Errno::badf);
    }
}

// Anything at all, many times over: nothing crashes (the sanitizers look on), every answer is an error number.
TEST_F(Hostile, Random_arguments_never_hurt) {
    std::mt19937_64 random(11);
    const auto size = static_cast<std::uint32_t>(guest.memory().size());
    const std::uint64_t odd[] = {0, 1, 2, 3, 4, 5, 8, 16, 48, 255, 256, size - 1, size, 0x7fffffff, 0x80000000, 0xffffffff,
                                 UINT64_MAX, std::uint64_t{1} << 63, INT64_MAX, path, fresh, link, out, buffer, list, subscription};
    const auto table = attacks();
    for (int round = 0; round < 40'000; ++round) {
        const Attack& attack = table[random() % table.size()];
        auto arguments = attack.arguments;
        for (std::uint64_t& argument : arguments) {
            if (random() % 3 == 0) argument = odd[random() % std::size(odd)];
        }
        const auto error = static_cast<unsigned>(run(attack.name, arguments));
        ASSERT_LE(error, 76u) << attack.name;
        ASSERT_EQ(guest.stop, engine::Stop::done) << attack.name;
        if (round % 50 == 0) {
            for (std::uint32_t fd = 5; fd < 128; ++fd) guest.call("fd_close", fd);
        }
        // What the calls write may have changed what they read.
        guest.memory().store(list, buffer);
        guest.memory().store(list + 4, 64u);
    }
}

TEST_F(Hostile, Results_may_overlap_what_is_read) {
    // The number of bytes over the list of buffers, the buffer over its own list, events over their subscriptions.
    EXPECT_EQ(guest.call("fd_read", kFile, list, 1u, list), Errno::success);
    guest.memory().store(list, list);
    guest.memory().store(list + 4, 8u);
    EXPECT_EQ(guest.call("fd_pread", kFile, list, 1u, 0, out), Errno::success);
    EXPECT_EQ(guest.text(list, 7), "content");
    EXPECT_EQ(guest.call("poll_oneoff", subscription, subscription, 1u, subscription + 8), Errno::success);
    EXPECT_EQ(guest.call("path_readlink", 3u, link, 4u, link, 4u, link), Errno::success);
}

TEST(Imports, Wrong_type_is_a_mismatch) {
    Import import;
    import.module = "wasi_snapshot_preview1";
    import.name = "fd_close";
    import.function.params = {ValType::i32};
    import.function.results = {ValType::i32};
    EXPECT_TRUE(value(wasi::resolve(import, {})).has_value());
    import.function.params = {ValType::i64};
    EXPECT_THAT(wasi::resolve(import, {}), FailsWith(ErrorCode::import_mismatch, "(i32) -> i32"));
    import.function.params = {ValType::i32};
    import.function.results = {};
    EXPECT_THAT(wasi::resolve(import, {}), FailsWith(ErrorCode::import_mismatch));
    import.kind = ExternKind::memory;
    EXPECT_THAT(wasi::resolve(import, {}), FailsWith(ErrorCode::import_mismatch, "memory"));
}

TEST(Imports, Modules_are_those_of_the_policy) {
    const auto known = [](std::string module, std::string name, const wasi::Policy& policy) {
        Import import;
        import.module = std::move(module);
        import.name = std::move(name);
        import.function.params = {ValType::i32};
        import.function.results = {ValType::i32};
        const auto found = wasi::resolve(import, policy);
        return !found || found->has_value();
    };
    const wasi::Policy usual;
    EXPECT_TRUE(known("wasi_snapshot_preview1", "fd_close", usual));
    EXPECT_TRUE(known("wasi_unstable", "fd_close", usual));
    EXPECT_FALSE(known("wasi", "fd_close", usual));
    EXPECT_TRUE(known("wasi", "fd_close", {.legacy = true}));
    EXPECT_FALSE(known("wasi_unstable", "fd_close", {.unstable = false}));
    EXPECT_FALSE(known("wasi_snapshot_preview1", "fd_close", {.preview1 = false}));
    EXPECT_FALSE(known("wasi_snapshot_preview1", "fd_open", usual));
    EXPECT_FALSE(known("env", "fd_close", usual));
    EXPECT_TRUE(known("wasi_snapshot_preview1", "sock_accept", usual)) << "a mismatch, but known";
    EXPECT_FALSE(known("wasi_unstable", "sock_accept", usual)) << "it came later";
}

}  // namespace
}  // namespace mortise::wasi_tests
