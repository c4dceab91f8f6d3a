// What calls on paths answer, on every kind of directory alike: the facts that the official suite's Rust programs test, and
// what lies between them.

#include "wasi/guest_world.hpp"

namespace mortise::wasi_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class Names : public FilesTest {};
MORTISE_FOR_EVERY_KIND(Names);

TEST_P(Names, Rename_of_directory_to_new_name_moves_it) {
    ASSERT_EQ(guest.mkdir(kDir, "source"), Errno::success);
    EXPECT_EQ(guest.rename(kDir, "source", kDir, "target"), Errno::success);
    EXPECT_THAT(guest.open(kDir, "source", {.oflags = oflags::directory}), Refuses(Errno::noent));
    EXPECT_THAT(guest.open(kDir, "target", {.oflags = oflags::directory}), Succeeds());
}

TEST_P(Names, Rename_of_directory_onto_others_follows_posix) {
    ASSERT_EQ(guest.mkdir(kDir, "source"), Errno::success);
    ASSERT_EQ(guest.mkdir(kDir, "empty"), Errno::success);
    ASSERT_EQ(guest.mkdir(kDir, "full"), Errno::success);
    guest.create(kDir, "full/file");
    EXPECT_EQ(guest.rename(kDir, "source", kDir, "full"), Errno::notempty);
    EXPECT_EQ(guest.rename(kDir, "source", kDir, "full/file"), Errno::notdir);
    EXPECT_EQ(guest.rename(kDir, "full/file", kDir, "empty"), Errno::isdir);
    EXPECT_EQ(guest.rename(kDir, "source", kDir, "empty"), Errno::success);
    EXPECT_THAT(guest.stat(kDir, "source"), Refuses(Errno::noent));
    EXPECT_THAT(guest.stat(kDir, "empty"), Succeeds());
    EXPECT_EQ(guest.rename(kDir, "nothing", kDir, "new"), Errno::noent);
    EXPECT_EQ(guest.rename(kDir, "full", kDir, "full/inside"), Errno::inval);
    EXPECT_EQ(guest.rename(kDir, ".", kDir, "new"), Errno::busy);
}

TEST_P(Names, Rename_of_file_replaces_a_file) {
    guest.create(kDir, "source");
    guest.create(kDir, "target");
    const auto inode = guest.stat(kDir, "source")->inode;
    EXPECT_EQ(guest.rename(kDir, "source", kDir, "target"), Errno::success);
    EXPECT_THAT(guest.stat(kDir, "source"), Refuses(Errno::noent));
    EXPECT_EQ(guest.stat(kDir, "target")->inode, inode);
    EXPECT_EQ(guest.rename(kDir, "target", kDir, "target"), Errno::success);
    EXPECT_EQ(guest.rename(kDir, "target/", kDir, "other"), Errno::notdir);
    EXPECT_EQ(guest.rename(kDir, "target", kDir, "other/"), Errno::notdir);
}

TEST_P(Names, Rename_of_directory_takes_trailing_slashes) {
    ASSERT_EQ(guest.mkdir(kDir, "source"), Errno::success);
    EXPECT_EQ(guest.rename(kDir, "source/", kDir, "target"), Errno::success);
    EXPECT_EQ(guest.rename(kDir, "target", kDir, "source/"), Errno::success);
    EXPECT_EQ(guest.rename(kDir, "source/", kDir, "target/"), Errno::success);
    EXPECT_EQ(guest.rename(kDir, "target", kDir, "source"), Errno::success);
}

TEST_P(Names, Link_gives_a_file_a_second_name) {
    guest.create(kDir, "file");
    ASSERT_EQ(guest.mkdir(kDir, "sub"), Errno::success);
    EXPECT_EQ(guest.link(kDir, "file", kDir, "sub/link"), Errno::success);
    const auto file = guest.stat(kDir, "file");
    const auto link = guest.stat(kDir, "sub/link");
    ASSERT_THAT(link, Succeeds());
    EXPECT_EQ(file->inode, link->inode);
    EXPECT_EQ(file->device, link->device);
    EXPECT_EQ(link->links, 2u);
    EXPECT_EQ(guest.unlink(kDir, "file"), Errno::success);
    EXPECT_EQ(guest.stat(kDir, "sub/link")->links, 1u);
}

TEST_P(Names, Link_refuses_what_posix_refuses) {
    guest.create(kDir, "file");
    guest.create(kDir, "taken");
    ASSERT_EQ(guest.mkdir(kDir, "sub"), Errno::success);
    EXPECT_EQ(guest.link(kDir, "file", kDir, "taken"), Errno::exist);
    EXPECT_EQ(guest.link(kDir, "file", kDir, "file"), Errno::exist);
    EXPECT_EQ(guest.link(kDir, "file", kDir, "sub"), Errno::exist);
    EXPECT_EQ(guest.link(kDir, "sub", kDir, "link"), Errno::perm);
    EXPECT_EQ(guest.link(kDir, "file", kDir, "link/"), Errno::noent);
    EXPECT_EQ(guest.link(kDir, "file/", kDir, "link"), Errno::notdir);
    EXPECT_EQ(guest.link(kDir, "nothing", kDir, "link"), Errno::noent);
    EXPECT_EQ(guest.link(kDir, "file", kDir, "link", 1), Errno::inval) << "following is not supported";
}

TEST_P(Names, Link_to_symbolic_link_links_the_link) {
    guest.create(kDir, "file");
    ASSERT_EQ(guest.symlink("target", kDir, "dangling"), Errno::success);
    EXPECT_EQ(guest.link(kDir, "dangling", kDir, "link"), Errno::success);
    EXPECT_THAT(guest.readlink(kDir, "link"), Gives(std::string("target")));
    ASSERT_EQ(guest.symlink("loop", kDir, "loop"), Errno::success);
    EXPECT_EQ(guest.link(kDir, "loop", kDir, "link2"), Errno::success);
    EXPECT_EQ(guest.link(kDir, "file", kDir, "dangling"), Errno::exist);
}

TEST_P(Names, Symlink_heeds_trailing_slashes) {
    EXPECT_EQ(guest.symlink("source", kDir, "target/"), Errno::noent);
    EXPECT_EQ(guest.symlink("source", kDir, "target"), Errno::success);
    EXPECT_EQ(guest.unlink(kDir, "target"), Errno::success);
    ASSERT_EQ(guest.mkdir(kDir, "dir"), Errno::success);
    EXPECT_EQ(guest.symlink("source", kDir, "dir/"), Errno::exist);
    EXPECT_EQ(guest.symlink("source", kDir, "dir"), Errno::exist);
    guest.create(kDir, "file");
    EXPECT_EQ(guest.symlink("source", kDir, "file/"), Errno::notdir);
    EXPECT_EQ(guest.symlink("source", kDir, "file"), Errno::exist);
}

TEST_P(Names, Symlink_with_impossible_target_is_refused) {
    EXPECT_EQ(guest.symlink("/", kDir, "link"), Errno::perm);
    EXPECT_EQ(guest.symlink("/etc/passwd", kDir, "link"), Errno::perm);
    EXPECT_EQ(guest.symlink("", kDir, "link"), Errno::noent);
    EXPECT_EQ(guest.symlink(std::string_view("a\0b", 3), kDir, "link"), Errno::inval);
    EXPECT_EQ(guest.symlink(std::string(5000, 'x'), kDir, "link"), Errno::nametoolong);
}

TEST_P(Names, Readlink_fills_what_there_is_room_for) {
    guest.create(kDir, "target");
    ASSERT_EQ(guest.symlink("target", kDir, "link"), Errno::success);
    EXPECT_THAT(guest.readlink(kDir, "link", 10), Gives(std::string("target")));
    EXPECT_THAT(guest.readlink(kDir, "link", 4), Gives(std::string("targ")));
    EXPECT_THAT(guest.readlink(kDir, "link", 0), Gives(std::string()));
    EXPECT_THAT(guest.readlink(kDir, "target"), Refuses(Errno::inval));
    EXPECT_THAT(guest.readlink(kDir, "nothing"), Refuses(Errno::noent));
}

TEST_P(Names, Unlink_and_remove_tell_files_from_directories) {
    ASSERT_EQ(guest.mkdir(kDir, "dir"), Errno::success);
    guest.create(kDir, "file");
    EXPECT_EQ(guest.unlink(kDir, "dir"), Errno::isdir);
    EXPECT_EQ(guest.unlink(kDir, "dir/"), Errno::isdir);
    EXPECT_EQ(guest.unlink(kDir, "file/"), Errno::notdir);
    EXPECT_EQ(guest.rmdir(kDir, "file"), Errno::notdir);
    EXPECT_EQ(guest.rmdir(kDir, "file/"), Errno::notdir);
    EXPECT_EQ(guest.rmdir(kDir, "."), Errno::inval);
    EXPECT_EQ(guest.rmdir(kDir, "dir/.."), Errno::notempty);
    ASSERT_EQ(guest.mkdir(kDir, "dir/nested"), Errno::success);
    EXPECT_EQ(guest.rmdir(kDir, "dir"), Errno::notempty);
    EXPECT_EQ(guest.rmdir(kDir, "dir/nested/"), Errno::success);
    EXPECT_EQ(guest.rmdir(kDir, "dir"), Errno::success);
    EXPECT_EQ(guest.unlink(kDir, "file"), Errno::success);
    EXPECT_EQ(guest.unlink(kDir, "file"), Errno::noent);
    EXPECT_EQ(guest.rmdir(kDir, "dir"), Errno::noent);
}

TEST_P(Names, Mkdir_on_what_is_there_is_refused) {
    ASSERT_EQ(guest.mkdir(kDir, "dir/"), Errno::success);
    EXPECT_EQ(guest.mkdir(kDir, "dir"), Errno::exist);
    EXPECT_EQ(guest.mkdir(kDir, "."), Errno::exist);
    EXPECT_EQ(guest.mkdir(kDir, "dir/.."), Errno::exist);
    EXPECT_EQ(guest.mkdir(kDir, "nothing/dir"), Errno::noent);
    guest.create(kDir, "file");
    EXPECT_EQ(guest.mkdir(kDir, "file"), Errno::exist);
    EXPECT_EQ(guest.mkdir(kDir, "file/dir"), Errno::notdir);
}

TEST_P(Names, Final_dot_demands_that_what_is_before_it_exists) {
    EXPECT_EQ(guest.mkdir(kDir, "./b/./"), Errno::noent);
    EXPECT_EQ(guest.mkdir(kDir, "b/."), Errno::noent);
    ASSERT_EQ(guest.mkdir(kDir, "b"), Errno::success);
    EXPECT_EQ(guest.mkdir(kDir, "b/."), Errno::exist);
    EXPECT_EQ(guest.rmdir(kDir, "b/."), Errno::inval);
    EXPECT_EQ(guest.rename(kDir, "b/.", kDir, "c"), Errno::busy);
    EXPECT_EQ(guest.symlink("x", kDir, "b/."), Errno::exist);
    ASSERT_EQ(guest.symlink("b/.", kDir, "link"), Errno::success);
    EXPECT_THAT(guest.open(kDir, "link", {.follow = true}), Succeeds());
}

TEST_P(Names, Creating_through_a_link_with_a_slash_is_refused) {
    ASSERT_EQ(guest.symlink("loop/", kDir, "loop"), Errno::success);
    EXPECT_THAT(guest.open(kDir, "loop", {.follow = true}), Refuses(Errno::loop));
    const auto opened = guest.open(kDir, "loop", {.oflags = oflags::creat, .follow = true});
    ASSERT_FALSE(opened);
    if (on_host()) {
        EXPECT_EQ(opened.error(), Errno::isdir);
    }
}

TEST_P(Names, Interesting_paths_lead_where_they_should) {
    ASSERT_EQ(guest.mkdir(kDir, "dir"), Errno::success);
    ASSERT_EQ(guest.mkdir(kDir, "dir/nested"), Errno::success);
    guest.create(kDir, "dir/nested/file");
    const struct {
        const char* name;
        std::string path;
        Errno wanted;
    } rows[] = {
        {"absolute", "/dir/nested/file", Errno::perm},
        {"dots", "dir/.//nested/../../dir/nested/../nested///./file", Errno::success},
        {"trailing NUL", std::string("dir/nested/file\0", 16), Errno::inval},
        {"NUL within", std::string("dir\0/nested", 11), Errno::inval},
        {"slash behind a file", "dir/nested/file/", Errno::notdir},
        {"slashes behind a file", "dir/nested/file///", Errno::notdir},
        {"dot behind a file", "dir/nested/file/.", Errno::notdir},
        {"dots behind a file", "dir/nested/file/..", Errno::notdir},
        {"slash behind a directory", "dir/nested/", Errno::success},
        {"slashes behind a directory", "dir/nested///", Errno::success},
        {"too many dots", "dir/nested/../../../dir/nested/file", Errno::perm},
        {"dots first", "../dir", Errno::perm},
        {"only dots", "..", Errno::perm},
        {"itself", ".", Errno::success},
        {"empty", "", Errno::noent},
        {"not UTF-8", "dir/\xff", Errno::ilseq},
        {"component of 255", std::string(255, 'n'), Errno::noent},
        {"component of 256", std::string(256, 'n'), Errno::nametoolong},
        {"path of 4096", std::string(2048, '.').append(2048, '/'), Errno::nametoolong},
        {"many dots", [] { std::string path; for (int i = 0; i < 2000; ++i) path += "./"; return path + "dir"; }(), Errno::success},
        {"up and down", [] { std::string path; for (int i = 0; i < 500; ++i) path += "dir/../"; return path + "dir"; }(), Errno::success},
    };
    for (const auto& row : rows) {
        const auto opened = guest.open(kDir, row.path);
        EXPECT_EQ(opened ? Errno::success : opened.error(), row.wanted) << row.name;
        if (opened) guest.close(*opened);
        const auto stat = guest.stat(kDir, row.path);
        EXPECT_EQ(stat ? Errno::success : stat.error(), row.wanted) << row.name << " (stat)";
    }
}

TEST_P(Names, Open_without_following_stops_at_links) {
    ASSERT_EQ(guest.mkdir(kDir, "target"), Errno::success);
    ASSERT_EQ(guest.symlink("target", kDir, "link"), Errno::success);
    EXPECT_THAT(guest.open(kDir, "link", {.oflags = oflags::directory}), Refuses(Errno::notdir));
    EXPECT_THAT(guest.open(kDir, "link"), Refuses(Errno::loop));
    EXPECT_THAT(guest.open(kDir, "link", {.oflags = oflags::directory, .follow = true}), Succeeds());
    EXPECT_THAT(guest.open(kDir, "link/"), Succeeds()) << "a slash follows";
    ASSERT_EQ(guest.rmdir(kDir, "target"), Errno::success);
    guest.create(kDir, "target");
    EXPECT_THAT(guest.open(kDir, "link", {.oflags = oflags::directory}), Refuses(Errno::notdir));
    EXPECT_THAT(guest.open(kDir, "link"), Refuses(Errno::loop));
    EXPECT_THAT(guest.open(kDir, "link", {.oflags = oflags::directory, .follow = true}), Refuses(Errno::notdir));
    EXPECT_THAT(guest.open(kDir, "link", {.follow = true}), Succeeds());
}

TEST_P(Names, Dangling_and_looping_links_end) {
    ASSERT_EQ(guest.symlink("nothing", kDir, "dangling"), Errno::success);
    EXPECT_THAT(guest.open(kDir, "dangling", {.oflags = oflags::directory}), Refuses(Errno::notdir));
    EXPECT_THAT(guest.open(kDir, "dangling"), Refuses(Errno::loop));
    EXPECT_THAT(guest.open(kDir, "dangling", {.follow = true}), Refuses(Errno::noent));
    ASSERT_EQ(guest.symlink("loop", kDir, "loop"), Errno::success);
    EXPECT_THAT(guest.open(kDir, "loop"), Refuses(Errno::loop));
    EXPECT_THAT(guest.open(kDir, "loop", {.follow = true}), Refuses(Errno::loop));
    EXPECT_THAT(guest.stat(kDir, "loop/x"), Refuses(Errno::loop));
}

TEST_P(Names, Creating_through_a_dangling_link_makes_its_target) {
    ASSERT_EQ(guest.symlink("made", kDir, "dangling"), Errno::success);
    EXPECT_THAT(guest.open(kDir, "dangling", {.oflags = oflags::creat | oflags::excl, .follow = true}), Refuses(Errno::exist));
    EXPECT_THAT(guest.open(kDir, "dangling", {.oflags = oflags::creat, .follow = true}), Succeeds());
    EXPECT_EQ(guest.stat(kDir, "made")->type, FileType::regular_file);
}

TEST_P(Names, Links_never_lead_outside) {
    ASSERT_EQ(guest.mkdir(kDir, "dir"), Errno::success);
    ASSERT_EQ(guest.symlink("../..", kDir, "dir/up"), Errno::success);
    ASSERT_EQ(guest.symlink("../../etc/passwd", kDir, "dir/file"), Errno::success);
    ASSERT_EQ(guest.symlink("..", kDir, "dir/root"), Errno::success);
    EXPECT_THAT(guest.open(kDir, "dir/up", {.follow = true}), Refuses(Errno::perm));
    EXPECT_THAT(guest.open(kDir, "dir/file", {.follow = true}), Refuses(Errno::perm));
    EXPECT_THAT(guest.stat(kDir, "dir/up/x"), Refuses(Errno::perm));
    EXPECT_THAT(guest.stat(kDir, "dir/up/"), Refuses(Errno::perm));
    EXPECT_EQ(guest.mkdir(kDir, "dir/up/x"), Errno::perm);
    EXPECT_EQ(guest.unlink(kDir, "dir/up/x"), Errno::perm);
    EXPECT_EQ(guest.rename(kDir, "dir", kDir, "dir/up/x"), Errno::perm);
    EXPECT_EQ(guest.link(kDir, "dir/up/x", kDir, "y"), Errno::perm);
    EXPECT_EQ(guest.set_times(kDir, "dir/up", 0, 0, fstflags::mtim, true), Errno::perm);
    EXPECT_THAT(guest.open(kDir, "dir/root/dir", {.follow = true}), Succeeds()) << "up to the root is inside";
    // A directory opened by itself is a root of its own.
    const auto dir = guest.open(kDir, "dir", {.oflags = oflags::directory, .base = rights::of_directory, .inheriting = rights::all});
    ASSERT_THAT(dir, Succeeds());
    EXPECT_THAT(guest.open(*dir, "root", {.follow = true}), Refuses(Errno::perm));
    EXPECT_THAT(guest.open(*dir, ".."), Refuses(Errno::perm));
    EXPECT_EQ(guest.rename(*dir, "root", *dir, "../root"), Errno::perm);
}

TEST_P(Names, Exists_with_and_without_following) {
    ASSERT_EQ(guest.mkdir(kDir, "sub"), Errno::success);
    guest.create(kDir, "sub/file");
    ASSERT_EQ(guest.symlink("sub/file", kDir, "link1"), Errno::success);
    ASSERT_EQ(guest.symlink("sub", kDir, "link2"), Errno::success);
    for (const bool follow : {false, true}) {
        EXPECT_EQ(guest.stat(kDir, "sub", follow)->type, FileType::directory);
        EXPECT_EQ(guest.stat(kDir, "sub/file", follow)->type, FileType::regular_file);
        EXPECT_EQ(guest.stat(kDir, "link1", follow)->type, follow ? FileType::regular_file : FileType::symbolic_link);
        EXPECT_EQ(guest.stat(kDir, "link2", follow)->type, follow ? FileType::directory : FileType::symbolic_link);
    }
    EXPECT_EQ(guest.stat(kDir, "link1")->size, 8u);
}

TEST_P(Names, Times_of_links_and_their_targets_are_apart) {
    guest.create(kDir, "file");
    ASSERT_EQ(guest.symlink("file", kDir, "link"), Errno::success);
    const auto file = *guest.stat(kDir, "file");
    const auto link = *guest.stat(kDir, "link");
    ASSERT_EQ(guest.set_times(kDir, "link", 0, link.modified - 200, fstflags::mtim), Errno::success);
    EXPECT_EQ(guest.stat(kDir, "link")->modified, link.modified - 200);
    EXPECT_EQ(guest.stat(kDir, "file")->modified, file.modified);
    EXPECT_EQ(guest.stat(kDir, "link", true)->modified, file.modified);
    ASSERT_EQ(guest.set_times(kDir, "link", 0, 12'345'678'901, fstflags::mtim, true), Errno::success);
    EXPECT_EQ(guest.stat(kDir, "file")->modified, 12'345'678'901u);
    EXPECT_EQ(guest.stat(kDir, "file")->accessed, file.accessed);
}

TEST_P(Names, Times_with_contradicting_flags_change_nothing) {
    guest.create(kDir, "file");
    const auto before = guest.stat(kDir, "file")->modified;
    EXPECT_EQ(guest.set_times(kDir, "file", 1, 1, fstflags::mtim | fstflags::mtim_now), Errno::inval);
    EXPECT_EQ(guest.set_times(kDir, "file", 1, 1, fstflags::atim | fstflags::atim_now), Errno::inval);
    EXPECT_EQ(guest.set_times(kDir, "file", 1, 1, 16), Errno::inval);
    EXPECT_EQ(guest.stat(kDir, "file")->modified, before);
    EXPECT_EQ(guest.set_times(kDir, "file", 1, 1, 0), Errno::success);
    EXPECT_EQ(guest.stat(kDir, "file")->modified, before);
    const auto fd = guest.open(kDir, "file", {.base = rights::fd_filestat_set_times});
    ASSERT_THAT(fd, Succeeds());
    EXPECT_EQ(guest.call("fd_filestat_set_times", *fd, 1, 1, fstflags::mtim | fstflags::mtim_now), Errno::inval);
    EXPECT_EQ(guest.call("fd_filestat_set_times", *fd, 1, 7, fstflags::mtim), Errno::success);
    EXPECT_EQ(guest.stat(kDir, "file")->modified, 7u);
}

TEST_P(Names, Open_flags_that_contradict_are_refused) {
    guest.create(kDir, "file");
    EXPECT_THAT(guest.open(kDir, "file", {.oflags = oflags::creat | oflags::excl}), Refuses(Errno::exist));
    EXPECT_THAT(guest.open(kDir, "missing"), Refuses(Errno::noent));
    EXPECT_THAT(guest.open(kDir, "new", {.oflags = oflags::creat | oflags::directory}), Refuses(Errno::inval));
    EXPECT_THAT(guest.open(kDir, "new", {.oflags = 16}), Refuses(Errno::inval));
    EXPECT_THAT(guest.open(kDir, "new", {.fdflags = 32}), Refuses(Errno::inval));
    EXPECT_THAT(guest.open(kDir, "new/", {.oflags = oflags::creat}), Refuses(Errno::isdir));
    EXPECT_THAT(guest.open(kDir, ".", {.oflags = oflags::creat}), Refuses(Errno::isdir));
    EXPECT_THAT(guest.stat(kDir, "new"), Refuses(Errno::noent));
}

TEST_P(Names, Descriptor_survives_the_removal_of_its_name) {
    const auto fd = guest.open(kDir, "file", {.oflags = oflags::creat, .base = rights::of_file});
    ASSERT_THAT(fd, Succeeds());
    ASSERT_EQ(guest.unlink(kDir, "file"), Errno::success);
    EXPECT_THAT(guest.write(*fd, "still here"), Gives(10u));
    EXPECT_THAT(guest.read(*fd, 20, 0), Gives(std::string("still here")));
    EXPECT_EQ(guest.stat(*fd)->links, 0u);
    guest.create(kDir, "file");
    EXPECT_EQ(guest.stat(kDir, "file")->size, 0u);

    ASSERT_EQ(guest.mkdir(kDir, "dir"), Errno::success);
    const auto dir = guest.open(kDir, "dir", {.oflags = oflags::directory, .base = rights::of_directory, .inheriting = rights::all});
    ASSERT_EQ(guest.rmdir(kDir, "dir"), Errno::success);
    EXPECT_THAT(guest.open(*dir, "file", {.oflags = oflags::creat}), Refuses(Errno::noent));
    EXPECT_EQ(guest.mkdir(*dir, "sub"), Errno::noent);
    ASSERT_EQ(guest.mkdir(kDir, "dir"), Errno::success);
}

TEST_P(Names, Readdir_lists_dots_and_entries) {
    const auto own = guest.stat(kDir)->inode;
    auto entries = guest.readdir(kDir);
    ASSERT_THAT(entries, Succeeds());
    ASSERT_EQ(entries->size(), 2u);
    guest.create(kDir, "file");
    ASSERT_EQ(guest.mkdir(kDir, "dir"), Errno::success);
    ASSERT_EQ(guest.symlink("x", kDir, "link"), Errno::success);
    entries = guest.readdir(kDir);
    ASSERT_THAT(entries, Succeeds());
    std::vector<std::pair<std::string, FileType>> seen;
    for (const Dirent& entry : *entries) {
        seen.emplace_back(entry.name, entry.type);
        if (entry.name == "." || entry.name == "..") {
            EXPECT_EQ(entry.inode, own) << entry.name;
        }
        if (entry.name == "file") {
            EXPECT_EQ(entry.inode, guest.stat(kDir, "file")->inode);
        }
    }
    EXPECT_THAT(seen, UnorderedElementsAre(std::pair(std::string("."), FileType::directory), std::pair(std::string(".."), FileType::directory),
                                           std::pair(std::string("file"), FileType::regular_file),
                                           std::pair(std::string("dir"), FileType::directory),
                                           std::pair(std::string("link"), FileType::symbolic_link)));
    // Each cookie leads behind its entry.
    for (std::size_t i = 0; i < entries->size(); ++i) {
        const auto rest = guest.readdir(kDir, (*entries)[i].next);
        ASSERT_THAT(rest, Succeeds());
        ASSERT_EQ(rest->size(), entries->size() - i - 1);
        if (!rest->empty()) {
            EXPECT_EQ(rest->front().name, (*entries)[i + 1].name);
        }
    }
}

TEST_P(Names, Readdir_in_small_pieces_sees_every_entry_once) {
    for (int i = 0; i < 300; ++i) guest.create(kDir, "file." + std::to_string(i));
    for (const std::uint32_t room : {100u, 256u, 4096u}) {
        std::vector<std::string> names;
        std::uint64_t cookie = 0;
        bool end = false;
        while (!end) {
            const auto part = guest.readdir(kDir, cookie, room, &end);
            ASSERT_THAT(part, Succeeds());
            for (const Dirent& entry : *part) names.push_back(entry.name);
            ASSERT_TRUE(end || !part->empty());
            if (!part->empty()) cookie = part->back().next;
        }
        EXPECT_EQ(names.size(), 302u) << room;
        std::sort(names.begin(), names.end());
        EXPECT_EQ(std::unique(names.begin(), names.end()), names.end()) << room;
    }
}

TEST_P(Names, Readdir_while_removing_removes_everything) {
    for (int i = 0; i < 200; ++i) guest.create(kDir, "file." + std::to_string(i));
    std::uint64_t cookie = 0;
    bool end = false;
    while (!end) {
        const auto part = guest.readdir(kDir, cookie, 300, &end);
        ASSERT_THAT(part, Succeeds());
        for (const Dirent& entry : *part) {
            if (entry.name[0] != '.') {
                EXPECT_EQ(guest.unlink(kDir, entry.name), Errno::success) << entry.name;
            }
        }
        if (!part->empty()) cookie = part->back().next;
    }
    EXPECT_EQ(guest.readdir(kDir)->size(), 2u);
}

TEST_P(Names, Readdir_with_odd_arguments_ends) {
    EXPECT_THAT(guest.readdir(kDir, 0, 0), Succeeds());
    EXPECT_THAT(guest.readdir(kDir, 0, 23), Succeeds());
    for (const std::uint64_t cookie : {std::uint64_t{1} << 40, std::uint64_t{0x7fffffffffffffff}}) {
        const auto entries = guest.readdir(kDir, cookie);
        if (entries) {
            EXPECT_LE(entries->size(), 2u) << cookie;
        }
    }
    const auto beyond = guest.readdir(kDir, UINT64_MAX);
    EXPECT_TRUE(beyond ? beyond->empty() : beyond.error() == Errno::inval);
    const auto file = guest.open(kDir, "file", {.oflags = oflags::creat, .base = rights::fd_read});
    EXPECT_THAT(guest.readdir(*file), Refuses(Errno::notdir));
}

}  // namespace
}  // namespace mortise::wasi_tests
