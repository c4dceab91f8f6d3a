#include "cli/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>

#include <mortise/runtime.hpp>

namespace mortise::cli {

namespace {

std::string reason(int problem) { return std::generic_category().message(problem); }

// Read in blocks: a pipe has no size, and a file may grow. The limit may depend on what comes first.
template <typename Limit>
Result<Bytes> read_all(int descriptor, Limit limit) {
    constexpr std::size_t kBlock = std::size_t{1} << 18;
    Bytes bytes;
    for (;;) {
        const std::size_t old = bytes.size();
        bytes.resize(old + kBlock);
        const ssize_t got = ::read(descriptor, bytes.data() + old, kBlock);
        bytes.resize(old + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got == 0) return bytes;
        if (got < 0 && errno != EINTR) return fail(ErrorCode::io, "cannot be read: " + reason(errno));
        if (const std::uint64_t most = limit(bytes); bytes.size() > most) {
            return fail(ErrorCode::invalid_argument, "has more than " + std::to_string(most) + " bytes");
        }
    }
}

template <typename Limit>
Result<Bytes> read_path(const std::string& path, Limit limit) {
    if (path.empty()) return fail(ErrorCode::not_found, "its name is empty");
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        const int problem = errno;
        const bool missing = problem == ENOENT || problem == ENOTDIR || problem == ENAMETOOLONG;
        if (missing) return fail(ErrorCode::not_found, "no such file");
        return fail(ErrorCode::io, "cannot be opened: " + reason(problem));
    }
    struct stat status{};
    Result<Bytes> bytes;
    if (::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
        bytes = fail(ErrorCode::invalid_argument, "is a directory");
    } else {
        bytes = read_all(descriptor, limit);
    }
    ::close(descriptor);
    return bytes;
}

// 0 or the errno. The descriptor is closed.
int write_and_close(int descriptor, BytesView content, bool synced) {
    int problem = 0;
    while (!content.empty() && problem == 0) {
        const ssize_t written = ::write(descriptor, content.data(), content.size());
        if (written > 0) content = content.subspan(static_cast<std::size_t>(written));
        else if (written == 0 || errno != EINTR) problem = written == 0 ? ENOSPC : errno;
    }
    if (synced && problem == 0 && ::fsync(descriptor) != 0) problem = errno;
    if (::close(descriptor) != 0 && problem == 0) problem = errno;
    return problem;
}

int write_through(const std::string& path, BytesView content) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return descriptor < 0 ? errno : write_and_close(descriptor, content, false);
}

// Written beside it and renamed over it, so that nobody ever finds a part. With the mode that it had, or would have had.
int replace(const std::string& path, BytesView content, const struct stat* old) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    const std::string beside = path + ".new-" + std::to_string(::getpid()) + '-' + std::to_string(now);
    const mode_t mode = old != nullptr ? old->st_mode & 0777 : 0666;
    const int descriptor = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor < 0) return errno;
    int problem = old != nullptr && ::fchmod(descriptor, mode) != 0 ? errno : 0;
    const int written = write_and_close(descriptor, content, true);
    if (problem == 0) problem = written;
    if (problem == 0 && ::rename(beside.c_str(), path.c_str()) != 0) problem = errno;
    if (problem != 0) ::unlink(beside.c_str());
    return problem;
}

// A file that could be replaced and that writing to it changes alike: a regular one of the user's own that may be written to.
bool is_replaceable(const std::string& path, const struct stat& status) {
    return S_ISREG(status.st_mode) && status.st_uid == ::geteuid() && ::access(path.c_str(), W_OK) == 0;
}

}  // namespace

Result<Bytes> read_file(const std::string& path, std::uint64_t limit) {
    return read_path(path, [limit](BytesView) { return limit; });
}

Result<void> write_file(const std::string& path, BytesView content) {
    struct stat status{};
    const bool there = ::stat(path.c_str(), &status) == 0;
    std::error_code missing;
    // What a link stands for is replaced, not the link.
    const auto real = there ? std::filesystem::canonical(path, missing).string() : path;
    const bool whole = there ? !missing && is_replaceable(path, status) : !std::filesystem::is_symlink(path, missing);
    int problem = whole ? replace(real, content, there ? &status : nullptr) : write_through(path, content);
    // A file that may be changed in a folder that may not, or that something is mounted on.
    if (there && (problem == EACCES || problem == EBUSY || problem == EXDEV)) problem = write_through(path, content);
    if (problem != 0) return fail(ErrorCode::io, reason(problem));
    return {};
}

Result<Bytes> read_standard_input(std::uint64_t limit) {
    return read_all(STDIN_FILENO, [limit](BytesView) { return limit; });
}

Result<Bytes> read_module_file(const std::string& path, const LoadLimits& limits) {
    const auto limit = [&limits](BytesView start) { return Runtime::most_file_bytes(start, limits); };
    return path == "-" ? read_all(STDIN_FILENO, limit) : read_path(path, limit);
}

}  // namespace mortise::cli
