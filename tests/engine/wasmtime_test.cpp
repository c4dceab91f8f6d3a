// What is Wasmtime's own: how it is set up, its pool, and machines that have little.

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/guest.hpp"
#include "engines/wasmtime/machine.hpp"
#include "engines/wasmtime/wasmtime_engine.hpp"

namespace mortise::engine_tests {
namespace {

constexpr auto kAdd = R"((module (memory (export "memory") 1 100)
    (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
    (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
    (func (export "load") (param i32) (result i32) local.get 0 i32.load)))";

bool adds(engine::Engine& engine, const CompileOptions& options = {}) {
    Guest guest(engine, kAdd, {}, {}, options);
    if (options.fuel) guest.store->set_fuel(1000).value();
    const auto outcome = guest.call("add", {i32(30), i32(12)});
    return outcome.stop == Stop::done && outcome.i32() == 42;
}

TEST(Wasmtime, Every_combination_of_options_makes_an_engine) {
    // Combinations that the vendor does not like abort the process.
    for (const auto compiler : {WasmtimeCompiler::cranelift, WasmtimeCompiler::winch, WasmtimeCompiler::pulley}) {
        const auto engine = value(engines::make_wasmtime({.compiler = compiler, .pool_slots = 2}));
        for (unsigned bits = 0; bits < 128; ++bits) {
            CompileOptions options;
            options.interrupt = (bits & 1) != 0;
            options.fuel = (bits & 2) != 0;
            options.simd = (bits & 4) != 0;
            options.bulk_memory = (bits & 8) != 0;
            options.reference_types = (bits & 16) != 0;
            options.multi_value = (bits & 32) != 0;
            options.baseline_compiler = (bits & 64) != 0 && engine->info().capabilities.two_compilers;
            ASSERT_TRUE(adds(*engine, options)) << bits;
        }
    }
}

TEST(Wasmtime, Options_out_of_their_range_are_invalid) {
    for (const std::size_t stack : {std::size_t{0}, std::size_t{1024}, SIZE_MAX}) {
        EXPECT_THAT(engines::make_wasmtime({.max_stack_bytes = stack}), FailsWith(ErrorCode::invalid_argument))
            << stack;
    }
    EXPECT_THAT(engines::make_wasmtime({.pool_slots = UINT32_MAX}), FailsWith(ErrorCode::invalid_argument));
    EXPECT_THAT(engines::make_wasmtime({.keep_resident_bytes = SIZE_MAX}), FailsWith(ErrorCode::invalid_argument));
    EXPECT_THAT(engines::make_wasmtime({.memory_reservation_bytes = UINT64_MAX}),
                FailsWith(ErrorCode::invalid_argument));
}

TEST(Wasmtime, Pool_without_the_reservation_that_it_needs_is_unsupported) {
    EXPECT_THAT(engines::make_wasmtime({.pooling = WasmtimePooling::on, .memory_reservation_bytes = 1 << 20}),
                FailsWith(ErrorCode::unsupported));
    EXPECT_THAT(engines::make_wasmtime({.pooling = WasmtimePooling::on,
                                        .pool_slots = 20'000,
                                        .memory_reservation_bytes = std::uint64_t{64} << 30}),
                FailsWith(ErrorCode::unsupported));
}

TEST(Wasmtime, Huge_pages_change_nothing_that_a_guest_can_tell) {
    for (const auto pooling : {WasmtimePooling::automatic, WasmtimePooling::off}) {
        for (const std::optional<std::uint64_t> reservation :
             {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(0)}) {
            const auto engine = value(engines::make_wasmtime(
                {.pooling = pooling, .memory_reservation_bytes = reservation, .huge_pages = true}));
            const auto compiled = value(try_compile(*engine, wasm_of(kAdd)));
            for (int round = 0; round < 3; ++round) {
                Guest guest(compiled);
                EXPECT_EQ(guest.call("grow", {i32(63)}).i32(), 1);
                EXPECT_EQ(guest.call("load", {i32(4'000'000)}).i32(), 0) << "fresh memory, whoever used it before";
                EXPECT_EQ(guest.call("load", {i32(64 * 65'536)}).stop, Stop::trap);
                ASSERT_TRUE(guest.memory().store<std::uint32_t>(4'000'000, 77));
            }
        }
    }
    EXPECT_TRUE(adds(*value(engines::make_wasmtime({.huge_pages = true}))));
    Guest none(*value(engines::make_wasmtime({.huge_pages = true})), R"((module (memory (export "memory") 0)))");
    EXPECT_EQ(none.memory().size(), 0U);
}

TEST(Wasmtime, Larger_stack_can_be_allowed) {
    CompileOptions options;
    options.stack_bytes = std::size_t{4} << 20;
    const auto usual = value(engines::make_wasmtime());
    EXPECT_THAT(try_compile(*usual, wasm_of(kAdd), {}, options), FailsWith(ErrorCode::unsupported));
    const auto larger = value(engines::make_wasmtime({.max_stack_bytes = std::size_t{4} << 20}));
    EXPECT_TRUE(adds(*larger, options));
}

TEST(Wasmtime, Stores_beyond_the_pool_work_and_slots_come_back) {
    const auto engine = value(engines::make_wasmtime({.pooling = WasmtimePooling::on, .pool_slots = 3}));
    const auto compiled = value(try_compile(*engine, wasm_of(kAdd)));
    for (int round = 0; round < 5; ++round) {
        std::vector<std::unique_ptr<Guest>> guests;
        for (int i = 0; i < 10; ++i) {
            guests.push_back(std::make_unique<Guest>(compiled));
            ASSERT_EQ(guests.back()->call("add", {i32(i), i32(1)}).i32(), i + 1);
            ASSERT_EQ(guests.back()->call("grow", {i32(9)}).i32(), 1);
        }
        for (auto& guest : guests) ASSERT_EQ(guest->call("load", {i32(600'000)}).i32(), 0);
    }
}

TEST(Wasmtime, Pool_has_room_for_what_its_stores_may_hold) {
    constexpr auto kHeavy = R"((module (memory 1) (memory 1)
        (table 1 externref) (table 1 funcref) (table 1 funcref) (table 1 funcref) (table 1 funcref) (table 1 funcref)
        (func (export "f") (result i32) i32.const 0 table.get 0 ref.is_null)))";
    const auto engine = value(engines::make_wasmtime({.pooling = WasmtimePooling::on, .pool_slots = 4}));
    if (!engine->info().capabilities.multi_memory) GTEST_SKIP() << "this Wasmtime says it has no several memories";
    const auto compiled = value(try_compile(*engine, wasm_of(kHeavy)));
    StoreLimits limits;
    limits.memories = 2;
    std::vector<std::unique_ptr<Guest>> guests;
    for (int i = 0; i < 6; ++i) guests.push_back(std::make_unique<Guest>(compiled, limits));
    for (auto& guest : guests) EXPECT_EQ(guest->call("f").i32(), 1);
}

TEST(Wasmtime, Modules_too_large_for_the_pool_work_without_it) {
    const auto engine = value(engines::make_wasmtime({.pooling = WasmtimePooling::on, .pool_slots = 4}));
    std::string globals =
        "(module (func (export \"add\") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)";
    for (int i = 0; i < 70'000; ++i) globals += "(global (mut i32) (i32.const 1))";  // more than 1 MiB of instance data
    Guest many_globals(*engine, globals + ")");
    EXPECT_EQ(many_globals.call("add", {i32(1), i32(2)}).i32(), 3);

    StoreLimits limits;
    limits.tables = 40;
    limits.table_elements = 5'000'000;
    std::string tables = "(module (table 2000000 funcref) (func (export \"f\"))";
    for (int i = 0; i < 30; ++i) tables += "(table 1 funcref)";
    Guest many_tables(*engine, tables + ")", {}, limits);
    EXPECT_EQ(many_tables.call("f").stop, Stop::done);
}

TEST(Wasmtime, Baseline_compiler_names_what_it_lacks) {
    const auto engine = value(engines::make_wasmtime());
    CompileOptions baseline;
    baseline.baseline_compiler = true;
    const auto tail = try_compile(*engine, wasm_of("(module (func $f return_call $f))"), {}, baseline);
    ASSERT_THAT(tail, FailsWith(ErrorCode::unsupported));
    EXPECT_THAT(tail.error().message(), testing::HasSubstr("tail"));
    EXPECT_THAT(try_compile(*engine, wasm_of("(module (func (param externref)))"), {}, baseline),
                FailsWith(ErrorCode::unsupported));
    EXPECT_THAT(try_compile(*engine, wasm_of("(module (func (param externref)))")), IsOk());
    EXPECT_THAT(try_compile(*engine, wasm_of("(module (func $f return_call $f))")), IsOk());
}

#if !defined(MORTISE_SANITIZED)  // a sanitizer needs the address space and the executable memory that these take away

class WasmtimeDeathTest : public testing::Test {
protected:
    // A fresh process: the limits must not meet what other cases left running.
    void SetUp() override { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }
};

TEST_F(WasmtimeDeathTest, Defaults_follow_what_the_machine_has) {
    using engines::wasmtime::probe_machine;
    const auto memory = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                        static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    const auto slots = std::clamp<std::uint64_t>(memory / (std::uint64_t{4} << 20), 32, 256);
    const auto usual = value(probe_machine({}));
    if (usual.pool_slots != 0) {  // a system may have bounds of its own
        EXPECT_TRUE(usual.pool_slots == slots || usual.pool_slots == 32) << usual.pool_slots;
        EXPECT_EQ(usual.memory_reservation, std::uint64_t{4} << 30);
    }
    EXPECT_EQ(value(probe_machine({.pool_slots = 0U})).pool_slots, 0U);
    const auto run = [] {
        const rlimit limit{std::size_t{4} << 30, std::size_t{4} << 30};
        if (setrlimit(RLIMIT_AS, &limit) != 0) std::exit(3);
        const auto little = value(probe_machine({}));
        std::exit(little.pool_slots == 0 && little.memory_reservation == 0 && !little.pulley ? 0 : 4);
    };
    EXPECT_EXIT(run(), testing::ExitedWithCode(0), "");
}

TEST_F(WasmtimeDeathTest, Host_with_little_address_space_still_works) {
    const auto run = [] {
        const rlimit limit{std::size_t{700} << 20, std::size_t{700} << 20};
        if (setrlimit(RLIMIT_AS, &limit) != 0) std::exit(3);
        const auto engine = value(engines::make_wasmtime());
        std::vector<std::unique_ptr<Guest>> guests;
        for (int i = 0; i < 50; ++i) {
            guests.push_back(std::make_unique<Guest>(*engine, kAdd));
            const auto trap = guests.back()->call("load", {i32(70'000)});
            const bool right = guests.back()->call("add", {i32(i), i32(1)}).i32() == i + 1 && trap.stop == Stop::trap &&
                               trap.info.trap == TrapKind::memory_out_of_bounds &&
                               guests.back()->call("grow", {i32(50)}).i32() == 1;
            if (!right) std::exit(4);
        }
        const auto pooled = engines::make_wasmtime({.pooling = WasmtimePooling::on});
        if (pooled || pooled.error().code() != ErrorCode::unsupported) std::exit(5);
        std::exit(0);
    };
    EXPECT_EXIT(run(), testing::ExitedWithCode(0), "");
}

TEST_F(WasmtimeDeathTest, Memory_that_the_host_cannot_give_is_refused_to_the_guest) {
    const auto run = [] {
        const rlimit limit{std::size_t{700} << 20, std::size_t{700} << 20};
        if (setrlimit(RLIMIT_AS, &limit) != 0) std::exit(3);
        const auto engine = value(engines::make_wasmtime());
        StoreLimits limits;
        limits.memory_bytes = std::uint64_t{4} << 30;
        Guest guest(*engine,
                    R"((module (memory 1) (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)))",
                    {}, limits);
        const bool reported = engine->info().capabilities.refused_growth_reported;
        if (guest.call("grow", {i32(30'000)}).i32() != -1 || guest.store->growth_was_refused() != reported)
            std::exit(4);
        if (guest.call("grow", {i32(100)}).i32() != 1) std::exit(5);
        if (reported && guest.store->memory_bytes() != 101 * 65'536) std::exit(6);
        const auto large = value(try_compile(*engine, wasm_of("(module (memory 40000))")));
        const auto instance = value(large.module->new_store(limits))->instantiate(*large.module);
        std::exit(!instance && instance.error().code() == ErrorCode::io ? 0 : 7);
    };
    EXPECT_EXIT(run(), testing::ExitedWithCode(0), "");
}

TEST_F(WasmtimeDeathTest, Without_executable_memory_it_interprets) {
    constexpr int kSetMdwe = 65;  // PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN: Linux 6.3
    const auto run = [] {
        if (prctl(kSetMdwe, 1UL, 0UL, 0UL, 0UL) != 0) std::exit(77);
        const auto engine = value(engines::make_wasmtime());
        const auto cranelift = engines::make_wasmtime({.compiler = WasmtimeCompiler::cranelift});
        const bool interprets = engine->info().description.find("Pulley") != std::string::npos;
        const bool refused = !cranelift && cranelift.error().code() == ErrorCode::unsupported;
        std::exit(adds(*engine) && interprets && refused ? 0 : 4);
    };
    EXPECT_EXIT(
        run(), [](int status) { return WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77); },
        "");
}

#endif

}  // namespace
}  // namespace mortise::engine_tests
