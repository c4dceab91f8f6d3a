#include "trust/private_folder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/no_write_signals.hpp"
#include "base/text.hpp"

namespace mortise::trust {

namespace {

using base::concat;

constexpr std::string_view kTemporary = ".new-";
constexpr std::size_t kTemporaryDigits = 24;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kAbandoned = 600 * kSecond;   // no writer needs ten minutes
constexpr std::int64_t kTouchEvery = 60 * kSecond;

std::string words_of(int error) { return std::generic_category().message(error); }

std::unexpected<Error> failed(std::string_view what, const std::filesystem::path& path, int error) {
    return fail(ErrorCode::io, concat("cannot ", what, " ", path.string(), ": ", words_of(error)));
}

std::int64_t nanoseconds(const timespec& time) noexcept {
    const std::int64_t seconds = time.tv_sec;
    if (seconds < 0) return 0;
    if (seconds >= INT64_MAX / kSecond) return INT64_MAX;
    return seconds * kSecond + time.tv_nsec;
}

// Clocks are set back, and files come from machines whose clocks are wrong: what lies ahead is as far as what lies behind.
bool is_far(std::int64_t one, std::int64_t other, std::int64_t most) noexcept {
    return (one > other ? one - other : other - one) > most;
}

Result<void> make_folders(const std::filesystem::path& folder) {
    if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
    if (errno != ENOENT || !folder.has_parent_path() || folder.parent_path() == folder) return failed("make", folder, errno);
    if (auto above = make_folders(folder.parent_path()); !above) return above;
    // Another process may have been quicker.
    if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return failed("make", folder, errno);
}

// Without the slashes at its end, through which a link would be followed. All else is left to the system: what `..` means
// depends on links.
std::filesystem::path without_last_slashes(const std::filesystem::path& folder) {
    std::error_code ignored;
    std::string text = std::filesystem::absolute(folder, ignored).string();
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
}

bool is_link(const std::filesystem::path& path) noexcept {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

std::unexpected<Error> not_opened(const std::filesystem::path& folder, int error, PrivateFolder::Missing missing) {
    const bool looks = missing == PrivateFolder::Missing::is_error;
    if (is_link(folder)) return fail(ErrorCode::denied, concat(folder.string(), " is a symbolic link; name the folder itself"));
    if (error == ENOENT && looks) return fail(ErrorCode::not_found, concat(folder.string(), ": no such folder"));
    if (error == ENOTDIR) return fail(looks ? ErrorCode::not_found : ErrorCode::io, concat(folder.string(), " is no folder"));
    return failed("open", folder, error);
}

Result<void> check_owner(const std::filesystem::path& path, const struct stat& status) {
    if (status.st_uid == ::geteuid()) return {};
    return fail(ErrorCode::denied, concat(path.string(), " belongs to user ", status.st_uid, ", not to user ", ::geteuid()));
}

Result<void> check_folder(const std::filesystem::path& folder, const struct stat& status) {
    if (auto ours = check_owner(folder, status); !ours) return ours;
    // Where access control lists are used, the group's bits tell the most that any of them allows.
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
    return fail(ErrorCode::denied, concat("others than its owner may write to ", folder.string()));
}

Result<void> check_file(const std::filesystem::path& path, const struct stat& status, PrivateFolder::Others others) {
    if (!S_ISREG(status.st_mode)) return fail(ErrorCode::denied, concat(path.string(), " is no regular file"));
    if (auto ours = check_owner(path, status); !ours) return ours;
    const bool secret = others == PrivateFolder::Others::may_nothing;
    const mode_t forbidden = secret ? S_IRWXG | S_IRWXO : S_IWGRP | S_IWOTH;
    if ((status.st_mode & forbidden) == 0) return {};
    if (!secret) return fail(ErrorCode::denied, concat("others than its owner may write to ", path.string()));
    return fail(ErrorCode::denied, concat("others than its owner may read or write ", path.string(),
                                          "; delete it, or chmod 600 it if nobody did"));
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
    std::array<unsigned char, kTemporaryDigits / 2> random{};
    randombytes_buf(random.data(), random.size());
    std::string hex(kTemporaryDigits + 1, '\0');
    sodium_bin2hex(hex.data(), hex.size(), random.data(), random.size());
    hex.pop_back();
    return concat(kTemporary, hex);
}

bool is_temporary(std::string_view name) noexcept {
    const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return name.size() == kTemporary.size() + kTemporaryDigits && name.starts_with(kTemporary) &&
           std::ranges::all_of(name.substr(kTemporary.size()), is_digit);
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

void wait_for_lock(int fd) noexcept {
    while (::flock(fd, LOCK_EX) != 0 && errno == EINTR) {}
}

}  // namespace

std::int64_t now_ns() noexcept {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

PrivateFile::PrivateFile(std::filesystem::path path, base::UniqueFd fd, const struct stat& status) noexcept
    : path_(std::move(path)),
      fd_(std::move(fd)),
      size_(static_cast<std::uint64_t>(status.st_size)),
      used_ns_(nanoseconds(status.st_mtim)),
      device_(status.st_dev),
      number_(status.st_ino) {}

Result<std::size_t> PrivateFile::read_start(std::span<std::byte> into) const {
    std::size_t got = 0;
    while (got < into.size()) {
        const ssize_t count = ::pread(fd_.get(), into.data() + got, into.size() - got, static_cast<off_t>(got));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("read", path_, errno);
        if (count == 0) break;
        got += static_cast<std::size_t>(count);
    }
    return got;
}

Result<Bytes> PrivateFile::read(std::uint64_t most) const {
    if (size_ > most) return fail(ErrorCode::io, concat(path_.string(), " is longer than ", most, " bytes"));
    Bytes content;
    try {
        content.resize(static_cast<std::size_t>(size_));
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::io, concat("there is no memory for the ", size_, " bytes of ", path_.string()));
    } catch (const std::length_error&) {
        return fail(ErrorCode::io, concat("there is no memory for the ", size_, " bytes of ", path_.string()));
    }
    auto got = read_start(content);
    if (!got) return fail(std::move(got).error());
    content.resize(*got);
    return content;
}

void PrivateFile::note_use() const noexcept {
    if (is_far(now_ns(), used_ns_, kTouchEvery)) ::futimens(fd_.get(), nullptr);
}

void PrivateFile::lock() const noexcept { wait_for_lock(fd_.get()); }

Result<PrivateFolder> PrivateFolder::open(const std::filesystem::path& folder, Missing missing) {
    if (folder.empty()) return fail(ErrorCode::io, "the folder has no name");
    auto path = without_last_slashes(folder);
    if (path.empty()) return fail(ErrorCode::io, concat("nothing is known of ", folder.string()));
    if (missing == Missing::is_made) {
        if (auto made = make_folders(path); !made) return fail(std::move(made).error());
    }
    base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return not_opened(path, errno, missing);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return failed("look at", path, errno);
    if (auto ours = check_folder(path, status); !ours) return fail(std::move(ours).error());
    return PrivateFolder(std::move(path), std::move(fd));
}

Result<std::optional<PrivateFile>> PrivateFolder::find(const std::string& name, Others others) const {
    auto path = path_ / name;
    // Not to block on a pipe that stands there under the name.
    base::UniqueFd fd(::openat(fd_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd && errno == ENOENT) return std::optional<PrivateFile>();
    if (!fd && errno == ELOOP) return fail(ErrorCode::denied, concat(path.string(), " is a symbolic link"));
    if (!fd) return failed("open", path, errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return failed("look at", path, errno);
    if (auto ours = check_file(path, status, others); !ours) return fail(std::move(ours).error());
    return PrivateFile(std::move(path), std::move(fd), status);
}

bool PrivateFolder::is_still(const std::string& name, const PrivateFile& file) const noexcept {
    struct stat status {};
    return ::fstatat(fd_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_dev == file.device_ &&
           status.st_ino == file.number_;
}

// Locked as long as it is being written: that is how others know that its writer lives.
struct PrivateFolder::Temporary {
    std::string name;
    base::UniqueFd fd;
};

Result<PrivateFolder::Temporary> PrivateFolder::write_temporary(BytesView content) const {
    constexpr int kTries = 16;
    for (int tries = 0; tries < kTries; ++tries) {
        std::string name = temporary_name();
        base::UniqueFd fd(::openat(fd_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!fd && errno == ENOENT) return fail(ErrorCode::not_found, concat("cannot write to ", path_.string(), ": the folder is gone"));
        if (!fd) return failed("write to", path_, errno);
        wait_for_lock(fd.get());
        struct stat status {};
        // Somebody may have locked it first, and removed it as one that nobody writes.
        if (::fstat(fd.get(), &status) == 0 && status.st_nlink == 0) continue;
        if (auto written = write_all(fd.get(), content, path_); !written) {
            ::unlinkat(fd_.get(), name.c_str(), 0);
            return fail(std::move(written).error());
        }
        return Temporary{std::move(name), std::move(fd)};
    }
    return fail(ErrorCode::io, concat("cannot write to ", path_.string(), ": what is being written is removed again and again"));
}

Result<void> PrivateFolder::write(const std::string& name, BytesView content) const {
    const auto temporary = write_temporary(content);
    if (!temporary) return fail(temporary.error());
    if (::renameat(fd_.get(), temporary->name.c_str(), fd_.get(), name.c_str()) == 0) return {};
    const int error = errno;
    ::unlinkat(fd_.get(), temporary->name.c_str(), 0);
    return failed("write", path_ / name, error);
}

Result<bool> PrivateFolder::write_new(const std::string& name, BytesView content) const {
    const auto temporary = write_temporary(content);
    if (!temporary) return fail(temporary.error());
    const int error = rename_new(fd_.get(), temporary->name.c_str(), name.c_str());
    if (error == 0) return true;
    ::unlinkat(fd_.get(), temporary->name.c_str(), 0);
    if (error == EEXIST) return false;
    return failed("write", path_ / name, error);
}

Result<bool> PrivateFolder::remove(const std::string& name) const {
    if (::unlinkat(fd_.get(), name.c_str(), 0) == 0) return true;
    if (errno == ENOENT) return false;
    return failed("remove", path_ / name, errno);
}

void PrivateFolder::touch(const std::string& name) const noexcept {
    ::utimensat(fd_.get(), name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

Result<std::vector<std::string>> PrivateFolder::names() const {
    const int copy = ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(copy >= 0 ? ::fdopendir(copy) : nullptr, &::closedir);
    if (!stream) {
        const int error = errno;
        if (copy >= 0) ::close(copy);
        return failed("list", path_, error);
    }
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(stream.get())) names.emplace_back(entry->d_name);
    return names;
}

Result<std::vector<PrivateFolder::File>> PrivateFolder::list() const {
    auto all = names();
    if (!all) return fail(std::move(all).error());
    std::vector<File> files;
    for (auto& name : *all) {
        struct stat status {};
        if (is_temporary(name) || ::fstatat(fd_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (!S_ISREG(status.st_mode)) continue;
        files.push_back({std::move(name), static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim)});
    }
    return files;
}

Result<void> PrivateFolder::remove_abandoned() const {
    auto all = names();
    if (!all) return fail(std::move(all).error());
    for (const auto& name : *all) {
        if (!is_temporary(name)) continue;
        if (auto removed = remove_if_abandoned(name); !removed) return fail(std::move(removed).error());
    }
    return {};
}

// A writer holds its file locked, and a lock ends with its process, however that ends. Held here until the name is gone: see
// `write_temporary`.
Result<bool> PrivateFolder::remove_if_abandoned(const std::string& name) const {
    const base::UniqueFd fd(::openat(fd_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        const bool locked = errno == EWOULDBLOCK;   // else there are no locks here
        if (locked || !is_far(now_ns(), nanoseconds(status.st_mtim), kAbandoned)) return false;
    }
    return remove(name);
}

bool PrivateFolder::is_in(std::uint64_t device, std::uint64_t number) const noexcept {
    base::UniqueFd at(::openat(fd_.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct stat status {};
    while (at && ::fstat(at.get(), &status) == 0) {
        if (status.st_dev == device && status.st_ino == number) return true;
        struct stat above {};
        if (::fstatat(at.get(), "..", &above, 0) != 0 || (above.st_dev == status.st_dev && above.st_ino == status.st_ino)) return false;
        at = base::UniqueFd(::openat(at.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    return false;
}

}  // namespace mortise::trust
