// Rights: kept, given on, given up.

#include "wasi/guest_world.hpp"

namespace mortise::wasi_tests {
namespace {

class Permissions : public FilesTest {
protected:
    // The directory as the official suite's programs open theirs.
    std::uint32_t opened_like_the_suite() {
        using namespace rights;
        EXPECT_EQ(guest.mkdir(kDir, "dir"), Errno::success);
        const auto fd = guest.open(
            kDir, "dir",
            {.oflags = oflags::directory,
             .base = fd_filestat_get | fd_readdir | path_create_file | path_create_directory | path_remove_directory | path_open |
                     path_unlink_file | path_link_source | path_link_target | path_readlink | path_rename_source |
                     path_rename_target | path_filestat_get | path_filestat_set_size | path_filestat_set_times | path_symlink,
             .inheriting = fd_read | fd_write | fd_readdir | fd_filestat_get | fd_seek | path_link_source | path_link_target |
                           path_open | path_unlink_file | path_filestat_get | fd_fdstat_set_flags | fd_sync | fd_tell |
                           fd_advise | fd_allocate | fd_filestat_set_size | fd_filestat_set_times});
        EXPECT_THAT(fd, Succeeds());
        return fd.value_or(99);
    }
};
MORTISE_FOR_EVERY_KIND(Permissions);

TEST_P(Permissions, Preopen_has_what_programs_expect) {
    const auto stat = guest.fdstat(kDir);
    ASSERT_THAT(stat, Succeeds());
    using namespace rights;
    const Rights base = path_create_directory | path_create_file | path_link_source | path_link_target | path_open | fd_readdir |
                        path_readlink | path_rename_source | path_rename_target | path_symlink | path_remove_directory |
                        path_unlink_file | path_filestat_get | path_filestat_set_times | fd_filestat_get | fd_filestat_set_times;
    EXPECT_EQ(stat->base & base, base);
    EXPECT_EQ(stat->inheriting, all);
    EXPECT_EQ(stat->base & (fd_read | fd_write | fd_seek | fd_tell | fd_filestat_set_size), 0u);
    EXPECT_EQ(stat->flags, 0u);
}

TEST_P(Permissions, Preopen_opens_again_in_every_way) {
    const auto stat = *guest.fdstat(kDir);
    EXPECT_THAT(guest.open(kDir, ".", {.base = stat.base, .inheriting = stat.inheriting}), Succeeds());
    EXPECT_THAT(guest.open(kDir, "."), Succeeds());
    EXPECT_THAT(guest.open(kDir, ".", {.oflags = oflags::directory}), Succeeds());
    EXPECT_THAT(guest.open(kDir, ".", {.oflags = oflags::directory, .base = rights::fd_read}), Succeeds());
    EXPECT_THAT(guest.open(kDir, ".", {.oflags = oflags::directory, .base = rights::fd_read | rights::fd_write}), Refuses(Errno::isdir));
    EXPECT_THAT(guest.open(kDir, ".", {.base = rights::fd_read | rights::fd_write}), Refuses(Errno::isdir));
    const auto nonblock = guest.open(kDir, ".", {.fdflags = fdflags::nonblock});
    ASSERT_THAT(nonblock, Succeeds());
}

TEST_P(Permissions, Directory_does_not_get_the_right_to_seek) {
    ASSERT_EQ(guest.mkdir(kDir, "dir"), Errno::success);
    const auto fd = guest.open(kDir, "dir", {.oflags = oflags::directory, .base = rights::fd_seek});
    ASSERT_THAT(fd, Succeeds());
    EXPECT_THAT(guest.seek(*fd, 0, 1), Refuses(Errno::isdir));
    EXPECT_EQ(guest.fdstat(*fd)->type, FileType::directory);
    EXPECT_EQ(guest.fdstat(*fd)->base & rights::fd_seek, 0u);
}

TEST_P(Permissions, Given_up_rights_do_not_come_back) {
    const auto dir = opened_like_the_suite();
    using namespace rights;
    const auto fd = guest.open(dir, "file", {.oflags = oflags::creat, .base = fd_read | fd_write | fd_seek | fd_tell});
    ASSERT_THAT(fd, Succeeds());
    EXPECT_THAT(guest.write(*fd, "abcd"), Gives(4u));
    ASSERT_THAT(guest.seek(*fd, 0, 0), Succeeds());
    EXPECT_THAT(guest.read(*fd, 4), Gives(std::string("abcd")));
    EXPECT_EQ(guest.call("fd_fdstat_set_rights", *fd, fd_seek | fd_tell, 0), Errno::success);
    EXPECT_EQ(guest.fdstat(*fd)->base, fd_seek | fd_tell);
    EXPECT_THAT(guest.read(*fd, 4), Refuses(Errno::notcapable));
    EXPECT_THAT(guest.write(*fd, "x"), Refuses(Errno::notcapable));
    EXPECT_EQ(guest.call("fd_fdstat_set_rights", *fd, fd_read | fd_write | fd_seek | fd_tell, 0), Errno::notcapable);
    EXPECT_EQ(guest.call("fd_fdstat_set_rights", *fd, fd_seek, fd_read), Errno::notcapable);
}

TEST_P(Permissions, Opened_file_has_what_was_asked_for_and_no_more) {
    guest.create(kDir, "file");
    using namespace rights;
    const auto reader = guest.open(kDir, "file", {.base = fd_read});
    EXPECT_EQ(guest.fdstat(*reader)->base, fd_read);
    EXPECT_THAT(guest.read(*reader, 10), Gives(std::string()));
    EXPECT_THAT(guest.write(*reader, "x"), Refuses(Errno::notcapable));
    const auto writer = guest.open(kDir, "file", {.base = fd_write});
    EXPECT_EQ(guest.fdstat(*writer)->base, fd_write);
    EXPECT_THAT(guest.read(*writer, 10), Refuses(Errno::notcapable));
    EXPECT_THAT(guest.write(*writer, "0123456789"), Gives(10u));
    const auto both = guest.open(kDir, "file", {.base = fd_read | fd_write | fd_filestat_get | fd_readdir | path_open});
    EXPECT_EQ(guest.fdstat(*both)->base, fd_read | fd_write | fd_filestat_get) << "what cannot be done with a file is left out";
    EXPECT_EQ(guest.fdstat(*both)->inheriting, 0u);
    EXPECT_THAT(guest.read(*both, 10), Gives(std::string("0123456789")));
    EXPECT_THAT(guest.write(*both, "01234"), Gives(5u));
    EXPECT_EQ(guest.stat(*both)->size, 15u);
    EXPECT_THAT(guest.read(*both, 10, 0), Refuses(Errno::notcapable)) << "positions need the right to seek";
}

TEST_P(Permissions, Nobody_gets_more_than_the_directory_hands_down) {
    const auto dir = opened_like_the_suite();
    using namespace rights;
    EXPECT_THAT(guest.open(dir, "file", {.oflags = oflags::creat, .base = fd_datasync}), Refuses(Errno::notcapable));
    EXPECT_THAT(guest.open(dir, "file", {.oflags = oflags::creat, .inheriting = path_symlink}), Refuses(Errno::notcapable));
    EXPECT_THAT(guest.open(dir, "file", {.oflags = oflags::creat, .fdflags = fdflags::dsync}), Refuses(Errno::notcapable));
    EXPECT_THAT(guest.open(dir, "file", {.oflags = oflags::creat, .base = fd_read, .fdflags = fdflags::sync}), Succeeds());
    ASSERT_EQ(guest.mkdir(dir, "sub"), Errno::success);
    const auto sub = guest.open(dir, "sub", {.oflags = oflags::directory, .base = path_open, .inheriting = fd_read});
    ASSERT_THAT(sub, Succeeds());
    EXPECT_THAT(guest.open(*sub, ".", {.base = fd_write}), Refuses(Errno::notcapable));
    EXPECT_EQ(guest.mkdir(*sub, "x"), Errno::notcapable);
    EXPECT_THAT(guest.readdir(*sub), Refuses(Errno::notcapable));
}

TEST_P(Permissions, Truncating_needs_the_directory_to_allow_it) {
    const auto dir = opened_like_the_suite();
    guest.create(dir, "file");
    const auto stat = *guest.fdstat(dir);
    EXPECT_EQ(stat.base & rights::fd_filestat_set_size, 0u);
    EXPECT_THAT(guest.open(dir, "file", {.oflags = oflags::trunc}), Succeeds());
    const Rights inheriting = stat.inheriting & ~rights::fd_filestat_set_size;
    ASSERT_EQ(guest.call("fd_fdstat_set_rights", dir, stat.base, inheriting), Errno::success);
    EXPECT_THAT(guest.open(dir, "file", {.oflags = oflags::trunc}), Succeeds());
    ASSERT_EQ(guest.call("fd_fdstat_set_rights", dir, stat.base & ~rights::path_filestat_set_size, inheriting), Errno::success);
    EXPECT_THAT(guest.open(dir, "file", {.oflags = oflags::trunc}), Refuses(Errno::notcapable));
}

TEST_P(Permissions, Each_call_needs_its_own) {
    using namespace rights;
    guest.create(kDir, "file");
    const auto none = guest.open(kDir, "file");
    ASSERT_THAT(none, Succeeds());
    const std::uint32_t at = guest.room(64);
    EXPECT_EQ(guest.call("fd_advise", *none, 0, 0, 0), Errno::notcapable);
    EXPECT_EQ(guest.call("fd_allocate", *none, 0, 1), Errno::notcapable);
    EXPECT_EQ(guest.call("fd_datasync", *none), Errno::notcapable);
    EXPECT_EQ(guest.call("fd_sync", *none), Errno::notcapable);
    EXPECT_EQ(guest.call("fd_fdstat_set_flags", *none, 0), Errno::notcapable);
    EXPECT_EQ(guest.call("fd_filestat_get", *none, at), Errno::notcapable);
    EXPECT_EQ(guest.call("fd_filestat_set_size", *none, 0), Errno::notcapable);
    EXPECT_EQ(guest.call("fd_filestat_set_times", *none, 0, 0, 0), Errno::notcapable);
    EXPECT_EQ(guest.call("fd_seek", *none, 0, 0, at), Errno::notcapable);
    EXPECT_EQ(guest.call("fd_tell", *none, at), Errno::notcapable);
    const auto dir = guest.open(kDir, ".", {.oflags = oflags::directory});
    ASSERT_THAT(dir, Succeeds());
    EXPECT_THAT(guest.open(*dir, "file"), Refuses(Errno::notcapable));
    EXPECT_THAT(guest.stat(*dir, "file"), Refuses(Errno::notcapable));
    EXPECT_EQ(guest.set_times(*dir, "file", 0, 0, 0), Errno::notcapable);
    EXPECT_EQ(guest.link(*dir, "file", kDir, "link"), Errno::notcapable);
    EXPECT_EQ(guest.link(kDir, "file", *dir, "link"), Errno::notcapable);
    EXPECT_EQ(guest.rename(*dir, "file", kDir, "other"), Errno::notcapable);
    EXPECT_EQ(guest.rename(kDir, "file", *dir, "other"), Errno::notcapable);
    EXPECT_EQ(guest.symlink("x", *dir, "link"), Errno::notcapable);
    EXPECT_THAT(guest.readlink(*dir, "link"), Refuses(Errno::notcapable));
    EXPECT_EQ(guest.unlink(*dir, "file"), Errno::notcapable);
    EXPECT_EQ(guest.rmdir(*dir, "file"), Errno::notcapable);
}

}  // namespace
}  // namespace mortise::wasi_tests
