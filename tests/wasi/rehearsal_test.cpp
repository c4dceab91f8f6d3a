// A run that must leave no trace: each function asks before it does anything, and ends the guest where it may not.

#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest_world.hpp"
#include "wasi/world.hpp"

namespace mortise::wasi_tests {
namespace {

using engine::Effect;
using engine::Rehearsal;
using engine::Stop;

constexpr std::uint32_t kNothing = 0;
constexpr std::uint32_t kEverything = ~(static_cast<std::uint32_t>(Effect::changed_files) | static_cast<std::uint32_t>(Effect::input) |
                                        static_cast<std::uint32_t>(Effect::descriptors) | static_cast<std::uint32_t>(Effect::long_output));

Sandbox busy_sandbox() {
    Sandbox sandbox;
    sandbox.arguments = {"program"};
    sandbox.environment = {{"A", "b"}};
    sandbox.standard_input = copy_bytes("typed");
    sandbox.memory_directories = {{.guest_path = "/", .files = {{"file", copy_bytes("content")}, {"dir/x", {}}}}};
    return sandbox;
}

struct Row {
    std::string name;
    Effect effect;
    std::uint32_t allowed;
    std::function<void(GuestWorld&)> act;
};

std::uint32_t open_file(GuestWorld& guest) { return guest.open(3, "file", {.base = rights::all, .inheriting = 0}).value(); }

const Row kRows[] = {
    {"random", Effect::random, kNothing, [](auto& g) { g.call("random_get", 1024, 8); }},
    {"clock", Effect::clock, kNothing, [](auto& g) { g.call("clock_time_get", 0, 0, 1024); }},
    {"poll", Effect::clock, kNothing, [](auto& g) { g.call("poll_oneoff", 1024, 2048, 1, 4096); }},
    {"arguments", Effect::arguments, kNothing, [](auto& g) { g.call("args_get", 1024, 2048); }},
    {"argument_sizes", Effect::arguments, kNothing, [](auto& g) { g.call("args_sizes_get", 1024, 2048); }},
    {"environment", Effect::environment, kNothing, [](auto& g) { g.call("environ_get", 1024, 2048); }},
    {"environment_sizes", Effect::environment, kNothing, [](auto& g) { g.call("environ_sizes_get", 1024, 2048); }},
    {"open", Effect::files, kNothing, [](auto& g) { (void)g.open(3, "file"); }},
    {"close", Effect::files, kNothing, [](auto& g) { g.close(3); }},
    {"renumber", Effect::files, kNothing, [](auto& g) { g.call("fd_renumber", 3, 2); }},
    {"stat", Effect::files, kNothing, [](auto& g) { (void)g.stat(3, "file"); }},
    {"stat_of_a_descriptor", Effect::files, kNothing, [](auto& g) { (void)g.stat(0); }},
    {"entries", Effect::files, kNothing, [](auto& g) { (void)g.readdir(3); }},
    {"link_read", Effect::files, kNothing, [](auto& g) { (void)g.readlink(3, "file"); }},
    {"flags", Effect::descriptors, kEverything, [](auto& g) { g.call("fd_fdstat_set_flags", 0, 4); }},
    {"rights", Effect::descriptors, kEverything, [](auto& g) { g.call("fd_fdstat_set_rights", 0, 0, 0); }},
    {"input", Effect::input, kEverything, [](auto& g) { (void)g.read(0, 1); }},
    {"create", Effect::changed_files, kEverything, [](auto& g) { (void)g.open(3, "new", {.oflags = oflags::creat}); }},
    {"truncate", Effect::changed_files, kEverything, [](auto& g) { (void)g.open(3, "file", {.oflags = oflags::trunc, .base = rights::fd_write}); }},
    {"write", Effect::changed_files, kEverything, [](auto& g) { (void)g.write(open_file(g), "x"); }},
    {"write_at", Effect::changed_files, kEverything, [](auto& g) { (void)g.write(open_file(g), "x", 0); }},
    {"size", Effect::changed_files, kEverything, [](auto& g) { g.call("fd_filestat_set_size", open_file(g), 0); }},
    {"allocate", Effect::changed_files, kEverything, [](auto& g) { g.call("fd_allocate", open_file(g), 0, 100); }},
    {"times", Effect::changed_files, kEverything, [](auto& g) { g.call("fd_filestat_set_times", open_file(g), 0, 0, 5); }},
    {"times_of_a_path", Effect::changed_files, kEverything, [](auto& g) { g.set_times(3, "file", 0, 0, 5); }},
    {"directory", Effect::changed_files, kEverything, [](auto& g) { g.mkdir(3, "new"); }},
    {"directory_removed", Effect::changed_files, kEverything, [](auto& g) { g.rmdir(3, "dir"); }},
    {"unlink", Effect::changed_files, kEverything, [](auto& g) { g.unlink(3, "file"); }},
    {"rename", Effect::changed_files, kEverything, [](auto& g) { g.rename(3, "file", 3, "new"); }},
    {"link", Effect::changed_files, kEverything, [](auto& g) { g.link(3, "file", 3, "new"); }},
    {"symlink", Effect::changed_files, kEverything, [](auto& g) { g.symlink("file", 3, "new"); }},
};

class RehearsalOf : public ::testing::TestWithParam<Row> {};

TEST_P(RehearsalOf, ends_before_it_happens_and_everything_after_it) {
    Rehearsal rehearsal(GetParam().allowed);
    GuestWorld guest(busy_sandbox(), {}, wasi::best_resolver(), wasi::Version::preview1, &rehearsal);
    GetParam().act(guest);
    EXPECT_EQ(guest.stop, Stop::host_error);
    EXPECT_EQ(rehearsal.cut(), GetParam().effect);
    EXPECT_FALSE(rehearsal.did(static_cast<std::uint32_t>(GetParam().effect)));
    guest.call("environ_sizes_get", 1024, 2048);
    EXPECT_EQ(guest.stop, Stop::host_error) << "whoever called in between must not go on";
    EXPECT_TRUE(rehearsal.cut() == GetParam().effect);
}

TEST_P(RehearsalOf, leaves_the_world_as_it_was) {
    Rehearsal rehearsal(GetParam().allowed);
    GuestWorld guest(busy_sandbox(), {}, wasi::best_resolver(), wasi::Version::preview1, &rehearsal);
    GetParam().act(guest);
    guest.world->state().rehearsal = nullptr;   // to look around
    EXPECT_THAT(guest.read(0, 10), Gives(std::string("typed")));
    EXPECT_THAT(guest.content(3, "file"), Gives(std::string("content")));
    std::string names;
    const auto entries = guest.readdir(3).value();
    for (const auto& entry : entries) names += entry.name + " ";
    EXPECT_EQ(names, ". .. dir file ");
    EXPECT_EQ(guest.call("clock_time_get", 1, 0, 1024), wasi::Errno::success);
    EXPECT_EQ(guest.load<std::uint64_t>(1024), 0u) << "a fixed clock was not read";
}

INSTANTIATE_TEST_SUITE_P(Effect, RehearsalOf, ::testing::ValuesIn(kRows), [](const auto& row) { return row.param.name; });

TEST(Rehearsal, what_is_allowed_happens_and_is_known) {
    Rehearsal rehearsal(kEverything);
    GuestWorld guest(busy_sandbox(), {}, wasi::best_resolver(), wasi::Version::preview1, &rehearsal);
    EXPECT_FALSE(rehearsal.did(kEverything));
    EXPECT_THAT(guest.content(3, "file"), Gives(std::string("content")));
    EXPECT_TRUE(rehearsal.did(static_cast<std::uint32_t>(Effect::files)));
    EXPECT_FALSE(rehearsal.did(~static_cast<std::uint32_t>(Effect::files)));
    EXPECT_FALSE(rehearsal.cut().has_value());
}

TEST(Rehearsal, empty_arguments_and_environment_are_no_news) {
    Rehearsal rehearsal(kNothing);
    GuestWorld guest(Sandbox{}, {}, wasi::best_resolver(), wasi::Version::preview1, &rehearsal);
    EXPECT_EQ(guest.call("args_sizes_get", 1024, 2048), wasi::Errno::success);
    EXPECT_EQ(guest.call("environ_get", 1024, 2048), wasi::Errno::success);
    EXPECT_EQ(guest.stop, Stop::done);
}

TEST(Rehearsal, descriptors_are_compared_one_by_one) {
    Rehearsal rehearsal(kEverything);
    GuestWorld guest(busy_sandbox(), {}, wasi::best_resolver(), wasi::Version::preview1, &rehearsal);
    EXPECT_TRUE(guest.world->same_descriptors());
    const auto file = open_file(guest);
    EXPECT_FALSE(guest.world->same_descriptors());
    EXPECT_EQ(guest.close(file), wasi::Errno::success);
    EXPECT_TRUE(guest.world->same_descriptors()) << "opened and closed again";
    const auto again = open_file(guest);
    EXPECT_EQ(guest.close(3), wasi::Errno::success);
    EXPECT_FALSE(guest.world->same_descriptors()) << "as many as at first, but others";
    EXPECT_EQ(guest.close(again), wasi::Errno::success);
    EXPECT_FALSE(guest.world->same_descriptors());
}

TEST(Rehearsal, output_is_held_back_until_it_is_released) {
    std::vector<std::string> lines;
    Sandbox sandbox;
    sandbox.standard_output = OutputLines([&lines](std::string_view line) { lines.emplace_back(line); });
    Rehearsal rehearsal(kNothing);
    {
        GuestWorld dropped(sandbox, {}, wasi::best_resolver(), wasi::Version::preview1, &rehearsal);
        EXPECT_THAT(dropped.write(1, "never seen\n"), Gives(11u));
    }
    GuestWorld guest(sandbox, {}, wasi::best_resolver(), wasi::Version::preview1, &rehearsal);
    EXPECT_THAT(guest.write(1, "one\nt"), Gives(5u));
    EXPECT_THAT(guest.write(1, "wo\nrest"), Gives(7u));
    EXPECT_THAT(guest.write(1, "x", 5), Refuses(wasi::Errno::spipe));
    EXPECT_TRUE(lines.empty());
    EXPECT_TRUE(guest.fdstat(1)->type == wasi::FileType::character_device) << "as the real one";
    guest.world->release(guest.store);
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "rest"}));
}

TEST(Rehearsal, output_without_end_ends_it) {
    Sandbox sandbox;
    sandbox.standard_output = OutputLines([](std::string_view) {});
    Rehearsal rehearsal(kNothing);
    GuestWorld guest(sandbox, {}, wasi::best_resolver(), wasi::Version::preview1, &rehearsal);
    const std::string much(100'000, 'x');
    for (int i = 0; i < 10; ++i) EXPECT_THAT(guest.write(1, much), Gives(100'000u));
    (void)guest.write(1, much);
    EXPECT_EQ(guest.stop, Stop::host_error);
    EXPECT_EQ(rehearsal.cut(), Effect::long_output);
}

}  // namespace
}  // namespace mortise::wasi_tests
