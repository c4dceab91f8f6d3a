// Files through their descriptors, on every kind of directory alike.

#include "wasi/guest_world.hpp"

namespace mortise::wasi_tests {
namespace {

class Files : public FilesTest {
protected:
    std::uint32_t file(std::uint16_t flags = 0, std::string_view name = "file") {
        const auto fd = guest.open(kDir, name, {.oflags = oflags::creat, .base = rights::of_file, .fdflags = flags});
        EXPECT_THAT(fd, Succeeds());
        return fd.value_or(99);
    }
};
MORTISE_FOR_EVERY_KIND(Files);

constexpr std::uint32_t kSet = 0, kCurrent = 1, kEnd = 2;

TEST_P(Files, Seek_and_tell_move_as_posix_says) {
    const auto fd = file();
    EXPECT_THAT(guest.tell(fd), Gives(0u));
    EXPECT_THAT(guest.write(fd, std::string(100, 'x')), Gives(100u));
    EXPECT_THAT(guest.tell(fd), Gives(100u));
    EXPECT_THAT(guest.seek(fd, -50, kCurrent), Gives(50u));
    EXPECT_THAT(guest.seek(fd, 0, kSet), Gives(0u));
    EXPECT_THAT(guest.seek(fd, 1000, kCurrent), Gives(1000u));
    EXPECT_THAT(guest.seek(fd, -2000, kCurrent), Refuses(Errno::inval));
    EXPECT_THAT(guest.seek(fd, -1, kEnd), Gives(99u));
    EXPECT_THAT(guest.seek(fd, 0, 3), Refuses(Errno::inval));
    EXPECT_THAT(guest.seek(fd, INT64_MAX, kEnd), Refuses(Errno::inval));
    EXPECT_THAT(guest.seek(fd, INT64_MIN, kCurrent), Refuses(Errno::inval));
    EXPECT_THAT(guest.seek(fd, 0, kSet), Gives(0u));
    EXPECT_THAT(guest.read(fd, 100), Gives(std::string(100, 'x')));
    EXPECT_THAT(guest.tell(fd), Gives(100u));
}

TEST_P(Files, Positioned_transfers_leave_the_position) {
    const auto fd = file();
    EXPECT_THAT(guest.write(fd, std::string("\0\1\2\3", 4), 0), Gives(4u));
    EXPECT_THAT(guest.read(fd, 4, 0), Gives(std::string("\0\1\2\3", 4)));
    EXPECT_THAT(guest.read(fd, 4, 2), Gives(std::string("\2\3", 2)));
    EXPECT_THAT(guest.write(fd, std::string("\1\0", 2), 2), Gives(2u));
    EXPECT_THAT(guest.read(fd, 4, 0), Gives(std::string("\0\1\1\0", 4)));
    EXPECT_THAT(guest.read(fd, 4, 100), Gives(std::string()));
    EXPECT_THAT(guest.tell(fd), Gives(0u));
    EXPECT_THAT(guest.read(fd, 4, UINT64_MAX), Refuses(Errno::inval));
    EXPECT_THAT(guest.write(fd, "x", UINT64_MAX), Refuses(Errno::inval));
}

TEST_P(Files, Append_mode_can_be_switched_off) {
    const auto fd = file(fdflags::append);
    const std::string zeros(100, '0'), ones(100, '1'), twos(100, '2');
    EXPECT_THAT(guest.write(fd, zeros), Gives(100u));
    ASSERT_THAT(guest.seek(fd, 0, kSet), Succeeds());
    EXPECT_THAT(guest.read(fd, 100), Gives(zeros));
    ASSERT_THAT(guest.seek(fd, 0, kSet), Succeeds());
    EXPECT_THAT(guest.write(fd, ones), Gives(100u));
    EXPECT_THAT(guest.tell(fd), Gives(200u));
    EXPECT_THAT(guest.read(fd, 100, 100), Gives(ones));
    EXPECT_EQ(guest.call("fd_fdstat_set_flags", fd, 0), Errno::success);
    ASSERT_THAT(guest.seek(fd, 0, kSet), Succeeds());
    EXPECT_THAT(guest.write(fd, twos), Gives(100u));
    EXPECT_THAT(guest.read(fd, 100, 0), Gives(twos));
    EXPECT_EQ(guest.stat(fd)->size, 200u);
}

TEST_P(Files, Positioned_write_does_not_append) {
    const auto fd = file(fdflags::append);
    EXPECT_THAT(guest.write(fd, "abcd"), Gives(4u));
    EXPECT_THAT(guest.write(fd, "XYZ", 0), Gives(3u));
    EXPECT_THAT(guest.read(fd, 10, 0), Gives(std::string("XYZd")));
    EXPECT_THAT(guest.tell(fd), Gives(4u));
}

TEST_P(Files, Flags_are_kept_and_told) {
    const auto fd = file(fdflags::append | fdflags::sync);
    EXPECT_EQ(guest.fdstat(fd)->flags, fdflags::append | fdflags::sync);
    EXPECT_EQ(guest.call("fd_fdstat_set_flags", fd, fdflags::nonblock | fdflags::dsync | fdflags::rsync), Errno::success);
    EXPECT_EQ(guest.fdstat(fd)->flags, fdflags::nonblock | fdflags::dsync | fdflags::rsync);
    EXPECT_THAT(guest.write(fd, "x"), Gives(1u)) << "a synchronous write";
    EXPECT_EQ(guest.call("fd_fdstat_set_flags", fd, 32), Errno::inval);
    EXPECT_EQ(guest.call("fd_sync", fd), Errno::success);
    EXPECT_EQ(guest.call("fd_datasync", fd), Errno::success);
    EXPECT_EQ(guest.call("fd_sync", kDir), Errno::success);
}

TEST_P(Files, Size_and_allocation_grow_with_zeros) {
    const auto fd = file();
    EXPECT_EQ(guest.call("fd_allocate", fd, 0, 100), Errno::success);
    EXPECT_EQ(guest.stat(fd)->size, 100u);
    EXPECT_EQ(guest.call("fd_allocate", fd, 10, 10), Errno::success);
    EXPECT_EQ(guest.stat(fd)->size, 100u);
    EXPECT_EQ(guest.call("fd_allocate", fd, 90, 20), Errno::success);
    EXPECT_EQ(guest.stat(fd)->size, 110u);
    EXPECT_EQ(guest.call("fd_allocate", fd, 0, 0), Errno::inval);
    EXPECT_EQ(guest.call("fd_allocate", fd, UINT64_MAX, 2), Errno::fbig);
    EXPECT_EQ(guest.call("fd_filestat_set_size", fd, 5), Errno::success);
    EXPECT_EQ(guest.call("fd_filestat_set_size", fd, 8), Errno::success);
    EXPECT_THAT(guest.read(fd, 100), Gives(std::string(8, '\0')));
    EXPECT_NE(guest.call("fd_filestat_set_size", fd, UINT64_MAX), Errno::success);
    EXPECT_EQ(guest.stat(fd)->size, 8u);
}

TEST_P(Files, Advice_changes_nothing_and_is_checked) {
    const auto fd = file();
    ASSERT_EQ(guest.call("fd_filestat_set_size", fd, 100), Errno::success);
    for (const std::uint32_t advice : {0u, 1u, 2u, 3u, 4u, 5u}) {
        EXPECT_EQ(guest.call("fd_advise", fd, 10, 50, advice), Errno::success) << advice;
    }
    EXPECT_EQ(guest.call("fd_advise", fd, 10, 50, 6), Errno::inval);
    EXPECT_EQ(guest.call("fd_advise", fd, UINT64_MAX, 50, 0), Errno::inval);
    EXPECT_EQ(guest.stat(fd)->size, 100u);
}

TEST_P(Files, Truncation_empties_a_file) {
    const auto fd = file();
    EXPECT_THAT(guest.write(fd, "content that goes"), Gives(17u));
    const auto again = guest.open(kDir, "file", {.oflags = oflags::creat | oflags::trunc, .base = rights::fd_read | rights::fd_write});
    ASSERT_THAT(again, Succeeds());
    EXPECT_THAT(guest.read(*again, 100), Gives(std::string()));
    EXPECT_THAT(guest.write(fd, "x", 3), Gives(1u));
    ASSERT_THAT(guest.open(kDir, "file", {.oflags = oflags::trunc}), Succeeds()) << "without the right to write";
    EXPECT_EQ(guest.stat(fd)->size, 0u);
}

TEST_P(Files, Unbuffered_write_is_seen_by_others) {
    const auto reader = guest.open(kDir, "file", {.oflags = oflags::creat, .base = rights::fd_read});
    const auto writer = guest.open(kDir, "file", {.base = rights::fd_write});
    ASSERT_THAT(writer, Succeeds());
    EXPECT_THAT(guest.write(*writer, "\1"), Gives(1u));
    EXPECT_THAT(guest.read(*reader, 1), Gives(std::string("\1")));
}

TEST_P(Files, Offsets_beyond_four_gigabytes_work) {
    const auto fd = file();
    const std::int64_t far = (std::int64_t{5} << 30) + 7;
    EXPECT_THAT(guest.seek(fd, far, kSet), Gives(static_cast<std::uint64_t>(far)));
    EXPECT_THAT(guest.tell(fd), Gives(static_cast<std::uint64_t>(far)));
    if (!on_host()) {
        EXPECT_THAT(guest.write(fd, "end"), Refuses(Errno::nospc)) << "beyond the quota";
        return;
    }
    EXPECT_THAT(guest.write(fd, "end"), Gives(3u));   // a hole before it
    EXPECT_EQ(guest.stat(fd)->size, static_cast<std::uint64_t>(far) + 3);
    EXPECT_THAT(guest.read(fd, 10, static_cast<std::uint64_t>(far)), Gives(std::string("end")));
}

TEST_P(Files, Several_buffers_are_one_transfer) {
    const auto fd = file();
    guest.forget();
    const std::uint32_t list = guest.room(8 * 200);
    const std::uint32_t result = guest.room(4);
    const std::uint32_t data = guest.put("0123456789");
    for (std::uint32_t i = 0; i < 200; ++i) {
        guest.memory().store(list + 8 * i, data);
        guest.memory().store(list + 8 * i + 4, i % 2 == 0 ? 10u : 0u);   // every other one is empty
    }
    ASSERT_EQ(guest.call("fd_write", fd, list, 200u, result), Errno::success);
    EXPECT_EQ(guest.load<std::uint32_t>(result), 1000u);
    EXPECT_EQ(guest.stat(fd)->size, 1000u);
    // Read back into the same place over and over: overlapping buffers are the guest's own affair.
    ASSERT_THAT(guest.seek(fd, 0, kSet), Succeeds());
    guest.forget();
    const std::uint32_t into = guest.room(8 * 200);
    ASSERT_EQ(into, list);
    for (std::uint32_t i = 0; i < 200; ++i) {
        guest.memory().store(list + 8 * i, data + i % 3);
        guest.memory().store(list + 8 * i + 4, 10u);
    }
    ASSERT_EQ(guest.call("fd_read", fd, list, 200u, result), Errno::success);
    EXPECT_EQ(guest.load<std::uint32_t>(result), 1000u);
}

TEST_P(Files, Bad_buffer_is_a_fault_unless_something_was_moved) {
    const auto fd = file();
    guest.forget();
    const std::uint32_t list = guest.room(8 * 100);
    const std::uint32_t result = guest.room(4);
    const std::uint32_t data = guest.put("ab");
    for (std::uint32_t i = 0; i < 100; ++i) {
        guest.memory().store(list + 8 * i, i == 80 ? 0xfffffff0u : data);
        guest.memory().store(list + 8 * i + 4, i == 80 ? 0x20u : 2u);
    }
    ASSERT_EQ(guest.call("fd_write", fd, list, 100u, result), Errno::success);
    EXPECT_EQ(guest.load<std::uint32_t>(result), guest.stat(fd)->size) << "what was written before is told";
    EXPECT_LE(guest.stat(fd)->size, 160u);
    guest.memory().store(list, 0xfffffff0u);
    guest.memory().store(list + 4, 0u);
    EXPECT_EQ(guest.call("fd_write", fd, list, 1u, result), Errno::success) << "an empty buffer may be anywhere";
    guest.memory().store(list + 4, 0x20u);
    EXPECT_EQ(guest.call("fd_write", fd, list, 100u, result), Errno::fault);
    EXPECT_EQ(guest.call("fd_write", fd, 0xfffffff8u, 2u, result), Errno::fault);
    EXPECT_EQ(guest.call("fd_write", fd, list, 0xffffffffu, result), Errno::fault);
    EXPECT_EQ(guest.call("fd_write", fd, list, 1u, 0xfffffffeu), Errno::fault);
    EXPECT_EQ(guest.call("fd_write", fd, 0xffffffffu, 0u, result), Errno::success) << "nothing is read of an empty list";
}

TEST_P(Files, Huge_list_of_empty_buffers_ends) {
    const auto fd = file();
    guest.forget();
    const std::uint32_t list = guest.room(900'000);
    const std::uint32_t result = guest.room(4);
    EXPECT_EQ(guest.call("fd_write", fd, list, 900'000u / 8, result), Errno::success);
    EXPECT_EQ(guest.load<std::uint32_t>(result), 0u);
}

TEST_P(Files, Directories_refuse_what_files_do) {
    guest.forget();
    const std::uint32_t list = guest.room(8);
    const std::uint32_t result = guest.room(8);
    EXPECT_EQ(guest.call("fd_read", kDir, list, 1u, result), Errno::isdir);
    EXPECT_EQ(guest.call("fd_pread", kDir, list, 1u, 0, result), Errno::isdir);
    EXPECT_EQ(guest.call("fd_write", kDir, list, 1u, result), Errno::isdir);
    EXPECT_EQ(guest.call("fd_pwrite", kDir, list, 1u, 0, result), Errno::isdir);
    for (const std::uint32_t whence : {0u, 1u, 2u}) EXPECT_THAT(guest.seek(kDir, 0, whence), Refuses(Errno::isdir));
    EXPECT_THAT(guest.tell(kDir), Refuses(Errno::isdir));
    EXPECT_EQ(guest.call("fd_allocate", kDir, 0, 1), Errno::isdir);
    EXPECT_EQ(guest.call("fd_filestat_set_size", kDir, 0), Errno::isdir);
    const auto fd = file();
    EXPECT_THAT(guest.open(fd, "foo", {.oflags = oflags::creat}), Refuses(Errno::notdir));
    EXPECT_EQ(guest.mkdir(fd, "foo"), Errno::notdir);
    EXPECT_THAT(guest.stat(fd, "foo"), Refuses(Errno::notdir));
}

TEST_P(Files, Renumber_moves_a_descriptor) {
    const auto from = file(0, "one");
    const auto to = file(0, "two");
    const auto inode = guest.stat(from)->inode;
    const auto stat = guest.fdstat(from);
    EXPECT_EQ(guest.call("fd_renumber", from, to), Errno::success);
    EXPECT_EQ(guest.close(from), Errno::badf);
    EXPECT_EQ(guest.stat(to)->inode, inode);
    EXPECT_EQ(guest.fdstat(to)->base, stat->base);
    EXPECT_EQ(guest.call("fd_renumber", to, from), Errno::badf) << "only onto what is open";
    EXPECT_EQ(guest.call("fd_renumber", 99, to), Errno::badf);
    EXPECT_EQ(guest.call("fd_renumber", to, 0xffffffff), Errno::badf);
    EXPECT_EQ(guest.call("fd_renumber", to, to), Errno::success);
    EXPECT_THAT(guest.fdstat(to), Succeeds());
}

TEST_P(Files, Preopen_can_be_closed_or_replaced) {
    const auto dir = guest.open(kDir, ".", {.base = rights::of_directory, .inheriting = rights::all});
    ASSERT_THAT(dir, Succeeds());
    guest.forget();
    const std::uint32_t result = guest.room(8);
    EXPECT_EQ(guest.call("fd_prestat_get", kDir, result), Errno::success);
    EXPECT_EQ(guest.load<std::uint32_t>(result + 4), 1u);
    EXPECT_EQ(guest.call("fd_prestat_get", *dir, result), Errno::badf);
    EXPECT_EQ(guest.call("fd_renumber", *dir, kDir), Errno::success);
    EXPECT_EQ(guest.call("fd_prestat_get", kDir, result), Errno::badf) << "what replaced it is no preopen";
    EXPECT_THAT(guest.fdstat(kDir), Succeeds());
    EXPECT_EQ(guest.close(kDir), Errno::success);
    EXPECT_THAT(guest.fdstat(kDir), Refuses(Errno::badf));
}

TEST_P(Files, Prestat_name_needs_its_room) {
    guest.forget();
    const std::uint32_t name = guest.room(8);
    EXPECT_EQ(guest.call("fd_prestat_dir_name", kDir, name, 0u), Errno::nametoolong);
    EXPECT_EQ(guest.call("fd_prestat_dir_name", kDir, name, 1u), Errno::success);
    EXPECT_EQ(guest.text(name, 2), std::string("/\0", 2));
    EXPECT_EQ(guest.call("fd_prestat_dir_name", kDir, name, 8u), Errno::success) << "a larger buffer is fine";
    EXPECT_EQ(guest.call("fd_prestat_dir_name", 0, name, 8u), Errno::badf);
    EXPECT_EQ(guest.call("fd_prestat_dir_name", kDir, 0xffffffffu, 8u), Errno::fault);
}

TEST_P(Files, Open_files_are_limited) {
    Limits limits;
    limits.open_files = 6;
    GuestWorld few(sandbox(), limits, resolver());
    few.create(kDir, "file");
    EXPECT_THAT(few.open(kDir, "file"), Gives(4u));
    EXPECT_THAT(few.open(kDir, "file"), Gives(5u));
    EXPECT_THAT(few.open(kDir, "file"), Refuses(Errno::mfile));
    EXPECT_THAT(few.open(kDir, "new", {.oflags = oflags::creat}), Refuses(Errno::mfile));
    EXPECT_THAT(few.stat(kDir, "new"), Refuses(Errno::noent)) << "nothing was made";
    EXPECT_EQ(few.close(4), Errno::success);
    EXPECT_THAT(few.open(kDir, "file"), Gives(4u)) << "the lowest free number";
    EXPECT_EQ(few.world->open_files(), 6u);
}

TEST_P(Files, Poll_says_that_files_are_ready) {
    const auto fd = file();
    EXPECT_THAT(guest.write(fd, "abcde"), Gives(5u));
    ASSERT_THAT(guest.seek(fd, 2, kSet), Succeeds());
    guest.forget();
    const std::uint32_t in = guest.room(96);
    const std::uint32_t out = guest.room(64);
    const std::uint32_t result = guest.room(4);
    for (std::uint32_t i = 0; i < 2; ++i) {
        guest.memory().store(in + 48 * i, std::uint64_t{7} + i);
        guest.memory().store(in + 48 * i + 8, static_cast<std::uint8_t>(1 + i));
        guest.memory().store(in + 48 * i + 16, fd);
    }
    ASSERT_EQ(guest.call("poll_oneoff", in, out, 2u, result), Errno::success);
    ASSERT_EQ(guest.load<std::uint32_t>(result), 2u);
    EXPECT_EQ(guest.load<std::uint64_t>(out), 7u);
    EXPECT_EQ(guest.load<std::uint16_t>(out + 8), 0u);
    EXPECT_EQ(guest.load<std::uint8_t>(out + 10), 1u);
    EXPECT_EQ(guest.load<std::uint64_t>(out + 16), 3u) << "bytes left to read";
    EXPECT_EQ(guest.load<std::uint64_t>(out + 32), 8u);
    EXPECT_EQ(guest.load<std::uint8_t>(out + 42), 2u);
}

}  // namespace
}  // namespace mortise::wasi_tests
