#include "cli/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace mortise::cli {

namespace {

std::string reason(int problem) { return std::generic_category().message(problem); }

// Read in blocks: a pipe has no size, and a file may grow.
Result<Bytes> read_all(int descriptor, std::uint64_t limit) {
    constexpr std::size_t kBlock = std::size_t{1} << 18;
    Bytes bytes;
    for (;;) {
        const std::size_t old = bytes.size();
        bytes.resize(old + kBlock);
        const ssize_t got = ::read(descriptor, bytes.data() + old, kBlock);
        bytes.resize(old + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got == 0) return bytes;
        if (got < 0 && errno != EINTR) return fail(ErrorCode::io, "cannot be read: " + reason(errno));
        if (bytes.size() > limit) {
            return fail(ErrorCode::invalid_argument, "has more than " + std::to_string(limit) + " bytes");
        }
    }
}

}  // namespace

Result<Bytes> read_file(const std::string& path, std::uint64_t limit) {
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

Result<void> write_file(const std::string& path, BytesView content) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0) return fail(ErrorCode::io, reason(errno));
    int problem = 0;
    while (!content.empty() && problem == 0) {
        const ssize_t written = ::write(descriptor, content.data(), content.size());
        if (written > 0) content = content.subspan(static_cast<std::size_t>(written));
        else if (written == 0 || errno != EINTR) problem = written == 0 ? ENOSPC : errno;
    }
    if (::close(descriptor) != 0 && problem == 0) problem = errno;
    if (problem != 0) return fail(ErrorCode::io, reason(problem));
    return {};
}

Result<Bytes> read_standard_input(std::uint64_t limit) { return read_all(STDIN_FILENO, limit); }

Result<Bytes> read_module_file(const std::string& path, std::uint64_t limit) {
    return path == "-" ? read_standard_input(limit) : read_file(path, limit);
}

}  // namespace mortise::cli
