// poll_oneoff: clocks that are waited for, streams, and the old layout.

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "wasi/guest_world.hpp"

namespace mortise::wasi_tests {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

struct Wanted {
    std::uint64_t userdata = 0;
    std::uint8_t kind = 0;        // 0 clock, 1 read, 2 write
    std::uint32_t id = 0;         // clock or descriptor
    std::uint64_t timeout = 0;
    std::uint16_t flags = 0;      // 1: absolute
};

struct Event {
    std::uint64_t userdata;
    std::uint16_t error;
    std::uint8_t kind;
    std::uint64_t bytes;
    std::uint16_t flags;
};

Outcome<std::vector<Event>> poll(GuestWorld& guest, const std::vector<Wanted>& wanted) {
    guest.forget();
    const bool old = guest.version == Version::unstable;
    const std::uint32_t size = old ? 56 : 48;
    const auto count = static_cast<std::uint32_t>(wanted.size());
    const std::uint32_t in = guest.room(size * wanted.size());
    const std::uint32_t out = guest.room(32 * wanted.size());
    const std::uint32_t result = guest.room(4);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t at = in + size * i;
        const Wanted& one = wanted[i];
        guest.memory().store(at, one.userdata);
        guest.memory().store(at + 8, one.kind);
        if (one.kind != 0) {
            guest.memory().store(at + 16, one.id);
            continue;
        }
        const std::uint32_t clock = old ? at + 24 : at + 16;
        guest.memory().store(clock, one.id);
        guest.memory().store(clock + 8, one.timeout);
        guest.memory().store(clock + 24, one.flags);
    }
    const Errno error = guest.call("poll_oneoff", in, out, count, result);
    if (error != Errno::success) return std::unexpected(error);
    std::vector<Event> events;
    for (std::uint32_t i = 0; i < guest.load<std::uint32_t>(result); ++i) {
        const std::uint32_t at = out + 32 * i;
        events.push_back({guest.load<std::uint64_t>(at), guest.load<std::uint16_t>(at + 8), guest.load<std::uint8_t>(at + 10),
                          guest.load<std::uint64_t>(at + 16), guest.load<std::uint16_t>(at + 24)});
    }
    return events;
}

std::uint64_t now(GuestWorld& guest, std::uint32_t clock) {
    guest.forget();
    const std::uint32_t at = guest.room(8);
    guest.call("clock_time_get", clock, 0, at);
    return guest.load<std::uint64_t>(at);
}

Sandbox with_clock(Clock clock) {
    Sandbox sandbox;
    sandbox.clock = std::move(clock);
    return sandbox;
}

class PollVersions : public ::testing::TestWithParam<Version> {};
INSTANTIATE_TEST_SUITE_P(Versions, PollVersions, ::testing::Values(Version::preview1, Version::unstable),
                         [](const auto& param) { return param.param == Version::preview1 ? "preview1" : "unstable"; });

TEST_P(PollVersions, Real_clock_takes_its_time) {
    GuestWorld guest(with_clock(RealClock{}), {}, wasi::best_resolver(), GetParam());
    for (const std::uint32_t clock : {0u, 1u}) {
        const auto before = now(guest, 1);
        const auto events = poll(guest, {{.userdata = 77, .id = clock, .timeout = 5'000'000}});
        ASSERT_THAT(events, Succeeds());
        ASSERT_EQ(events->size(), 1u);
        EXPECT_EQ(events->front().userdata, 77u);
        EXPECT_EQ(events->front().error, 0u);
        EXPECT_EQ(events->front().kind, 0u);
        EXPECT_GE(now(guest, 1) - before, 5'000'000u);
    }
}

TEST_P(PollVersions, Fixed_clock_moves_and_returns_at_once) {
    GuestWorld guest(with_clock(FixedClock{}), {}, wasi::best_resolver(), GetParam());
    const auto before = now(guest, 1);
    const auto begun = steady_clock::now();
    const auto events = poll(guest, {{.userdata = 1, .id = 1, .timeout = 3'600'000'000'000}, {.userdata = 2, .id = 0, .timeout = 7'200'000'000'000}});
    EXPECT_LT(steady_clock::now() - begun, 5s);
    ASSERT_THAT(events, Succeeds());
    ASSERT_EQ(events->size(), 1u) << "the earlier one";
    EXPECT_EQ(events->front().userdata, 1u);
    EXPECT_GE(now(guest, 1) - before, 3'600'000'000'000u);
}

TEST_P(PollVersions, Absolute_time_is_met) {
    GuestWorld guest(with_clock(FixedClock{}), {}, wasi::best_resolver(), GetParam());
    const auto target = now(guest, 0) + 1'000'000'000;
    EXPECT_THAT(poll(guest, {{.id = 0, .timeout = target, .flags = 1}}), Succeeds());
    EXPECT_GE(now(guest, 0), target);
    EXPECT_THAT(poll(guest, {{.id = 0, .timeout = 1, .flags = 1}}), Succeeds()) << "long ago";
}

TEST(Poll, Endless_times_do_not_wrap) {
    GuestWorld guest(with_clock(FixedClock{}));
    EXPECT_THAT(poll(guest, {{.id = 0, .timeout = UINT64_MAX}}), Succeeds());
    EXPECT_EQ(now(guest, 0), UINT64_MAX);
    EXPECT_THAT(poll(guest, {{.id = 1, .timeout = UINT64_MAX}}), Succeeds());
}

TEST(Poll, Nonsense_is_refused) {
    GuestWorld guest(with_clock(RealClock{}));
    EXPECT_THAT(poll(guest, {}), Refuses(Errno::inval));
    EXPECT_THAT(poll(guest, {{.kind = 3}}), Refuses(Errno::inval));
    EXPECT_THAT(poll(guest, {{.kind = 255}}), Refuses(Errno::inval));
    EXPECT_THAT(poll(guest, {{.id = 0, .flags = 2}}), Refuses(Errno::inval));
    EXPECT_THAT(poll(guest, {{.id = 2}}), Refuses(Errno::inval));
    EXPECT_THAT(poll(guest, {{.kind = 1, .id = 0xffffffff}}), Refuses(Errno::badf));
    EXPECT_THAT(poll(guest, {{.kind = 2, .id = 99}, {.id = 1, .timeout = 1}}), Refuses(Errno::badf));
    EXPECT_THAT(poll(guest, {{.kind = 2, .id = 0}}), Refuses(Errno::notcapable));
    EXPECT_EQ(guest.call("poll_oneoff", 0u, 0u, 0xffffffffu, 1024u), Errno::inval);
    EXPECT_EQ(guest.call("poll_oneoff", 0u, 0u, 4097u, 1024u), Errno::inval);
    EXPECT_EQ(guest.call("poll_oneoff", 0xfffffff0u, 1024u, 1u, 1024u), Errno::fault);
    EXPECT_EQ(guest.call("poll_oneoff", 1024u, 0xfffffff0u, 1u, 1024u), Errno::fault);
    EXPECT_EQ(guest.call("poll_oneoff", 1024u, 1024u, 1u, 0xfffffffeu), Errno::fault);
}

TEST(Poll, Streams_that_never_wait_are_ready) {
    Sandbox sandbox = with_clock(RealClock{});
    sandbox.standard_input = copy_bytes("abc");
    GuestWorld guest(sandbox);
    const auto events = poll(guest, {{.userdata = 9, .id = 1, .timeout = 200'000'000},
                                     {.userdata = 1, .kind = 1, .id = 0},
                                     {.userdata = 2, .kind = 2, .id = 1},
                                     {.userdata = 3, .kind = 2, .id = 2}});
    ASSERT_THAT(events, Succeeds());
    ASSERT_EQ(events->size(), 3u);
    EXPECT_EQ(events->at(0).bytes, 3u);
    EXPECT_EQ(events->at(0).flags, 0u);
    guest.read(0, 10);
    const auto ended = poll(guest, {{.kind = 1, .id = 0}});
    ASSERT_THAT(ended, Succeeds());
    EXPECT_EQ(ended->front().flags, 1u) << "hang-up at the end";
}

class PollPipe : public ::testing::Test {
protected:
    PollPipe() {
        EXPECT_EQ(::pipe(pipe_), 0);
        saved_ = ::dup(0);
        ::dup2(pipe_[0], 0);
    }
    ~PollPipe() override {
        ::dup2(saved_, 0);
        for (const int fd : {saved_, pipe_[0], pipe_[1]}) ::close(fd);
    }
    static Sandbox sandbox(Clock clock) {
        Sandbox sandbox = with_clock(std::move(clock));
        sandbox.standard_input = InheritInput{};
        return sandbox;
    }
    int pipe_[2] = {};
    int saved_ = -1;
};

TEST_F(PollPipe, Input_wakes_the_wait) {
    GuestWorld guest(sandbox(RealClock{}));
    std::thread writer([this] {
        std::this_thread::sleep_for(20ms);
        EXPECT_EQ(::write(pipe_[1], "go", 2), 2);
    });
    const auto events = poll(guest, {{.userdata = 1, .id = 1, .timeout = 60'000'000'000}, {.userdata = 2, .kind = 1, .id = 0}});
    writer.join();
    ASSERT_THAT(events, Succeeds());
    ASSERT_EQ(events->size(), 1u);
    EXPECT_EQ(events->front().userdata, 2u);
    EXPECT_EQ(events->front().bytes, 2u);
}

TEST_F(PollPipe, Silent_input_lets_the_clock_win) {
    GuestWorld guest(sandbox(RealClock{}));
    const auto events = poll(guest, {{.userdata = 1, .id = 1, .timeout = 3'000'000}, {.userdata = 2, .kind = 1, .id = 0}});
    ASSERT_THAT(events, Succeeds());
    ASSERT_EQ(events->size(), 1u);
    EXPECT_EQ(events->front().userdata, 1u);
    GuestWorld fixed(sandbox(FixedClock{}));
    const auto at_once = poll(fixed, {{.userdata = 1, .id = 1, .timeout = 3'600'000'000'000}, {.userdata = 2, .kind = 1, .id = 0}});
    ASSERT_THAT(at_once, Succeeds());
    EXPECT_EQ(at_once->front().userdata, 1u);
}

TEST_F(PollPipe, Wait_without_a_clock_ends_when_the_call_must) {
    GuestWorld guest(sandbox(FixedClock{}));
    std::thread interrupter([&guest] {
        std::this_thread::sleep_for(20ms);
        guest.store.interrupt = 1;
    });
    EXPECT_THAT(poll(guest, {{.kind = 1, .id = 0}}), Refuses(Errno::intr));
    interrupter.join();
}

TEST(Poll, Sleep_ends_at_the_deadline) {
    GuestWorld guest(with_clock(RealClock{}));
    std::atomic<std::uint64_t> clock{0};
    guest.store.clock = &clock;
    guest.store.deadline = 5;
    std::thread ticker([&clock] {
        std::this_thread::sleep_for(30ms);
        clock = 6;
    });
    const auto begun = steady_clock::now();
    EXPECT_THAT(poll(guest, {{.id = 1, .timeout = 3'600'000'000'000}}), Refuses(Errno::intr));
    EXPECT_LT(steady_clock::now() - begun, 5s);
    ticker.join();
}

TEST(Poll, Supplied_clock_decides_when_it_is_time) {
    std::atomic<std::int64_t> time{1000};
    GuestWorld guest(with_clock(ClockFunction([&time](ClockId) { return std::chrono::nanoseconds(time += 250); })));
    const auto events = poll(guest, {{.id = 1, .timeout = 1000}});
    ASSERT_THAT(events, Succeeds());
    EXPECT_GE(time, 2000);
    std::atomic<bool> stopped{false};
    GuestWorld still(with_clock(ClockFunction([](ClockId) { return std::chrono::nanoseconds(1); })));
    std::thread interrupter([&] {
        std::this_thread::sleep_for(20ms);
        still.store.interrupt = 1;
        stopped = true;
    });
    EXPECT_THAT(poll(still, {{.id = 1, .timeout = 1000}}), Refuses(Errno::intr)) << "a clock that stands still";
    interrupter.join();
}

TEST(Unstable, Seek_counts_from_other_numbers) {
    Sandbox sandbox;
    sandbox.memory_directories.push_back({"/", {{"file", copy_bytes("0123456789")}}, Access::read_write, 1000, 10});
    GuestWorld guest(sandbox, {}, wasi::best_resolver(), Version::unstable);
    const auto fd = guest.open(3, "file", {.base = rights::of_file});
    ASSERT_THAT(fd, Succeeds());
    EXPECT_THAT(guest.seek(*fd, 4, 2), Gives(4u)) << "2 is set";
    EXPECT_THAT(guest.seek(*fd, 3, 0), Gives(7u)) << "0 is current";
    EXPECT_THAT(guest.seek(*fd, -1, 1), Gives(9u)) << "1 is end";
    EXPECT_THAT(guest.seek(*fd, 0, 3), Refuses(Errno::inval));
}

TEST(Unstable, Filestat_is_shorter) {
    Sandbox sandbox;
    sandbox.memory_directories.push_back({"/", {{"file", copy_bytes("0123456789")}}, Access::read_write, 1000, 10});
    GuestWorld guest(sandbox, {}, wasi::best_resolver(), Version::unstable);
    const auto stat = guest.stat(3, "file");
    ASSERT_THAT(stat, Succeeds());
    EXPECT_EQ(stat->type, FileType::regular_file);
    EXPECT_EQ(stat->links, 1u);
    EXPECT_EQ(stat->size, 10u);
    EXPECT_GT(stat->modified, 0u);
    // It fits where preview 1's would not.
    const auto end = static_cast<std::uint32_t>(guest.memory().size());
    const std::uint32_t path = guest.put("file");
    EXPECT_EQ(guest.call("path_filestat_get", 3, 0u, path, 4u, end - 56), Errno::success);
    EXPECT_EQ(guest.call("path_filestat_get", 3, 0u, path, 4u, end - 55), Errno::fault);
}

}  // namespace
}  // namespace mortise::wasi_tests
