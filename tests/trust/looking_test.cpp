// What is in a cache's folder beside good entries: damage, other people's files, leftovers, wrong clocks; and what listing and
// clearing make of it.

#include "trust/code_cache.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/little_memory.hpp"
#include "support/matchers.hpp"
#include "support/scratch.hpp"
#include "trust/digest.hpp"
#include "trust/files.hpp"
#include "trust/small_disk.hpp"

namespace mortise::trust {
namespace {

using namespace mortise::testing;
namespace fs = std::filesystem;

constexpr std::uint64_t kRoomy = std::uint64_t{64} << 20;
const std::string kLeftover = ".new-0123456789abcdef01234567";

CodeCache open(const fs::path& folder, std::uint64_t most = kRoomy) { return value(CodeCache::open(folder, most)); }

fs::path file_of(const CodeCache& cache, std::string_view key) {
    return cache.folder().path() / (sha256_hex(bytes_of(key)) + ".code");
}

void set_used(const fs::path& file, std::int64_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
}

std::int64_t used(const fs::path& file) {
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return status.st_mtim.tv_sec;
}

std::size_t count_of(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

TEST(CodeCache_find, a_damaged_length_costs_no_memory) {
    const Scratch scratch;
    const auto cache = open(scratch.path(), UINT64_MAX);
    ASSERT_THAT(cache.store("key", bytes_of("code")), IsOk());
    fs::resize_file(file_of(cache, "key"), std::uintmax_t{1} << 40);
    const auto little = LittleMemory::in_pieces_of(1 << 20);
    EXPECT_THAT(cache.find("key"), FailsWith(ErrorCode::denied, "damaged"));
    EXPECT_EQ(value(cache.list()).at(0).key, "");
    ASSERT_THAT(cache.store("key", bytes_of("code")), IsOk());
    EXPECT_THAT(cache.find("key"), IsOk());
}

TEST(CodeCache_find, want_of_memory_is_an_error) {
    const Scratch scratch;
    const auto cache = open(scratch.path());
    ASSERT_THAT(cache.store("key", Bytes(2 << 20)), IsOk());
    const auto little = LittleMemory::in_pieces_of(1 << 20);
    EXPECT_THAT(cache.find("key"), FailsWith(ErrorCode::io, "no memory for"));
    EXPECT_EQ(value(cache.list()).at(0).key, "");
}

TEST(CodeCache_store, any_limit_is_kept_to_the_byte) {
    struct Case {
        std::string name;
        std::uint64_t most;
        std::size_t code;
        bool kept;
    };
    const std::size_t seal = sealed_size("mortise code, entry 1\n", "key", 0);
    for (const auto& [name, most, code, kept] : std::vector<Case>{{"no limit", UINT64_MAX, 100, true},
                                                                  {"almost none", UINT64_MAX - 5, 100, true},
                                                                  {"the last that fits", 1000, 1000 - seal, true},
                                                                  {"one more", 1000, 1001 - seal, false},
                                                                  {"as large as the code alone", 1000, 1000, false},
                                                                  {"nothing", 0, 0, false}}) {
        SCOPED_TRACE(name);
        const Scratch scratch;
        const auto cache = open(scratch.path(), most);
        const auto stored = cache.store("key", Bytes(code));
        if (!kept) {
            EXPECT_THAT(stored, FailsWith(ErrorCode::io, "more than the cache may hold"));
            continue;
        }
        EXPECT_THAT(stored, IsOk());
        EXPECT_TRUE(value(cache.find("key")).has_value());
        EXPECT_LE(fs::file_size(file_of(cache, "key")), most);
    }
    const Scratch scratch;
    EXPECT_THAT(open(scratch.path()).store(std::string(CodeCache::kLongestKey + 1, 'k'), {}), FailsWith(ErrorCode::io, "too long"));
}

TEST(CodeCache_store, leaves_files_of_the_users_own_alone) {
    const Scratch scratch;
    const auto cache = open(scratch.path(), 200);
    const std::string digits(64, '0');
    for (const std::string& name : {std::string(".new-notes"), ".new-" + std::string(24, 'G'), ".new-" + std::string(23, '0'),
                                    std::string(64, 'x') + ".code", std::string(64, 'A') + ".code", digits, digits + "0.code"}) {
        write_all(scratch.path() / name, std::string(1000, 'n'));
        set_used(scratch.path() / name, 1000);
    }
    ASSERT_THAT(cache.store("key", bytes_of("code")), IsOk());
    EXPECT_EQ(value(CodeCache::clear(scratch.path())).entries, 1U);
    EXPECT_EQ(count_of(scratch.path()), 8U) << "the secret and seven of the user's";
}

TEST(CodeCache_store, removes_what_killed_writers_left_whatever_its_time) {
    for (const std::int64_t seconds : {std::int64_t{1000}, std::int64_t{4'000'000'000}, now_ns() / 1'000'000'000}) {
        const Scratch scratch;
        const auto cache = open(scratch.path());
        write_all(scratch.path() / kLeftover, "left behind");
        set_used(scratch.path() / kLeftover, seconds);
        const std::string living = ".new-" + std::string(24, 'a');
        write_all(scratch.path() / living, "being written");
        const base::UniqueFd writer(::open((scratch.path() / living).c_str(), O_RDONLY | O_CLOEXEC));
        ASSERT_EQ(::flock(writer.get(), LOCK_EX), 0);
        ASSERT_THAT(cache.list(), IsOk());
        EXPECT_TRUE(fs::exists(scratch.path() / kLeftover)) << "looking changes nothing";
        ASSERT_THAT(cache.store("key", bytes_of("code")), IsOk());
        EXPECT_FALSE(fs::exists(scratch.path() / kLeftover)) << seconds;
        EXPECT_TRUE(fs::exists(scratch.path() / living));
        EXPECT_THAT(CodeCache::clear(scratch.path()), IsOk());
        EXPECT_TRUE(fs::exists(scratch.path() / living));
    }
}

TEST(CodeCache_store, times_ahead_and_beyond_all_ranges_are_no_better_than_now) {
    const Scratch scratch;
    const auto cache = open(scratch.path(), 3000);
    const Bytes code(800);
    ASSERT_THAT(cache.store("ahead", code), IsOk());
    ASSERT_THAT(cache.store("old", code), IsOk());
    const auto today = now_ns() / 1'000'000'000;
    set_used(file_of(cache, "ahead"), std::int64_t{20'000'000'000});   // 2603: more nanoseconds than fit
    set_used(file_of(cache, "old"), 1000);
    EXPECT_EQ(value(cache.list()).at(0).used_ns, INT64_MAX);
    ASSERT_THAT(cache.store("new", code), IsOk());
    EXPECT_NEAR(static_cast<double>(used(file_of(cache, "ahead"))), static_cast<double>(today), 60) << "it grows old from now on";
    ASSERT_THAT(cache.store("newer", code), IsOk());
    EXPECT_FALSE(fs::exists(file_of(cache, "old")));
    EXPECT_TRUE(fs::exists(file_of(cache, "ahead")));
    set_used(file_of(cache, "ahead"), today + 3600);
    EXPECT_THAT(cache.find("ahead"), IsOk());
    EXPECT_NEAR(static_cast<double>(used(file_of(cache, "ahead"))), static_cast<double>(today), 60) << "touched";
}

TEST(CodeCache_look, changes_nothing_and_needs_no_good_secret) {
    const Scratch scratch;
    ASSERT_THAT(open(scratch.path()).store("key", bytes_of("code")), IsOk());
    EXPECT_EQ(value(CodeCache::look(scratch.path(), kRoomy)).at(0).key, "key");
    write_all(scratch.path() / "secret", "damaged");
    EXPECT_EQ(value(CodeCache::look(scratch.path(), kRoomy)).at(0).key, "") << "nobody vouches for it";
    EXPECT_EQ(read_all(scratch.path() / "secret"), "damaged");
    fs::remove(scratch.path() / "secret");
    EXPECT_EQ(value(CodeCache::look(scratch.path(), kRoomy)).at(0).key, "");
    EXPECT_FALSE(fs::exists(scratch.path() / "secret"));
    EXPECT_THAT(CodeCache::look(scratch.path() / "none", kRoomy), FailsWith(ErrorCode::not_found, "no such folder"));
    write_all(scratch.path() / "file", "");
    EXPECT_THAT(CodeCache::look(scratch.path() / "file", kRoomy), FailsWith(ErrorCode::not_found, "is no folder"));
    fs::create_directory(scratch.path() / "empty");
    EXPECT_THAT(CodeCache::look(scratch.path() / "empty", kRoomy), FailsWith(ErrorCode::not_found, "is no code cache"));
    EXPECT_THAT(CodeCache::clear(scratch.path() / "empty"), FailsWith(ErrorCode::not_found, "is no code cache"));
}

// Whatever stands where the secret should be.
TEST(CodeCache_clear, makes_a_cache_usable_again) {
    struct Case {
        std::string name;
        void (*spoil)(const fs::path& secret);
        std::string why;   // empty: it is no error, the cache makes a new one
    };
    for (const auto& [name, spoil, why] : std::vector<Case>{
             {"readable by others", [](const fs::path& secret) { fs::permissions(secret, fs::perms(0644)); },
              "others than its owner may read"},
             {"a link",
              [](const fs::path& secret) {
                  fs::rename(secret, secret.string() + "2");
                  fs::create_symlink("secret2", secret);
              },
              "is a symbolic link"},
             {"a pipe",
              [](const fs::path& secret) {
                  fs::remove(secret);
                  ASSERT_EQ(::mkfifo(secret.c_str(), 0600), 0);
              },
              "is no regular file"},
             {"damaged", [](const fs::path& secret) { write_all(secret, "?"); }, ""},
             {"very long", [](const fs::path& secret) { write_all(secret, std::string(5000, 'x')); }, ""},
             {"gone", [](const fs::path& secret) { fs::remove(secret); }, ""}}) {
        SCOPED_TRACE(name);
        const Scratch scratch;
        ASSERT_THAT(open(scratch.path()).store("key", bytes_of("code")), IsOk());
        write_all(scratch.path() / kLeftover, "left behind");
        spoil(scratch.path() / "secret");
        if (!why.empty()) {
            EXPECT_THAT(CodeCache::open(scratch.path(), kRoomy), FailsWith(ErrorCode::denied, why));
        }
        EXPECT_EQ(value(CodeCache::clear(scratch.path())).entries, 1U);
        EXPECT_TRUE(files_in(scratch.path(), ".code").empty());
        EXPECT_FALSE(fs::exists(scratch.path() / kLeftover));
        const auto cache = open(scratch.path());
        ASSERT_THAT(cache.store("key", bytes_of("code")), IsOk());
        EXPECT_TRUE(value(cache.find("key")).has_value());
    }
}

TEST(CodeCache_clear, says_what_cannot_be_removed) {
    const Scratch scratch;
    ASSERT_THAT(open(scratch.path()).store("key", bytes_of("code")), IsOk());
    if (::geteuid() != 0) {
        fs::permissions(scratch.path(), fs::perms(0500));
        EXPECT_THAT(CodeCache::clear(scratch.path()), FailsWith(ErrorCode::io, "cannot remove"));
        fs::permissions(scratch.path(), fs::perms(0700));
    }
    fs::remove(scratch.path() / "secret");
    fs::create_directory(scratch.path() / "secret");
    EXPECT_THAT(CodeCache::clear(scratch.path()), FailsWith(ErrorCode::io, "cannot remove"));
}

TEST(CodeCache_clear, says_that_a_file_system_cannot_be_written_to) {
    const Scratch scratch;
    const SmallDisk disk(scratch.path());
    if (!disk.there()) GTEST_SKIP() << "this user may not mount a small file system";
    ASSERT_THAT(open(scratch.path()).store("key", bytes_of("code")), IsOk());
    ASSERT_TRUE(disk.make_read_only());
    EXPECT_THAT(CodeCache::clear(scratch.path()), FailsWith(ErrorCode::io, "Read-only file system"));
    EXPECT_EQ(value(CodeCache::look(scratch.path(), kRoomy)).size(), 1U);
    EXPECT_TRUE(value(open(scratch.path()).find("key")).has_value());
}

TEST(CodeCache_open, takes_dots_in_the_path_as_the_system_does) {
    const Scratch scratch;
    fs::create_directories(scratch.path() / "far" / "away");
    fs::create_directory_symlink(scratch.path() / "far" / "away", scratch.path() / "link");
    open(scratch.path() / "link" / ".." / "cache" / "");
    EXPECT_TRUE(fs::exists(scratch.path() / "far" / "cache" / "secret"));
    EXPECT_FALSE(fs::exists(scratch.path() / "cache"));
}

TEST(PrivateFolder, knows_the_folders_that_it_is_in) {
    const Scratch scratch;
    const auto folder = value(PrivateFolder::open(scratch.path() / "a" / "cache"));
    fs::create_directory(scratch.path() / "b");
    fs::create_directory_symlink(scratch.path() / "a", scratch.path() / "b" / "link");
    const auto is_in = [&](const fs::path& path) {
        struct stat status {};
        EXPECT_EQ(::stat(path.c_str(), &status), 0);
        return folder.is_in(status.st_dev, status.st_ino);
    };
    for (const auto& path : {folder.path(), scratch.path() / "a", scratch.path(), fs::path("/"), scratch.path() / "b" / "link"}) {
        EXPECT_TRUE(is_in(path)) << path;
    }
    for (const auto& path : {scratch.path() / "b", fs::path("/proc")}) EXPECT_FALSE(is_in(path)) << path;
}

}  // namespace
}  // namespace mortise::trust
