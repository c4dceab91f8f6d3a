#include "trust/private_folder.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/no_write_signals.hpp"
#include "base/text.hpp"

namespace mortise::trust {

namespace {

using base::concat;

constexpr std::string_view kTemporary = ".new-";
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kAbandoned = 600 * kSecond;   // no writer needs ten minutes
constexpr std::int64_t kTouchEvery = 60 * kSecond;

class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_;
};

std::string words_of(int error) { return std::generic_category().message(error); }

std::unexpected<Error> failed(std::string_view what, const std::filesystem::path& path, int error) {
    return fail(ErrorCode::io, concat("cannot ", what, " ", path.string(), ": ", words_of(error)));
}

std::int64_t nanoseconds(const timespec& time) noexcept { return std::int64_t{time.tv_sec} * kSecond + time.tv_nsec; }

std::int64_t now() noexcept {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

Result<void> make_folders(const std::filesystem::path& folder) {
    if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
    if (errno != ENOENT || !folder.has_parent_path() || folder.parent_path() == folder) return failed("make", folder, errno);
    if (auto above = make_folders(folder.parent_path()); !above) return above;
    // Another process may have been quicker.
    if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return failed("make", folder, errno);
}

Result<void> check_folder(const std::filesystem::path& folder, const struct stat& status) {
    if (status.st_uid != ::geteuid()) {
        return fail(ErrorCode::denied, concat(folder.string(), " belongs to user ", status.st_uid, ", not to user ", ::geteuid()));
    }
    // Where access control lists are used, the group's bits tell the most that any of them allows.
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return fail(ErrorCode::denied, concat("others than its owner may write to ", folder.string()));
    }
    return {};
}

ssize_t write_some(int fd, BytesView content) noexcept {
    const base::NoWriteSignals guard;
    return ::write(fd, content.data(), content.size());
}

Result<void> write_all(int fd, BytesView content, const std::filesystem::path& path) {
    while (!content.empty()) {
        const ssize_t written = write_some(fd, content);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return failed("write to", path, written < 0 ? errno : ENOSPC);
        content = content.subspan(static_cast<std::size_t>(written));
    }
    // Some file systems say only here that there is no room.
    if (::fsync(fd) != 0) return failed("write to", path, errno);
    return {};
}

std::string temporary_name() {
    std::array<unsigned char, 12> random{};
    randombytes_buf(random.data(), random.size());
    std::string hex(random.size() * 2 + 1, '\0');
    sodium_bin2hex(hex.data(), hex.size(), random.data(), random.size());
    hex.pop_back();
    return concat(kTemporary, hex);
}

// A rename that replaces nothing. Where the file system has none: a second name, then the first one goes.
int rename_new(int folder, const char* from, const char* to) noexcept {
    constexpr unsigned kNoReplace = 1;   // RENAME_NOREPLACE
    if (::syscall(SYS_renameat2, folder, from, folder, to, kNoReplace) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
    const int linked = ::linkat(folder, from, folder, to, 0) == 0 ? 0 : errno;
    ::unlinkat(folder, from, 0);
    return linked;
}

}  // namespace

PrivateFolder::PrivateFolder(PrivateFolder&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

PrivateFolder::~PrivateFolder() {
    if (fd_ >= 0) ::close(fd_);
}

Result<PrivateFolder> PrivateFolder::open(const std::filesystem::path& folder) {
    std::error_code ignored;
    auto path = std::filesystem::absolute(folder, ignored).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();   // it ended with a slash
    if (folder.empty() || path.empty()) return fail(ErrorCode::io, "the folder has no name");
    if (auto made = make_folders(path); !made) return fail(std::move(made).error());
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return failed("open", path, errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return failed("look at", path, errno);
    if (auto ours = check_folder(path, status); !ours) return fail(std::move(ours).error());
    return PrivateFolder(std::move(path), fd.release());
}

Result<std::optional<Bytes>> PrivateFolder::read(const std::string& name, std::uint64_t most, Reading how) const {
    const auto path = path_ / name;
    // Not to block on a pipe that stands there under the name.
    const Descriptor fd(::openat(fd_, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd && errno == ENOENT) return std::optional<Bytes>();
    if (!fd) return failed("open", path, errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return failed("look at", path, errno);
    const mode_t forbidden = how == Reading::secret ? S_IRWXG | S_IRWXO : S_IWGRP | S_IWOTH;
    if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & forbidden) != 0) {
        return fail(ErrorCode::denied, concat(path.string(), " is not a file of user ", ::geteuid(), "'s own"));
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > most) return fail(ErrorCode::io, concat(path.string(), " is longer than ", most, " bytes"));
    Bytes content(static_cast<std::size_t>(size));
    std::size_t got = 0;
    while (got < content.size()) {
        const ssize_t count = ::read(fd.get(), content.data() + got, content.size() - got);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("read", path, errno);
        if (count == 0) break;
        got += static_cast<std::size_t>(count);
    }
    content.resize(got);
    if (how == Reading::use && now() - nanoseconds(status.st_mtim) > kTouchEvery) ::futimens(fd.get(), nullptr);
    return std::optional<Bytes>(std::move(content));
}

Result<std::string> PrivateFolder::write_temporary(BytesView content) const {
    const std::string name = temporary_name();
    const Descriptor fd(::openat(fd_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return failed("write to", path_, errno);
    if (auto written = write_all(fd.get(), content, path_); !written) {
        ::unlinkat(fd_, name.c_str(), 0);
        return fail(std::move(written).error());
    }
    return name;
}

Result<void> PrivateFolder::write(const std::string& name, BytesView content) const {
    const auto temporary = write_temporary(content);
    if (!temporary) return fail(temporary.error());
    if (::renameat(fd_, temporary->c_str(), fd_, name.c_str()) == 0) return {};
    const int error = errno;
    ::unlinkat(fd_, temporary->c_str(), 0);
    return failed("write", path_ / name, error);
}

Result<bool> PrivateFolder::write_new(const std::string& name, BytesView content) const {
    const auto temporary = write_temporary(content);
    if (!temporary) return fail(temporary.error());
    const int error = rename_new(fd_, temporary->c_str(), name.c_str());
    if (error == 0) return true;
    ::unlinkat(fd_, temporary->c_str(), 0);
    if (error == EEXIST) return false;
    return failed("write", path_ / name, error);
}

bool PrivateFolder::remove(const std::string& name) const noexcept { return ::unlinkat(fd_, name.c_str(), 0) == 0; }

Result<std::vector<PrivateFolder::File>> PrivateFolder::list() const {
    const int copy = ::openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* stream = copy >= 0 ? ::fdopendir(copy) : nullptr;
    if (stream == nullptr) {
        const int error = errno;
        if (copy >= 0) ::close(copy);
        return failed("list", path_, error);
    }
    std::vector<File> files;
    const auto today = now();
    while (const dirent* entry = ::readdir(stream)) {
        struct stat status {};
        if (::fstatat(fd_, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) continue;
        const auto used = nanoseconds(status.st_mtim);
        const std::string_view name(entry->d_name);
        if (name.starts_with(kTemporary)) {
            if (today - used > kAbandoned) ::unlinkat(fd_, entry->d_name, 0);
            continue;
        }
        files.push_back({std::string(name), static_cast<std::uint64_t>(status.st_size), used});
    }
    ::closedir(stream);
    return files;
}

}  // namespace mortise::trust
