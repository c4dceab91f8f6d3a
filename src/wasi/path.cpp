#include "wasi/path.hpp"

#include <mortise/bytes.hpp>

namespace mortise::wasi {

Errno check_path(std::string_view path) noexcept {
    if (path.empty()) return Errno::noent;
    if (path.size() >= kPathBytes) return Errno::nametoolong;
    if (path.find('\0') != std::string_view::npos) return Errno::inval;
    if (!is_utf8(path)) return Errno::ilseq;
    if (path.front() == '/') return Errno::perm;
    return Errno::success;
}

Errno check_link_target(std::string_view target) noexcept { return check_path(target); }

Components split(std::string_view path) {
    Components components;
    std::size_t at = 0;
    while (at < path.size()) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view name = path.substr(at, end - at);
        if (!name.empty()) {
            // Only the last one says something: that what is before it is a directory.
            if (!components.names.empty() && components.names.back() == ".") components.names.pop_back();
            components.names.emplace_back(name);
        }
        components.must_be_directory = name.empty() || name == "." || end < path.size();
        at = end + 1;
    }
    return components;
}

Leaf leaf_of(std::string_view path) noexcept {
    Leaf leaf;
    const std::size_t last = path.find_last_not_of('/');
    if (last == std::string_view::npos) return leaf;
    leaf.slash = last + 1 < path.size();
    path = path.substr(0, last + 1);
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) {
        leaf.name = path;
    } else {
        leaf.parent = path.substr(0, slash);
        leaf.name = path.substr(slash + 1);
    }
    return leaf;
}

}  // namespace mortise::wasi
