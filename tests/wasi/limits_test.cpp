// Read-only directories, quotas, several directories.

#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>

#include "wasi/guest_world.hpp"

namespace mortise::wasi_tests {
namespace {

constexpr std::uint32_t kDir = 3;

class ReadOnly : public ::testing::TestWithParam<Kind> {
protected:
    ReadOnly() {
        write_host_file(host / "file", "content");
        std::filesystem::create_directory(host / "dir");
        write_host_file(host / "dir/inner", "inner");
    }
    Sandbox sandbox() const {
        Sandbox sandbox;
        if (GetParam() == Kind::memory) {
            MemoryDirectory directory;
            directory.guest_path = "/";
            directory.files = {{"file", copy_bytes("content")}, {"dir/inner", copy_bytes("inner")}};
            directory.access = Access::read_only;
            sandbox.memory_directories.push_back(std::move(directory));
        } else {
            sandbox.directories.push_back({host.path(), "/", Access::read_only, {}, {}});
        }
        return sandbox;
    }
    TemporaryDirectory host;
    GuestWorld guest{sandbox(), {}, GetParam() == Kind::walk ? Resolver::walk : wasi::best_resolver()};
};
MORTISE_FOR_EVERY_KIND(ReadOnly);

TEST_P(ReadOnly, Files_can_be_read) {
    EXPECT_THAT(guest.content(kDir, "file"), Gives(std::string("content")));
    EXPECT_THAT(guest.content(kDir, "dir/inner"), Gives(std::string("inner")));
    EXPECT_THAT(guest.readdir(kDir), Succeeds());
    // What is asked for and not used does no harm: Go asks for nearly everything.
    EXPECT_THAT(guest.open(kDir, "file", {.base = rights::of_file & ~rights::fd_write, .inheriting = rights::all}), Succeeds());
    EXPECT_THAT(guest.open(kDir, "file", {.oflags = oflags::creat, .base = rights::fd_read}), Succeeds()) << "it is there already";
}

TEST_P(ReadOnly, Nothing_can_be_changed) {
    const auto before = *guest.stat(kDir, "file");
    EXPECT_THAT(guest.open(kDir, "file", {.base = rights::fd_write}), Refuses(Errno::rofs));
    EXPECT_THAT(guest.open(kDir, "file", {.base = rights::fd_read | rights::fd_write}), Refuses(Errno::rofs));
    EXPECT_THAT(guest.open(kDir, "file", {.oflags = oflags::trunc}), Refuses(Errno::rofs));
    EXPECT_THAT(guest.open(kDir, "new", {.oflags = oflags::creat}), Refuses(Errno::rofs));
    EXPECT_THAT(guest.open(kDir, "file", {.oflags = oflags::creat | oflags::excl}), Refuses(Errno::exist));
    EXPECT_THAT(guest.open(kDir, "new", {.base = rights::fd_write}), Refuses(Errno::noent));
    EXPECT_THAT(guest.open(kDir, "dir", {.base = rights::fd_write}), Refuses(Errno::isdir));
    EXPECT_EQ(guest.mkdir(kDir, "new"), Errno::rofs);
    EXPECT_EQ(guest.rmdir(kDir, "dir"), Errno::rofs);
    EXPECT_EQ(guest.unlink(kDir, "file"), Errno::rofs);
    EXPECT_EQ(guest.symlink("x", kDir, "new"), Errno::rofs);
    EXPECT_EQ(guest.link(kDir, "file", kDir, "new"), Errno::rofs);
    EXPECT_EQ(guest.rename(kDir, "file", kDir, "new"), Errno::rofs);
    EXPECT_EQ(guest.set_times(kDir, "file", 0, 0, fstflags::mtim), Errno::rofs);
    EXPECT_EQ(guest.call("fd_filestat_set_times", kDir, 0, 0, fstflags::mtim), Errno::rofs);
    const auto fd = guest.open(kDir, "file", {.base = rights::of_file & ~rights::fd_write});
    ASSERT_THAT(fd, Succeeds());
    EXPECT_EQ(guest.call("fd_filestat_set_size", *fd, 0), Errno::rofs);
    EXPECT_EQ(guest.call("fd_allocate", *fd, 0, 100), Errno::rofs);
    EXPECT_EQ(guest.call("fd_filestat_set_times", *fd, 0, 0, fstflags::mtim), Errno::rofs);
    const auto after = *guest.stat(kDir, "file");
    EXPECT_EQ(before.modified, after.modified);
    EXPECT_EQ(before.size, after.size);
    EXPECT_EQ(guest.readdir(kDir)->size(), 4u);
    // Through a directory opened below it, too.
    const auto dir = guest.open(kDir, "dir", {.base = rights::of_directory, .inheriting = rights::all});
    EXPECT_THAT(guest.open(*dir, "inner", {.base = rights::fd_write}), Refuses(Errno::rofs));
    EXPECT_EQ(guest.unlink(*dir, "inner"), Errno::rofs);
}

class Quota : public ::testing::Test {
protected:
    Sandbox sandbox(std::optional<std::uint64_t> bytes, std::optional<std::uint64_t> files) const {
        Sandbox sandbox;
        sandbox.directories.push_back({host.path(), "/", Access::read_write, bytes, files});
        return sandbox;
    }
    TemporaryDirectory host;
};

TEST_F(Quota, Bytes_are_counted_as_files_grow) {
    write_host_file(host / "old", std::string(500, 'o'));
    GuestWorld guest(sandbox(1000, {}));
    const auto fd = guest.open(kDir, "file", {.oflags = oflags::creat, .base = rights::of_file});
    ASSERT_THAT(fd, Succeeds());
    EXPECT_THAT(guest.write(*fd, std::string(600, 'x')), Gives(600u));
    EXPECT_THAT(guest.write(*fd, std::string(600, 'x')), Gives(400u)) << "as much as there is room for";
    EXPECT_THAT(guest.write(*fd, "x"), Refuses(Errno::dquot));
    EXPECT_THAT(guest.write(*fd, "y", 0), Gives(1u)) << "what is there may be changed";
    EXPECT_THAT(guest.write(*fd, "y", 5000), Refuses(Errno::dquot)) << "holes count";
    EXPECT_EQ(guest.call("fd_filestat_set_size", *fd, 1001), Errno::dquot);
    EXPECT_EQ(guest.call("fd_allocate", *fd, 0, 2000), Errno::dquot);
    const auto old = guest.open(kDir, "old", {.base = rights::of_file, .fdflags = fdflags::append});
    EXPECT_THAT(guest.write(*old, "x"), Refuses(Errno::dquot)) << "also in files that were there before";
    EXPECT_THAT(guest.write(*old, "x", 499), Gives(1u));
    EXPECT_EQ(guest.stat(*fd)->size, 1000u);
}

TEST_F(Quota, Bytes_come_free_when_files_shrink_or_go) {
    GuestWorld guest(sandbox(1000, {}));
    const auto fd = guest.open(kDir, "file", {.oflags = oflags::creat, .base = rights::of_file});
    for (int round = 0; round < 5; ++round) {
        EXPECT_THAT(guest.write(*fd, std::string(1000, 'x'), 0), Gives(1000u));
        EXPECT_EQ(guest.call("fd_filestat_set_size", *fd, 0), Errno::success);
        EXPECT_THAT(guest.write(*fd, std::string(1000, 'x'), 0), Gives(1000u));
        const auto truncated = guest.open(kDir, "file", {.oflags = oflags::trunc});
        ASSERT_THAT(truncated, Succeeds());
        EXPECT_EQ(guest.close(*truncated), Errno::success);
    }
    EXPECT_THAT(guest.write(*fd, std::string(1000, 'x'), 0), Gives(1000u));
    ASSERT_EQ(guest.unlink(kDir, "file"), Errno::success);
    const auto other = guest.open(kDir, "other", {.oflags = oflags::creat, .base = rights::of_file});
    EXPECT_THAT(guest.write(*other, "x"), Refuses(Errno::dquot)) << "the removed file is still open";
    ASSERT_EQ(guest.close(*fd), Errno::success);
    EXPECT_THAT(guest.write(*other, std::string(1000, 'x')), Gives(1000u));
    guest.create(kDir, "third");
    EXPECT_EQ(guest.rename(kDir, "third", kDir, "other"), Errno::success);
    ASSERT_EQ(guest.close(*other), Errno::success);
    const auto fourth = guest.open(kDir, "fourth", {.oflags = oflags::creat, .base = rights::of_file});
    EXPECT_THAT(guest.write(*fourth, std::string(1000, 'x')), Gives(1000u));
}

TEST_F(Quota, Removing_what_was_there_before_gives_nothing_beyond) {
    write_host_file(host / "old", std::string(5000, 'o'));
    GuestWorld guest(sandbox(1000, 2));
    ASSERT_EQ(guest.unlink(kDir, "old"), Errno::success);
    const auto fd = guest.open(kDir, "file", {.oflags = oflags::creat, .base = rights::of_file});
    EXPECT_THAT(guest.write(*fd, std::string(5000, 'x')), Gives(1000u));
    guest.create(kDir, "second");
    EXPECT_THAT(guest.open(kDir, "third", {.oflags = oflags::creat}), Refuses(Errno::dquot));
}

TEST_F(Quota, Every_new_name_counts) {
    GuestWorld guest(sandbox({}, 4));
    guest.create(kDir, "file");
    guest.create(kDir, "file");   // not new
    ASSERT_EQ(guest.mkdir(kDir, "dir"), Errno::success);
    ASSERT_EQ(guest.symlink("new", kDir, "link"), Errno::success);
    ASSERT_EQ(guest.link(kDir, "file", kDir, "hard"), Errno::success);
    EXPECT_THAT(guest.open(kDir, "new", {.oflags = oflags::creat}), Refuses(Errno::dquot));
    EXPECT_THAT(guest.open(kDir, "file", {.oflags = oflags::creat}), Succeeds());
    EXPECT_THAT(guest.open(kDir, "file", {.oflags = oflags::creat | oflags::excl}), Refuses(Errno::exist));
    EXPECT_EQ(guest.mkdir(kDir, "dir2"), Errno::dquot);
    EXPECT_EQ(guest.mkdir(kDir, "dir"), Errno::exist);
    EXPECT_EQ(guest.symlink("x", kDir, "link2"), Errno::dquot);
    EXPECT_EQ(guest.link(kDir, "file", kDir, "hard2"), Errno::dquot);
    EXPECT_EQ(guest.rename(kDir, "hard", kDir, "hard2"), Errno::success) << "a name that moves is no new one";
    EXPECT_EQ(guest.unlink(kDir, "hard2"), Errno::success);
    EXPECT_THAT(guest.open(kDir, "link", {.oflags = oflags::creat, .follow = true}), Succeeds()) << "through a dangling link";
    EXPECT_THAT(guest.open(kDir, "new2", {.oflags = oflags::creat}), Refuses(Errno::dquot));
    EXPECT_EQ(guest.rmdir(kDir, "dir"), Errno::success);
    guest.create(kDir, "new2");
}

TEST(MemoryQuota, Bytes_and_files_are_capped) {
    MemoryDirectory directory;
    directory.guest_path = "/";
    directory.files = {{"sub/there", copy_bytes(std::string(100, 'x'))}};
    directory.quota_bytes = 1000;
    directory.quota_files = 4;
    Sandbox sandbox;
    sandbox.memory_directories.push_back(directory);
    GuestWorld guest(sandbox);
    const auto fd = guest.open(kDir, "file", {.oflags = oflags::creat, .base = rights::of_file});
    EXPECT_THAT(guest.write(*fd, std::string(2000, 'x')), Gives(900u));
    EXPECT_THAT(guest.write(*fd, "x"), Refuses(Errno::nospc));
    EXPECT_EQ(guest.call("fd_filestat_set_size", *fd, 901), Errno::nospc);
    EXPECT_EQ(guest.call("fd_filestat_set_size", *fd, std::uint64_t{1} << 62), Errno::nospc);
    EXPECT_EQ(guest.unlink(kDir, "sub/there"), Errno::success);
    EXPECT_EQ(guest.call("fd_filestat_set_size", *fd, 1000), Errno::success);
    guest.create(kDir, "a");
    guest.create(kDir, "b");
    EXPECT_THAT(guest.open(kDir, "c", {.oflags = oflags::creat}), Refuses(Errno::nospc));
    EXPECT_EQ(guest.mkdir(kDir, "c"), Errno::nospc);
    EXPECT_EQ(guest.unlink(kDir, "file"), Errno::success);
    EXPECT_THAT(guest.read(*fd, 1), Gives(std::string("\0", 1))) << "still open";
    const auto a = guest.open(kDir, "a", {.base = rights::of_file});
    EXPECT_THAT(guest.write(*a, "x"), Refuses(Errno::nospc));
    EXPECT_EQ(guest.close(*fd), Errno::success);
    EXPECT_THAT(guest.write(*a, std::string(1000, 'x')), Gives(1000u));
}

TEST(MemoryDirectories, Deep_nesting_is_taken_apart_without_recursion) {
    MemoryDirectory directory;
    directory.guest_path = "/";
    directory.quota_files = 300'000;
    Sandbox sandbox;
    sandbox.memory_directories.push_back(directory);
    GuestWorld guest(sandbox);
    std::uint32_t at = kDir;
    for (int i = 0; i < 40'000; ++i) {
        ASSERT_EQ(guest.mkdir(at, "d"), Errno::success);
        const auto next = guest.open(at, "d", {.base = rights::of_directory, .inheriting = rights::all});
        ASSERT_THAT(next, Succeeds());
        if (at != kDir) guest.close(at);
        at = *next;
    }
    EXPECT_EQ(guest.rename(kDir, "d", at, "loop"), Errno::inval);
}

TEST(MemoryDirectories, Initial_files_are_private_to_each_world) {
    MemoryDirectory directory;
    directory.guest_path = "/data";
    directory.files = {{"a/b/c", copy_bytes("deep")}, {"top", copy_bytes("top")}};
    Sandbox sandbox;
    sandbox.memory_directories.push_back(directory);
    GuestWorld one(sandbox), two(sandbox);
    const auto fd = one.open(kDir, "a/b/c", {.base = rights::of_file});
    EXPECT_THAT(one.write(*fd, "HEAD"), Gives(4u));
    EXPECT_THAT(one.content(kDir, "a/b/c"), Gives(std::string("HEAD")));
    EXPECT_THAT(two.content(kDir, "a/b/c"), Gives(std::string("deep")));
}

TEST(SeveralDirectories, Names_do_not_cross_unequal_ones) {
    TemporaryDirectory host, other;
    write_host_file(host / "file", "x");
    Sandbox sandbox;
    sandbox.directories.push_back({host.path(), "/ro", Access::read_only, {}, {}});
    sandbox.directories.push_back({host.path(), "/rw", Access::read_write, {}, {}});
    sandbox.directories.push_back({other.path(), "/other", Access::read_write, {}, {}});
    sandbox.directories.push_back({other.path(), "/quota", Access::read_write, 10, {}});
    sandbox.memory_directories.push_back({"/memory", {}, Access::read_write, 1000, 10});
    sandbox.memory_directories.push_back({"/memory2", {}, Access::read_write, 1000, 10});
    GuestWorld guest(sandbox);
    constexpr std::uint32_t kRo = 3, kRw = 4, kOther = 5, kQuota = 6, kMemory = 7, kMemory2 = 8;
    EXPECT_EQ(guest.link(kRo, "file", kRw, "link"), Errno::xdev) << "it would make the file writable";
    EXPECT_EQ(guest.rename(kRo, "file", kRw, "moved"), Errno::rofs);
    EXPECT_EQ(guest.rename(kRw, "file", kRo, "moved"), Errno::rofs);
    EXPECT_EQ(guest.link(kRw, "file", kOther, "link"), Errno::success);
    EXPECT_EQ(guest.rename(kRw, "file", kOther, "moved"), Errno::success);
    EXPECT_EQ(guest.rename(kOther, "moved", kQuota, "back"), Errno::xdev);
    EXPECT_EQ(guest.link(kOther, "link", kQuota, "back"), Errno::xdev);
    guest.create(kMemory, "file");
    EXPECT_EQ(guest.rename(kMemory, "file", kOther, "file"), Errno::xdev);
    EXPECT_EQ(guest.rename(kOther, "link", kMemory, "link"), Errno::xdev);
    EXPECT_EQ(guest.link(kMemory, "file", kMemory2, "file"), Errno::xdev);
    EXPECT_NE(guest.stat(kMemory)->device, guest.stat(kMemory2)->device);
    EXPECT_NE(guest.stat(kMemory)->device, guest.stat(kOther)->device);
}

TEST(HostFiles, Named_pipe_never_makes_open_or_a_finished_call_wait) {
    TemporaryDirectory host;
    ASSERT_EQ(::mkfifo((host / "pipe").c_str(), 0600), 0);
    Sandbox sandbox;
    sandbox.directories.push_back({host.path(), "/", Access::read_write, {}, {}});
    GuestWorld guest(sandbox);
    EXPECT_THAT(guest.open(kDir, "pipe", {.base = rights::fd_write}), Refuses(Errno::nxio)) << "nobody reads";
    const auto reader = guest.open(kDir, "pipe", {.base = rights::fd_read, .fdflags = fdflags::nonblock});
    ASSERT_THAT(reader, Succeeds());
    const auto writer = guest.open(kDir, "pipe", {.base = rights::fd_write});
    ASSERT_THAT(writer, Succeeds());
    EXPECT_THAT(guest.read(*reader, 10), Refuses(Errno::again));
    EXPECT_THAT(guest.write(*writer, "hello"), Gives(5u));
    EXPECT_THAT(guest.read(*reader, 10), Gives(std::string("hello")));
    // A reader that waits is ended by the deadline.
    const auto waiting = guest.open(kDir, "pipe", {.base = rights::fd_read});
    std::atomic<std::uint64_t> clock{10};
    guest.store.clock = &clock;
    guest.store.deadline = 5;
    EXPECT_THAT(guest.read(*waiting, 10), Refuses(Errno::intr));
    guest.store.deadline = UINT64_MAX;
    EXPECT_EQ(guest.close(*reader), Errno::success);
    EXPECT_EQ(guest.close(*waiting), Errno::success);
    EXPECT_THAT(guest.write(*writer, "nobody"), Refuses(Errno::pipe)) << "and no signal";
    EXPECT_THAT(guest.seek(*writer, 0, 0), Refuses(Errno::spipe));
}

TEST(HostFiles, File_size_limit_of_the_process_is_an_error_not_a_signal) {
    TemporaryDirectory host;
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit small = before;
    small.rlim_cur = 4096;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    Sandbox sandbox;
    sandbox.directories.push_back({host.path(), "/", Access::read_write, {}, {}});
    GuestWorld guest(sandbox);
    const auto fd = guest.open(kDir, "file", {.oflags = oflags::creat, .base = rights::of_file});
    const auto written = guest.write(*fd, std::string(5000, 'x'));
    const auto beyond = guest.write(*fd, "x");
    const auto far = guest.write(*fd, "x", 1 << 20);
    const Errno size = guest.call("fd_filestat_set_size", *fd, 5000);
    const Errno allocate = guest.call("fd_allocate", *fd, 0, 5000);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_THAT(written, Gives(4096u));
    EXPECT_THAT(beyond, Refuses(Errno::fbig));
    EXPECT_THAT(far, Refuses(Errno::fbig));
    EXPECT_EQ(size, Errno::fbig);
    EXPECT_EQ(allocate, Errno::fbig);
}

}  // namespace
}  // namespace mortise::wasi_tests
