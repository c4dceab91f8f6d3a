#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wasi/types.hpp"

namespace mortise::wasi {

/// Longest path that a guest may give, as Linux has it with its terminator.
inline constexpr std::size_t kPathBytes = 4096;
/// Longest name of one component.
inline constexpr std::size_t kNameBytes = 255;
/// Symbolic links that resolving one path may go through.
inline constexpr int kMostLinks = 40;

/// `success` for a path that may be resolved below a directory: not empty (`noent`), UTF-8 (`ilseq`), without NUL (`inval`),
/// short enough (`nametoolong`), and not absolute (`perm`).
Errno check_path(std::string_view path) noexcept;

/// The same for the text of a symbolic link to be made. An absolute one is refused: it would lead outside everywhere.
Errno check_link_target(std::string_view target) noexcept;

/// A path split at its slashes. Empty components are left out, and so is each `.` but a last one.
struct Components {
    std::vector<std::string> names;
    bool must_be_directory = false;  ///< it ended with a slash or `.`
};
Components split(std::string_view path);

/// A path's last component and what is before it.
struct Leaf {
    std::string_view parent;  ///< empty: the starting directory itself
    std::string_view name;    ///< without slashes; may be `.` or `..`
    bool slash = false;       ///< slashes followed it
};
Leaf leaf_of(std::string_view path) noexcept;

}  // namespace mortise::wasi
