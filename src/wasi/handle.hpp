#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/store.hpp"
#include "wasi/types.hpp"

namespace mortise::wasi {

/// Whether a call that waits may go on: until the store's deadline passes or another thread interrupts it.
class Patience {
public:
    explicit Patience(const engine::Store& store) noexcept : store_(&store) {}
    bool over() const noexcept { return store_->due() != engine::Stop::done; }

private:
    const engine::Store* store_;
};

/// How long a waiting host function sleeps before it looks at its deadline again.
inline constexpr int kWaitSliceMilliseconds = 10;

/// Where one transfer of bytes goes: at the descriptor's own position, or at `offset`. `flags` are the descriptor's.
struct Transfer {
    std::optional<std::uint64_t> offset;
    std::uint16_t flags = 0;
};

class Directory;

/// What a descriptor stands for: an open file, directory or stream. The defaults refuse what a kind of thing does not do.
/// One thread at a time, like the world that it belongs to.
class Handle {
public:
    Handle() = default;
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    virtual ~Handle();

    virtual FileType type() const noexcept = 0;
    virtual Directory* as_directory() noexcept { return nullptr; }

    /// By default a thing without size or times.
    virtual Outcome<Stat> stat();
    virtual Errno set_times(const Times& times);

    /// Reads or writes at most what the buffers hold and says how many bytes that was. May be short.
    virtual Outcome<std::size_t> read(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer);
    virtual Outcome<std::size_t> write(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer);

    /// True if reads and writes can run the embedder's code, which may use this instance: buffers must not be guest memory.
    virtual bool calls_out() const noexcept { return false; }

    virtual Outcome<std::uint64_t> seek(std::int64_t offset, Whence whence);
    virtual Errno set_size(std::uint64_t size);
    virtual Errno allocate(std::uint64_t offset, std::uint64_t length);
    virtual Errno advise(std::uint64_t offset, std::uint64_t length, std::uint8_t advice);
    virtual Errno sync() { return Errno::success; }
    virtual Errno datasync() { return Errno::success; }

    /// A host descriptor to `poll` before it can be read or written without waiting; -1 if it never makes anyone wait.
    virtual int waits_on() const noexcept { return -1; }

    /// Bytes that can be read at once; 0 with `end` set at the end of what there is.
    struct Readable {
        std::uint64_t bytes = 0;
        bool end = false;
    };
    virtual Readable readable() { return {}; }
};

/// What to open. The path was checked by `Paths` (see path.hpp).
struct OpenRequest {
    const std::string& path;
    Follow follow = Follow::no;
    std::uint16_t oflags = 0;
    bool read = false;
    bool write = false;
};

/// One entry of a directory. `next` is the cookie with which reading goes on behind it.
struct DirectoryEntry {
    std::uint64_t next = 0;
    std::uint64_t inode = 0;
    FileType type = FileType::unknown;
    std::string_view name;
};

/// Takes entries until it is full.
class EntrySink {
public:
    /// False: no room for more.
    virtual bool take(const DirectoryEntry& entry) = 0;

protected:
    ~EntrySink() = default;
};

/// An open directory; what paths start from. No path leads out of the tree that it was opened in.
class Directory : public Handle {
public:
    FileType type() const noexcept final { return FileType::directory; }
    Directory* as_directory() noexcept final { return this; }

    virtual Outcome<std::shared_ptr<Handle>> open(const OpenRequest& request) = 0;
    virtual Outcome<Stat> stat_path(const std::string& path, Follow follow) = 0;
    virtual Errno set_path_times(const std::string& path, Follow follow, const Times& times) = 0;
    virtual Errno create_directory(const std::string& path) = 0;
    virtual Errno remove_directory(const std::string& path) = 0;
    virtual Errno unlink(const std::string& path) = 0;
    virtual Errno symlink(const std::string& target, const std::string& path) = 0;
    virtual Outcome<std::string> read_link(const std::string& path) = 0;

    /// Both ends may be different directories; `xdev` if they are of different kinds.
    virtual Errno rename(const std::string& path, Directory& to, const std::string& to_path) = 0;
    virtual Errno link(const std::string& path, Directory& to, const std::string& to_path) = 0;

    /// Gives the sink the entries after `cookie` (0: from the start), `.` and `..` included, until it is full or they end.
    virtual Errno read_entries(std::uint64_t cookie, EntrySink& sink) = 0;
};

}  // namespace mortise::wasi
