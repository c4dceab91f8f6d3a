// Resolving paths on the host: nothing gets out, whatever happens meanwhile, and both resolvers agree.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <thread>

#include "wasi/guest_world.hpp"
#include "wasi/host_path.hpp"
#include "wasi/path.hpp"

namespace mortise::wasi_tests {
namespace {

namespace fs = std::filesystem;
using wasi::open_beneath;

struct Answer {
    Errno error = Errno::success;
    std::uint64_t inode = 0;
    bool operator==(const Answer&) const = default;
};

void PrintTo(const Answer& answer, std::ostream* out) { *out << "errno " << static_cast<int>(answer.error) << " inode " << answer.inode; }

Answer ask(Resolver resolver, int root, const std::string& path, int flags) {
    const auto fd = open_beneath(resolver, root, path, flags, 0600);
    if (!fd) return {fd.error(), 0};
    struct stat stat{};
    EXPECT_EQ(::fstat(fd->get(), &stat), 0);
    return {Errno::success, stat.st_ino};
}

class BothResolvers : public ::testing::Test {
protected:
    BothResolvers() {
        if (wasi::best_resolver() != Resolver::kernel) available = false;
        for (const char* directory : {"root", "root/a", "root/a/b", "root/a/b/c", "root/d", "outside"}) fs::create_directory(host / directory);
        for (const char* file : {"root/f", "root/a/f", "root/a/b/f", "outside/secret"}) write_host_file(host / file, "x");
        const std::pair<const char*, const char*> links[] = {
            {"a", "root/la"}, {"a/", "root/las"}, {"f", "root/lf"}, {"..", "root/up"}, {"../outside", "root/out"},
            {"/etc", "root/abs"}, {"loop", "root/loop"}, {"x", "root/dangling"}, {"../f", "root/a/lf"}, {"b/c", "root/a/lc"},
            {"../..", "root/a/out"}, {".", "root/dot"}, {"../a", "root/a/self"}, {"la", "root/lla"}, {"a/./b//", "root/lb"},
            {"lf/", "root/lfs"}, {"dangling", "root/ldang"}, {"a/b/c/../../../f", "root/long"}, {"../root/f", "root/back"},
        };
        for (const auto& [target, name] : links) fs::create_symlink(target, host / name);
        root = ::open((host / "root").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    ~BothResolvers() override { ::close(root); }

    bool available = true;
    TemporaryDirectory host;
    int root = -1;
};

TEST_F(BothResolvers, Random_path_gives_the_same_answer) {
    if (!available) GTEST_SKIP() << "this kernel has no openat2";
    const std::vector<std::string> names = {"a", "b", "c", "d", "f", "la", "las", "lf", "up", "out", "abs", "loop", "dangling", "lc",
                                            "self", "dot", "lla", "lb", "lfs", "ldang", "long", "back", ".", "..", "", "zzz"};
    const int flags[] = {O_PATH, O_PATH | O_NOFOLLOW, O_RDONLY, O_RDONLY | O_NOFOLLOW, O_RDONLY | O_DIRECTORY,
                         O_RDONLY | O_DIRECTORY | O_NOFOLLOW, O_PATH | O_DIRECTORY, O_RDWR, O_RDWR | O_NOFOLLOW};
    std::mt19937 random(7);
    for (int round = 0; round < 30'000; ++round) {
        std::string path = names[random() % names.size()];
        for (auto i = random() % 6; i > 0; --i) path += "/" + names[random() % names.size()];
        if (random() % 4 == 0) path += "/";
        if (path.empty() || path.front() == '/') continue;
        const int flag = flags[random() % std::size(flags)];
        ASSERT_EQ(ask(Resolver::kernel, root, path, flag), ask(Resolver::walk, root, path, flag)) << path << " flags " << std::oct << flag;
    }
}

TEST_F(BothResolvers, Creating_gives_the_same_answer) {
    if (!available) GTEST_SKIP() << "this kernel has no openat2";
    for (const char* path : {"f", "new", "new/", "a/new", "a", "a/", "lf", "dangling", "ldang", "loop", "out", "out/new", "up/new", "abs",
                             "abs/new", "zzz/new", ".", "..", "a/..", "lfs", "dot", "dot/new", "f/new"}) {
        for (const int flags : {O_CREAT | O_RDWR, O_CREAT | O_RDWR | O_EXCL, O_CREAT | O_RDONLY | O_NOFOLLOW}) {
            Answer answers[2];
            for (const Resolver resolver : {Resolver::kernel, Resolver::walk}) {
                answers[static_cast<int>(resolver)] = ask(resolver, root, path, flags);
                answers[static_cast<int>(resolver)].inode = 0;
                for (const char* made : {"root/new", "root/a/new", "root/x"}) fs::remove(host / made);
            }
            EXPECT_EQ(answers[0], answers[1]) << path << " flags " << std::oct << flags;
        }
    }
    EXPECT_EQ(read_host_file(host / "outside/secret"), "x");
    EXPECT_FALSE(fs::exists(host / "outside/new"));
    EXPECT_FALSE(fs::exists(host / "new"));
}

TEST_F(BothResolvers, Magic_links_are_not_followed) {
    const int proc = ::open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0) GTEST_SKIP() << "no /proc";
    for (const Resolver resolver : {wasi::best_resolver(), Resolver::walk}) {
        for (const char* path : {"root", "cwd", "exe", "fd/0", "root/etc", "cwd/."}) {
            EXPECT_NE(ask(resolver, proc, path, O_RDONLY).error, Errno::success) << path;
        }
    }
    ::close(proc);
}

TEST_F(BothResolvers, Long_ways_end) {
    std::string up_and_down, deep;
    for (int i = 0; i < 1300; ++i) up_and_down += "a/b/../../";
    up_and_down.resize(4000);
    for (int i = 0; i < 2000; ++i) deep += "a/";
    for (const Resolver resolver : {wasi::best_resolver(), Resolver::walk}) {
        EXPECT_EQ(ask(resolver, root, up_and_down + "a", O_PATH).error, Errno::success);
        EXPECT_EQ(ask(resolver, root, deep, O_PATH).error, Errno::noent);
        EXPECT_EQ(ask(resolver, root, std::string(300, 'x'), O_PATH).error, Errno::nametoolong);
    }
}

// Links in links in links: few bytes that mean much walking.
TEST_F(BothResolvers, Chains_of_links_are_bounded) {
    fs::create_symlink("f", host / "root/chain0");
    for (int i = 1; i <= 50; ++i) fs::create_symlink("chain" + std::to_string(i - 1), host / ("root/chain" + std::to_string(i)));
    for (const Resolver resolver : {wasi::best_resolver(), Resolver::walk}) {
        EXPECT_EQ(ask(resolver, root, "chain39", O_PATH).error, Errno::success);
        EXPECT_EQ(ask(resolver, root, "chain45", O_PATH).error, Errno::loop);
    }
}

class Races : public ::testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, Races, ::testing::Values(Kind::kernel, Kind::walk), [](const auto& param) { return name_of(param.param); });

// Somebody swaps a directory for a link to the outside, over and over, while the guest goes through it.
TEST_P(Races, Directory_swapped_for_a_link_never_lets_out) {
    TemporaryDirectory host;
    for (const char* directory : {"root", "root/dir", "outside"}) fs::create_directory(host / directory);
    write_host_file(host / "root/dir/file", "inside");
    write_host_file(host / "outside/file", "secret");
    fs::create_symlink("../outside", host / "link");
    Sandbox sandbox;
    sandbox.directories.push_back({host / "root", "/", Access::read_write, {}, {}});
    GuestWorld guest(sandbox, {}, GetParam() == Kind::walk ? Resolver::walk : wasi::best_resolver());
    std::atomic<bool> stop{false};
    std::thread swapper([&] {
        while (!stop) {
            (void)::rename((host / "root/dir").c_str(), (host / "root/saved").c_str());
            (void)::rename((host / "link").c_str(), (host / "root/dir").c_str());
            (void)::rename((host / "root/dir").c_str(), (host / "link").c_str());
            (void)::rename((host / "root/saved").c_str(), (host / "root/dir").c_str());
        }
    });
    int inside = 0;
    const auto secret = std::filesystem::file_size(host / "outside/file");
    for (int i = 0; i < 3000; ++i) {
        const auto content = guest.content(3, "dir/file");
        if (content) {
            EXPECT_EQ(*content, "inside");
            ++inside;
        }
        const auto up = guest.content(3, "dir/../dir/file");
        if (up) {
            EXPECT_EQ(*up, "inside");
        }
        guest.mkdir(3, "dir/made");
        guest.rmdir(3, "dir/made");
        guest.unlink(3, "dir/none");
        guest.open(3, "dir/new", {.oflags = oflags::creat});
    }
    stop = true;
    swapper.join();
    EXPECT_GT(inside, 0);
    EXPECT_EQ(std::filesystem::file_size(host / "outside/file"), secret);
    EXPECT_EQ(std::distance(fs::directory_iterator(host / "outside"), {}), 1) << "nothing was made outside";
}

TEST(Leaf, Is_the_last_component_with_its_slashes) {
    const struct {
        const char* path;
        const char* parent;
        const char* name;
        bool slash;
    } rows[] = {{"a", "", "a", false},     {"a/", "", "a", true},    {"a/b", "a", "b", false}, {"a/b//", "a", "b", true},
                {"a//b", "a/", "b", false}, {".", "", ".", false}, {"a/..", "a", "..", false}};
    for (const auto& row : rows) {
        const auto leaf = wasi::leaf_of(row.path);
        EXPECT_EQ(leaf.parent, row.parent) << row.path;
        EXPECT_EQ(leaf.name, row.name) << row.path;
        EXPECT_EQ(leaf.slash, row.slash) << row.path;
    }
}

}  // namespace
}  // namespace mortise::wasi_tests
