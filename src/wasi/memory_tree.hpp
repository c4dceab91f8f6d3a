#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <mortise/error.hpp>
#include <mortise/sandbox.hpp>

#include "wasi/quota.hpp"
#include "wasi/types.hpp"

namespace mortise::wasi {

/// A file, directory or symbolic link in memory.
struct MemoryNode {
    struct Entry {
        std::shared_ptr<MemoryNode> node;
        std::uint64_t cookie = 0;  ///< of the entry itself; never used again in this directory
    };

    FileType type = FileType::regular_file;
    std::uint64_t inode = 0;
    std::uint64_t links = 1;                        ///< names; 0: removed
    std::uint64_t accessed = 0;
    std::uint64_t modified = 0;
    std::uint64_t changed = 0;
    std::vector<std::byte> data;                    ///< of a file
    std::string target;                             ///< of a link
    std::map<std::string, Entry, std::less<>> entries;        ///< of a directory
    std::map<std::uint64_t, const std::string*> by_cookie;    ///< its entries in the order they were made; names are keys of `entries`
    std::uint64_t next_cookie = 3;                  ///< 1 and 2 are `.` and `..`
    MemoryNode* parent = nullptr;                   ///< of a directory that is not the root

    bool is_directory() const noexcept { return type == FileType::directory; }
};
using NodePtr = std::shared_ptr<MemoryNode>;

/// Where a path led.
struct Found {
    NodePtr parent;      ///< null if the path ended in a directory that it had entered: `.`, `..`
    std::string name;    ///< in `parent`
    NodePtr node;        ///< null: there is no such entry
    bool slash = false;  ///< the path demands a directory
};

/// What to do with a link that is the last component. `leaf`: never follow it, even where a slash is behind it, as calls that
/// make, remove and move names do.
enum class Last : std::uint8_t { follow, no_follow, leaf };

/// One in-memory directory with all that is below: names, quota, time. Every open file or directory of it shares it.
class MemoryTree {
public:
    /// `now` gives the time for timestamps in nanoseconds. `device` tells trees apart. Errors: `invalid_argument` for initial
    /// files whose paths make no sense or that exceed the quota.
    static Result<std::shared_ptr<MemoryTree>> make(const MemoryDirectory& directory, std::uint64_t device,
                                                    std::function<std::uint64_t()> now);
    MemoryTree(const MemoryTree&) = delete;
    MemoryTree& operator=(const MemoryTree&) = delete;
    ~MemoryTree();

    const NodePtr& root() const noexcept { return root_; }
    bool writable() const noexcept { return access_ == Access::read_write; }
    std::uint64_t now() const { return now_(); }
    Stat stat_of(const MemoryNode& node) const noexcept;

    /// Resolves a path from a directory, which it cannot leave.
    Outcome<Found> find(const NodePtr& base, const std::string& path, Last last) const;

    /// Makes a node and gives it a name. `nospc` beyond the quota of files, `noent` in a removed directory.
    Outcome<NodePtr> create(const NodePtr& directory, const std::string& name, FileType type);
    Errno add_name(const NodePtr& directory, const std::string& name, const NodePtr& node);
    void remove_name(MemoryNode& directory, const std::string& name);
    void move_name(MemoryNode& from, const std::string& name, MemoryNode& to, const std::string& to_name);

    /// Changes a file's size, filling with zeros. `nospc` beyond the quota.
    Errno resize(MemoryNode& file, std::uint64_t size);
    std::uint64_t bytes_left() const noexcept { return quota_.bytes_left(); }

    /// A file's data may go once neither a name nor a descriptor stands for it.
    void opened(MemoryNode& file) noexcept;
    void closed(MemoryNode& file) noexcept;

    static void apply(const Times& times, MemoryNode& node, std::uint64_t now) noexcept;

private:
    MemoryTree(const MemoryDirectory& directory, std::uint64_t device, std::function<std::uint64_t()> now);
    Result<void> add_initial(const std::string& path, const Bytes& content);
    void link_entry(MemoryNode& directory, const std::string& name, NodePtr node);
    void unlink_entry(MemoryNode& directory, const std::string& name);
    void free_if_unused(MemoryNode& file) noexcept;

    Access access_;
    Quota quota_;
    std::uint64_t device_;
    std::function<std::uint64_t()> now_;
    std::uint64_t next_inode_ = 1;
    std::map<std::uint64_t, std::uint32_t> open_files_;  // by inode
    NodePtr root_;
};

}  // namespace mortise::wasi
