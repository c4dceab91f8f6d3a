#pragma once

#include <cerrno>
#include <csignal>
#include <ctime>
#include <initializer_list>

namespace mortise::base {

/// Keeps the signals that a write may bring from a process that does not expect them: SIGPIPE (nobody reads any more) and
/// SIGXFSZ (beyond RLIMIT_FSIZE), each of which ends the process by default. While one lives the write fails with EPIPE or EFBIG
/// alone. Of this thread; changes no handler. Lives around one write: four system calls.
class NoWriteSignals {
public:
    NoWriteSignals() noexcept {
        ::sigemptyset(&held_);
        sigset_t pending;
        ::sigpending(&pending);
        // One that waits already is somebody else's, is blocked, and stays.
        for (const int signal : {SIGPIPE, SIGXFSZ}) {
            if (::sigismember(&pending, signal) == 1) continue;
            ::sigaddset(&held_, signal);
        }
        ::pthread_sigmask(SIG_BLOCK, &held_, &before_);
    }
    NoWriteSignals(const NoWriteSignals&) = delete;
    NoWriteSignals& operator=(const NoWriteSignals&) = delete;
    ~NoWriteSignals() {
        const int error = errno;   // the write's
        const timespec none{};
        while (::sigtimedwait(&held_, nullptr, &none) > 0 || errno == EINTR) {}
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = error;
    }

private:
    sigset_t held_;
    sigset_t before_;
};

}  // namespace mortise::base
