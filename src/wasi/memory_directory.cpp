#include <limits>

#include "wasi/memory_file.hpp"
#include "wasi/path.hpp"

namespace mortise::wasi {

namespace {

Last last_of(Follow follow) noexcept { return follow == Follow::yes ? Last::follow : Last::no_follow; }

bool is_or_is_below(const MemoryNode* node, const MemoryNode& ancestor) noexcept {
    for (; node != nullptr; node = node->parent) {
        if (node == &ancestor) return true;
    }
    return false;
}

}  // namespace

Errno MemoryDirectoryHandle::set_times(const Times& times) {
    if (!tree_->writable()) return Errno::rofs;
    MemoryTree::apply(times, *node_, tree_->now());
    return Errno::success;
}

Outcome<NodePtr> MemoryDirectoryHandle::existing(const std::string& path, Follow follow) const {
    auto found = tree_->find(node_, path, last_of(follow));
    if (!found) return refuse(found.error());
    if (!found->node) return refuse(Errno::noent);
    if (found->slash && !found->node->is_directory()) return refuse(Errno::notdir);
    return std::move(found->node);
}

// What a call that makes, removes or moves a name is about.
Outcome<Found> MemoryDirectoryHandle::to_change(const std::string& path) const {
    auto found = tree_->find(node_, path, Last::leaf);
    if (found && !tree_->writable()) return refuse(Errno::rofs);
    return found;
}

Outcome<NodePtr> MemoryDirectoryHandle::create_file(const Found& found) {
    if (found.slash) return refuse(Errno::isdir);
    if (!tree_->writable()) return refuse(Errno::rofs);
    return tree_->create(found.parent, found.name, FileType::regular_file);
}

Errno MemoryDirectoryHandle::may_open(const MemoryNode& node, const Found& found, const OpenRequest& request) const {
    const bool creates = (request.oflags & oflags::creat) != 0;
    const bool truncates = (request.oflags & oflags::trunc) != 0;
    const bool wants_directory = found.slash || (request.oflags & oflags::directory) != 0;
    if (creates && (request.oflags & oflags::excl) != 0) return Errno::exist;
    if (node.type == FileType::symbolic_link) return wants_directory ? Errno::notdir : Errno::loop;
    if (node.is_directory()) return request.write || truncates || creates ? Errno::isdir : Errno::success;
    if (wants_directory) return Errno::notdir;
    if ((request.write || truncates) && !tree_->writable()) return Errno::rofs;
    return Errno::success;
}

Outcome<std::shared_ptr<Handle>> MemoryDirectoryHandle::open(const OpenRequest& request) {
    const bool creates = (request.oflags & oflags::creat) != 0;
    const bool exclusive = creates && (request.oflags & oflags::excl) != 0;
    auto found = tree_->find(node_, request.path, exclusive ? Last::no_follow : last_of(request.follow));
    if (!found) return refuse(found.error());
    NodePtr node = found->node;
    if (node) {
        if (const Errno error = may_open(*node, *found, request); error != Errno::success) return refuse(error);
    } else {
        if (!creates) return refuse(Errno::noent);
        auto created = create_file(*found);
        if (!created) return refuse(created.error());
        node = *created;
    }
    if (node->is_directory()) return std::make_shared<MemoryDirectoryHandle>(tree_, std::move(node));
    if ((request.oflags & oflags::trunc) != 0) tree_->resize(*node, 0);
    return std::make_shared<MemoryFile>(tree_, std::move(node));
}

Outcome<Stat> MemoryDirectoryHandle::stat_path(const std::string& path, Follow follow) {
    const auto node = existing(path, follow);
    if (!node) return refuse(node.error());
    return tree_->stat_of(**node);
}

Errno MemoryDirectoryHandle::set_path_times(const std::string& path, Follow follow, const Times& times) {
    const auto node = existing(path, follow);
    if (!node) return node.error();
    if (!tree_->writable()) return Errno::rofs;
    MemoryTree::apply(times, **node, tree_->now());
    return Errno::success;
}

Errno MemoryDirectoryHandle::create_directory(const std::string& path) {
    const auto found = to_change(path);
    if (!found) return found.error();
    if (found->node) return Errno::exist;
    const auto made = tree_->create(found->parent, found->name, FileType::directory);
    return made ? Errno::success : made.error();
}

Errno MemoryDirectoryHandle::remove_directory(const std::string& path) {
    const auto found = to_change(path);
    if (!found) return found.error();
    if (!found->node) return Errno::noent;
    if (!found->node->is_directory()) return Errno::notdir;
    if (!found->parent) return leaf_of(path).name == "." ? Errno::inval : Errno::notempty;
    if (!found->node->entries.empty()) return Errno::notempty;
    tree_->remove_name(*found->parent, found->name);
    return Errno::success;
}

Errno MemoryDirectoryHandle::unlink(const std::string& path) {
    const auto found = to_change(path);
    if (!found) return found.error();
    if (!found->node) return Errno::noent;
    if (found->node->is_directory()) return Errno::isdir;
    if (found->slash) return Errno::notdir;
    tree_->remove_name(*found->parent, found->name);
    return Errno::success;
}

Errno MemoryDirectoryHandle::symlink(const std::string& target, const std::string& path) {
    const auto found = to_change(path);
    if (!found) return found.error();
    if (found->node) return found->slash && !found->node->is_directory() ? Errno::notdir : Errno::exist;
    if (found->slash) return Errno::noent;
    const auto made = tree_->create(found->parent, found->name, FileType::symbolic_link);
    if (!made) return made.error();
    (*made)->target = target;
    return Errno::success;
}

Outcome<std::string> MemoryDirectoryHandle::read_link(const std::string& path) {
    const auto node = existing(path, Follow::no);
    if (!node) return refuse(node.error());
    if ((*node)->type != FileType::symbolic_link) return refuse(Errno::inval);
    return (*node)->target;
}

Errno MemoryDirectoryHandle::rename(const std::string& path, Directory& to, const std::string& to_path) {
    auto* target = dynamic_cast<MemoryDirectoryHandle*>(&to);
    if (target == nullptr || target->tree_ != tree_) return Errno::xdev;
    const auto from = to_change(path);
    if (!from) return from.error();
    const auto into = target->to_change(to_path);
    if (!into) return into.error();
    if (!from->node) return Errno::noent;
    if (!from->parent || !into->parent) return Errno::busy;
    const MemoryNode& moved = *from->node;
    if (!moved.is_directory() && (from->slash || into->slash)) return Errno::notdir;
    if (into->parent->links == 0) return Errno::noent;
    if (moved.is_directory() && is_or_is_below(into->parent.get(), moved)) return Errno::inval;
    if (into->node) {
        if (into->node == from->node) return Errno::success;
        if (moved.is_directory() && !into->node->is_directory()) return Errno::notdir;
        if (!moved.is_directory() && into->node->is_directory()) return Errno::isdir;
        if (!into->node->entries.empty()) return Errno::notempty;
    }
    if (into->name.size() > kNameBytes) return Errno::nametoolong;
    tree_->move_name(*from->parent, from->name, *into->parent, into->name);
    return Errno::success;
}

Errno MemoryDirectoryHandle::link(const std::string& path, Directory& to, const std::string& to_path) {
    auto* target = dynamic_cast<MemoryDirectoryHandle*>(&to);
    if (target == nullptr || target->tree_ != tree_) return Errno::xdev;
    const auto node = existing(path, Follow::no);
    if (!node) return node.error();
    if ((*node)->is_directory()) return Errno::perm;
    const auto into = target->to_change(to_path);
    if (!into) return into.error();
    if (into->node) return Errno::exist;
    if (into->slash) return Errno::noent;
    return tree_->add_name(into->parent, into->name, *node);
}

Errno MemoryDirectoryHandle::read_entries(std::uint64_t cookie, EntrySink& sink) {
    if (cookie > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return Errno::inval;   // as directories of the host
    if (cookie < 1 && !sink.take({1, node_->inode, FileType::directory, "."})) return Errno::success;
    if (cookie < 2 && !sink.take({2, node_->inode, FileType::directory, ".."})) return Errno::success;
    for (auto at = node_->by_cookie.upper_bound(cookie); at != node_->by_cookie.end(); ++at) {
        const MemoryNode& node = *node_->entries.find(*at->second)->second.node;
        if (!sink.take({at->first, node.inode, node.type, *at->second})) break;
    }
    return Errno::success;
}

}  // namespace mortise::wasi
