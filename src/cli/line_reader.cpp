#include "cli/line_reader.hpp"

#include <unistd.h>

#include <cerrno>

namespace mortise::cli {

bool LineReader::fill() {
    constexpr std::size_t kBlock = std::size_t{1} << 16;
    buffer_.resize(kBlock);
    at_ = 0;
    ssize_t got = 0;
    do {
        got = ::read(descriptor_, buffer_.data(), kBlock);
    } while (got < 0 && errno == EINTR);
    failed_ = got < 0;
    buffer_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return got > 0;
}

LineReader::Got LineReader::next(std::string& line) {
    line.clear();
    if (line.capacity() > (std::size_t{1} << 20)) line.shrink_to_fit();   // a huge line must not hold its memory for the rest of the run
    bool any = false;
    bool too_long = false;
    for (;;) {
        if (at_ == buffer_.size() && !fill()) {
            if (failed_) return Got::failed;
            if (!any) return Got::end;
            return too_long ? Got::too_long : Got::line;
        }
        any = true;
        const auto end = buffer_.find('\n', at_);
        const auto count = (end == std::string::npos ? buffer_.size() : end) - at_;
        too_long = too_long || count > limit_ - line.size();
        if (too_long) line.clear();
        else line.append(buffer_, at_, count);
        at_ += count;
        if (end != std::string::npos) {
            ++at_;
            return too_long ? Got::too_long : Got::line;
        }
    }
}

}  // namespace mortise::cli
