#include "wasi/memory_tree.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "wasi/path.hpp"

namespace mortise::wasi {

MemoryTree::MemoryTree(const MemoryDirectory& directory, std::uint64_t device, std::function<std::uint64_t()> now)
    : access_(directory.access),
      quota_(directory.quota_bytes, directory.quota_files),
      device_(device),
      now_(std::move(now)),
      root_(std::make_shared<MemoryNode>()) {
    root_->type = FileType::directory;
    root_->inode = next_inode_++;
    root_->accessed = root_->modified = root_->changed = now_();
}

// A guest chooses how deep directories nest: taken apart in a loop, as destructors calling destructors would use up the stack.
MemoryTree::~MemoryTree() {
    std::vector<NodePtr> left{std::move(root_)};
    while (!left.empty()) {
        const NodePtr node = std::move(left.back());
        left.pop_back();
        for (auto& [name, entry] : node->entries) left.push_back(std::move(entry.node));
        node->entries.clear();
    }
}

Result<std::shared_ptr<MemoryTree>> MemoryTree::make(const MemoryDirectory& directory, std::uint64_t device,
                                                     std::function<std::uint64_t()> now) {
    std::shared_ptr<MemoryTree> tree(new MemoryTree(directory, device, std::move(now)));
    for (const auto& [path, content] : directory.files) {
        if (auto added = tree->add_initial(path, content); !added) {
            return fail(std::move(added).error().add_context("in memory directory " + base::quoted(directory.guest_path)));
        }
    }
    return tree;
}

Result<void> MemoryTree::add_initial(const std::string& path, const Bytes& content) {
    const auto bad = [&](std::string_view why) {
        return fail(ErrorCode::invalid_argument, base::concat("initial file ", base::quoted(path), ": ", why));
    };
    const Components components = split(path);
    if (check_path(path) != Errno::success || components.names.empty() || components.must_be_directory) {
        return bad("not the relative path of a file");
    }
    NodePtr at = root_;
    for (std::size_t i = 0; i < components.names.size(); ++i) {
        const std::string& name = components.names[i];
        const bool last = i + 1 == components.names.size();
        if (name == ".." || name.size() > kNameBytes) return bad("not the relative path of a file");
        const auto existing = at->entries.find(name);
        if (existing != at->entries.end()) {
            if (last || !existing->second.node->is_directory()) return bad("another file has this name");
            at = existing->second.node;
            continue;
        }
        auto made = create(at, name, last ? FileType::regular_file : FileType::directory);
        if (!made) return bad("more files than quota_files");
        at = *made;
    }
    if (resize(*at, content.size()) != Errno::success) return bad("more bytes than quota_bytes");
    at->data.assign(content.begin(), content.end());
    return {};
}

Stat MemoryTree::stat_of(const MemoryNode& node) const noexcept {
    Stat stat;
    stat.device = device_;
    stat.inode = node.inode;
    stat.type = node.type;
    stat.links = node.links;
    stat.size = node.type == FileType::symbolic_link ? node.target.size() : node.data.size();
    stat.accessed = node.accessed;
    stat.modified = node.modified;
    stat.changed = node.changed;
    return stat;
}

Outcome<NodePtr> MemoryTree::create(const NodePtr& directory, const std::string& name, FileType type) {
    if (!quota_.file_left()) return refuse(Errno::nospc);
    auto node = std::make_shared<MemoryNode>();
    node->type = type;
    node->inode = next_inode_++;
    node->links = 0;
    node->accessed = node->modified = node->changed = now_();
    if (const Errno error = add_name(directory, name, node); error != Errno::success) return refuse(error);
    return node;
}

Errno MemoryTree::add_name(const NodePtr& directory, const std::string& name, const NodePtr& node) {
    if (directory->links == 0) return Errno::noent;
    if (name.size() > kNameBytes) return Errno::nametoolong;
    if (!quota_.file_left()) return Errno::nospc;
    link_entry(*directory, name, node);
    ++node->links;
    node->changed = now_();
    quota_.add_file();
    return Errno::success;
}

void MemoryTree::link_entry(MemoryNode& directory, const std::string& name, NodePtr node) {
    const std::uint64_t cookie = directory.next_cookie++;
    if (node->is_directory()) node->parent = &directory;
    const auto [at, made] = directory.entries.try_emplace(name, MemoryNode::Entry{std::move(node), cookie});
    directory.by_cookie.emplace(cookie, &at->first);
    directory.modified = directory.changed = now_();
}

void MemoryTree::unlink_entry(MemoryNode& directory, const std::string& name) {
    const auto at = directory.entries.find(name);
    directory.by_cookie.erase(at->second.cookie);
    directory.entries.erase(at);
    directory.modified = directory.changed = now_();
}

void MemoryTree::remove_name(MemoryNode& directory, const std::string& name) {
    const NodePtr node = directory.entries.find(name)->second.node;
    unlink_entry(directory, name);
    --node->links;
    node->changed = now_();
    if (node->is_directory()) node->parent = nullptr;
    quota_.remove_file();
    free_if_unused(*node);
}

void MemoryTree::move_name(MemoryNode& from, const std::string& name, MemoryNode& to, const std::string& to_name) {
    if (to.entries.contains(to_name)) remove_name(to, to_name);
    NodePtr node = from.entries.find(name)->second.node;
    unlink_entry(from, name);
    node->changed = now_();
    link_entry(to, to_name, std::move(node));
}

Errno MemoryTree::resize(MemoryNode& file, std::uint64_t size) {
    const std::uint64_t before = file.data.size();
    if (size > before && size - before > quota_.bytes_left()) return Errno::nospc;
    file.data.resize(static_cast<std::size_t>(size));
    if (size < before / 2) file.data.shrink_to_fit();
    quota_.resized(before, size);
    file.modified = file.changed = now_();
    return Errno::success;
}

void MemoryTree::opened(MemoryNode& file) noexcept { ++open_files_[file.inode]; }

void MemoryTree::closed(MemoryNode& file) noexcept {
    const auto at = open_files_.find(file.inode);
    if (at == open_files_.end() || --at->second > 0) return;
    open_files_.erase(at);
    free_if_unused(file);
}

void MemoryTree::free_if_unused(MemoryNode& file) noexcept {
    if (file.links > 0 || open_files_.contains(file.inode)) return;
    quota_.resized(file.data.size(), 0);
    file.data.clear();
    file.data.shrink_to_fit();
}

void MemoryTree::apply(const Times& times, MemoryNode& node, std::uint64_t now) noexcept {
    const auto change = [now](const TimeChange& wanted, std::uint64_t& time) {
        if (wanted.how == TimeChange::How::now) time = now;
        if (wanted.how == TimeChange::How::set) time = wanted.nanoseconds;
    };
    change(times.accessed, node.accessed);
    change(times.modified, node.modified);
    node.changed = now;
}

}  // namespace mortise::wasi
