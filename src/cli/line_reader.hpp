#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace mortise::cli {

/// Reads lines from a file descriptor, each as soon as it is there. A line beyond the limit is skipped without keeping it. Lines
/// end with "\n"; the last one may lack it.
class LineReader {
public:
    LineReader(int descriptor, std::size_t limit) : descriptor_(descriptor), limit_(limit) {}

    enum class Got : std::uint8_t {
        line,
        too_long,  ///< skipped
        end,
        failed,    ///< errno says why
    };

    /// Puts the next line, without its end, in place of what is in `line`.
    Got next(std::string& line);

private:
    bool fill();   // false: end or failure

    const int descriptor_;
    const std::size_t limit_;
    std::string buffer_;
    std::size_t at_ = 0;      // what of the buffer was handed out
    bool failed_ = false;
};

}  // namespace mortise::cli
