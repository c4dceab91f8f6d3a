#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/store.hpp"
#include "wasi/handle.hpp"
#include "wasi/world.hpp"

namespace mortise::wasi {

/// One call of a guest: what its function needs.
struct Call {
    State& world;
    engine::Store& store;
    engine::Caller caller;
    Version version = Version::preview1;
    engine::Stop stop = engine::Stop::done;   ///< set by what ends the guest

    /// The guest's memory as it is now. Fetched anew after anything that may run the embedder's code.
    engine::GuestMemory memory() const noexcept { return store.view(caller); }

    Patience patience() const noexcept { return Patience(store); }

    /// To be asked before anything of the kind is done: an error where this is a rehearsal that has to end here.
    Errno may(engine::Effect effect) const noexcept {
        return world.rehearsal == nullptr || world.rehearsal->allows(effect) ? Errno::success : Errno::notcapable;
    }

    /// An open descriptor that has these rights: `badf`, `notcapable`. Good until another one is opened or closed.
    Outcome<Descriptor*> descriptor(std::uint32_t fd, Rights needed) const noexcept;

    /// The same, for what starts a path: a directory (`notdir`).
    struct At {
        Descriptor* descriptor;
        Directory* directory;
    };
    Outcome<At> directory(std::uint32_t fd, Rights needed) const noexcept;

    /// A path from the guest's memory, checked: `fault` and what `check_path` says.
    Outcome<std::string> path(std::uint32_t at, std::uint32_t length) const;

    /// `fault` unless a result of this size fits there. Asked before anything is done, so that nothing is done for a guest
    /// that could not learn of it.
    Errno can_store(std::uint32_t at, std::uint64_t bytes) const noexcept {
        return memory().contains(at, bytes) ? Errno::success : Errno::fault;
    }

    template <class T>
    Errno store_result(std::uint32_t at, T value) const noexcept {
        return memory().store(at, value) ? Errno::success : Errno::fault;
    }
};

/// What `atim`, `mtim` and `fst_flags` ask for; `inval` for flags that contradict each other.
Outcome<Times> times_of(std::uint64_t accessed, std::uint64_t modified, std::uint32_t flags) noexcept;

/// Ends the call with an error number, if there is one.
#define MORTISE_WASI_TRY(expression)                                             \
    do {                                                                         \
        if (const Errno error_ = (expression); error_ != Errno::success) return error_; \
    } while (false)

// The functions, by the names of preview 1.

Errno args_get(Call& call, std::uint32_t pointers, std::uint32_t text);
Errno args_sizes_get(Call& call, std::uint32_t count, std::uint32_t bytes);
Errno environ_get(Call& call, std::uint32_t pointers, std::uint32_t text);
Errno environ_sizes_get(Call& call, std::uint32_t count, std::uint32_t bytes);

Errno clock_res_get(Call& call, std::uint32_t id, std::uint32_t result);
Errno clock_time_get(Call& call, std::uint32_t id, std::uint64_t precision, std::uint32_t result);
Errno poll_oneoff(Call& call, std::uint32_t in, std::uint32_t out, std::uint32_t count, std::uint32_t result);

Errno proc_exit(Call& call, std::uint32_t status);
Errno proc_raise(Call& call, std::uint32_t signal);
Errno sched_yield(Call& call);
Errno random_get(Call& call, std::uint32_t at, std::uint32_t length);

Errno sock_accept(Call& call, std::uint32_t fd, std::uint32_t flags, std::uint32_t result);
Errno sock_recv(Call& call, std::uint32_t fd, std::uint32_t buffers, std::uint32_t count, std::uint32_t flags,
                std::uint32_t length, std::uint32_t result_flags);
Errno sock_send(Call& call, std::uint32_t fd, std::uint32_t buffers, std::uint32_t count, std::uint32_t flags,
                std::uint32_t length);
Errno sock_shutdown(Call& call, std::uint32_t fd, std::uint32_t how);

Errno fd_advise(Call& call, std::uint32_t fd, std::uint64_t offset, std::uint64_t length, std::uint32_t advice);
Errno fd_allocate(Call& call, std::uint32_t fd, std::uint64_t offset, std::uint64_t length);
Errno fd_close(Call& call, std::uint32_t fd);
Errno fd_datasync(Call& call, std::uint32_t fd);
Errno fd_sync(Call& call, std::uint32_t fd);
Errno fd_fdstat_get(Call& call, std::uint32_t fd, std::uint32_t result);
Errno fd_fdstat_set_flags(Call& call, std::uint32_t fd, std::uint32_t flags);
Errno fd_fdstat_set_rights(Call& call, std::uint32_t fd, std::uint64_t base, std::uint64_t inheriting);
Errno fd_filestat_get(Call& call, std::uint32_t fd, std::uint32_t result);
Errno fd_filestat_set_size(Call& call, std::uint32_t fd, std::uint64_t size);
Errno fd_filestat_set_times(Call& call, std::uint32_t fd, std::uint64_t accessed, std::uint64_t modified, std::uint32_t flags);
Errno fd_prestat_get(Call& call, std::uint32_t fd, std::uint32_t result);
Errno fd_prestat_dir_name(Call& call, std::uint32_t fd, std::uint32_t at, std::uint32_t length);
Errno fd_renumber(Call& call, std::uint32_t from, std::uint32_t to);
Errno fd_seek(Call& call, std::uint32_t fd, std::int64_t offset, std::uint32_t whence, std::uint32_t result);
Errno fd_tell(Call& call, std::uint32_t fd, std::uint32_t result);

Errno fd_read(Call& call, std::uint32_t fd, std::uint32_t buffers, std::uint32_t count, std::uint32_t result);
Errno fd_write(Call& call, std::uint32_t fd, std::uint32_t buffers, std::uint32_t count, std::uint32_t result);
Errno fd_pread(Call& call, std::uint32_t fd, std::uint32_t buffers, std::uint32_t count, std::uint64_t offset, std::uint32_t result);
Errno fd_pwrite(Call& call, std::uint32_t fd, std::uint32_t buffers, std::uint32_t count, std::uint64_t offset, std::uint32_t result);
Errno fd_readdir(Call& call, std::uint32_t fd, std::uint32_t at, std::uint32_t length, std::uint64_t cookie, std::uint32_t result);

Errno path_create_directory(Call& call, std::uint32_t fd, std::uint32_t path, std::uint32_t length);
Errno path_filestat_get(Call& call, std::uint32_t fd, std::uint32_t flags, std::uint32_t path, std::uint32_t length,
                        std::uint32_t result);
Errno path_filestat_set_times(Call& call, std::uint32_t fd, std::uint32_t flags, std::uint32_t path, std::uint32_t length,
                              std::uint64_t accessed, std::uint64_t modified, std::uint32_t time_flags);
Errno path_link(Call& call, std::uint32_t fd, std::uint32_t flags, std::uint32_t path, std::uint32_t length,
                std::uint32_t to_fd, std::uint32_t to_path, std::uint32_t to_length);
Errno path_open(Call& call, std::uint32_t fd, std::uint32_t flags, std::uint32_t path, std::uint32_t length,
                std::uint32_t open_flags, std::uint64_t base, std::uint64_t inheriting, std::uint32_t fd_flags,
                std::uint32_t result);
Errno path_readlink(Call& call, std::uint32_t fd, std::uint32_t path, std::uint32_t length, std::uint32_t at,
                    std::uint32_t room, std::uint32_t result);
Errno path_remove_directory(Call& call, std::uint32_t fd, std::uint32_t path, std::uint32_t length);
Errno path_rename(Call& call, std::uint32_t fd, std::uint32_t path, std::uint32_t length, std::uint32_t to_fd,
                  std::uint32_t to_path, std::uint32_t to_length);
Errno path_symlink(Call& call, std::uint32_t target, std::uint32_t target_length, std::uint32_t fd, std::uint32_t path,
                   std::uint32_t length);
Errno path_unlink_file(Call& call, std::uint32_t fd, std::uint32_t path, std::uint32_t length);

}  // namespace mortise::wasi
