// What a sandbox makes of a world: arguments, environment, streams, clocks, randomness, and what it refuses.

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

#include "../support/matchers.hpp"
#include "wasi/guest_world.hpp"

namespace mortise::wasi_tests {
namespace {

using mortise::testing::FailsWith;
using ::testing::ElementsAre;

std::vector<std::string> texts(GuestWorld& guest, std::string_view get, std::string_view sizes) {
    guest.forget();
    const std::uint32_t count_at = guest.room(4);
    const std::uint32_t bytes_at = guest.room(4);
    EXPECT_EQ(guest.call(sizes, count_at, bytes_at), Errno::success);
    const auto count = guest.load<std::uint32_t>(count_at);
    const auto bytes = guest.load<std::uint32_t>(bytes_at);
    const std::uint32_t pointers = guest.room(4 * std::size_t{count});
    const std::uint32_t at = guest.room(bytes);
    EXPECT_EQ(guest.call(get, pointers, at), Errno::success);
    std::vector<std::string> all;
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto from = guest.load<std::uint32_t>(pointers + 4 * i);
        const std::string rest = guest.text(from, at + bytes - from);
        all.emplace_back(rest.c_str());
    }
    return all;
}

TEST(World, Default_sandbox_shows_nothing) {
    GuestWorld guest{Sandbox{}};
    EXPECT_THAT(texts(guest, "args_get", "args_sizes_get"), ElementsAre());
    EXPECT_THAT(texts(guest, "environ_get", "environ_sizes_get"), ElementsAre());
    EXPECT_EQ(guest.call("fd_prestat_get", 3, 0), Errno::badf);
    EXPECT_THAT(guest.read(0, 10), Gives(std::string()));
    EXPECT_EQ(guest.world->open_files(), 3u);
}

TEST(World, Arguments_and_environment_are_handed_over) {
    Sandbox sandbox;
    sandbox.arguments = {"program", "the \"second\" one", ""};
    sandbox.environment = {{"a", "text"}, {"b", "new\nline"}, {"c", ""}, {"d", "x=y"}};
    GuestWorld guest(sandbox);
    EXPECT_THAT(texts(guest, "args_get", "args_sizes_get"), ElementsAre("program", "the \"second\" one", ""));
    EXPECT_THAT(texts(guest, "environ_get", "environ_sizes_get"), ElementsAre("a=text", "b=new\nline", "c=", "d=x=y"));
    EXPECT_EQ(guest.call("args_get", 0xfffffff0u, 1024u), Errno::fault);
    EXPECT_EQ(guest.call("args_get", 1024u, 0xfffffff0u), Errno::fault);
    EXPECT_EQ(guest.call("args_sizes_get", 0xfffffffeu, 1024u), Errno::fault);
}

TEST(World, Impossible_sandbox_is_refused) {
    CapturedSink sink;
    const auto refused = [&sink](const Sandbox& sandbox, const Limits& limits = {}) { return wasi::make_world(sandbox, limits, sink); };
    Sandbox sandbox;
    sandbox.arguments = {std::string("a\0b", 3)};
    EXPECT_THAT(refused(sandbox), FailsWith(ErrorCode::invalid_argument));
    sandbox = {};
    sandbox.environment = {{"a=b", "c"}};
    EXPECT_THAT(refused(sandbox), FailsWith(ErrorCode::invalid_argument, "a=b"));
    sandbox = {};
    sandbox.environment = {{"a", std::string("\0", 1)}};
    EXPECT_THAT(refused(sandbox), FailsWith(ErrorCode::invalid_argument));
    sandbox = {};
    sandbox.directories.push_back({"/nowhere/at/all", "/", Access::read_only, {}, {}});
    EXPECT_THAT(refused(sandbox), FailsWith(ErrorCode::io, "/nowhere/at/all"));
    sandbox.directories = {{"/dev/null", "/", Access::read_only, {}, {}}};
    EXPECT_THAT(refused(sandbox), FailsWith(ErrorCode::io));
    sandbox.directories = {{"/tmp", "/", Access::read_only, {}, {}}, {"/tmp", "/", Access::read_only, {}, {}}};
    EXPECT_THAT(refused(sandbox), FailsWith(ErrorCode::invalid_argument));
    sandbox = {};
    Limits limits;
    limits.open_files = 2;
    EXPECT_THAT(refused(sandbox, limits), FailsWith(ErrorCode::invalid_argument, "open_files"));
    sandbox.clock = ClockFunction();
    EXPECT_THAT(refused(sandbox), FailsWith(ErrorCode::invalid_argument));
    sandbox.clock = FixedClock{std::chrono::seconds(0), std::chrono::nanoseconds(-1)};
    EXPECT_THAT(refused(sandbox), FailsWith(ErrorCode::invalid_argument));
    sandbox = {};
    sandbox.random = RandomFunction();
    EXPECT_THAT(refused(sandbox), FailsWith(ErrorCode::invalid_argument));
    for (const char* path : {"/absolute", "../up", "a/../b", "", "dir/", "."}) {
        sandbox = {};
        sandbox.memory_directories.push_back({"/", {{path, {}}}, Access::read_write, 1000, 10});
        EXPECT_THAT(refused(sandbox), FailsWith(ErrorCode::invalid_argument, "initial file")) << path;
    }
    sandbox.memory_directories = {{"/", {{"a", {}}, {"a/b", {}}}, Access::read_write, 1000, 10}};
    EXPECT_THAT(refused(sandbox), FailsWith(ErrorCode::invalid_argument, "another file"));
    sandbox.memory_directories = {{"/", {{"a", Bytes(11)}}, Access::read_write, 10, 10}};
    EXPECT_THAT(refused(sandbox), FailsWith(ErrorCode::invalid_argument, "quota_bytes"));
    sandbox.memory_directories = {{"/", {{"a/b/c", {}}}, Access::read_write, 10, 2}};
    EXPECT_THAT(refused(sandbox), FailsWith(ErrorCode::invalid_argument, "quota_files"));
}

TEST(Stdio, Input_bytes_end) {
    Sandbox sandbox;
    sandbox.standard_input = copy_bytes("hello");
    GuestWorld guest(sandbox);
    EXPECT_THAT(guest.read(0, 3), Gives(std::string("hel")));
    EXPECT_THAT(guest.read(0, 30), Gives(std::string("lo")));
    EXPECT_THAT(guest.read(0, 30), Gives(std::string()));
    EXPECT_THAT(guest.read(0, 30, 0), Refuses(Errno::spipe));
    EXPECT_THAT(guest.write(0, "x"), Refuses(Errno::notcapable));
    EXPECT_THAT(guest.seek(0, 0, 0), Refuses(Errno::spipe));
    EXPECT_THAT(guest.tell(0), Refuses(Errno::spipe));
    EXPECT_EQ(guest.fdstat(0)->type, FileType::unknown);
}

TEST(Stdio, Output_goes_to_the_sink) {
    GuestWorld guest{Sandbox{}};
    EXPECT_THAT(guest.write(1, "out"), Gives(3u));
    EXPECT_THAT(guest.write(2, "err"), Gives(3u));
    EXPECT_THAT(guest.write(1, std::string(100'000, 'x')), Gives(100'000u));
    EXPECT_EQ(guest.sink.out, "out" + std::string(100'000, 'x'));
    EXPECT_EQ(guest.sink.err, "err");
    EXPECT_THAT(guest.read(1, 1), Refuses(Errno::notcapable));
    EXPECT_THAT(guest.write(1, "x", 0), Refuses(Errno::spipe));
    EXPECT_THAT(guest.seek(1, 0, 1), Refuses(Errno::spipe));
    EXPECT_EQ(guest.fdstat(1)->type, FileType::character_device) << "so that C libraries flush at each line";
    EXPECT_EQ(guest.stat(1)->size, 0u);
    EXPECT_EQ(guest.call("fd_sync", 1), Errno::success);
    EXPECT_EQ(guest.call("fd_close", 1), Errno::success);
    EXPECT_THAT(guest.write(1, "x"), Refuses(Errno::badf));
    EXPECT_EQ(guest.close(1), Errno::badf);
}

TEST(Stdio, Discarded_output_is_taken) {
    Sandbox sandbox;
    sandbox.standard_output = DiscardOutput{};
    GuestWorld guest(sandbox);
    EXPECT_THAT(guest.write(1, "out"), Gives(3u));
    EXPECT_EQ(guest.sink.out, "");
}

TEST(Stdio, Lines_come_one_by_one) {
    std::vector<std::string> lines;
    Sandbox sandbox;
    sandbox.standard_output = OutputLines([&lines](std::string_view line) { lines.emplace_back(line); });
    Limits limits;
    limits.log_bytes = 10;
    {
        GuestWorld guest(sandbox, limits);
        EXPECT_THAT(guest.write(1, "one\ntw"), Gives(6u));
        EXPECT_THAT(lines, ElementsAre("one"));
        EXPECT_THAT(guest.write(1, "o\n\nthree"), Gives(8u));
        EXPECT_THAT(lines, ElementsAre("one", "two", ""));
        guest.world->flush();
        EXPECT_THAT(lines, ElementsAre("one", "two", "", "three"));
        lines.clear();
        EXPECT_THAT(guest.write(1, "0123456789abc\n0123456789\nx"), Gives(26u));
        EXPECT_THAT(lines, ElementsAre("0123456789", "abc", "0123456789")) << "long ones in parts";
        lines.clear();
    }
    EXPECT_THAT(lines, ElementsAre("x")) << "the last one at the end";
}

TEST(Stdio, Function_that_throws_ends_the_call) {
    Sandbox sandbox;
    sandbox.standard_output = OutputLines([](std::string_view) { throw std::runtime_error("no more paper"); });
    GuestWorld guest(sandbox);
    guest.write(1, "line\n");
    ASSERT_EQ(guest.stop, engine::Stop::host_error);
    const auto info = guest.store.take_stop();
    ASSERT_TRUE(info.error.has_value());
    EXPECT_EQ(info.error->code(), ErrorCode::host_function_failed);
    EXPECT_THAT(info.error->describe(), ::testing::HasSubstr("no more paper"));
}

TEST(Stdio, Function_may_close_the_stream_and_move_memory) {
    GuestWorld* running = nullptr;
    std::vector<std::string> lines;
    Sandbox sandbox;
    sandbox.standard_output = OutputLines([&](std::string_view line) {
        lines.emplace_back(line);
        running->call("fd_close", 1);
        running->store.grow(1 << 16);
    });
    GuestWorld guest(sandbox);
    running = &guest;
    EXPECT_THAT(guest.write(1, "one\ntwo\n" + std::string(20'000, 'x') + "\n"), Gives(20'009u));
    EXPECT_EQ(lines.size(), 3u);
    EXPECT_THAT(guest.write(1, "x"), Refuses(Errno::badf));
}

// Replaces one of this process's streams for a while.
class Redirected {
public:
    Redirected(int stream, int to) : stream_(stream), saved_(::dup(stream)) { ::dup2(to, stream); }
    ~Redirected() {
        ::dup2(saved_, stream_);
        ::close(saved_);
    }

private:
    int stream_, saved_;
};

TEST(Stdio, Inherited_streams_are_this_processes_own) {
    int in[2], out[2];
    ASSERT_EQ(::pipe(in), 0);
    ASSERT_EQ(::pipe(out), 0);
    Sandbox sandbox;
    sandbox.standard_input = InheritInput{};
    sandbox.standard_output = InheritOutput{};
    GuestWorld guest(sandbox);
    ASSERT_EQ(::write(in[1], "typed", 5), 5);
    Outcome<std::string> read, later;
    Outcome<std::uint32_t> written, broken;
    {
        const Redirected input(0, in[0]);
        const Redirected output(1, out[1]);
        read = guest.read(0, 100);
        written = guest.write(1, "printed");
        guest.call("fd_fdstat_set_flags", 0, fdflags::nonblock);
        later = guest.read(0, 100);
        ::close(out[1]);
    }
    char text[10] = {};
    EXPECT_EQ(::read(out[0], text, sizeof text), 7);
    EXPECT_STREQ(text, "printed");
    EXPECT_THAT(read, Gives(std::string("typed")));
    EXPECT_THAT(written, Gives(7u));
    EXPECT_THAT(later, Refuses(Errno::again));
    int gone[2];
    ASSERT_EQ(::pipe(gone), 0);
    ::close(gone[0]);
    {
        const Redirected output(1, gone[1]);
        broken = guest.write(1, "nobody reads");
    }
    EXPECT_THAT(broken, Refuses(Errno::pipe)) << "and this process lives on";
    for (const int fd : {in[0], in[1], out[0], gone[1]}) ::close(fd);
}

TEST(Stdio, Inherited_output_beyond_the_limit_on_files_is_an_error_and_no_signal) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
    ASSERT_NE(file, nullptr);
    Sandbox sandbox;
    sandbox.standard_output = InheritOutput{};
    GuestWorld guest(sandbox);
    rlimit old{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
    const rlimit small{4, old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    Outcome<std::uint32_t> fits, beyond;
    {
        const Redirected output(1, ::fileno(file.get()));
        fits = guest.write(1, "four and more");
        beyond = guest.write(1, "more");
    }
    ::setrlimit(RLIMIT_FSIZE, &old);
    EXPECT_THAT(fits, Gives(4u));
    EXPECT_THAT(beyond, Refuses(Errno::fbig)) << "and this process lives on";
}

TEST(Stdio, Read_of_inherited_input_ends_at_the_deadline) {
    int in[2];
    ASSERT_EQ(::pipe(in), 0);
    Sandbox sandbox;
    sandbox.standard_input = InheritInput{};
    GuestWorld guest(sandbox);
    guest.store.interrupt = 1;
    Outcome<std::string> read;
    {
        const Redirected input(0, in[0]);
        read = guest.read(0, 100);
    }
    EXPECT_THAT(read, Refuses(Errno::intr));
    ::close(in[0]);
    ::close(in[1]);
}

TEST(Stdio, Renumbered_streams_keep_working) {
    Sandbox sandbox;
    sandbox.memory_directories.push_back({"/", {}, Access::read_write, 1000, 10});
    GuestWorld guest(sandbox);
    for (const std::uint32_t stream : {0u, 1u, 2u}) {
        const auto fd = guest.open(3, "file", {.oflags = oflags::creat});
        ASSERT_THAT(fd, Succeeds());
        EXPECT_EQ(guest.call("fd_renumber", stream, *fd), Errno::success);
        EXPECT_THAT(guest.fdstat(*fd), Succeeds());
        EXPECT_THAT(guest.fdstat(stream), Refuses(Errno::badf));
        if (stream == 1) {
            EXPECT_THAT(guest.write(*fd, "moved"), Gives(5u));
        }
    }
    EXPECT_EQ(guest.sink.out, "moved");
}

std::uint64_t now(GuestWorld& guest, std::uint32_t clock) {
    guest.forget();
    const std::uint32_t at = guest.room(8);
    EXPECT_EQ(guest.call("clock_time_get", clock, 0, at), Errno::success);
    return guest.load<std::uint64_t>(at);
}

TEST(ClockTime, Fixed_clock_steps_with_each_reading) {
    GuestWorld guest{Sandbox{}};
    const std::uint64_t start = 1'640'995'200'000'000'000;
    EXPECT_EQ(now(guest, 0), start);
    EXPECT_EQ(now(guest, 0), start + 1'000'000);
    EXPECT_EQ(now(guest, 1), 2'000'000u);
    EXPECT_EQ(now(guest, 0), start + 3'000'000);
    const std::uint32_t at = guest.room(8);
    EXPECT_EQ(guest.call("clock_res_get", 0, at), Errno::success);
    EXPECT_EQ(guest.load<std::uint64_t>(at), 1'000'000u);
    for (const std::uint32_t id : {2u, 3u, 4u, 0xffffffffu}) {
        EXPECT_EQ(guest.call("clock_time_get", id, 0, at), Errno::inval) << id;
        EXPECT_EQ(guest.call("clock_res_get", id, at), Errno::inval) << id;
    }
    EXPECT_EQ(guest.call("clock_time_get", 0, 0, 0xfffffff9u), Errno::fault);
    EXPECT_EQ(guest.call("clock_res_get", 0, 0xfffffff9u), Errno::fault);
}

TEST(ClockTime, Real_clock_is_the_hosts) {
    Sandbox sandbox;
    sandbox.clock = RealClock{};
    GuestWorld guest(sandbox);
    const auto host = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    EXPECT_NEAR(static_cast<double>(now(guest, 0)), static_cast<double>(host), 60e9);
    const auto first = now(guest, 1);
    EXPECT_LE(first, now(guest, 1));
}

TEST(ClockTime, Supplied_clock_is_asked) {
    Sandbox sandbox;
    sandbox.clock = ClockFunction([](ClockId id) { return std::chrono::nanoseconds(id == ClockId::realtime ? 5 : -7); });
    GuestWorld guest(sandbox);
    EXPECT_EQ(now(guest, 0), 5u);
    EXPECT_EQ(now(guest, 1), 0u) << "no time before the beginning";
    sandbox.clock = ClockFunction([](ClockId) -> std::chrono::nanoseconds { throw 1; });
    GuestWorld broken(sandbox);
    broken.call("clock_time_get", 0, 0, 1024u);
    EXPECT_EQ(broken.stop, engine::Stop::host_error);
}

std::string random_bytes(GuestWorld& guest, std::uint32_t count) {
    guest.forget();
    const std::uint32_t at = guest.room(count);
    EXPECT_EQ(guest.call("random_get", at, count), Errno::success);
    return guest.text(at, count);
}

TEST(RandomBytes, Seeded_source_repeats_however_it_is_cut) {
    Sandbox sandbox;
    sandbox.random = SeededRandom{42};
    GuestWorld one(sandbox), two(sandbox);
    const std::string whole = random_bytes(one, 64);
    std::string parts;
    for (const std::uint32_t count : {1u, 2u, 5u, 8u, 13u, 35u}) parts += random_bytes(two, count);
    EXPECT_EQ(whole, parts);
    sandbox.random = SeededRandom{43};
    GuestWorld other(sandbox);
    EXPECT_NE(random_bytes(other, 64), whole);
}

TEST(RandomBytes, System_source_differs_from_world_to_world) {
    GuestWorld one{Sandbox{}}, two{Sandbox{}};
    EXPECT_NE(random_bytes(one, 32), random_bytes(two, 32));
    EXPECT_EQ(random_bytes(one, 0), "");
    const std::string big = random_bytes(one, 800'000);   // more than one step
    EXPECT_NE(big.substr(0, 1000), std::string(1000, '\0'));
    EXPECT_NE(big.substr(799'000), std::string(1000, '\0'));
    EXPECT_EQ(one.call("random_get", 1000u, 0xffffffffu), Errno::fault);
}

TEST(RandomBytes, Supplied_source_may_move_memory) {
    GuestWorld* running = nullptr;
    Sandbox sandbox;
    sandbox.random = RandomFunction([&running](std::span<std::byte> out) {
        running->store.grow(1 << 16);
        for (std::byte& byte : out) byte = std::byte{'r'};
    });
    GuestWorld guest(sandbox);
    running = &guest;
    EXPECT_EQ(random_bytes(guest, 10), "rrrrrrrrrr");
}

TEST(Process, Exit_ends_the_call_with_its_status) {
    GuestWorld guest{Sandbox{}};
    for (const std::uint32_t status : {0u, 1u, 33u, 255u, 0xffffffffu}) {
        guest.call("proc_exit", status);
        EXPECT_EQ(guest.stop, engine::Stop::exit);
        EXPECT_EQ(guest.store.take_stop().exit_status, static_cast<std::int32_t>(status));
    }
    EXPECT_EQ(guest.call("proc_raise", 9u), Errno::notsup);
    EXPECT_EQ(guest.call("sched_yield"), Errno::success);
}

TEST(Sockets, There_are_none) {
    GuestWorld guest{Sandbox{}};
    for (const auto& [fd, wanted] : {std::pair(1u, Errno::notsock), std::pair(99u, Errno::badf)}) {
        EXPECT_EQ(guest.call("sock_accept", fd, 0u, 0u), wanted);
        EXPECT_EQ(guest.call("sock_recv", fd, 0u, 0u, 0u, 0u, 0u), wanted);
        EXPECT_EQ(guest.call("sock_send", fd, 0u, 0u, 0u, 0u), wanted);
        EXPECT_EQ(guest.call("sock_shutdown", fd, 1u), wanted);
    }
}

TEST(World, Call_without_a_world_is_an_error_of_ours) {
    GuestWorld guest{Sandbox{}};
    guest.store.wasi = nullptr;
    guest.call("sched_yield");
    EXPECT_EQ(guest.stop, engine::Stop::host_error);
    EXPECT_EQ(guest.store.take_stop().error->code(), ErrorCode::internal);
}

}  // namespace
}  // namespace mortise::wasi_tests
