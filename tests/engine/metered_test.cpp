// Fuel and interruption by checks in the code: what the contract does not say. Engines "*_rewritten" keep the contract
// itself.

#include <algorithm>

#include "engine/guest.hpp"

namespace mortise::engine_tests {
namespace {

constexpr auto kWork = R"((module
    (import "env" "host" (func $host (param i32) (result i32)))
    (memory (export "memory") 1)
    (global (export "own") (mut i64) (i64.const 7))
    (global (export "steps") (mut i32) (i32.const 0))
    (table (export "table") 2 funcref)
    (elem (i32.const 0) $add $host)
    (type $unary (func (param i32) (result i32)))
    (func $add (export "add") (param i32) (result i32) local.get 0 i32.const 1 i32.add)
    (func (export "call_host") (param i32) (result i32) local.get 0 call $host)
    (func (export "indirect") (param i32 i32) (result i32) local.get 1 local.get 0 call_indirect (type $unary))
    (func (export "count") (param i32) (result i32) (local i32)
        (loop
            local.get 1 i32.const 1 i32.add local.set 1
            local.get 1 local.get 0 i32.lt_u br_if 0)
        local.get 1)
    (func (export "for_ever") (loop (global.set 1 (i32.add (global.get 1) (i32.const 1))) br 0))
    (export "host" (func $host))))";

CompileOptions with_fuel() {
    CompileOptions options;
    options.fuel = true;
    return options;
}

Host twice() {
    return Host{{"env.host", [](Store&, Caller, RawValue* slots) { return slots[0].i32 *= 2, Stop::done; }}};
}

std::vector<EngineUnderTest> rewritten() {
    std::vector<EngineUnderTest> some;
    for (const EngineUnderTest& which : engines_under_test()) {
        if (which.name.ends_with("_rewritten")) some.push_back(which);
    }
    return some;
}

class Metered : public EngineContract {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Metered);
INSTANTIATE_TEST_SUITE_P(Engines, Metered, testing::ValuesIn(rewritten()),
                         [](const auto& param) { return param.param.name; });

TEST_P(Metered, Capabilities_tell_that_it_is_no_native_metering) {
    EXPECT_TRUE(can().rewritten_metering);
    EXPECT_TRUE(can().fuel);
    EXPECT_TRUE(can().interrupt);
    EXPECT_FALSE(can().compiled_code);
    EXPECT_FALSE(can().backtrace);
}

TEST_P(Metered, Exports_imports_tables_and_globals_are_what_they_were) {
    const Host host = twice();
    Guest guest(engine(), kWork, host, {}, with_fuel());
    guest.store->set_fuel(1'000'000).value();
    EXPECT_EQ(guest.call("add", {i32(4)}).i32(), 5);
    EXPECT_EQ(guest.call("call_host", {i32(4)}).i32(), 8);
    EXPECT_EQ(guest.call("host", {i32(9)}).i32(), 18) << "an import that is exported again";
    EXPECT_EQ(guest.call("indirect", {i32(0), i32(4)}).i32(), 5);
    EXPECT_EQ(guest.call("indirect", {i32(1), i32(4)}).i32(), 8);
    EXPECT_EQ(guest.store->get(*guest.store->global(guest.id, "own")).i64, 7);
    EXPECT_EQ(guest.memory().size(), 65'536U);
    EXPECT_FALSE(guest.store->global(guest.id, "mortise:counter")) << "the counter is nobody's business";
}

TEST_P(Metered, Unit_of_fuel_is_an_instruction) {
    const Host host = twice();
    Guest guest(engine(), kWork, host, {}, with_fuel());
    const auto cost = [&](std::string_view name, std::initializer_list<RawValue> arguments) {
        guest.store->set_fuel(10'000'000).value();
        EXPECT_EQ(guest.call(name, arguments).stop, Stop::done) << name;
        return 10'000'000 - guest.store->fuel_left();
    };
    const auto once = cost("add", {i32(1)});
    EXPECT_GE(once, 3U);
    EXPECT_LE(once, 4U) << "three instructions, perhaps the end";
    EXPECT_EQ(cost("count", {i32(20)}) - cost("count", {i32(10)}), 80U) << "eight instructions a round";
    EXPECT_EQ(cost("count", {i32(200'000)}) - cost("count", {i32(100'000)}), 800'000U) << "through several slices";
}

TEST_P(Metered, Fuel_runs_out_at_the_same_place_on_every_engine) {
    const Host host = twice();
    for (const std::uint64_t fuel : {0, 1, 6, 7, 100, 99'999, 100'000, 100'001, 543'210}) {
        Guest guest(engine(), kWork, host, {}, with_fuel());
        guest.store->set_fuel(fuel).value();
        ASSERT_EQ(guest.call("for_ever").stop, Stop::fuel);
        EXPECT_EQ(guest.store->fuel_left(), 0U);
        const auto steps = static_cast<std::uint64_t>(guest.store->get(*guest.store->global(guest.id, "steps")).i32);
        // The check at the loop's head comes after its round, of five instructions, is paid.
        EXPECT_LE(steps, fuel / 5) << fuel;
        EXPECT_GE(steps + 2, fuel / 5) << fuel;
        // Whatever engine runs it, it is the very same place.
        static std::map<std::uint64_t, std::uint64_t> first;
        EXPECT_EQ(first.try_emplace(fuel, steps).first->second, steps) << fuel;
    }
}

TEST_P(Metered, Instance_that_failed_has_no_fuel) {
    MORTISE_NEEDS(linked_tables);
    const auto first = value(try_compile(engine(), wasm_of(R"((module
        (table (export "table") 1 funcref)
        (func (export "call") i32.const 0 call_indirect)))"), {}, with_fuel()));
    StoreLimits limits;
    limits.instances = 2;
    const auto store = value(first.module->new_store(limits));
    const auto id = value(store->instantiate(*first.module));
    const auto run = *store->function(id, "call");
    Host host;
    host.link("first.table", {.from = id, .name = "table"});
    const auto second = value(try_compile(engine(), wasm_of(R"((module
        (import "first" "table" (table 1 funcref))
        (memory 0)
        (elem (i32.const 0) $for_ever)
        (func $for_ever (loop br 0))
        (data (i32.const 0) "does not fit")))"), host, with_fuel()));
    ASSERT_THAT(store->instantiate(*second.module), FailsWith(ErrorCode::trap));
    store->set_fuel(1'000'000).value();
    RawValue none{};
    EXPECT_THAT(store->call(run, &none, 1), testing::AnyOf(Stop::fuel, Stop::engine));
}

TEST_P(Metered, Guest_cannot_name_the_counter) {
    // A global beyond the last one of the module is the counter after rewriting.
    Bytes wasm = wasm_of(R"((module (global (mut i64) (i64.const 0))
        (func (export "f") i64.const 0x7fffffff global.set 0)))");
    const auto info = value(read_module(wasm));
    const Bytes needle{std::byte{0x24}, std::byte{0x00}};
    const auto at = std::search(wasm.begin(), wasm.end(), needle.begin(), needle.end());
    ASSERT_NE(at, wasm.end());
    *(at + 1) = std::byte{1};
    EXPECT_THAT(engine().compile({info, wasm, {}, {}}, with_fuel()), FailsWith(ErrorCode::malformed_module));
}

TEST_P(Metered, Module_that_imports_the_check_itself_is_refused) {
    const Host host{{"mortise.check", [](Store&, Caller, RawValue*) { return Stop::done; }}};
    EXPECT_THAT(try_compile(engine(), wasm_of(R"((module (import "mortise" "check" (func))))"), host, with_fuel()),
                FailsWith(ErrorCode::instrumentation_failed));
}

}  // namespace
}  // namespace mortise::engine_tests
