// Where directories of the host answered unlike directories in memory, or unlike themselves in another mode.

#include <sys/stat.h>

#include "wasi/guest_world.hpp"

namespace mortise::wasi_tests {
namespace {

constexpr std::uint32_t kDir = 3;

/// The ways in which one directory can be given to a guest.
struct Way {
    std::string name;
    Kind kind = Kind::kernel;
    bool quota = false;
    bool read_only = false;
};
void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

class HostAnswers : public ::testing::TestWithParam<Way> {
protected:
    HostAnswers() {
        ::mkdir((host / "dir").c_str(), 0777);
        write_host_file(host / "file", "content");
        guest = std::make_unique<GuestWorld>(sandbox(), Limits{}, GetParam().kind == Kind::walk ? Resolver::walk : wasi::best_resolver());
    }
    Sandbox sandbox() const {
        Sandbox out;
        const Way& way = GetParam();
        const Access access = way.read_only ? Access::read_only : Access::read_write;
        if (way.kind == Kind::memory) {
            MemoryDirectory directory{.guest_path = "/", .files = {{"file", copy_bytes("content")}, {"dir/inner", {}}}};
            directory.access = access;
            out.memory_directories.push_back(std::move(directory));
        } else {
            HostDirectory directory{.host_path = host.path(), .guest_path = "/", .access = access};
            if (way.quota) directory.quota_bytes = 1 << 20;
            out.directories.push_back(std::move(directory));
        }
        return out;
    }
    Errno opened(std::string_view path, std::uint16_t flags) {
        const auto fd = guest->open(kDir, path, {.oflags = flags, .base = rights::fd_read, .follow = true});
        return fd ? Errno::success : fd.error();
    }

    TemporaryDirectory host;
    std::unique_ptr<GuestWorld> guest;
};

std::vector<Way> ways() {
    return {{.name = "kernel"}, {.name = "walk", .kind = Kind::walk}, {.name = "memory", .kind = Kind::memory},
            {.name = "quota", .quota = true}, {.name = "walk_quota", .kind = Kind::walk, .quota = true}, {.name = "read_only", .read_only = true},
            {.name = "walk_read_only", .kind = Kind::walk, .read_only = true}, {.name = "memory_read_only", .kind = Kind::memory, .read_only = true}};
}
INSTANTIATE_TEST_SUITE_P(Ways, HostAnswers, ::testing::ValuesIn(ways()), [](const auto& param) { return param.param.name; });

TEST_P(HostAnswers, Creating_what_is_there_or_cannot_be) {
    EXPECT_EQ(opened(".", oflags::creat), Errno::isdir);
    EXPECT_EQ(opened("dir", oflags::creat), Errno::isdir);
    EXPECT_EQ(opened("file/", oflags::creat), GetParam().kind == Kind::memory ? Errno::notdir : Errno::isdir);
    EXPECT_EQ(opened("new/", oflags::creat), Errno::isdir);
    EXPECT_EQ(opened("nodir/x", oflags::creat), Errno::noent);
    EXPECT_EQ(opened("nodir/x/", oflags::creat), Errno::noent);
    EXPECT_EQ(opened("file", oflags::creat), Errno::success);
    EXPECT_EQ(opened("file", oflags::creat | oflags::excl), Errno::exist);
    EXPECT_EQ(opened("new", oflags::creat), GetParam().read_only ? Errno::rofs : Errno::success);
}

TEST_P(HostAnswers, Name_of_the_directory_above_belongs_to_nobody) {
    EXPECT_EQ(guest->mkdir(kDir, ".."), Errno::perm);
    EXPECT_EQ(guest->rmdir(kDir, ".."), Errno::perm);
    EXPECT_EQ(guest->unlink(kDir, ".."), Errno::perm);
    EXPECT_EQ(guest->rename(kDir, "..", kDir, "x"), Errno::perm);
    EXPECT_EQ(guest->symlink("x", kDir, ".."), Errno::perm);
    EXPECT_EQ(guest->link(kDir, "..", kDir, "x"), Errno::perm);
    if (GetParam().read_only) return;
    EXPECT_EQ(guest->rename(kDir, "file", kDir, ".."), Errno::perm);
    EXPECT_EQ(guest->link(kDir, "file", kDir, "../"), Errno::perm);
}

TEST_P(HostAnswers, Cookies_are_no_larger_than_positions) {
    EXPECT_EQ(guest->call("fd_readdir", kDir, guest->room(64), 64, UINT64_MAX, guest->room(4)), Errno::inval);
    EXPECT_EQ(guest->call("fd_readdir", kDir, guest->room(64), 64, std::uint64_t{1} << 63, guest->room(4)), Errno::inval);
}

TEST_P(HostAnswers, File_that_may_be_resized_alone) {
    using namespace rights;
    const auto fd = guest->open(kDir, "file", {.base = fd_read | fd_allocate | fd_filestat_set_size | fd_filestat_get});
    ASSERT_THAT(fd, Succeeds());
    const Errno wanted = GetParam().read_only ? Errno::rofs : Errno::success;
    EXPECT_EQ(guest->call("fd_filestat_set_size", *fd, std::uint64_t{3}), wanted);
    EXPECT_EQ(guest->call("fd_allocate", *fd, std::uint64_t{0}, std::uint64_t{10}), wanted);
    EXPECT_EQ(guest->stat(*fd)->size, GetParam().read_only ? 7u : 10u);
    EXPECT_THAT(guest->write(*fd, "x"), Refuses(Errno::notcapable));
    EXPECT_THAT(guest->open(kDir, "dir", {.base = fd_read | fd_allocate | fd_filestat_set_size}), Succeeds());
    EXPECT_THAT(guest->open(kDir, "dir", {.base = fd_read | fd_write}), Refuses(Errno::isdir));
}

TEST_P(HostAnswers, Names_that_no_guest_can_say_are_not_listed) {
    if (GetParam().kind == Kind::memory) return;   // there are none
    write_host_file(host / "\xff\xfe", "");
    write_host_file(host / "\u00e9", "");
    const auto entries = guest->readdir(kDir);
    ASSERT_THAT(entries, Succeeds());
    std::set<std::string> names;
    for (const Dirent& entry : *entries) names.insert(entry.name);
    EXPECT_EQ(names, (std::set<std::string>{".", "..", "dir", "file", "\u00e9"}));
}

}  // namespace
}  // namespace mortise::wasi_tests
