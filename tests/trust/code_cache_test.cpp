#include "trust/code_cache.hpp"

#include <chrono>
#include <csignal>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

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

CodeCache open(const fs::path& folder, std::uint64_t most = kRoomy) { return value(CodeCache::open(folder, most)); }

std::string found(const CodeCache& cache, std::string_view key) {
    const auto hit = cache.find(key);
    if (!hit) return "failed: " + std::string(to_string(hit.error().code()));
    return *hit ? std::string(text_of((*hit)->code())) : "nothing";
}

void set_used(const fs::path& file, std::int64_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
}

TEST(CodeCache_find, what_was_stored_under_the_same_key_alone) {
    const Scratch scratch;
    const auto cache = open(scratch.path() / "a" / "b");
    EXPECT_EQ(found(cache, "key"), "nothing");
    ASSERT_THAT(cache.store("key", bytes_of("code")), IsOk());
    EXPECT_EQ(found(cache, "key"), "code");
    EXPECT_EQ(found(cache, "key2"), "nothing");
    EXPECT_EQ(found(open(scratch.path() / "a" / "b"), "key"), "code") << "in the next process";
    ASSERT_THAT(cache.store("key", bytes_of("newer")), IsOk());
    EXPECT_EQ(found(cache, "key"), "newer");
    ASSERT_THAT(cache.store("empty", {}), IsOk());
    EXPECT_EQ(found(cache, "empty"), "");
}

TEST(CodeCache_open, makes_a_folder_and_files_for_its_user_alone) {
    const Scratch scratch;
    const auto mask = ::umask(0);
    const auto cache = open(scratch.path() / "above" / "cache");
    ASSERT_THAT(cache.store("key", bytes_of("code")), IsOk());
    ::umask(mask);
    const auto mode = [](const fs::path& path) { return static_cast<unsigned>(fs::status(path).permissions()); };
    EXPECT_EQ(mode(scratch.path() / "above"), 0700U);
    EXPECT_EQ(mode(cache.folder().path()), 0700U);
    EXPECT_EQ(mode(cache.folder().path() / "secret"), 0600U);
    EXPECT_EQ(mode(files_in(cache.folder().path(), ".code").at(0)), 0600U);
}

// Every bit of an entry counts: magic, lengths, key, code, nonce and tag.
TEST(CodeCache_find, a_flipped_bit_anywhere_is_refused_and_a_store_replaces_it) {
    const Scratch scratch;
    const auto cache = open(scratch.path());
    ASSERT_THAT(cache.store("key of some length", bytes_of("machine code")), IsOk());
    const auto file = files_in(scratch.path(), ".code").at(0);
    const std::string good = read_all(file);
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string bad = good;
            bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
            write_all(file, bad);
            ASSERT_EQ(found(cache, "key of some length"), "failed: denied") << "byte " << i << " bit " << bit;
        }
    }
    ASSERT_THAT(cache.store("key of some length", bytes_of("machine code")), IsOk());
    EXPECT_EQ(found(cache, "key of some length"), "machine code");
}

TEST(CodeCache_find, an_entry_of_any_other_length_is_refused) {
    const Scratch scratch;
    const auto cache = open(scratch.path());
    ASSERT_THAT(cache.store("key", bytes_of("machine code")), IsOk());
    const auto file = files_in(scratch.path(), ".code").at(0);
    const std::string good = read_all(file);
    for (std::size_t size = 0; size < good.size(); ++size) {
        write_all(file, good.substr(0, size));
        ASSERT_EQ(found(cache, "key"), "failed: denied") << size << " bytes";
    }
    write_all(file, good + "x");
    EXPECT_EQ(found(cache, "key"), "failed: denied");
}

TEST(CodeCache_find, an_entry_under_the_name_of_another_is_refused) {
    const Scratch scratch;
    const auto cache = open(scratch.path());
    ASSERT_THAT(cache.store("a", bytes_of("code of a")), IsOk());
    const auto a = files_in(scratch.path(), ".code").at(0);
    const auto content = read_all(a);
    fs::remove(a);
    ASSERT_THAT(cache.store("b", bytes_of("code of b")), IsOk());
    write_all(files_in(scratch.path(), ".code").at(0), content);
    EXPECT_EQ(found(cache, "b"), "failed: denied");
}

TEST(CodeCache_find, what_was_sealed_with_another_secret_is_refused) {
    const Scratch mine, theirs;
    ASSERT_THAT(open(theirs.path()).store("key", bytes_of("evil")), IsOk());
    const auto cache = open(mine.path());
    fs::copy(files_in(theirs.path(), ".code").at(0), mine.path());
    EXPECT_EQ(found(cache, "key"), "failed: denied");
}

TEST(CodeCache_find, links_pipes_and_folders_are_refused) {
    const Scratch scratch;
    const auto cache = open(scratch.path());
    ASSERT_THAT(cache.store("key", bytes_of("code")), IsOk());
    const auto file = files_in(scratch.path(), ".code").at(0);
    const auto aside = scratch.path() / "aside";
    fs::rename(file, aside);
    fs::create_symlink(aside, file);
    EXPECT_EQ(found(cache, "key"), "failed: denied");
    fs::remove(file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_EQ(found(cache, "key"), "failed: denied");
    fs::remove(file);
    fs::create_directory(file);
    EXPECT_EQ(found(cache, "key"), "failed: denied");
    fs::remove(file);
    fs::rename(aside, file);
    EXPECT_EQ(found(cache, "key"), "code");
    fs::permissions(file, fs::perms(0620));
    EXPECT_EQ(found(cache, "key"), "failed: denied") << "others may write to it";
}

TEST(CodeCache_open, a_folder_that_others_may_write_to_is_refused) {
    for (const unsigned mode : {0770U, 0707U, 0777U, 01777U}) {
        const Scratch scratch;
        fs::permissions(scratch.path(), fs::perms(mode));
        EXPECT_THAT(CodeCache::open(scratch.path(), kRoomy), FailsWith(ErrorCode::denied, "others than its owner")) << std::oct << mode;
        EXPECT_TRUE(fs::is_empty(scratch.path()));
    }
}

TEST(CodeCache_open, a_link_to_a_folder_is_refused) {
    const Scratch scratch;
    fs::create_directory(scratch.path() / "real");
    fs::create_directory_symlink(scratch.path() / "real", scratch.path() / "link");
    for (const char* link : {"link", "link/", "link//"}) {
        EXPECT_THAT(CodeCache::open(scratch.path() / link, kRoomy), FailsWith(ErrorCode::denied, "is a symbolic link; name the folder"));
        EXPECT_THAT(CodeCache::look(scratch.path() / link, kRoomy), FailsWith(ErrorCode::denied, "is a symbolic link; name the folder"));
    }
}

TEST(CodeCache_open, another_owner_of_folder_secret_or_entry_is_refused) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    constexpr uid_t kNobody = 65534;
    const Scratch scratch;
    const auto cache = open(scratch.path());
    ASSERT_THAT(cache.store("key", bytes_of("code")), IsOk());
    const auto give = [](const fs::path& path, uid_t user) { ASSERT_EQ(::chown(path.c_str(), user, user), 0); };
    const auto file = files_in(scratch.path(), ".code").at(0);
    give(file, kNobody);
    EXPECT_EQ(found(cache, "key"), "failed: denied");
    give(file, 0);
    EXPECT_EQ(found(cache, "key"), "code");
    give(scratch.path() / "secret", kNobody);
    EXPECT_THAT(CodeCache::open(scratch.path(), kRoomy), FailsWith(ErrorCode::denied));
    give(scratch.path() / "secret", 0);
    give(scratch.path(), kNobody);
    EXPECT_THAT(CodeCache::open(scratch.path(), kRoomy), FailsWith(ErrorCode::denied, "belongs to user 65534"));
}

TEST(CodeCache_open, a_secret_that_others_may_read_is_refused) {
    const Scratch scratch;
    open(scratch.path());
    fs::permissions(scratch.path() / "secret", fs::perms(0640));
    EXPECT_THAT(CodeCache::open(scratch.path(), kRoomy), FailsWith(ErrorCode::denied));
}

// A secret in a form that none of ours has is made anew, and what was sealed with it is no good any more.
TEST(CodeCache_open, a_damaged_secret_is_replaced) {
    for (const std::string content : {"", "short", "mortise secret 1\nshort", "exactly forty-nine bytes, but not marked as ours!!"}) {
        const Scratch scratch;
        ASSERT_THAT(open(scratch.path()).store("key", bytes_of("code")), IsOk());
        write_all(scratch.path() / "secret", content);
        const auto cache = open(scratch.path());
        EXPECT_EQ(found(cache, "key"), "failed: denied") << content;
        ASSERT_THAT(cache.store("key", bytes_of("code")), IsOk());
        EXPECT_EQ(found(open(scratch.path()), "key"), "code");
    }
}

TEST(CodeCache_store, drops_what_was_not_used_for_longest) {
    const Scratch scratch;
    const Bytes code(1000);
    const auto cache = open(scratch.path(), 5000);   // room for four with their seals
    for (const char* key : {"a", "b", "c", "d"}) ASSERT_THAT(cache.store(key, code), IsOk());
    const auto file = [&](const char* key) { return scratch.path() / (sha256_hex(bytes_of(std::string_view(key))) + ".code"); };
    set_used(file("a"), 1000);
    set_used(file("b"), 400);
    set_used(file("c"), 300);
    set_used(file("d"), 600);
    EXPECT_NE(found(cache, "c"), "nothing") << "used now, so the oldest is b";
    ASSERT_THAT(cache.store("e", code), IsOk());
    EXPECT_EQ(found(cache, "b"), "nothing");
    for (const char* key : {"a", "c", "d", "e"}) EXPECT_TRUE(fs::exists(file(key))) << key;
    EXPECT_THAT(cache.store("large", Bytes(5001)), FailsWith(ErrorCode::io, "more than the cache may hold"));
    ASSERT_THAT(cache.store("whole", Bytes(4900)), IsOk());
    EXPECT_EQ(files_in(scratch.path(), ".code").size(), 1U);
    EXPECT_EQ(found(cache, "whole").size(), 4900U);
}

TEST(CodeCache_list, tells_keys_and_sizes_and_clear_drops_them) {
    const Scratch scratch;
    const auto cache = open(scratch.path());
    ASSERT_THAT(cache.store("first", bytes_of("1")), IsOk());
    ASSERT_THAT(cache.store("second", bytes_of("22")), IsOk());
    write_all(scratch.path() / (std::string(64, '0') + ".code"), "rubbish");
    write_all(scratch.path() / "unrelated", "stays");
    set_used(scratch.path() / (sha256_hex(bytes_of(std::string_view("first"))) + ".code"), 1000);
    set_used(scratch.path() / (std::string(64, '0') + ".code"), 2000);
    const auto entries = value(cache.list());
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].key, "second");
    EXPECT_EQ(entries[1].key, "") << "not authentic";
    EXPECT_EQ(entries[2].key, "first");
    EXPECT_EQ(entries[2].used_ns, 1'000'000'000'000) << "listing is no use";
    EXPECT_EQ(value(CodeCache::clear(scratch.path())).entries, 3U);
    EXPECT_EQ(found(cache, "first"), "nothing");
    EXPECT_TRUE(fs::exists(scratch.path() / "unrelated"));
    ASSERT_THAT(cache.store("first", bytes_of("1")), IsOk());
    EXPECT_EQ(found(open(scratch.path()), "first"), "1") << "the secret stayed";
}

TEST(CodeCache_open, a_file_or_an_impossible_place_is_an_io_error) {
    const Scratch scratch;
    write_all(scratch.path() / "file", "");
    EXPECT_THAT(CodeCache::open(scratch.path() / "file", kRoomy), FailsWith(ErrorCode::io));
    EXPECT_THAT(CodeCache::open(scratch.path() / "file" / "below", kRoomy), FailsWith(ErrorCode::io));
    EXPECT_THAT(CodeCache::open("/proc/mortise/cache", kRoomy), FailsWith(ErrorCode::io));
    EXPECT_THAT(CodeCache::open("", kRoomy), FailsWith(ErrorCode::io));
}

TEST(CodeCache_store, a_folder_that_went_away_is_told) {
    const Scratch scratch;
    const auto cache = open(scratch.path() / "cache");
    fs::remove_all(scratch.path() / "cache");
    EXPECT_THAT(cache.store("key", bytes_of("code")), FailsWith(ErrorCode::not_found, "the folder is gone"));
    EXPECT_EQ(found(cache, "key"), "nothing");
}

TEST(CodeCache_store, a_full_disk_leaves_nothing_behind) {
    const Scratch scratch;
    const SmallDisk disk(scratch.path());
    if (!disk.there()) GTEST_SKIP() << "this user may not mount a small file system";
    const auto cache = open(scratch.path());
    ASSERT_THAT(cache.store("small", bytes_of("code")), IsOk());
    EXPECT_THAT(cache.store("large", Bytes(200'000)), FailsWith(ErrorCode::io, "No space left"));
    EXPECT_EQ(found(cache, "large"), "nothing");
    EXPECT_EQ(found(cache, "small"), "code");
    EXPECT_EQ(std::distance(fs::directory_iterator(scratch.path()), {}), 2) << "secret and entry";
}

// Without the right to mount: a limit on the size of files stops the write midway, too.
TEST(CodeCache_store, a_write_that_stops_midway_leaves_nothing_behind) {
    const Scratch scratch;
    const auto cache = open(scratch.path());
    rlimit old{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
    const rlimit small{4096, old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto stored = cache.store("large", Bytes(200'000));
    ::setrlimit(RLIMIT_FSIZE, &old);
    EXPECT_THAT(stored, FailsWith(ErrorCode::io));
    EXPECT_EQ(found(cache, "large"), "nothing");
    EXPECT_EQ(std::distance(fs::directory_iterator(scratch.path()), {}), 1) << "the secret alone";
}

}  // namespace
}  // namespace mortise::trust
