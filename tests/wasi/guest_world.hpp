#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.hpp"
#include "wasi/types.hpp"
#include "wasi/wasi.hpp"

namespace mortise::wasi {
void PrintTo(Errno error, std::ostream* out);
}

namespace mortise::wasi_tests {

using wasi::Errno;
using wasi::FileType;
using wasi::Resolver;
using wasi::Rights;
using wasi::Version;
namespace rights = wasi::rights;
namespace oflags = wasi::oflags;
namespace fdflags = wasi::fdflags;
namespace fstflags = wasi::fstflags;

template <class T>
using Outcome = std::expected<T, Errno>;

/// A store without an engine: a run of bytes as its guest's memory.
class FakeStore final : public engine::Store {
public:
    explicit FakeStore(std::size_t bytes) : bytes_(bytes) {}

    Result<engine::InstanceId> instantiate(const engine::Module&) override { return engine::InstanceId{}; }
    std::optional<engine::FunctionRef> function(engine::InstanceId, std::string_view) override { return std::nullopt; }
    std::optional<engine::MemoryRef> memory(engine::InstanceId, std::string_view) override { return std::nullopt; }
    std::optional<engine::GlobalRef> global(engine::InstanceId, std::string_view) override { return std::nullopt; }
    engine::Stop enter(const engine::FunctionRef&, engine::RawValue*, std::size_t) noexcept override { return engine::Stop::engine; }
    engine::GuestMemory view(const engine::MemoryRef&) noexcept override { return {bytes_.data(), bytes_.size()}; }
    engine::GuestMemory view(engine::Caller) noexcept override { return {bytes_.data(), bytes_.size()}; }
    engine::RawValue get(const engine::GlobalRef&) noexcept override { return {}; }
    void set(const engine::GlobalRef&, engine::RawValue) noexcept override {}
    Result<void> set_fuel(std::uint64_t) override { return {}; }
    std::uint64_t fuel_left() noexcept override { return 0; }
    std::uint64_t memory_bytes() noexcept override { return bytes_.size(); }
    std::uint64_t memory_peak_bytes() noexcept override { return bytes_.size(); }

    /// The guest grew its memory, which moves.
    void grow(std::size_t bytes) {
        std::vector<std::byte> grown(bytes_.size() + bytes);
        std::copy(bytes_.begin(), bytes_.end(), grown.begin());
        bytes_.swap(grown);
    }

private:
    std::vector<std::byte> bytes_;
};

/// Remembers what was captured.
class CapturedSink final : public wasi::OutputSink {
public:
    void output(Stream stream, BytesView bytes) noexcept override {
        (stream == Stream::standard_output ? out : err) += text_of(bytes);
    }
    std::string out;
    std::string err;
};

struct OpenOptions {
    std::uint16_t oflags = 0;
    Rights base = 0;
    Rights inheriting = 0;
    std::uint16_t fdflags = 0;
    bool follow = false;
};

struct Filestat {
    std::uint64_t device, inode;
    FileType type;
    std::uint64_t links, size, accessed, modified, changed;
};

struct Fdstat {
    FileType type;
    std::uint16_t flags;
    Rights base, inheriting;
};

struct Dirent {
    std::uint64_t next, inode;
    FileType type;
    std::string name;
};

/// A guest that consists of its WASI calls: each goes the way of an engine's call, through the import's binding, with its
/// arguments in slots and everything else in guest memory.
class GuestWorld {
public:
    explicit GuestWorld(const Sandbox& sandbox, const Limits& limits = {}, Resolver resolver = wasi::best_resolver(),
                        Version version = Version::preview1, engine::Rehearsal* rehearsal = nullptr);

    /// Calls a function of WASI with 32-bit and 64-bit arguments as they are.
    template <class... Args>
    Errno call(std::string_view name, Args... arguments) {
        std::vector<engine::RawValue> slots;
        (slots.push_back(slot(arguments)), ...);
        return call_slots(name, std::move(slots));
    }

    /// Guest memory.
    std::uint32_t put(BytesView bytes);                  ///< somewhere new; the address
    std::uint32_t put(std::string_view text) { return put(bytes_of(text)); }
    std::uint32_t room(std::size_t bytes);               ///< zeroed
    void forget() noexcept { next_ = kFirst; }           ///< starts over: earlier addresses are reused
    engine::GuestMemory memory() { return store.view(engine::Caller{}); }
    template <class T>
    T load(std::uint64_t at) { return memory().load<T>(at).value(); }
    std::string text(std::uint32_t at, std::uint32_t length) { return std::string(memory().text(at, length).value()); }

    // The calls as programs make them.
    Outcome<std::uint32_t> open(std::uint32_t dir, std::string_view path, const OpenOptions& options = {});
    Outcome<std::string> read(std::uint32_t fd, std::uint32_t most, std::optional<std::uint64_t> offset = std::nullopt);
    Outcome<std::uint32_t> write(std::uint32_t fd, std::string_view text, std::optional<std::uint64_t> offset = std::nullopt);
    Outcome<std::uint64_t> seek(std::uint32_t fd, std::int64_t offset, std::uint32_t whence);
    Outcome<std::uint64_t> tell(std::uint32_t fd);
    Outcome<Filestat> stat(std::uint32_t fd);
    Outcome<Filestat> stat(std::uint32_t dir, std::string_view path, bool follow = false);
    Outcome<Fdstat> fdstat(std::uint32_t fd);
    Outcome<std::vector<Dirent>> readdir(std::uint32_t fd, std::uint64_t cookie = 0, std::uint32_t room_bytes = 4096, bool* end = nullptr);
    Errno mkdir(std::uint32_t dir, std::string_view path) { return on_path("path_create_directory", dir, path); }
    Errno rmdir(std::uint32_t dir, std::string_view path) { return on_path("path_remove_directory", dir, path); }
    Errno unlink(std::uint32_t dir, std::string_view path) { return on_path("path_unlink_file", dir, path); }
    Errno rename(std::uint32_t dir, std::string_view path, std::uint32_t to, std::string_view to_path);
    Errno link(std::uint32_t dir, std::string_view path, std::uint32_t to, std::string_view to_path, std::uint32_t flags = 0);
    Errno symlink(std::string_view target, std::uint32_t dir, std::string_view path);
    Outcome<std::string> readlink(std::uint32_t dir, std::string_view path, std::uint32_t most = 4096);
    Errno set_times(std::uint32_t dir, std::string_view path, std::uint64_t accessed, std::uint64_t modified, std::uint32_t flags,
                    bool follow = false);
    Errno close(std::uint32_t fd) { return call("fd_close", fd); }

    /// Makes an empty file, or fails the test.
    void create(std::uint32_t dir, std::string_view path);

    /// Its whole content, by a new descriptor.
    Outcome<std::string> content(std::uint32_t dir, std::string_view path);

    FakeStore store{std::size_t{1} << 20};
    CapturedSink sink;
    std::unique_ptr<wasi::World> world;
    engine::Stop stop = engine::Stop::done;   ///< of the latest call
    Version version;

private:
    static constexpr std::uint32_t kFirst = 1024;
    static engine::RawValue slot(std::uint64_t value) noexcept;
    Errno call_slots(std::string_view name, std::vector<engine::RawValue> slots);
    Errno on_path(std::string_view name, std::uint32_t dir, std::string_view path);
    Filestat load_filestat(std::uint32_t at);

    std::uint32_t next_ = kFirst;
    std::map<std::string, std::pair<engine::HostImport, FunctionType>, std::less<>> bound_;
};

/// A new directory of the host for one test, removed with all that is in it.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory();
    const std::string& path() const noexcept { return path_; }
    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

private:
    std::string path_;
};

void write_host_file(const std::string& path, std::string_view content);
std::string read_host_file(const std::string& path);

/// The three kinds of directories, which must behave alike: of the host, by `openat2` or by walking, and in memory.
enum class Kind { kernel, walk, memory };
std::string name_of(Kind kind);

/// A test with one writable directory of some kind as descriptor 3, named `/`.
class FilesTest : public ::testing::TestWithParam<Kind> {
protected:
    FilesTest() : guest(sandbox(), {}, resolver()) {}
    Sandbox sandbox() const;
    Resolver resolver() const { return GetParam() == Kind::walk ? Resolver::walk : wasi::best_resolver(); }
    bool on_host() const { return GetParam() != Kind::memory; }

    static constexpr std::uint32_t kDir = 3;
    TemporaryDirectory host;
    GuestWorld guest;
};

#define MORTISE_FOR_EVERY_KIND(suite)                                                                              \
    INSTANTIATE_TEST_SUITE_P(Kinds, suite, ::testing::Values(Kind::kernel, Kind::walk, Kind::memory),                \
                             [](const auto& param) { return name_of(param.param); })

MATCHER_P(Gives, value, "gives " + ::testing::PrintToString(value)) {
    if (!arg) {
        *result_listener << "error " << ::testing::PrintToString(arg.error());
        return false;
    }
    return *arg == value;
}

MATCHER(Succeeds, "succeeds") {
    if (!arg) *result_listener << "error " << ::testing::PrintToString(arg.error());
    return arg.has_value();
}

MATCHER_P(Refuses, error, "refuses with " + ::testing::PrintToString(error)) {
    if (arg) {
        *result_listener << "succeeded";
        return false;
    }
    *result_listener << "error " << ::testing::PrintToString(arg.error());
    return arg.error() == error;
}

}  // namespace mortise::wasi_tests
