#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cli/line_reader.hpp"

namespace {

using mortise::cli::LineReader;
using Got = LineReader::Got;

// What a reader makes of a text that comes through a pipe.
std::vector<std::pair<Got, std::string>> read_all(const std::string& text, std::size_t limit) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    std::thread writer([&] {
        for (std::size_t at = 0; at < text.size();) {
            const ssize_t wrote = ::write(ends[1], text.data() + at, text.size() - at);
            if (wrote <= 0) break;
            at += static_cast<std::size_t>(wrote);
        }
        ::close(ends[1]);
    });
    LineReader reader(ends[0], limit);
    std::vector<std::pair<Got, std::string>> all;
    std::string line;
    for (;;) {
        const auto got = reader.next(line);
        all.emplace_back(got, line);
        if (got == Got::end || got == Got::failed) break;
    }
    writer.join();
    ::close(ends[0]);
    return all;
}

TEST(LineReader, lines_end_with_a_line_end_or_the_input) {
    using All = std::vector<std::pair<Got, std::string>>;
    EXPECT_EQ(read_all("", 10), (All{{Got::end, ""}}));
    EXPECT_EQ(read_all("a\n\nb", 10), (All{{Got::line, "a"}, {Got::line, ""}, {Got::line, "b"}, {Got::end, ""}}));
    EXPECT_EQ(read_all("a\n", 10), (All{{Got::line, "a"}, {Got::end, ""}}));
    EXPECT_EQ(read_all("a\r\n", 10), (All{{Got::line, "a\r"}, {Got::end, ""}}));
}

TEST(LineReader, what_is_too_long_is_skipped_alone) {
    using All = std::vector<std::pair<Got, std::string>>;
    EXPECT_EQ(read_all("abc\nabcd\nx", 3), (All{{Got::line, "abc"}, {Got::too_long, ""}, {Got::line, "x"}, {Got::end, ""}}));
    EXPECT_EQ(read_all("abcd", 3), (All{{Got::too_long, ""}, {Got::end, ""}}));
}

TEST(LineReader, long_lines_come_whole) {
    const std::string text(300'000, 'x');
    const auto all = read_all(text + "\n" + text, 1'000'000);
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].second, text);
    EXPECT_EQ(all[1].second, text);
}

TEST(LineReader, a_descriptor_that_cannot_be_read_fails) {
    LineReader reader(-1, 10);
    std::string line;
    EXPECT_EQ(reader.next(line), Got::failed);
    EXPECT_EQ(errno, EBADF);
}

}  // namespace
