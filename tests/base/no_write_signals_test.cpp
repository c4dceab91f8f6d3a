#include "base/no_write_signals.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include <gtest/gtest.h>

namespace mortise::base {
namespace {

bool is_blocked(int signal) {
    sigset_t now;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
    return ::sigismember(&now, signal) == 1;
}

bool is_pending(int signal) {
    sigset_t pending;
    ::sigpending(&pending);
    return ::sigismember(&pending, signal) == 1;
}

TEST(NoWriteSignals, Closed_pipe_is_an_error_and_no_signal) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    ::close(pipe[0]);
    int error = 0;
    {
        const NoWriteSignals guard;
        EXPECT_EQ(::write(pipe[1], "x", 1), -1);
        error = errno;
    }
    ::close(pipe[1]);
    EXPECT_EQ(error, EPIPE);
    EXPECT_FALSE(is_blocked(SIGPIPE));
}

TEST(NoWriteSignals, Write_beyond_the_limit_on_files_is_an_error_and_no_signal) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
    ASSERT_NE(file, nullptr);
    rlimit old{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
    const rlimit small{1, old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    ssize_t first = 0, second = 0;
    {
        const NoWriteSignals guard;
        first = ::write(::fileno(file.get()), "xy", 2);
        second = ::write(::fileno(file.get()), "y", 1);
    }
    const int error = errno;
    ::setrlimit(RLIMIT_FSIZE, &old);
    EXPECT_EQ(first, 1);
    EXPECT_EQ(second, -1);
    EXPECT_EQ(error, EFBIG) << "which the guard leaves as it was";
    EXPECT_FALSE(is_blocked(SIGXFSZ));
}

TEST(NoWriteSignals, Signal_that_waited_before_stays) {
    sigset_t pipe, before;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
    ::raise(SIGPIPE);
    { const NoWriteSignals guard; }
    EXPECT_TRUE(is_pending(SIGPIPE));
    const timespec none{};
    EXPECT_EQ(::sigtimedwait(&pipe, nullptr, &none), SIGPIPE);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace mortise::base
