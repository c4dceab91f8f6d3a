#pragma once

#include <memory>

#include "wasi/handle.hpp"
#include "wasi/memory_tree.hpp"

namespace mortise::wasi {

/// An open file of an in-memory directory.
class MemoryFile final : public Handle {
public:
    MemoryFile(std::shared_ptr<MemoryTree> tree, NodePtr node) : tree_(std::move(tree)), node_(std::move(node)) {
        tree_->opened(*node_);
    }
    ~MemoryFile() override { tree_->closed(*node_); }

    FileType type() const noexcept override { return FileType::regular_file; }
    Outcome<Stat> stat() override { return tree_->stat_of(*node_); }
    Errno set_times(const Times& times) override;
    Outcome<std::size_t> read(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) override;
    Outcome<std::size_t> write(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) override;
    Outcome<std::uint64_t> seek(std::int64_t offset, Whence whence) override;
    Errno set_size(std::uint64_t size) override;
    Errno allocate(std::uint64_t offset, std::uint64_t length) override;
    Errno advise(std::uint64_t offset, std::uint64_t length, std::uint8_t advice) override;
    Readable readable() override;

private:
    std::shared_ptr<MemoryTree> tree_;
    NodePtr node_;
    std::uint64_t position_ = 0;
};

/// An open directory of it, possibly its root.
class MemoryDirectoryHandle final : public Directory {
public:
    MemoryDirectoryHandle(std::shared_ptr<MemoryTree> tree, NodePtr node) : tree_(std::move(tree)), node_(std::move(node)) {}

    Outcome<Stat> stat() override { return tree_->stat_of(*node_); }
    Errno set_times(const Times& times) override;
    Outcome<std::shared_ptr<Handle>> open(const OpenRequest& request) override;
    Outcome<Stat> stat_path(const std::string& path, Follow follow) override;
    Errno set_path_times(const std::string& path, Follow follow, const Times& times) override;
    Errno create_directory(const std::string& path) override;
    Errno remove_directory(const std::string& path) override;
    Errno unlink(const std::string& path) override;
    Errno symlink(const std::string& target, const std::string& path) override;
    Outcome<std::string> read_link(const std::string& path) override;
    Errno rename(const std::string& path, Directory& to, const std::string& to_path) override;
    Errno link(const std::string& path, Directory& to, const std::string& to_path) override;
    Errno read_entries(std::uint64_t cookie, EntrySink& sink) override;

private:
    Outcome<NodePtr> existing(const std::string& path, Follow follow) const;
    Outcome<Found> to_change(const std::string& path) const;
    Outcome<NodePtr> create_file(const Found& found);
    Errno may_open(const MemoryNode& node, const Found& found, const OpenRequest& request) const;

    std::shared_ptr<MemoryTree> tree_;  // before the node, so that it goes last
    NodePtr node_;
};

}  // namespace mortise::wasi
