// Paths below directories.

#include <algorithm>
#include <memory>
#include <string>

#include "wasi/call.hpp"
#include "wasi/layout.hpp"
#include "wasi/path.hpp"

namespace mortise::wasi {

namespace {

// A directory and a path from it.
struct Place {
    Directory* directory = nullptr;
    std::string path;
};

Outcome<Place> place(const Call& call, std::uint32_t fd, Rights needed, std::uint32_t path, std::uint32_t length) {
    const auto at = call.directory(fd, needed);
    if (!at) return refuse(at.error());
    auto text = call.path(path, length);
    if (!text) return refuse(text.error());
    return Place{at->directory, *std::move(text)};
}

Outcome<Follow> follow_of(std::uint32_t flags) noexcept {
    if (flags > 1) return refuse(Errno::inval);
    return flags == 1 ? Follow::yes : Follow::no;
}

}  // namespace

Outcome<Times> times_of(std::uint64_t accessed, std::uint64_t modified, std::uint32_t flags) noexcept {
    using How = TimeChange::How;
    if (flags > fstflags::all) return refuse(Errno::inval);
    const auto change = [flags](std::uint32_t set, std::uint32_t now, std::uint64_t nanoseconds) -> Outcome<TimeChange> {
        if ((flags & set) != 0 && (flags & now) != 0) return refuse(Errno::inval);
        if ((flags & now) != 0) return TimeChange{How::now, 0};
        if ((flags & set) != 0) return TimeChange{How::set, nanoseconds};
        return TimeChange{};
    };
    const auto atime = change(fstflags::atim, fstflags::atim_now, accessed);
    const auto mtime = change(fstflags::mtim, fstflags::mtim_now, modified);
    if (!atime || !mtime) return refuse(Errno::inval);
    return Times{*atime, *mtime};
}

Errno path_create_directory(Call& call, std::uint32_t fd, std::uint32_t path, std::uint32_t length) {
    MORTISE_WASI_TRY(call.may(engine::Effect::changed_files));
    const auto at = place(call, fd, rights::path_create_directory, path, length);
    return at ? at->directory->create_directory(at->path) : at.error();
}

Errno path_remove_directory(Call& call, std::uint32_t fd, std::uint32_t path, std::uint32_t length) {
    MORTISE_WASI_TRY(call.may(engine::Effect::changed_files));
    const auto at = place(call, fd, rights::path_remove_directory, path, length);
    return at ? at->directory->remove_directory(at->path) : at.error();
}

Errno path_unlink_file(Call& call, std::uint32_t fd, std::uint32_t path, std::uint32_t length) {
    MORTISE_WASI_TRY(call.may(engine::Effect::changed_files));
    const auto at = place(call, fd, rights::path_unlink_file, path, length);
    return at ? at->directory->unlink(at->path) : at.error();
}

Errno path_filestat_get(Call& call, std::uint32_t fd, std::uint32_t flags, std::uint32_t path, std::uint32_t length,
                        std::uint32_t result) {
    MORTISE_WASI_TRY(call.may(engine::Effect::files));
    const auto follow = follow_of(flags);
    if (!follow) return follow.error();
    const auto at = place(call, fd, rights::path_filestat_get, path, length);
    if (!at) return at.error();
    const auto stat = at->directory->stat_path(at->path, *follow);
    if (!stat) return stat.error();
    return store_filestat(call.memory(), result, *stat, call.version) ? Errno::success : Errno::fault;
}

Errno path_filestat_set_times(Call& call, std::uint32_t fd, std::uint32_t flags, std::uint32_t path, std::uint32_t length,
                              std::uint64_t accessed, std::uint64_t modified, std::uint32_t time_flags) {
    MORTISE_WASI_TRY(call.may(engine::Effect::changed_files));
    const auto follow = follow_of(flags);
    if (!follow) return follow.error();
    const auto times = times_of(accessed, modified, time_flags);
    if (!times) return times.error();
    const auto at = place(call, fd, rights::path_filestat_set_times, path, length);
    return at ? at->directory->set_path_times(at->path, *follow, *times) : at.error();
}

Errno path_link(Call& call, std::uint32_t fd, std::uint32_t flags, std::uint32_t path, std::uint32_t length,
                std::uint32_t to_fd, std::uint32_t to_path, std::uint32_t to_length) {
    MORTISE_WASI_TRY(call.may(engine::Effect::changed_files));
    // Following would have to give the link's target a name; nobody else offers it either.
    if (flags != 0) return Errno::inval;
    const auto from = place(call, fd, rights::path_link_source, path, length);
    if (!from) return from.error();
    const auto to = place(call, to_fd, rights::path_link_target, to_path, to_length);
    return to ? from->directory->link(from->path, *to->directory, to->path) : to.error();
}

Errno path_rename(Call& call, std::uint32_t fd, std::uint32_t path, std::uint32_t length, std::uint32_t to_fd,
                  std::uint32_t to_path, std::uint32_t to_length) {
    MORTISE_WASI_TRY(call.may(engine::Effect::changed_files));
    const auto from = place(call, fd, rights::path_rename_source, path, length);
    if (!from) return from.error();
    const auto to = place(call, to_fd, rights::path_rename_target, to_path, to_length);
    return to ? from->directory->rename(from->path, *to->directory, to->path) : to.error();
}

Errno path_symlink(Call& call, std::uint32_t target, std::uint32_t target_length, std::uint32_t fd, std::uint32_t path,
                   std::uint32_t length) {
    MORTISE_WASI_TRY(call.may(engine::Effect::changed_files));
    const auto at = place(call, fd, rights::path_symlink, path, length);
    if (!at) return at.error();
    const auto text = call.memory().text(target, target_length);
    if (!text) return Errno::fault;
    MORTISE_WASI_TRY(check_link_target(*text));
    return at->directory->symlink(std::string(*text), at->path);
}

Errno path_readlink(Call& call, std::uint32_t fd, std::uint32_t path, std::uint32_t length, std::uint32_t at,
                    std::uint32_t room, std::uint32_t result) {
    MORTISE_WASI_TRY(call.may(engine::Effect::files));
    const auto link = place(call, fd, rights::path_readlink, path, length);
    if (!link) return link.error();
    MORTISE_WASI_TRY(call.can_store(at, room));
    MORTISE_WASI_TRY(call.can_store(result, 4));
    const auto target = link->directory->read_link(link->path);
    if (!target) return target.error();
    const std::string_view given = std::string_view(*target).substr(0, room);
    if (!call.memory().write(at, bytes_of(given))) return Errno::fault;
    return call.store_result(result, static_cast<std::uint32_t>(given.size()));
}

}  // namespace mortise::wasi
