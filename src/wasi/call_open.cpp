// path_open: the way to every descriptor that a guest does not start with.

#include <memory>

#include "wasi/call.hpp"

namespace mortise::wasi {

namespace {

Rights rights_for(std::uint32_t open_flags) noexcept {
    Rights needed = rights::path_open;
    if ((open_flags & oflags::creat) != 0) needed |= rights::path_create_file;
    if ((open_flags & oflags::trunc) != 0) needed |= rights::path_filestat_set_size;
    return needed;
}

// What a descriptor's flags need of the rights that its directory hands down.
Rights rights_for_flags(std::uint32_t fd_flags) noexcept {
    Rights needed = 0;
    if ((fd_flags & fdflags::dsync) != 0) needed |= rights::fd_datasync;
    if ((fd_flags & (fdflags::rsync | fdflags::sync)) != 0) needed |= rights::fd_sync;
    return needed;
}

// A file that is to be resized must be open for writing, whether its bytes may be written or not. Where it cannot be, whoever does not
// ask to write gets it all the same; resizing then fails.
Outcome<std::shared_ptr<Handle>> open_with(Directory& directory, OpenRequest& request, Rights base) {
    constexpr Rights kResizes = rights::fd_allocate | rights::fd_filestat_set_size;
    request.read = (base & (rights::fd_read | rights::fd_readdir)) != 0;
    request.write = (base & (rights::fd_write | kResizes)) != 0;
    auto opened = directory.open(request);
    if (opened || !request.write || (base & rights::fd_write) != 0) return opened;
    request.write = false;
    return directory.open(request);
}

Rights applicable(const Handle& handle) noexcept {
    switch (handle.type()) {
        case FileType::directory: return rights::of_directory;
        case FileType::regular_file: return rights::of_file;
        default: return rights::of_stream | rights::fd_filestat_set_times;
    }
}

}  // namespace

Errno path_open(Call& call, std::uint32_t fd, std::uint32_t flags, std::uint32_t path, std::uint32_t length,
                std::uint32_t open_flags, std::uint64_t base, std::uint64_t inheriting, std::uint32_t fd_flags,
                std::uint32_t result) {
    const bool changes = (open_flags & (oflags::creat | oflags::trunc)) != 0;
    MORTISE_WASI_TRY(call.may(changes ? engine::Effect::changed_files : engine::Effect::files));
    if (flags > 1 || open_flags > oflags::all || fd_flags > fdflags::all) return Errno::inval;
    if ((open_flags & oflags::directory) != 0 && open_flags != oflags::directory) return Errno::inval;
    base &= rights::all;  // what no right has a number for cannot be asked for either
    inheriting &= rights::all;
    const auto at = call.directory(fd, rights_for(open_flags));
    if (!at) return at.error();
    if (((base | inheriting | rights_for_flags(fd_flags)) & ~at->descriptor->inheriting) != 0) return Errno::notcapable;
    MORTISE_WASI_TRY(call.can_store(result, 4));
    const auto text = call.path(path, length);
    if (!text) return text.error();
    if (!call.world.descriptors.has_room()) return Errno::mfile;

    OpenRequest request{*text};
    request.follow = flags == 1 ? Follow::yes : Follow::no;
    request.oflags = static_cast<std::uint16_t>(open_flags);
    auto opened = open_with(*at->directory, request, base);
    if (!opened) return opened.error();

    Descriptor descriptor;
    descriptor.base = base & applicable(**opened);
    descriptor.inheriting = (*opened)->as_directory() != nullptr ? inheriting : 0;
    descriptor.flags = (*opened)->as_directory() != nullptr ? 0 : static_cast<std::uint16_t>(fd_flags);
    descriptor.handle = *std::move(opened);
    const auto added = call.world.descriptors.add(std::move(descriptor));
    if (!added) return added.error();
    return call.store_result(result, *added);
}

}  // namespace mortise::wasi
