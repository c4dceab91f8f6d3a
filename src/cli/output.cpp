#include "cli/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include "cli/exit_status.hpp"
#include "cli/report.hpp"

namespace mortise::cli {

namespace {

// 0 or the errno.
int write_all(int descriptor, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t wrote = ::write(descriptor, text.data(), text.size());
        if (wrote < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return 0;
}

}  // namespace

void prepare_standard_streams() noexcept {
    for (int descriptor = 0; descriptor <= 2; ++descriptor) {
        if (::fcntl(descriptor, F_GETFD) != -1) continue;
        // The wrong direction on purpose: what the caller closed stays unusable.
        static_cast<void>(::open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY));
    }
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

Result<void> write_to_stdout(std::string_view text) {
    if (const int problem = write_all(STDOUT_FILENO, text)) {
        return fail(ErrorCode::io, std::generic_category().message(problem));
    }
    return {};
}

void write_to_stderr(std::string_view text) noexcept { static_cast<void>(write_all(STDERR_FILENO, text)); }

int print(std::string_view text) {
    if (auto wrote = write_to_stdout(text); !wrote) return report("cannot write to stdout", wrote.error());
    return kDone;
}

bool colour_wanted() noexcept {
    const char* none = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) == 1 && (none == nullptr || *none == '\0') &&
           (terminal == nullptr || std::string_view(terminal) != "dumb");
}

}  // namespace mortise::cli
