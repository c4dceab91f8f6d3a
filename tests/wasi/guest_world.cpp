#include "wasi/guest_world.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace mortise::wasi {

void PrintTo(Errno error, std::ostream* out) { *out << "errno " << static_cast<int>(error); }

}  // namespace mortise::wasi

namespace mortise::wasi_tests {

namespace {

// What each function's type must be, by the witx of preview 1: `i` and `I` are 32 and 64 bits.
const std::map<std::string, std::string, std::less<>> kTypes = {
    {"args_get", "ii"}, {"args_sizes_get", "ii"}, {"environ_get", "ii"}, {"environ_sizes_get", "ii"},
    {"clock_res_get", "ii"}, {"clock_time_get", "iIi"}, {"fd_advise", "iIIi"}, {"fd_allocate", "iII"}, {"fd_close", "i"},
    {"fd_datasync", "i"}, {"fd_fdstat_get", "ii"}, {"fd_fdstat_set_flags", "ii"}, {"fd_fdstat_set_rights", "iII"},
    {"fd_filestat_get", "ii"}, {"fd_filestat_set_size", "iI"}, {"fd_filestat_set_times", "iIIi"}, {"fd_pread", "iiiIi"},
    {"fd_prestat_get", "ii"}, {"fd_prestat_dir_name", "iii"}, {"fd_pwrite", "iiiIi"}, {"fd_read", "iiii"},
    {"fd_readdir", "iiiIi"}, {"fd_renumber", "ii"}, {"fd_seek", "iIii"}, {"fd_sync", "i"}, {"fd_tell", "ii"},
    {"fd_write", "iiii"}, {"path_create_directory", "iii"}, {"path_filestat_get", "iiiii"},
    {"path_filestat_set_times", "iiiiIIi"}, {"path_link", "iiiiiii"}, {"path_open", "iiiiiIIii"},
    {"path_readlink", "iiiiii"}, {"path_remove_directory", "iii"}, {"path_rename", "iiiiii"}, {"path_symlink", "iiiii"},
    {"path_unlink_file", "iii"}, {"poll_oneoff", "iiii"}, {"proc_exit", "i"}, {"proc_raise", "i"}, {"random_get", "ii"},
    {"sched_yield", ""}, {"sock_accept", "iii"}, {"sock_recv", "iiiiii"}, {"sock_send", "iiiii"}, {"sock_shutdown", "ii"},
};

Import import_of(std::string_view name, Version version) {
    Import import;
    import.module = version == Version::preview1 ? "wasi_snapshot_preview1" : "wasi_unstable";
    import.name = name;
    for (const char kind : kTypes.at(std::string(name))) {
        import.function.params.push_back(kind == 'I' ? ValType::i64 : ValType::i32);
    }
    if (name != "proc_exit") import.function.results.push_back(ValType::i32);
    return import;
}

}  // namespace

GuestWorld::GuestWorld(const Sandbox& sandbox, const Limits& limits, Resolver resolver, Version which, engine::Rehearsal* rehearsal)
    : world(value(wasi::make_world(sandbox, limits, sink, resolver, rehearsal))), version(which) {
    store.wasi = world.get();
    for (const auto& [name, type] : kTypes) {
        const Import import = import_of(name, version);
        const auto bound = value(wasi::resolve(import, wasi::Policy{}));
        if (bound) bound_.emplace(name, std::pair(*bound, import.function));
    }
}

engine::RawValue GuestWorld::slot(std::uint64_t value) noexcept {
    engine::RawValue slot{};
    slot.i64 = static_cast<std::int64_t>(value);
    return slot;
}

Errno GuestWorld::call_slots(std::string_view name, std::vector<engine::RawValue> slots) {
    const auto at = bound_.find(name);
    if (at == bound_.end()) throw std::logic_error("no WASI function " + std::string(name));
    const auto& [import, type] = at->second;
    if (slots.size() != type.params.size()) throw std::logic_error("wrong number of arguments for " + std::string(name));
    for (std::size_t i = 0; i < slots.size(); ++i) {
        // An engine leaves the upper half of a 32-bit slot undefined.
        if (type.params[i] == ValType::i32) slots[i].i64 = (slots[i].i64 & 0xffffffff) | (std::int64_t{0x5a5a5a5a} << 32);
    }
    if (slots.empty()) slots.emplace_back();
    stop = import.call(import.function, store, engine::Caller{}, slots.data());
    return static_cast<Errno>(slots[0].i32);
}

std::uint32_t GuestWorld::put(BytesView bytes) {
    const std::uint32_t at = room(bytes.size());
    if (!memory().write(at, bytes)) throw std::logic_error("guest memory is full");
    return at;
}

std::uint32_t GuestWorld::room(std::size_t bytes) {
    const std::uint32_t at = (next_ + 7) / 8 * 8;
    next_ = at + static_cast<std::uint32_t>(bytes);
    const auto space = memory().writable(at, bytes);
    if (!space) throw std::logic_error("guest memory is full");
    std::fill(space->begin(), space->end(), std::byte{0});
    return at;
}

Errno GuestWorld::on_path(std::string_view name, std::uint32_t dir, std::string_view path) {
    forget();
    return call(name, dir, put(path), static_cast<std::uint32_t>(path.size()));
}

Outcome<std::uint32_t> GuestWorld::open(std::uint32_t dir, std::string_view path, const OpenOptions& options) {
    forget();
    const std::uint32_t result = room(4);
    const Errno error = call("path_open", dir, options.follow ? 1u : 0u, put(path), static_cast<std::uint32_t>(path.size()),
                             options.oflags, options.base, options.inheriting, options.fdflags, result);
    if (error != Errno::success) return std::unexpected(error);
    return load<std::uint32_t>(result);
}

Outcome<std::string> GuestWorld::read(std::uint32_t fd, std::uint32_t most, std::optional<std::uint64_t> offset) {
    forget();
    const std::uint32_t list = room(8);
    const std::uint32_t result = room(4);
    const std::uint32_t buffer = room(most);
    memory().store(list, buffer);
    memory().store(list + 4, most);
    const Errno error = offset ? call("fd_pread", fd, list, 1u, *offset, result) : call("fd_read", fd, list, 1u, result);
    if (error != Errno::success) return std::unexpected(error);
    return text(buffer, load<std::uint32_t>(result));
}

Outcome<std::uint32_t> GuestWorld::write(std::uint32_t fd, std::string_view text, std::optional<std::uint64_t> offset) {
    forget();
    const std::uint32_t list = room(8);
    const std::uint32_t result = room(4);
    memory().store(list, put(text));
    memory().store(list + 4, static_cast<std::uint32_t>(text.size()));
    const Errno error = offset ? call("fd_pwrite", fd, list, 1u, *offset, result) : call("fd_write", fd, list, 1u, result);
    if (error != Errno::success) return std::unexpected(error);
    return load<std::uint32_t>(result);
}

Outcome<std::uint64_t> GuestWorld::seek(std::uint32_t fd, std::int64_t offset, std::uint32_t whence) {
    forget();
    const std::uint32_t result = room(8);
    const Errno error = call("fd_seek", fd, static_cast<std::uint64_t>(offset), whence, result);
    if (error != Errno::success) return std::unexpected(error);
    return load<std::uint64_t>(result);
}

Outcome<std::uint64_t> GuestWorld::tell(std::uint32_t fd) {
    forget();
    const std::uint32_t result = room(8);
    const Errno error = call("fd_tell", fd, result);
    if (error != Errno::success) return std::unexpected(error);
    return load<std::uint64_t>(result);
}

Filestat GuestWorld::load_filestat(std::uint32_t at) {
    const bool old = version == Version::unstable;
    const std::uint32_t rest = old ? at + 24 : at + 32;
    return {load<std::uint64_t>(at), load<std::uint64_t>(at + 8), static_cast<FileType>(load<std::uint8_t>(at + 16)),
            old ? load<std::uint32_t>(at + 20) : load<std::uint64_t>(at + 24), load<std::uint64_t>(rest),
            load<std::uint64_t>(rest + 8), load<std::uint64_t>(rest + 16), load<std::uint64_t>(rest + 24)};
}

Outcome<Filestat> GuestWorld::stat(std::uint32_t fd) {
    forget();
    const std::uint32_t result = room(64);
    const Errno error = call("fd_filestat_get", fd, result);
    if (error != Errno::success) return std::unexpected(error);
    return load_filestat(result);
}

Outcome<Filestat> GuestWorld::stat(std::uint32_t dir, std::string_view path, bool follow) {
    forget();
    const std::uint32_t result = room(64);
    const Errno error = call("path_filestat_get", dir, follow ? 1u : 0u, put(path), static_cast<std::uint32_t>(path.size()), result);
    if (error != Errno::success) return std::unexpected(error);
    return load_filestat(result);
}

Outcome<Fdstat> GuestWorld::fdstat(std::uint32_t fd) {
    forget();
    const std::uint32_t result = room(24);
    const Errno error = call("fd_fdstat_get", fd, result);
    if (error != Errno::success) return std::unexpected(error);
    return Fdstat{static_cast<FileType>(load<std::uint8_t>(result)), load<std::uint16_t>(result + 2),
                  load<std::uint64_t>(result + 8), load<std::uint64_t>(result + 16)};
}

Outcome<std::vector<Dirent>> GuestWorld::readdir(std::uint32_t fd, std::uint64_t cookie, std::uint32_t room_bytes, bool* end) {
    forget();
    const std::uint32_t result = room(4);
    const std::uint32_t buffer = room(room_bytes);
    const Errno error = call("fd_readdir", fd, buffer, room_bytes, cookie, result);
    if (error != Errno::success) return std::unexpected(error);
    const std::uint32_t used = load<std::uint32_t>(result);
    if (end != nullptr) *end = used < room_bytes;
    std::vector<Dirent> entries;
    for (std::uint32_t at = buffer; at + 24 <= buffer + used;) {
        const auto length = load<std::uint32_t>(at + 16);
        if (at + 24 + length > buffer + used) break;
        entries.push_back({load<std::uint64_t>(at), load<std::uint64_t>(at + 8),
                           static_cast<FileType>(load<std::uint8_t>(at + 20)), text(at + 24, length)});
        at += 24 + length;
    }
    return entries;
}

Errno GuestWorld::rename(std::uint32_t dir, std::string_view path, std::uint32_t to, std::string_view to_path) {
    forget();
    return call("path_rename", dir, put(path), static_cast<std::uint32_t>(path.size()), to, put(to_path),
                static_cast<std::uint32_t>(to_path.size()));
}

Errno GuestWorld::link(std::uint32_t dir, std::string_view path, std::uint32_t to, std::string_view to_path, std::uint32_t flags) {
    forget();
    return call("path_link", dir, flags, put(path), static_cast<std::uint32_t>(path.size()), to, put(to_path),
                static_cast<std::uint32_t>(to_path.size()));
}

Errno GuestWorld::symlink(std::string_view target, std::uint32_t dir, std::string_view path) {
    forget();
    return call("path_symlink", put(target), static_cast<std::uint32_t>(target.size()), dir, put(path),
                static_cast<std::uint32_t>(path.size()));
}

Outcome<std::string> GuestWorld::readlink(std::uint32_t dir, std::string_view path, std::uint32_t most) {
    forget();
    const std::uint32_t result = room(4);
    const std::uint32_t buffer = room(most);
    const Errno error = call("path_readlink", dir, put(path), static_cast<std::uint32_t>(path.size()), buffer, most, result);
    if (error != Errno::success) return std::unexpected(error);
    return text(buffer, load<std::uint32_t>(result));
}

Errno GuestWorld::set_times(std::uint32_t dir, std::string_view path, std::uint64_t accessed, std::uint64_t modified,
                            std::uint32_t flags, bool follow) {
    forget();
    return call("path_filestat_set_times", dir, follow ? 1u : 0u, put(path), static_cast<std::uint32_t>(path.size()), accessed,
                modified, flags);
}

void GuestWorld::create(std::uint32_t dir, std::string_view path) {
    const auto fd = open(dir, path, {.oflags = oflags::creat});
    ASSERT_THAT(fd, Succeeds()) << path;
    EXPECT_EQ(close(*fd), Errno::success);
}

Outcome<std::string> GuestWorld::content(std::uint32_t dir, std::string_view path) {
    const auto fd = open(dir, path, {.base = rights::fd_read});
    if (!fd) return std::unexpected(fd.error());
    auto content = read(*fd, 64 * 1024);
    close(*fd);
    return content;
}

TemporaryDirectory::TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "mortise-wasi-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = std::filesystem::canonical(name).string();
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void write_host_file(const std::string& path, std::string_view content) {
    std::ofstream out(path, std::ios::binary);
    out << content;
    if (!out) throw std::runtime_error("cannot write " + path);
}

std::string read_host_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string name_of(Kind kind) {
    switch (kind) {
        case Kind::kernel: return "kernel";
        case Kind::walk: return "walk";
        case Kind::memory: break;
    }
    return "memory";
}

Sandbox FilesTest::sandbox() const {
    Sandbox sandbox;
    if (on_host()) {
        sandbox.directories.push_back({host.path(), "/", Access::read_write, {}, {}});
    } else {
        MemoryDirectory directory;
        directory.guest_path = "/";
        directory.quota_files = 2'000;
        sandbox.memory_directories.push_back(std::move(directory));
    }
    return sandbox;
}

}  // namespace mortise::wasi_tests
