// Paths that want out of their directory, through the command's own way: a preopened host directory, a guest that asks for
// whatever it is told to. Outside lies a file with a secret.

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "attack.hpp"

namespace mortise::hostile {
namespace {

namespace fs = std::filesystem;

class Scratch {
public:
    Scratch() {
        std::string name = (fs::temp_directory_path() / "mortise-hostile-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
        path = name;
        fs::create_directories(path / "root/dir/deep");
        fs::create_directories(path / "outside");
        write("secret", "SECRET");
        write("outside/file", "SECRET");
        write("root/file", "inside");
        write("root/dir/file", "inside");
    }
    ~Scratch() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    void write(const std::string& name, const std::string& content) const { std::ofstream(path / name) << content; }
    void link(const std::string& name, const std::string& target) const { fs::create_symlink(target, path / name); }
    fs::path path;
};

constexpr std::string_view kGuest = R"((module
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_remove_directory" (func $rmdir (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_link" (func $link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_readlink" (func $readlink (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_filestat_set_times" (func $times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 16) "\00\10\00\00\08\00\00\00") (data (i32.const 32) "dir/stolen")
    (func (export "poke") (param $at i32) (param $byte i32) (i32.store8 (i32.add (i32.const 8192) (local.get $at)) (local.get $byte)))
    ;; what is at 8192, opened for reading: the error number, or the first eight bytes as the content
    (func (export "content") (param $size i32) (param $flags i32) (result i64) (local $error i32)
        (i64.store (i32.const 4096) (i64.const 0))
        (local.set $error (call $open (i32.const 3) (i32.const 1) (i32.const 8192) (local.get $size) (local.get $flags) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)))
        (if (local.get $error) (then (return (i64.extend_i32_u (local.get $error)))))
        (drop (call $read (i32.load (i32.const 64)) (i32.const 16) (i32.const 1) (i32.const 68)))
        (drop (call $close (i32.load (i32.const 64))))
        (i64.load (i32.const 4096)))
    (func (export "stat") (param $size i32) (result i32) (call $stat (i32.const 3) (i32.const 1) (i32.const 8192) (local.get $size) (i32.const 128)))
    ;; every way to change something at that path, or to take it away
    (func (export "change") (param $size i32) (result i32)
        (call $mkdir (i32.const 3) (i32.const 8192) (local.get $size))
        (call $rmdir (i32.const 3) (i32.const 8192) (local.get $size))
        (call $unlink (i32.const 3) (i32.const 8192) (local.get $size))
        (call $rename (i32.const 3) (i32.const 8192) (local.get $size) (i32.const 3) (i32.const 32) (i32.const 10))
        (call $rename (i32.const 3) (i32.const 32) (i32.const 3) (i32.const 3) (i32.const 8192) (local.get $size))
        (call $link (i32.const 3) (i32.const 0) (i32.const 8192) (local.get $size) (i32.const 3) (i32.const 32) (i32.const 10))
        (call $symlink (i32.const 32) (i32.const 3) (i32.const 3) (i32.const 8192) (local.get $size))
        (call $times (i32.const 3) (i32.const 1) (i32.const 8192) (local.get $size) (i64.const 1) (i64.const 1) (i32.const 5))
        (i32.and) (i32.and) (i32.and) (i32.and) (i32.and) (i32.and) (i32.and))
    (func (export "make_link") (param $size i32) (result i32) (call $symlink (i32.const 8192) (local.get $size) (i32.const 3) (i32.const 32) (i32.const 10)))))";

class PathGuest {
public:
    explicit PathGuest(const fs::path& root, Access access = Access::read_write) : instance_(make(root, access)) {}

    void put(std::string_view path) {
        for (std::size_t i = 0; i < path.size(); ++i) {
            ASSERT_THAT(instance_.call("poke", static_cast<std::int32_t>(i), static_cast<std::int32_t>(static_cast<unsigned char>(path[i]))), testing::IsOk());
        }
        size_ = static_cast<std::int32_t>(path.size());
    }
    /// The content, or the error number as text.
    std::string content(std::int32_t flags = 0) {
        const auto answer = static_cast<std::uint64_t>(value(instance_.call<std::int64_t>("content", size_, flags)));
        if (answer < 256) return std::to_string(answer);
        std::string text;
        for (std::uint64_t rest = answer; rest != 0; rest >>= 8) text += static_cast<char>(rest & 255);
        return text;
    }
    int number(std::string_view function) { return value(instance_.call<std::int32_t>(function, size_)); }

private:
    static Instance make(const fs::path& root, Access access) {
        PluginOptions options;
        HostDirectory directory;
        directory.host_path = root.string();
        directory.guest_path = "/";
        directory.access = access;
        options.sandbox.directories.push_back(directory);
        return testing::instance_of(runtime(), kGuest, std::move(options));
    }
    Instance instance_;
    std::int32_t size_ = 0;
};

std::string repeated(std::string_view part, int count, std::string_view last = "") {
    std::string text;
    for (int i = 0; i < count; ++i) text += part;
    return text + std::string(last);
}

std::vector<std::string> listing(const fs::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
        std::string line = fs::relative(entry.path(), directory).string();
        if (entry.is_regular_file()) line += " " + std::to_string(entry.file_size()) + " " + std::to_string(entry.hard_link_count());
        names.push_back(line);
    }
    std::ranges::sort(names);
    return names;
}

struct Path {
    std::string name;
    std::string path;
};

std::vector<Path> paths_out(const fs::path& scratch) {
    const std::string absolute = (scratch / "secret").string();
    return {
        {"parent", "../secret"},
        {"parent_after_a_directory", "dir/../../secret"},
        {"parent_after_what_is_not_there", "nothing/../../secret"},
        {"parent_with_dots", "./.././secret"},
        {"parent_with_slashes", "..//secret"},
        {"parents_without_end", repeated("../", 1000, "etc/passwd")},
        {"down_and_up", repeated("dir/deep/../../", 200, "../secret")},
        {"parent_alone", ".."},
        {"parent_with_a_slash", "../"},
        {"absolute", absolute},
        {"absolute_with_slashes", "//" + absolute},
        {"root", "/"},
        {"the_processs_own_root", "/proc/self/root" + absolute},
        {"link", "link_out"},
        {"link_with_a_slash", "link_out/"},
        {"absolute_link", "link_absolute"},
        {"link_to_a_directory", "link_dir/secret"},
        {"link_to_a_directory_and_back", "link_dir/root/../secret"},
        {"link_in_a_directory", "dir/link_up/../secret"},
        {"link_by_links", "link_first"},
        {"magic_link", "link_proc" + absolute},
        {"magic_link_of_the_directory", "link_cwd"},
        {"nul", std::string("file\0/../../secret", 18)},
        {"nul_first", std::string("\0../secret", 10)},
        {"not_utf8", "\xff/../secret"},
        {"longest_name", repeated("a", 255, "/../../secret")},
        {"a_name_too_long", repeated("a", 256)},
        {"four_kib", repeated("a", 4096)},
        {"dot_segments_beyond_four_kib", repeated("./", 2048, "file")},
        {"directories_beyond_four_kib", repeated("dir/../", 700, "file")},
        {"eight_kib_of_parents", repeated("../", 2700, "secret")},
        {"slashes", repeated("/", 4000, "etc/passwd")},
        {"empty", ""},
        {"loop", "loop/file"},
    };
}

void make_links(const Scratch& scratch) {
    scratch.link("root/link_out", "../secret");
    scratch.link("root/link_absolute", (scratch.path / "secret").string());
    scratch.link("root/link_dir", "..");
    scratch.link("root/dir/link_up", "../..");
    scratch.link("root/link_first", "dir/link_second");
    scratch.link("root/dir/link_second", "../link_out");
    scratch.link("root/link_proc", "/proc/self/root");
    scratch.link("root/link_cwd", "/proc/self/cwd");
    scratch.link("root/loop", "loop");
}

TEST(HostilePaths, NoneLeadsOutside) {
    const std::size_t count = paths_out({}).size();
    for (std::size_t i = 0; i < count; ++i) {
        const Scratch scratch;   // the guest may change what is inside
        make_links(scratch);
        PathGuest guest(scratch.path / "root");
        const auto outside = listing(scratch.path / "outside");
        const Path attack = paths_out(scratch.path)[i];
        SCOPED_TRACE(attack.name);
        guest.put(attack.path);
        for (const std::int32_t flags : {0, 2}) {   // whatever it is, or a directory
            const std::string content = guest.content(flags);
            EXPECT_EQ(content.find("SECRET"), std::string::npos);
            EXPECT_NE(content, "0") << "it was opened";
            EXPECT_TRUE(content.find_first_not_of("0123456789") == std::string::npos) << content;
        }
        EXPECT_NE(guest.number("stat"), 0);
        guest.number("change");
        EXPECT_TRUE(fs::exists(scratch.path / "secret"));
        EXPECT_EQ(fs::file_size(scratch.path / "secret"), 6u);
        EXPECT_EQ(fs::hard_link_count(scratch.path / "secret"), 1u);
        EXPECT_EQ(std::distance(fs::directory_iterator(scratch.path), {}), 3) << "root, outside, secret and nothing else";
        EXPECT_EQ(listing(scratch.path / "outside"), outside);
        expect_neighbour_works();
    }
}

TEST(HostilePaths, OddOnesThatStayInside_arePaths) {
    const Scratch scratch;
    PathGuest guest(scratch.path / "root");
    for (const Path& path : std::vector<Path>{{"dots", repeated("./", 2040, "file")},
                                              {"down_and_up", repeated("dir/../", 500, "file")},
                                              {"slashes", "dir" + repeated("/", 4000, "file")},
                                              {"percent", "%2e%2e/secret"},
                                              {"backslashes", "..\\secret"},
                                              {"dots_without_end", repeated(".", 200)}}) {
        SCOPED_TRACE(path.name);
        guest.put(path.path);
        const std::string content = guest.content();
        EXPECT_TRUE(content == "inside" || content == "44") << content;   // 44: no such file
    }
}

TEST(HostilePaths, LinksThatAGuestMakes_leadNowhereOutside) {
    const Scratch scratch;
    PathGuest guest(scratch.path / "root");
    const std::string secret = (scratch.path / "secret").string();
    for (const std::string& target : std::initializer_list<std::string>{"../secret", "../../secret", "..", secret, "/proc/self/root/etc/passwd", "stolen"}) {
        guest.put(target);
        guest.number("make_link");   // as dir/stolen; an absolute target is refused
        guest.put("dir/stolen");
        EXPECT_EQ(guest.content().find("SECRET"), std::string::npos) << target;
        guest.put("dir/stolen/secret");
        EXPECT_EQ(guest.content().find("SECRET"), std::string::npos) << target;
        fs::remove(scratch.path / "root/dir/stolen");
    }
}

// Another thread keeps replacing a directory inside by a link that leads outside: whenever the guest looks, it sees the one or
// nothing.
class Race {
public:
    explicit Race(const fs::path& root) : root_(root) {
        fs::create_directory(root_ / "flip");
        std::ofstream(root_ / "flip/file") << "inside";
        fs::create_symlink("../outside", root_ / "other");
        thread_ = std::thread([this] {
            while (!stop_) {
                ::renameat2(AT_FDCWD, (root_ / "flip").c_str(), AT_FDCWD, (root_ / "other").c_str(), RENAME_EXCHANGE);
                ++flips_;
            }
        });
    }
    ~Race() {
        stop_ = true;
        thread_.join();
    }
    std::uint64_t flips() const { return flips_; }

private:
    const fs::path root_;
    std::atomic<bool> stop_{false};
    std::atomic<std::uint64_t> flips_{0};
    std::thread thread_;
};

TEST(HostilePaths, LinksThatComeAndGo_leadNowhereOutside) {
    const Scratch scratch;
    PathGuest guest(scratch.path / "root");
    const auto outside = listing(scratch.path / "outside");
    int inside = 0, refused = 0;
    {
        const Race race(scratch.path / "root");
        guest.put("flip/file");
        for (int i = 0; i < 20'000 && (i < 2'000 || inside == 0 || refused == 0); ++i) {
            const std::string content = guest.content();
            ASSERT_EQ(content.find("SECRET"), std::string::npos) << i;
            ++(content == "inside" ? inside : refused);
        }
        guest.put("flip/new");
        for (int i = 0; i < 2'000; ++i) guest.number("change");
        EXPECT_GT(race.flips(), 10u);
    }
    EXPECT_GT(inside, 0) << "the race never let the guest in";
    EXPECT_EQ(listing(scratch.path / "outside"), outside) << "something was made, moved or removed outside";
    expect_neighbour_works();
}

}  // namespace
}  // namespace mortise::hostile
