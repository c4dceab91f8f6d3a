#include "wasi/host_path.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "wasi/path.hpp"

namespace mortise::wasi {

namespace {

// What openat2 gives for a path that would leave its directory.
Errno errno_of_open(int error) noexcept { return error == EXDEV ? Errno::perm : errno_from_host(error); }

int call_openat2(int root, const char* path, int flags, mode_t mode) noexcept {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags | O_CLOEXEC));
    how.mode = (flags & O_CREAT) != 0 ? mode : 0;  // the kernel refuses a mode that it would ignore
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how));
}

bool kernel_has_openat2() noexcept {
    const int fd = call_openat2(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
    if (fd >= 0) {
        ::close(fd);
        return true;
    }
    return errno != ENOSYS && errno != EPERM;  // some seccomp filters say EPERM for calls that they do not know
}

}  // namespace

Resolver best_resolver() noexcept {
    static const Resolver best = kernel_has_openat2() ? Resolver::kernel : Resolver::walk;
    return best;
}

Outcome<base::UniqueFd> open_beneath(Resolver resolver, int root, const std::string& path, int flags, mode_t mode) {
    if (resolver == Resolver::walk) return open_by_walking(root, path, flags, mode);
    // EAGAIN: something was renamed while the kernel resolved a "..", so that it could not vouch for the answer.
    for (int attempt = 0; attempt < 16; ++attempt) {
        const int fd = call_openat2(root, path.c_str(), flags, mode);
        if (fd >= 0) return base::UniqueFd(fd);
        if (errno != EAGAIN && errno != EINTR) return refuse(errno_of_open(errno));
    }
    return open_by_walking(root, path, flags, mode);
}

Outcome<Parent> parent_beneath(Resolver resolver, int root, const std::string& path) {
    const Leaf leaf = leaf_of(path);
    Parent parent;
    parent.slash = leaf.slash;
    parent.name = leaf.name;
    if (parent.name.size() > kNameBytes) return refuse(Errno::nametoolong);
    if (leaf.parent.empty() && leaf.name == "..") return refuse(Errno::perm);   // its name is in a directory outside
    if (leaf.slash) parent.name += '/';
    if (leaf.parent.empty()) {
        parent.directory = root;
        return parent;
    }
    auto opened = open_beneath(resolver, root, std::string(leaf.parent), O_PATH | O_DIRECTORY);
    if (!opened) return refuse(opened.error());
    parent.opened = *std::move(opened);
    parent.directory = parent.opened.get();
    return parent;
}

}  // namespace mortise::wasi
