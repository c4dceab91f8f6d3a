#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "wasi/host_path.hpp"
#include "wasi/path.hpp"

namespace mortise::wasi {

namespace {

// Bounds the work that one path can cause: components, links in links, and walking again after each "..".
constexpr int kMostSteps = 100'000;

// Resolves one path as the kernel would, but never opens anything except a plain name in a directory that it holds open,
// and never follows a link by itself. What it holds is at every moment a directory below the root.
class Walk {
public:
    Walk(int root, int flags, mode_t mode) noexcept : root_(root), flags_(flags | O_CLOEXEC), mode_(mode) {}

    Outcome<base::UniqueFd> run(const std::string& path) {
        push(path, true);
        while (!todo_.empty()) {
            const std::string name = std::move(todo_.back());
            todo_.pop_back();
            if (++steps_ > kMostSteps) return refuse(Errno::loop);
            if (name.size() > kNameBytes) return refuse(Errno::nametoolong);
            if (name == ".") continue;
            if (name == "..") {
                if (const Errno error = up(); error != Errno::success) return refuse(error);
            } else if (todo_.empty()) {
                auto last = open_last(name);
                if (last || last.error() != Errno::success) return last;
            } else if (const Errno error = down(name); error != Errno::success) {
                return refuse(error);
            }
        }
        return open_here();
    }

private:
    int here() const noexcept { return current_ ? current_.get() : root_; }
    bool follows_last() const noexcept { return (flags_ & O_NOFOLLOW) == 0 || must_be_directory_; }

    // Puts a path's components before those that are left. `last`: nothing is left, so how it ends matters.
    void push(const std::string& path, bool last) {
        Components components = split(path);
        if (last && components.must_be_directory) must_be_directory_ = true;
        std::move(components.names.rbegin(), components.names.rend(), std::back_inserter(todo_));
    }

    // Goes on with the text of a link.
    Errno expand(int link) {
        if (++links_ > kMostLinks) return Errno::loop;
        std::string target(kPathBytes, '\0');
        const ssize_t size = ::readlinkat(link, "", target.data(), target.size());
        if (size < 0) return errno_from_host(errno);
        target.resize(static_cast<std::size_t>(size));
        if (target.empty()) return Errno::noent;
        if (target.size() >= kPathBytes) return Errno::nametoolong;
        if (target.front() == '/') return Errno::perm;
        push(target, todo_.empty());
        return Errno::success;
    }

    Errno down(const std::string& name) {
        base::UniqueFd next(::openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat stat{};
        if (!next || ::fstat(next.get(), &stat) != 0) return errno_from_host(errno);
        if (S_ISLNK(stat.st_mode)) return expand(next.get());
        if (!S_ISDIR(stat.st_mode)) return Errno::notdir;
        current_ = std::move(next);
        names_.push_back(name);
        return Errno::success;
    }

    // The parent is found by walking again from the root: the kernel's ".." would leave it if the directory was moved.
    Errno up() {
        if (names_.empty()) return Errno::perm;
        names_.pop_back();
        current_ = base::UniqueFd();
        for (const std::string& name : names_) {
            if (++steps_ > kMostSteps) return Errno::loop;
            base::UniqueFd next(::openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC));
            if (!next) return errno_from_host(errno);
            current_ = std::move(next);
        }
        return Errno::success;
    }

    // `success` as an error: it was a link, whose text is to be walked now.
    Outcome<base::UniqueFd> open_last(const std::string& name) {
        if (must_be_directory_ && (flags_ & O_CREAT) != 0) return refuse(Errno::isdir);  // whatever is there
        const bool exclusive = (flags_ & O_CREAT) != 0 && (flags_ & O_EXCL) != 0;
        if (follows_last() && !exclusive) {
            base::UniqueFd found(::openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
            struct stat stat{};
            if (found && ::fstat(found.get(), &stat) == 0 && S_ISLNK(stat.st_mode)) return refuse(expand(found.get()));
        }
        const int flags = flags_ | O_NOFOLLOW | (must_be_directory_ ? O_DIRECTORY : 0);
        base::UniqueFd opened(::openat(here(), name.c_str(), flags, mode_));
        if (!opened) return refuse(errno_from_host(errno));
        return opened;
    }

    // The path ended in a directory that is already held: ".", "..", or a link to one of them.
    Outcome<base::UniqueFd> open_here() {
        if ((flags_ & O_CREAT) != 0) return refuse((flags_ & O_EXCL) != 0 ? Errno::exist : Errno::isdir);
        base::UniqueFd opened(::openat(here(), ".", flags_ | O_NOFOLLOW));
        if (!opened) return refuse(errno_from_host(errno));
        return opened;
    }

    const int root_;
    const int flags_;
    const mode_t mode_;
    base::UniqueFd current_;                // empty: the root
    std::vector<std::string> names_;  // the way from the root to `current_`, all of them directories
    std::vector<std::string> todo_;   // reversed
    bool must_be_directory_ = false;
    int links_ = 0;
    int steps_ = 0;
};

}  // namespace

Outcome<base::UniqueFd> open_by_walking(int root, const std::string& path, int flags, mode_t mode) {
    return Walk(root, flags, mode).run(path);
}

}  // namespace mortise::wasi
