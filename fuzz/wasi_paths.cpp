// Calls on paths, the same ones in three directories: of the host by openat2, of the host by our own walk, and in memory. The
// first two agree in every answer, the third in whether a call succeeds; in the end all three hold the same; nothing is outside.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "require.hpp"
#include "wasi/host_directory.hpp"
#include "wasi/memory_file.hpp"
#include "wasi/path.hpp"

namespace {

namespace fs = std::filesystem;
using namespace mortise::wasi;

/// Reads decisions off the input; zeros when it is used up.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    bool done() const { return at_ >= size_; }
    std::uint8_t byte() { return done() ? 0 : data_[at_++]; }

    /// A path of few short names, so that calls meet; now and then bytes as they are.
    std::string path() {
        static const std::array<std::string, 8> kNames = {"a", "b", "c", "d", ".", "..", "", "\xff"};
        const std::uint8_t shape = byte();
        if (shape >= 240) return raw(shape & 15);
        std::string path;
        for (int i = 0; i <= (shape & 3); ++i) path += (i == 0 ? "" : "/") + kNames[(byte() & 7) % ((shape & 4) != 0 ? 7 : 4)];
        if ((shape & 8) != 0) path += "/";
        return path;
    }

private:
    std::string raw(int count) {
        std::string bytes;
        for (int i = 0; i < count; ++i) bytes += static_cast<char>(byte());
        return bytes;
    }
    const std::uint8_t* data_;
    std::size_t size_;
    std::size_t at_ = 0;
};

/// What is where, in a form to be compared: the type, and for a link where it leads.
using Listing = std::map<std::string, std::string>;

struct Names final : EntrySink {
    std::vector<std::pair<std::string, FileType>> all;
    bool take(const DirectoryEntry& entry) override {
        if (entry.name != "." && entry.name != "..") all.emplace_back(entry.name, entry.type);
        return true;
    }
};

void list(Directory& root, const std::string& at, Listing& listing) {
    const std::string path = at.empty() ? "." : at;
    const auto opened = root.open({.path = path, .read = true});
    MORTISE_REQUIRE(opened.has_value());
    Names names;
    MORTISE_REQUIRE((*opened)->as_directory()->read_entries(0, names) == Errno::success);
    for (const auto& [name, type] : names.all) {
        const std::string whole = at.empty() ? name : at + "/" + name;
        const auto stat = root.stat_path(whole, Follow::no);
        MORTISE_REQUIRE(stat && stat->type == type);
        std::string& entry = listing[whole];
        entry = std::to_string(static_cast<int>(type));
        if (type == FileType::symbolic_link) entry += *root.read_link(whole);
        if (type == FileType::regular_file) entry += " links " + std::to_string(stat->links);
        if (type == FileType::directory) list(root, whole, listing);
    }
}

/// One of the directories, with the ones that the guest opened below it.
struct Side {
    std::shared_ptr<Handle> root;
    std::vector<std::shared_ptr<Handle>> opened;

    Directory& from(std::uint8_t which) {
        const std::size_t index = which % (opened.size() + 1);
        return *(index == 0 ? root : opened[index - 1])->as_directory();
    }
};

struct Call {
    std::uint8_t kind, from, to, flags;
    std::string path, second;
};

Errno open(Side& side, const Call& call, FileType& type) {
    OpenRequest request{call.path};
    request.follow = (call.flags & 16) != 0 ? Follow::yes : Follow::no;
    request.oflags = call.flags & 15;
    if ((request.oflags & oflags::directory) != 0) request.oflags = oflags::directory;   // path_open refuses the rest
    request.read = (call.flags & 32) != 0;
    request.write = (call.flags & 64) != 0;
    auto opened = side.from(call.from).open(request);
    if (!opened) return opened.error();
    type = (*opened)->type();
    if (type == FileType::directory && side.opened.size() < 3) side.opened.push_back(*std::move(opened));
    return Errno::success;
}

Errno perform(Side& side, const Call& call, FileType& type) {
    Directory& from = side.from(call.from);
    const Follow follow = (call.flags & 16) != 0 ? Follow::yes : Follow::no;
    switch (call.kind % 9) {
        case 0: return open(side, call, type);
        case 1: return from.create_directory(call.path);
        case 2: return from.remove_directory(call.path);
        case 3: return from.unlink(call.path);
        case 4: return check_link_target(call.second) == Errno::success ? from.symlink(call.second, call.path) : Errno::inval;
        case 5: return from.rename(call.path, side.from(call.to), call.second);
        case 6: return from.link(call.path, side.from(call.to), call.second);
        case 7: {
            const auto stat = from.stat_path(call.path, follow);
            if (stat) type = stat->type;
            return stat ? Errno::success : stat.error();
        }
        default: return from.set_path_times(call.path, follow, {{TimeChange::How::set, 5}, {TimeChange::How::now, 0}});
    }
}

/// Tells which calls led to a disagreement, where a person asks by setting MORTISE_FUZZ_TRACE.
void trace(const Call& call, const std::array<Errno, 3>& answers) {
    if (std::getenv("MORTISE_FUZZ_TRACE") == nullptr) return;
    static constexpr std::array kKinds = {"open", "mkdir", "rmdir", "unlink", "symlink", "rename", "link", "stat", "times"};
    std::fprintf(stderr, "%s from %u \"%s\" to %u \"%s\" flags %u: %d %d %d\n", kKinds[call.kind % 9], call.from, call.path.c_str(),
                 call.to, call.second.c_str(), call.flags, static_cast<int>(answers[0]), static_cast<int>(answers[1]),
                 static_cast<int>(answers[2]));
}

/// A place for the two directories of the host: in memory where there is such a place, as this makes many files.
const fs::path& scratch() {
    static const fs::path path = [] {
        const fs::path base = fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path();
        fs::path made = base / ("mortise-fuzz-" + std::to_string(::getpid()));
        fs::create_directory(made);
        return made;
    }();
    return path;
}

std::shared_ptr<Handle> host_side(const char* name, Resolver resolver) {
    const fs::path directory = scratch() / name / "root";
    fs::remove_all(scratch() / name);
    fs::create_directories(directory);
    auto mount = std::make_shared<HostMount>();
    mount->resolver = resolver;
    mount->access = mortise::Access::read_write;
    return mortise::value(open_host_directory(directory.string(), std::move(mount)));
}

std::shared_ptr<Handle> memory_side() {
    auto tree = mortise::value(MemoryTree::make({.guest_path = "/", .files = {}}, 1, [] { return std::uint64_t{0}; }));
    const NodePtr root = tree->root();
    return std::make_shared<MemoryDirectoryHandle>(std::move(tree), root);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::array<Side, 3> sides;
    sides[0].root = host_side("kernel", best_resolver());
    sides[1].root = host_side("walk", Resolver::walk);
    sides[2].root = memory_side();
    Input input(data, std::min<std::size_t>(size, 400));
    while (!input.done()) {
        Call call{input.byte(), input.byte(), input.byte(), input.byte(), input.path(), input.path()};
        if (check_path(call.path) != Errno::success || check_path(call.second) != Errno::success) continue;
        std::array<Errno, 3> answers{};
        std::array<FileType, 3> types{};
        for (std::size_t i = 0; i < sides.size(); ++i) answers[i] = perform(sides[i], call, types[i]);
        trace(call, answers);
        MORTISE_REQUIRE(answers[0] == answers[1]);
        MORTISE_REQUIRE((answers[0] == Errno::success) == (answers[2] == Errno::success));
        MORTISE_REQUIRE(types[0] == types[1] && types[0] == types[2]);
    }
    std::array<Listing, 3> listings;
    for (std::size_t i = 0; i < sides.size(); ++i) list(*sides[i].root->as_directory(), "", listings[i]);
    MORTISE_REQUIRE(listings[0] == listings[1]);
    MORTISE_REQUIRE(listings[0] == listings[2]);
    for (const char* name : {"kernel", "walk"}) {
        MORTISE_REQUIRE(std::distance(fs::directory_iterator(scratch() / name), {}) == 1);
    }
    return 0;
}
