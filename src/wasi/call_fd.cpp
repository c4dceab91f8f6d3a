// Descriptors: state, positions, sizes, times.

#include <algorithm>

#include "wasi/call.hpp"
#include "wasi/layout.hpp"

namespace mortise::wasi {

namespace {

std::optional<Whence> whence_of(std::uint32_t number, Version version) noexcept {
    static constexpr Whence kPreview1[] = {Whence::set, Whence::current, Whence::end};
    static constexpr Whence kUnstable[] = {Whence::current, Whence::end, Whence::set};
    if (number > 2) return std::nullopt;
    return version == Version::preview1 ? kPreview1[number] : kUnstable[number];
}

// A descriptor with a position. What has none says so before a right is missed, as it can never have that right.
Outcome<Descriptor*> seekable(const Call& call, std::uint32_t fd, Rights needed) {
    Descriptor* descriptor = call.world.descriptors.find(fd);
    if (descriptor == nullptr) return refuse(Errno::badf);
    if (descriptor->handle->as_directory() != nullptr) return refuse(Errno::isdir);
    if (descriptor->handle->type() != FileType::regular_file) return refuse(Errno::spipe);
    return call.descriptor(fd, needed);
}

// A descriptor of a file, for what directories cannot do.
Outcome<Handle*> file(const Call& call, std::uint32_t fd, Rights needed) {
    const Descriptor* descriptor = call.world.descriptors.find(fd);
    if (descriptor == nullptr) return refuse(Errno::badf);
    if (descriptor->handle->as_directory() != nullptr) return refuse(Errno::isdir);
    if ((descriptor->base & needed) != needed) return refuse(Errno::notcapable);
    return descriptor->handle.get();
}

}  // namespace

Errno fd_advise(Call& call, std::uint32_t fd, std::uint64_t offset, std::uint64_t length, std::uint32_t advice) {
    if (advice > 5) return Errno::inval;
    const auto found = call.descriptor(fd, rights::fd_advise);
    if (!found) return found.error();
    return (*found)->handle->advise(offset, length, static_cast<std::uint8_t>(advice));
}

Errno fd_allocate(Call& call, std::uint32_t fd, std::uint64_t offset, std::uint64_t length) {
    MORTISE_WASI_TRY(call.may(engine::Effect::changed_files));
    const auto found = file(call, fd, rights::fd_allocate);
    return found ? (*found)->allocate(offset, length) : found.error();
}

Errno fd_close(Call& call, std::uint32_t fd) {
    MORTISE_WASI_TRY(call.may(engine::Effect::files));
    return call.world.descriptors.close(fd);
}

Errno fd_datasync(Call& call, std::uint32_t fd) {
    const auto found = call.descriptor(fd, rights::fd_datasync);
    return found ? (*found)->handle->datasync() : found.error();
}

Errno fd_sync(Call& call, std::uint32_t fd) {
    const auto found = call.descriptor(fd, rights::fd_sync);
    return found ? (*found)->handle->sync() : found.error();
}

Errno fd_fdstat_get(Call& call, std::uint32_t fd, std::uint32_t result) {
    const auto found = call.descriptor(fd, 0);
    if (!found) return found.error();
    const engine::GuestMemory memory = call.memory();
    const auto out = memory.writable(result, kFdstatBytes);
    if (!out) return Errno::fault;
    std::fill(out->begin(), out->end(), std::byte{0});
    memory.store(result, static_cast<std::uint8_t>((*found)->handle->type()));
    memory.store(std::uint64_t{result} + 2, (*found)->flags);
    memory.store(std::uint64_t{result} + 8, (*found)->base);
    memory.store(std::uint64_t{result} + 16, (*found)->inheriting);
    return Errno::success;
}

Errno fd_fdstat_set_flags(Call& call, std::uint32_t fd, std::uint32_t flags) {
    if (flags > fdflags::all) return Errno::inval;
    MORTISE_WASI_TRY(call.may(engine::Effect::descriptors));
    const auto found = call.descriptor(fd, rights::fd_fdstat_set_flags);
    if (!found) return found.error();
    (*found)->flags = static_cast<std::uint16_t>(flags);
    return Errno::success;
}

Errno fd_fdstat_set_rights(Call& call, std::uint32_t fd, std::uint64_t base, std::uint64_t inheriting) {
    MORTISE_WASI_TRY(call.may(engine::Effect::descriptors));
    const auto found = call.descriptor(fd, 0);
    if (!found) return found.error();
    Descriptor& descriptor = **found;
    if ((base & ~descriptor.base) != 0 || (inheriting & ~descriptor.inheriting) != 0) return Errno::notcapable;
    descriptor.base = base;
    descriptor.inheriting = inheriting;
    return Errno::success;
}

Errno fd_filestat_get(Call& call, std::uint32_t fd, std::uint32_t result) {
    MORTISE_WASI_TRY(call.may(engine::Effect::files));
    const auto found = call.descriptor(fd, rights::fd_filestat_get);
    if (!found) return found.error();
    const auto stat = (*found)->handle->stat();
    if (!stat) return stat.error();
    return store_filestat(call.memory(), result, *stat, call.version) ? Errno::success : Errno::fault;
}

Errno fd_filestat_set_size(Call& call, std::uint32_t fd, std::uint64_t size) {
    MORTISE_WASI_TRY(call.may(engine::Effect::changed_files));
    const auto found = file(call, fd, rights::fd_filestat_set_size);
    return found ? (*found)->set_size(size) : found.error();
}

Errno fd_filestat_set_times(Call& call, std::uint32_t fd, std::uint64_t accessed, std::uint64_t modified, std::uint32_t flags) {
    MORTISE_WASI_TRY(call.may(engine::Effect::changed_files));
    const auto times = times_of(accessed, modified, flags);
    if (!times) return times.error();
    const auto found = call.descriptor(fd, rights::fd_filestat_set_times);
    return found ? (*found)->handle->set_times(*times) : found.error();
}

Errno fd_prestat_get(Call& call, std::uint32_t fd, std::uint32_t result) {
    const auto found = call.descriptor(fd, 0);
    if (!found) return found.error();
    if (!(*found)->preopen) return Errno::badf;
    MORTISE_WASI_TRY(call.can_store(result, kPrestatBytes));
    MORTISE_WASI_TRY(call.store_result(result, std::uint32_t{0}));  // a directory: the only kind there is
    return call.store_result(result + 4, static_cast<std::uint32_t>((*found)->preopen->size()));
}

Errno fd_prestat_dir_name(Call& call, std::uint32_t fd, std::uint32_t at, std::uint32_t length) {
    const auto found = call.descriptor(fd, 0);
    if (!found) return found.error();
    if (!(*found)->preopen) return Errno::badf;
    const std::string& name = *(*found)->preopen;
    if (length < name.size()) return Errno::nametoolong;
    return call.memory().write(at, bytes_of(name)) ? Errno::success : Errno::fault;
}

Errno fd_renumber(Call& call, std::uint32_t from, std::uint32_t to) {
    MORTISE_WASI_TRY(call.may(engine::Effect::files));
    return call.world.descriptors.renumber(from, to);
}

Errno fd_seek(Call& call, std::uint32_t fd, std::int64_t offset, std::uint32_t number, std::uint32_t result) {
    const auto whence = whence_of(number, call.version);
    const bool only_tells = whence == Whence::current && offset == 0;
    const auto found = seekable(call, fd, only_tells ? 0 : rights::fd_seek);
    if (!found) return found.error();
    if (only_tells && ((*found)->base & (rights::fd_tell | rights::fd_seek)) == 0) return Errno::notcapable;
    if (!whence) return Errno::inval;
    MORTISE_WASI_TRY(call.can_store(result, 8));
    const auto at = (*found)->handle->seek(offset, *whence);
    return at ? call.store_result(result, *at) : at.error();
}

Errno fd_tell(Call& call, std::uint32_t fd, std::uint32_t result) {
    const auto found = seekable(call, fd, 0);
    if (!found) return found.error();
    if (((*found)->base & (rights::fd_tell | rights::fd_seek)) == 0) return Errno::notcapable;
    MORTISE_WASI_TRY(call.can_store(result, 8));
    const auto at = (*found)->handle->seek(0, Whence::current);
    return at ? call.store_result(result, *at) : at.error();
}

}  // namespace mortise::wasi
