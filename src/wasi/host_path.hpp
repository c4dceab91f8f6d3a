#pragma once

#include <sys/types.h>

#include <string>

#include "wasi/types.hpp"
#include "base/unique_fd.hpp"

namespace mortise::wasi {

/// Who keeps a path below its directory: the kernel (`openat2` with `RESOLVE_BENEATH`, Linux 5.6), or where it has no such
/// call, our own walk, one component at a time, each opened without following links. Both give the same answers.
enum class Resolver : std::uint8_t { kernel, walk };

/// What this kernel and its seccomp filter allow; asked once a process.
Resolver best_resolver() noexcept;

/// Opens `path` below the directory `root`, which neither `..` nor a symbolic link can leave (`perm`). `flags` and `mode` as
/// for `open`; O_NOFOLLOW says that the last component is not followed. The path was checked by `check_path`.
Outcome<base::UniqueFd> open_beneath(Resolver resolver, int root, const std::string& path, int flags, mode_t mode = 0);

/// The directory that holds a path's last component, and its name as to be handed to the `*at` calls that never follow the
/// last component: mkdirat, unlinkat, renameat, symlinkat, linkat. A slash behind the name is kept, as it means something.
struct Parent {
    base::UniqueFd opened;   // empty if the parent is the root itself
    int directory = -1;
    std::string name;
    bool slash = false;  // `name` ends with a slash
};
Outcome<Parent> parent_beneath(Resolver resolver, int root, const std::string& path);

/// `walk` of the above alone, for `open_beneath` and for tests.
Outcome<base::UniqueFd> open_by_walking(int root, const std::string& path, int flags, mode_t mode);

}  // namespace mortise::wasi
