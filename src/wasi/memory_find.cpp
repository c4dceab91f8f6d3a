// Of MemoryTree: resolving paths.

#include <algorithm>
#include <iterator>

#include "wasi/memory_tree.hpp"
#include "wasi/path.hpp"

namespace mortise::wasi {

namespace {

class Search {
public:
    Search(const NodePtr& base, Last last) : trail_{base}, last_(last) {}

    Outcome<Found> run(const std::string& path) {
        push(path, true);
        while (!todo_.empty()) {
            std::string name = std::move(todo_.back());
            todo_.pop_back();
            if (name.size() > kNameBytes) return refuse(Errno::nametoolong);
            if (name == ".") continue;
            if (name == "..") {
                if (trail_.size() == 1) return refuse(Errno::perm);
                trail_.pop_back();
                continue;
            }
            auto found = step(std::move(name));
            if (!found) return refuse(found.error());
            if (found->parent) return found;
        }
        return Found{nullptr, {}, trail_.back(), slash_};
    }

private:
    void push(const std::string& path, bool last) {
        Components components = split(path);
        if (last && components.must_be_directory) slash_ = true;
        std::move(components.names.rbegin(), components.names.rend(), std::back_inserter(todo_));
    }

    bool follows(bool is_last) const noexcept {
        return !is_last || last_ == Last::follow || (slash_ && last_ != Last::leaf);
    }

    // One component. Without a parent in the answer: go on.
    Outcome<Found> step(std::string name) {
        const bool is_last = todo_.empty();
        const NodePtr here = trail_.back();
        const auto at = here->entries.find(name);
        if (at == here->entries.end()) {
            if (!is_last) return refuse(Errno::noent);
            return Found{here, std::move(name), nullptr, slash_};
        }
        const NodePtr node = at->second.node;
        if (node->type == FileType::symbolic_link && follows(is_last)) {
            if (++links_ > kMostLinks) return refuse(Errno::loop);
            if (node->target.front() == '/') return refuse(Errno::perm);
            push(node->target, is_last);
            return Found{};
        }
        if (is_last) return Found{here, std::move(name), node, slash_};
        if (!node->is_directory()) return refuse(Errno::notdir);
        trail_.push_back(node);
        return Found{};
    }

    std::vector<NodePtr> trail_;      // the directories entered, from the base on
    std::vector<std::string> todo_;   // reversed
    Last last_;
    bool slash_ = false;
    int links_ = 0;
};

}  // namespace

Outcome<Found> MemoryTree::find(const NodePtr& base, const std::string& path, Last last) const {
    return Search(base, last).run(path);
}

}  // namespace mortise::wasi
