// The process, randomness, and sockets, of which there are none.

#include <algorithm>

#include <sched.h>

#include "wasi/call.hpp"

namespace mortise::wasi {

namespace {

// Bytes of randomness between two looks at the deadline.
constexpr std::uint32_t kRandomChunk = 256 * 1024;

Errno fill(Call& call, std::uint64_t at, std::uint32_t count) {
    const auto out = call.memory().writable(at, count);
    return out ? call.world.random.fill(*out) : Errno::fault;
}

// By a function of the embedder's, which may run this guest: not into its memory, which may move.
Errno fill_aside(Call& call, std::uint64_t at, std::uint32_t count) {
    Bytes aside(count);
    MORTISE_WASI_TRY(call.world.random.fill(aside));
    return call.memory().write(at, aside) ? Errno::success : Errno::fault;
}

// What a call on a socket answers: nothing that a guest can open is one.
Errno no_socket(const Call& call, std::uint32_t fd) noexcept {
    return call.world.descriptors.find(fd) == nullptr ? Errno::badf : Errno::notsock;
}

}  // namespace

Errno proc_exit(Call& call, std::uint32_t status) {
    engine::StopInfo info;
    info.exit_status = static_cast<std::int32_t>(status);
    call.stop = call.store.stop_with(engine::Stop::exit, std::move(info));
    return Errno::success;
}

Errno proc_raise(Call&, std::uint32_t) { return Errno::notsup; }

Errno sched_yield(Call&) {
    ::sched_yield();
    return Errno::success;
}

Errno random_get(Call& call, std::uint32_t at, std::uint32_t length) {
    MORTISE_WASI_TRY(call.may(engine::Effect::random));
    MORTISE_WASI_TRY(call.can_store(at, length));
    for (std::uint32_t done = 0; done < length;) {
        const std::uint32_t count = std::min(length - done, kRandomChunk);
        MORTISE_WASI_TRY(call.world.random.calls_out() ? fill_aside(call, std::uint64_t{at} + done, count)
                                                       : fill(call, std::uint64_t{at} + done, count));
        done += count;
        if (call.patience().over()) return Errno::intr;
    }
    return Errno::success;
}

Errno sock_accept(Call& call, std::uint32_t fd, std::uint32_t, std::uint32_t) { return no_socket(call, fd); }

Errno sock_recv(Call& call, std::uint32_t fd, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t) {
    return no_socket(call, fd);
}

Errno sock_send(Call& call, std::uint32_t fd, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t) {
    return no_socket(call, fd);
}

Errno sock_shutdown(Call& call, std::uint32_t fd, std::uint32_t) { return no_socket(call, fd); }

}  // namespace mortise::wasi
