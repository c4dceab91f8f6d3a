// Many processes on one cache, and writers that are killed.

#include "trust/code_cache.hpp"

#include <csignal>
#include <functional>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/matchers.hpp"
#include "support/scratch.hpp"
#include "trust/files.hpp"

namespace mortise::trust {
namespace {

using namespace mortise::testing;
namespace fs = std::filesystem;

constexpr std::uint64_t kRoomy = std::uint64_t{64} << 20;

CodeCache open(const fs::path& folder) { return value(CodeCache::open(folder, kRoomy)); }

std::string found(const CodeCache& cache, std::string_view key) {
    const auto hit = cache.find(key);
    if (!hit) return "failed: " + std::string(to_string(hit.error().code()));
    return *hit ? std::string(text_of((*hit)->code())) : "nothing";
}

Bytes code_of(int seed) { return Bytes(static_cast<std::size_t>(20'000 + seed * 37), static_cast<std::byte>(seed)); }

// A process that does nothing but write, killed at any moment: what is found is whole.
TEST(CodeCache_store, a_writer_killed_at_any_moment_leaves_whole_entries_or_none) {
    const Scratch scratch;
    int seen = 0;
    for (int round = 0; round < 60; ++round) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const auto cache = CodeCache::open(scratch.path(), kRoomy);
            if (!cache) ::_exit(1);
            for (int i = 0;; ++i) {
                if (!cache->store("key", code_of(i % 50))) ::_exit(2);
            }
        }
        ::usleep(static_cast<useconds_t>(200 + round * 150));
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
        const auto cache = open(scratch.path());
        const auto hit = cache.find("key");
        ASSERT_THAT(hit, IsOk()) << "round " << round;
        if (!*hit) continue;
        ++seen;
        const auto code = (*hit)->code();
        const int seed = static_cast<int>((code.size() - 20'000) / 37);
        ASSERT_EQ(copy_bytes(code), code_of(seed));
    }
    EXPECT_GT(seen, 0) << "no round was long enough to store anything";
}

// All at once; each ends with what `body` says, which must be 0.
void run_processes(int count, const std::function<int(int)>& body) {
    std::vector<pid_t> children;
    for (int p = 0; p < count; ++p) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) ::_exit(body(p));
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }
}

TEST(CodeCache_store, eight_processes_at_once_share_secret_and_entries) {
    const Scratch scratch;
    constexpr int kProcesses = 8, kKeys = 12;
    run_processes(kProcesses, [&](int p) {
        const auto cache = CodeCache::open(scratch.path(), kRoomy);
        if (!cache) return 1;
        for (int i = 0; i < kKeys * 3; ++i) {
            const std::string key = "key " + std::to_string((i + p) % kKeys);
            const auto hit = cache->find(key);
            if (!hit) return 2;
            if (*hit && copy_bytes((*hit)->code()) != code_of((i + p) % kKeys)) return 3;
            if (!*hit && !cache->store(key, code_of((i + p) % kKeys))) return 4;
        }
        return 0;
    });
    const auto cache = open(scratch.path());
    EXPECT_EQ(value(cache.list()).size(), static_cast<std::size_t>(kKeys));
    for (int i = 0; i < kKeys; ++i) EXPECT_EQ(found(cache, "key " + std::to_string(i)).size(), code_of(i).size());
}

// Whoever finds it damaged waits for the one that replaces it: no secret is lost that somebody sealed with.
TEST(CodeCache_open, processes_that_find_a_damaged_secret_agree_on_one) {
    constexpr int kProcesses = 8;
    for (int round = 0; round < 20; ++round) {
        const Scratch scratch;
        open(scratch.path());
        write_all(scratch.path() / "secret", round % 2 == 0 ? "damaged" : std::string(5000, 'x'));
        run_processes(kProcesses, [&](int p) {
            const auto cache = CodeCache::open(scratch.path(), kRoomy);
            return cache && cache->store("key " + std::to_string(p), bytes_of("code")) ? 0 : 1;
        });
        if (HasFailure()) return;
        const auto cache = open(scratch.path());
        for (int p = 0; p < kProcesses; ++p) ASSERT_EQ(found(cache, "key " + std::to_string(p)), "code") << "round " << round;
    }
}

}  // namespace
}  // namespace mortise::trust
