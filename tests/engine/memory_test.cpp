#include <cstdlib>

#include "engine/guest.hpp"

namespace mortise::engine_tests {
namespace {

constexpr std::uint64_t kPage = 65'536;

class Memory : public EngineContract {};
MORTISE_ON_EVERY_ENGINE(Memory);

constexpr auto kGrowing = R"((module
    (memory (export "memory") 1)
    (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
    (func (export "size") (result i32) memory.size)
    (func (export "put") (param i32 i32) local.get 0 local.get 1 i32.store8)
    (func (export "grow_or_trap") (param i32) local.get 0 memory.grow i32.const -1 i32.eq if unreachable end)))";

StoreLimits limit_of(std::uint64_t bytes) {
    StoreLimits limits;
    limits.memory_bytes = bytes;
    return limits;
}

TEST_P(Memory, Host_and_guest_see_the_same_bytes) {
    Guest guest(engine(), kGrowing);
    ASSERT_EQ(guest.memory().size(), kPage);
    ASSERT_EQ(guest.call("put", {i32(65'535), i32(0xab)}).stop, Stop::done);
    EXPECT_EQ(guest.memory().load<std::uint8_t>(65'535), 0xab);
    EXPECT_EQ(guest.memory().load<std::uint16_t>(65'535), std::nullopt);
    EXPECT_FALSE(guest.memory().bytes(UINT64_MAX, 2));
    EXPECT_FALSE(guest.memory().bytes(1, UINT64_MAX));
    EXPECT_FALSE(guest.memory().bytes(0, std::uint64_t{1} << 62, 8));
    EXPECT_TRUE(guest.memory().bytes(kPage, 0));
}

TEST_P(Memory, Growth_answers_with_the_old_size_and_shows_in_the_view) {
    Guest guest(engine(), kGrowing);
    EXPECT_EQ(guest.call("grow", {i32(2)}).i32(), 1);
    EXPECT_EQ(guest.call("grow", {i32(0)}).i32(), 3);
    EXPECT_EQ(guest.memory().size(), 3 * kPage);
    EXPECT_EQ(guest.store->memory_bytes(), 3 * kPage);
    EXPECT_EQ(guest.store->memory_peak_bytes(), 3 * kPage);
    EXPECT_EQ(guest.call("put", {i32(3 * 65'536 - 1), i32(7)}).stop, Stop::done);
    EXPECT_EQ(guest.memory().load<std::uint8_t>(3 * kPage - 1), 7);
    EXPECT_FALSE(guest.store->growth_was_refused());
}

TEST_P(Memory, View_is_that_of_now_whatever_grew_between) {
    MORTISE_NEEDS(multi_memory);
    constexpr auto kWat = R"((module
        (memory $a (export "a") 1) (memory $b (export "b") 1 3) (table $t 1 funcref)
        (func (export "grow_a") (param i32) (result i32) local.get 0 memory.grow $a)
        (func (export "grow_b") (param i32) (result i32) local.get 0 memory.grow $b)
        (func (export "grow_t") (param i32) (result i32) ref.null func local.get 0 table.grow $t)
        (func (export "put_a") (param i32 i32) local.get 0 local.get 1 i32.store8 $a)))";
    auto limits = limit_of(400 * kPage);
    limits.memories = 2;
    Guest guest(engine(), kWat, {}, limits);
    const auto a = guest.store->memory(InstanceId{0}, "a").value();
    const auto again = guest.store->memory(InstanceId{0}, "a").value();
    const auto b = guest.store->memory(InstanceId{0}, "b").value();
    const auto sizes = [&] {
        EXPECT_EQ(guest.store->view(a).size(), guest.store->view(again).size());
        return std::pair(guest.store->view(a).size() / kPage, guest.store->view(b).size() / kPage);
    };
    const auto both = [](std::uint64_t x, std::uint64_t y) { return std::pair(x, y); };
    EXPECT_EQ(sizes(), both(1, 1));
    EXPECT_EQ(guest.call("grow_a", {i32(1)}).i32(), 1);
    EXPECT_EQ(sizes(), both(2, 1));
    EXPECT_EQ(guest.call("grow_b", {i32(9)}).i32(), -1) << "beyond its own maximum";
    EXPECT_EQ(sizes(), both(2, 1));
    EXPECT_EQ(guest.call("grow_t", {i32(5)}).i32(), 1);
    EXPECT_EQ(guest.call("grow_b", {i32(2)}).i32(), 1);
    EXPECT_EQ(sizes(), both(2, 3));
    EXPECT_EQ(guest.call("grow_a", {i32(70'000)}).i32(), -1);
    EXPECT_EQ(guest.call("grow_a", {i32(300)}).i32(), 2);
    EXPECT_EQ(sizes(), both(302, 3));
    ASSERT_EQ(guest.call("put_a", {i32(302 * 65'536 - 1), i32(77)}).stop, Stop::done);
    EXPECT_EQ(guest.store->view(a).load<std::uint8_t>(302 * kPage - 1), 77);
}

TEST_P(Memory, Growth_beyond_the_cap_answers_minus_one_and_is_noted) {
    MORTISE_NEEDS(memory_limit);
    Guest guest(engine(), kGrowing, {}, limit_of(3 * kPage));
    EXPECT_EQ(guest.call("grow", {i32(3)}).i32(), -1);
    EXPECT_EQ(guest.store->growth_was_refused(), can().refused_growth_reported);
    EXPECT_EQ(guest.store->memory_bytes(), kPage);
    guest.store->clear_refused_growth();
    EXPECT_FALSE(guest.store->growth_was_refused());
    EXPECT_EQ(guest.call("grow", {i32(2)}).i32(), 1);
    EXPECT_FALSE(guest.store->growth_was_refused());
    EXPECT_EQ(guest.call("grow", {i32(1)}).i32(), -1);
    EXPECT_EQ(guest.call("grow", {i32(-1)}).i32(), -1);
    EXPECT_EQ(guest.store->memory_bytes(), 3 * kPage);
}

TEST_P(Memory, Refused_growth_explains_the_trap_that_follows) {
    MORTISE_NEEDS(refused_growth_reported);
    Guest guest(engine(), kGrowing, {}, limit_of(2 * kPage));
    const auto outcome = guest.call("grow_or_trap", {i32(100)});
    EXPECT_EQ(outcome.stop, Stop::trap);
    EXPECT_TRUE(guest.store->growth_was_refused());
}

TEST_P(Memory, Refused_growth_ends_the_call_where_asked) {
    MORTISE_NEEDS(refused_growth_reported);
    auto limits = limit_of(2 * kPage);
    limits.refused_growth_ends_call = true;
    Guest guest(engine(), kGrowing, {}, limits);
    EXPECT_EQ(guest.call("grow", {i32(1)}).i32(), 1);
    const auto outcome = guest.call("grow", {i32(1)});
    EXPECT_EQ(outcome.stop, Stop::memory_limit);
    EXPECT_EQ(guest.call("size").i32(), 2);
    guest.store->clear_refused_growth();
    EXPECT_EQ(guest.call("put", {i32(-1), i32(1)}).stop, Stop::trap)
        << "an earlier refusal must not colour a later trap";
}

TEST_P(Memory, Declared_maximum_refuses_growth_before_the_cap) {
    constexpr auto kWat = R"((module (memory (export "memory") 1 2)
        (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)))";
    Guest guest(engine(), kWat);
    EXPECT_EQ(guest.call("grow", {i32(2)}).i32(), -1);
    EXPECT_EQ(guest.store->memory_bytes(), kPage);
    EXPECT_EQ(guest.call("grow", {i32(1)}).i32(), 1);
    EXPECT_EQ(guest.store->memory_bytes(), 2 * kPage);
}

TEST_P(Memory, Minimum_beyond_the_cap_is_refused_at_instantiation) {
    MORTISE_NEEDS(memory_limit);
    const auto compiled = value(try_compile(engine(), wasm_of("(module (memory 4))")));
    const auto small = value(compiled.module->new_store(limit_of(4 * kPage - 1)));
    EXPECT_THAT(small->instantiate(*compiled.module), FailsWith(ErrorCode::memory_limit));
    const auto enough = value(compiled.module->new_store(limit_of(4 * kPage)));
    EXPECT_THAT(enough->instantiate(*compiled.module), IsOk());
}

TEST_P(Memory, Module_without_memory_fits_a_cap_of_nothing) {
    Guest guest(engine(), R"((module (func (export "f") (result i32) i32.const 5)))", {}, limit_of(0));
    EXPECT_EQ(guest.call("f").i32(), 5);
    EXPECT_EQ(guest.store->memory_bytes(), 0U);
}

TEST_P(Memory, Cap_holds_for_all_memories_together) {
    MORTISE_NEEDS(multi_memory);
    MORTISE_NEEDS(memory_limit);
    constexpr auto kWat = R"((module
        (memory (export "a") 1) (memory (export "b") 1)
        (func (export "grow_a") (param i32) (result i32) local.get 0 memory.grow 0)
        (func (export "grow_b") (param i32) (result i32) local.get 0 memory.grow 1)))";
    auto limits = limit_of(4 * kPage);
    limits.memories = 2;
    Guest guest(engine(), kWat, {}, limits);
    EXPECT_EQ(guest.call("grow_a", {i32(1)}).i32(), 1);
    EXPECT_EQ(guest.call("grow_b", {i32(2)}).i32(), -1);
    EXPECT_EQ(guest.call("grow_b", {i32(1)}).i32(), 1);
    EXPECT_EQ(guest.call("grow_a", {i32(1)}).i32(), -1);
    EXPECT_EQ(guest.store->memory_bytes(), 4 * kPage);
    EXPECT_TRUE(guest.store->growth_was_refused());

    const auto compiled = value(try_compile(engine(), wasm_of(kWat)));
    const auto one_page = limit_of(kPage);
    auto two_memories = one_page;
    two_memories.memories = 2;
    EXPECT_THAT(value(compiled.module->new_store(two_memories))->instantiate(*compiled.module),
                FailsWith(ErrorCode::memory_limit))
        << "the minima count together";
    auto one_memory = limit_of(4 * kPage);
    one_memory.memories = 1;
    EXPECT_THAT(value(compiled.module->new_store(one_memory))->instantiate(*compiled.module),
                FailsWith(ErrorCode::memory_limit));
}

TEST_P(Memory, Whole_address_range_can_be_used) {
    constexpr auto kWat = R"((module (memory (export "memory") 1)
        (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
        (func (export "get") (param i32) (result i32) local.get 0 i32.load8_u)
        (func (export "put") (param i32 i32) local.get 0 local.get 1 i32.store8)))";
    // Where it costs real memory it is tried when asked for; a sixteenth otherwise.
    const bool whole = !GetParam().clears_growth || std::getenv("MORTISE_TEST_SLOW") != nullptr;
    const std::uint64_t pages = whole ? 65'536 : 4096;
    const std::uint64_t last = pages * kPage - 1;
    Guest guest(engine(), kWat, {}, limit_of(pages * kPage));
    ASSERT_EQ(guest.call("grow", {i32(static_cast<std::int32_t>(pages - 1))}).i32(), 1);
    EXPECT_EQ(guest.memory().size(), pages * kPage);
    ASSERT_EQ(guest.call("put", {i32(static_cast<std::int32_t>(last)), i32(0x5a)}).stop, Stop::done);
    EXPECT_EQ(guest.call("get", {i32(static_cast<std::int32_t>(last))}).i32(), 0x5a);
    EXPECT_EQ(guest.memory().load<std::uint8_t>(last), 0x5a);
    EXPECT_EQ(guest.call("grow", {i32(1)}).i32(), -1);
    EXPECT_EQ(guest.store->memory_bytes(), pages * kPage);
}

TEST_P(Memory, Each_instance_starts_with_its_own_data) {
    constexpr auto kWat = R"((module (memory (export "memory") 1) (data (i32.const 100) "fresh")
        (func (export "put") (param i32 i32) local.get 0 local.get 1 i32.store8)))";
    const auto compiled = value(try_compile(engine(), wasm_of(kWat)));
    for (int round = 0; round < 20; ++round) {
        Guest guest(compiled);
        ASSERT_EQ(guest.memory().text(100, 5), "fresh");
        ASSERT_EQ(guest.memory().load<std::uint32_t>(60'000), 0U);
        ASSERT_EQ(guest.call("put", {i32(101), i32('l')}).stop, Stop::done);
        ASSERT_EQ(guest.call("put", {i32(60'000), i32(1)}).stop, Stop::done);
        ASSERT_EQ(guest.memory().text(100, 5), "flesh");
    }
}

TEST_P(Memory, Data_and_elements_that_do_not_fit_fail_instantiation) {
    for (const auto* wat : {R"((module (memory 1) (data (i32.const 65533) "four")))",
                            R"((module (table 2 funcref) (func $f) (elem (i32.const 1) $f $f)))"}) {
        const auto compiled = try_compile(engine(), wasm_of(wat));
        ASSERT_THAT(compiled, IsOk()) << wat;
        EXPECT_THAT(value(compiled->module->new_store({}))->instantiate(*compiled->module), FailsWith(ErrorCode::trap))
            << wat;
    }
}

class Tables : public EngineContract {};
MORTISE_ON_EVERY_ENGINE(Tables);

constexpr auto kTable = R"((module
    (table (export "table") 2 funcref)
    (func (export "grow") (param i32) (result i32) ref.null func local.get 0 table.grow 0)
    (func (export "size") (result i32) table.size 0)))";

TEST_P(Tables, Growth_beyond_the_cap_answers_minus_one_and_is_noted) {
    MORTISE_NEEDS(memory_limit);
    StoreLimits limits;
    limits.table_elements = 10;
    Guest guest(engine(), kTable, {}, limits);
    EXPECT_EQ(guest.call("grow", {i32(9)}).i32(), -1);
    EXPECT_EQ(guest.store->growth_was_refused(), can().refused_growth_reported);
    EXPECT_EQ(guest.call("grow", {i32(8)}).i32(), 2);
    EXPECT_EQ(guest.call("grow", {i32(1)}).i32(), -1);
    EXPECT_EQ(guest.call("size").i32(), 10);
}

TEST_P(Tables, Growth_up_to_a_high_cap_works) {
    StoreLimits limits;
    limits.table_elements = 3'000'000;
    Guest guest(engine(), kTable, {}, limits);
    EXPECT_EQ(guest.call("grow", {i32(2'999'998)}).i32(), 2);
    EXPECT_EQ(guest.call("size").i32(), 3'000'000);
}

TEST_P(Tables, Minimum_or_number_beyond_the_cap_is_refused_at_instantiation) {
    MORTISE_NEEDS(memory_limit);
    const auto compiled = value(try_compile(engine(), wasm_of("(module (table 6 funcref) (table 5 funcref))")));
    StoreLimits limits;
    limits.table_elements = 10;
    EXPECT_THAT(value(compiled.module->new_store(limits))->instantiate(*compiled.module),
                FailsWith(ErrorCode::memory_limit));
    limits.table_elements = 11;
    EXPECT_THAT(value(compiled.module->new_store(limits))->instantiate(*compiled.module), IsOk());
    limits.tables = 1;
    EXPECT_THAT(value(compiled.module->new_store(limits))->instantiate(*compiled.module),
                FailsWith(ErrorCode::memory_limit));
}

TEST_P(Tables, References_to_host_objects_do_not_count_as_linear_memory) {
    MORTISE_NEEDS(reference_types);
    constexpr auto kWat = R"((module (memory (export "memory") 1) (table 5 externref)
        (func (export "is_null") (param i32) (result i32) local.get 0 table.get 0 ref.is_null)))";
    Guest guest(engine(), kWat, {}, limit_of(kPage));
    EXPECT_EQ(guest.call("is_null", {i32(4)}).i32(), 1);
    EXPECT_EQ(guest.store->memory_bytes(), kPage);
}

}  // namespace
}  // namespace mortise::engine_tests
