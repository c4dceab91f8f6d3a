#include "engine/guest.hpp"

namespace mortise::engine_tests {
namespace {

HostCode returns(std::int32_t number) {
    return [number](Store&, Caller, RawValue* slots) { return slots[0] = i32(number), Stop::done; };
}

class Imports : public EngineContract {};
MORTISE_ON_EVERY_ENGINE(Imports);

TEST_P(Imports, Import_that_nobody_provides_is_named) {
    constexpr auto kWat = R"((module (import "env" "there" (func)) (import "env" "not there" (func))))";
    const Host host{{"env.there", returns(0)}};
    const auto compiled = try_compile(engine(), wasm_of(kWat), host);
    ASSERT_THAT(compiled, FailsWith(ErrorCode::missing_import));
    EXPECT_THAT(compiled.error().message(), testing::HasSubstr("not there"));
}

TEST_P(Imports, Number_of_bindings_must_be_that_of_the_imports) {
    const auto& wasm = wasm_of(R"((module (import "env" "f" (func))))");
    const auto info = value(read_module(wasm));
    EXPECT_THAT(engine().compile({info, wasm, {}, {}}, {}), FailsWith(ErrorCode::invalid_argument));
    const std::vector<engine::Resolved> two(2, engine::HostImport{});
    EXPECT_THAT(engine().compile({info, wasm, two, {}}, {}), FailsWith(ErrorCode::invalid_argument));
}

TEST_P(Imports, Things_other_than_functions_are_not_the_hosts_to_give) {
    for (const auto* kind : {"(memory 1)", "(table 1 funcref)", "(global i32)"}) {
        const std::string wat = std::string(R"((module (import "env" "thing" )") + kind + "))";
        const Host host{{"env.thing", returns(0)}};
        const auto compiled = try_compile(engine(), wasm_of(wat), host);
        ASSERT_THAT(compiled, FailsWith(ErrorCode::import_mismatch)) << wat;
        EXPECT_THAT(compiled.error().message(), testing::HasSubstr("thing"));
        EXPECT_THAT(try_compile(engine(), wasm_of(wat)), FailsWith(ErrorCode::missing_import)) << wat;
    }
}

TEST_P(Imports, Same_name_twice_is_bound_by_position) {
    // Two types under one name, as overloads have them, and one type under one name with two meanings.
    constexpr auto kWat = R"((module
        (import "env" "f" (func $a (result i32)))
        (import "env" "f" (func $b (param i32) (result i32)))
        (import "env" "g" (func $c (result i32)))
        (import "env" "g" (func $d (result i32)))
        (func (export "a") (result i32) call $a)
        (func (export "b") (result i32) i32.const 0 call $b)
        (func (export "c") (result i32) call $c)
        (func (export "d") (result i32) call $d)))";
    const auto& wasm = wasm_of(kWat);
    const auto info = value(read_module(wasm));
    const Host hosts[] = {{{"env.f", returns(1)}, {"env.g", returns(1)}},
                          {{"env.f", returns(2)}, {"env.g", returns(2)}},
                          {{"env.f", returns(3)}, {"env.g", returns(3)}},
                          {{"env.f", returns(4)}, {"env.g", returns(4)}}};
    std::vector<engine::Resolved> imports;
    for (std::size_t i = 0; i < 4; ++i) imports.push_back(hosts[i].resolve(info)[i]);
    // Without renaming, and after the pass that renames.
    Compiled plain{info, value(engine().compile({info, wasm, imports, {}}, {}))};
    Guest guest(plain);
    EXPECT_EQ(guest.call("a").i32(), 1);
    EXPECT_EQ(guest.call("b").i32(), 2);
    EXPECT_EQ(guest.call("c").i32(), 3);
    EXPECT_EQ(guest.call("d").i32(), 4);

    const Host both{{"env.f", returns(8)}, {"env.g", returns(9)}};
    Guest renamed(engine(), kWat, both);
    EXPECT_EQ(renamed.call("b").i32(), 8);
    EXPECT_EQ(renamed.call("d").i32(), 9);
}

TEST_P(Imports, Names_may_be_anything) {
    constexpr auto kWat = R"((module
        (import "" "" (func $empty (result i32)))
        (import "a b" "c\00d" (func $zero (result i32)))
        (import "\e2\82\ac" "\f0\9f\98\80" (func $unicode (result i32)))
        (func (export "") (result i32) call $empty)
        (func (export "x\00y") (result i32) call $zero)
        (func (export "\e2\82\ac") (result i32) call $unicode)))";
    using std::string_literals::operator""s;
    const Host host{{".", returns(1)}, {"a b.c\0d"s, returns(2)}, {"\xe2\x82\xac.\xf0\x9f\x98\x80", returns(3)}};
    Guest guest(engine(), kWat, host);
    EXPECT_EQ(guest.call("").i32(), 1);
    EXPECT_EQ(guest.call("x\0y"s).i32(), 2);
    EXPECT_EQ(guest.call("\xe2\x82\xac").i32(), 3);
}

TEST_P(Imports, Many_parameters_and_results_cross_in_order) {
    MORTISE_NEEDS(simd);
    constexpr auto kWat = R"((module
        (import "env" "f" (func $f (param i32 i64 f32 f64 v128 i32) (result f64 i32 i64)))
        (func (export "f") (param i32 i64 f32 f64 v128 i32) (result f64 i32 i64)
            local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5 call $f)))";
    const Host host{{"env.f", [](Store&, Caller, RawValue* slots) {
                         const RawValue given[6] = {slots[0], slots[1], slots[2], slots[3], slots[4], slots[5]};
                         slots[0].f64 = given[3].f64 * 2 + given[2].f32;
                         slots[1] = i32(given[0].i32 - given[5].i32);
                         slots[2] = i64(given[1].i64 + given[4].v128[15]);
                         return Stop::done;
                     }}};
    Guest guest(engine(), kWat, host);
    RawValue vector{};
    vector.v128[15] = 200;
    RawValue f32{}, f64{};
    f32.f32 = 0.25F;
    f64.f64 = 1e100;
    const auto outcome = guest.call("f", {i32(5), i64(std::int64_t{1} << 40), f32, f64, vector, i32(7)});
    ASSERT_EQ(outcome.stop, Stop::done);
    EXPECT_EQ(outcome.slots[0].f64, 2e100 + 0.25);
    EXPECT_EQ(outcome.slots[1].i32, -2);
    EXPECT_EQ(outcome.slots[2].i64, (std::int64_t{1} << 40) + 200);
}

class Linking : public EngineContract {
protected:
    void SetUp() override { MORTISE_NEEDS(linking); }

    static StoreLimits room_for(std::uint32_t instances) {
        StoreLimits limits;
        limits.instances = instances;
        limits.memories = instances;
        limits.tables = instances;
        return limits;
    }
};
MORTISE_ON_EVERY_ENGINE(Linking);

constexpr auto kKernel = R"((module
    (import "env" "tell" (func $tell (result i32)))
    (memory (export "memory") 1)
    (global (export "counter") (mut i32) (i32.const 10))
    (table (export "table") 1 funcref)
    (elem (i32.const 0) $tell)
    (func (export "next") (result i32) global.get 0 i32.const 1 i32.add global.set 0 global.get 0)
    (func (export "poke") (param i32 i32) local.get 0 local.get 1 i32.store8)
    (export "tell" (func $tell))
    (func (export "tell_from_kernel") (result i32) call $tell)))";

constexpr auto kPlugin = R"(
    (import "kernel" "next" (func $next (result i32)))
    (import "kernel" "poke" (func $poke (param i32 i32)))
    (import "kernel" "tell" (func $tell (result i32)))
    (import "kernel" "counter" (global $counter (mut i32)))
    (import "env" "tell" (func $own_tell (result i32)))
    (type $number (func (result i32)))
    (memory (export "memory") 2)
    (func (export "next") (result i32) call $next drop call $next)
    (func (export "poke") i32.const 5 i32.const 66 call $poke)
    (func (export "count") (result i32) global.get $counter)
    (func (export "own_tell") (result i32) call $own_tell)
    (func (export "kernel_tell") (result i32) call $tell)
    (func (export "table_tell") (result i32) i32.const 0 call_indirect (type $number)))";

/// The plugin's text, sharing the kernel's table where the engine lets instances share one.
std::string plugin_text(const Capabilities& can) {
    if (can.linked_tables) return std::string(R"((module (import "kernel" "table" (table 1 funcref)))") + kPlugin + ")";
    return std::string("(module") + kPlugin + "(table 1 funcref) (elem (i32.const 0) $own_tell))";
}

/// What a host function learns of its caller: the pages of that instance's memory.
HostCode tell_pages() {
    return [](Store& store, Caller caller, RawValue* slots) {
        slots[0] = i32(static_cast<std::int32_t>(store.view(caller).size() / 65'536));
        return Stop::done;
    };
}

TEST_P(Linking, Instances_of_one_store_share_what_they_import) {
    Host host{{"env.tell", tell_pages()}};
    for (const auto* name : {"next", "poke", "tell", "counter", "table"}) {
        host.link(std::string("kernel.") + name, {.from = InstanceId{0}, .name = name});
    }
    const auto kernel = value(try_compile(engine(), wasm_of(kKernel), host));
    const auto plugin = value(try_compile(engine(), wasm_of(plugin_text(can())), host));
    const auto store = value(plugin.module->new_store(room_for(2)));
    const auto kernel_id = value(store->instantiate(*kernel.module));
    const auto plugin_id = value(store->instantiate(*plugin.module));
    EXPECT_EQ(kernel_id.index, 0U);
    EXPECT_EQ(plugin_id.index, 1U);

    EXPECT_EQ(call(*store, plugin_id, "next").i32(), 12);
    EXPECT_EQ(call(*store, plugin_id, "count").i32(), 12);
    store->set(*store->global(kernel_id, "counter"), i32(100));
    EXPECT_EQ(call(*store, plugin_id, "count").i32(), 100);
    EXPECT_EQ(call(*store, kernel_id, "next").i32(), 101);

    ASSERT_EQ(call(*store, plugin_id, "poke").stop, Stop::done);
    EXPECT_EQ(store->view(*store->memory(kernel_id, "memory")).load<std::uint8_t>(5), 66);
    EXPECT_EQ(store->view(*store->memory(plugin_id, "memory")).load<std::uint8_t>(5), 0);
    EXPECT_EQ(store->memory_bytes(), 3 * 65'536U);
}

TEST_P(Linking, Host_function_sees_the_memory_of_whoever_calls) {
    MORTISE_NEEDS(memory_in_callbacks);
    Host host{{"env.tell", tell_pages()}};
    for (const auto* name : {"next", "poke", "tell", "counter", "table"}) {
        host.link(std::string("kernel.") + name, {.from = InstanceId{0}, .name = name});
    }
    const auto kernel = value(try_compile(engine(), wasm_of(kKernel), host));
    const auto plugin = value(try_compile(engine(), wasm_of(plugin_text(can())), host));
    const auto store = value(plugin.module->new_store(room_for(3)));
    const auto kernel_id = value(store->instantiate(*kernel.module));
    const auto plugin_id = value(store->instantiate(*plugin.module));
    EXPECT_EQ(call(*store, kernel_id, "tell_from_kernel").i32(), 1);
    EXPECT_EQ(call(*store, plugin_id, "own_tell").i32(), 2);
    EXPECT_EQ(call(*store, plugin_id, "kernel_tell").i32(), 2) << "the caller counts, not whose import it was";
    EXPECT_EQ(call(*store, plugin_id, "table_tell").i32(), 2);
    EXPECT_EQ(call(*store, kernel_id, "tell_from_kernel").i32(), 1);

    const auto second = value(store->instantiate(*kernel.module));
    EXPECT_EQ(second.index, 2U) << "one module may have several instances";
    EXPECT_EQ(call(*store, second, "next").i32(), 11);
    EXPECT_EQ(call(*store, kernel_id, "next").i32(), 11);
}

TEST_P(Linking, Fresh_stores_are_linked_afresh) {
    Host host{{"env.tell", tell_pages()}};
    for (const auto* name : {"next", "poke", "tell", "counter", "table"}) {
        host.link(std::string("kernel.") + name, {.from = InstanceId{0}, .name = name});
    }
    const auto kernel = value(try_compile(engine(), wasm_of(kKernel), host));
    const auto plugin = value(try_compile(engine(), wasm_of(plugin_text(can())), host));
    for (int round = 0; round < 50; ++round) {
        const auto store = value(kernel.module->new_store(room_for(2)));
        ASSERT_THAT(store->instantiate(*kernel.module), IsOk());
        const auto id = value(store->instantiate(*plugin.module));
        ASSERT_EQ(call(*store, id, "next").i32(), 12);
    }
}

TEST_P(Linking, Links_that_lead_nowhere_are_named) {
    struct Row {
        std::string name, type;
        engine::LinkedImport to;
        ErrorCode code;
    };
    const Row rows[] = {
        {"no such instance", "(func (result i32))", {InstanceId{1}, "next"}, ErrorCode::missing_import},
        {"no such export", "(func (result i32))", {InstanceId{0}, "previous"}, ErrorCode::missing_import},
        {"another kind", "(func (result i32))", {InstanceId{0}, "memory"}, ErrorCode::missing_import},
        {"another function type", "(func (result i64))", {InstanceId{0}, "next"}, ErrorCode::import_mismatch},
        {"another global type", "(global i32)", {InstanceId{0}, "counter"}, ErrorCode::import_mismatch},
        {"a larger memory", "(memory 2)", {InstanceId{0}, "memory"}, ErrorCode::import_mismatch},
        {"a larger table", "(table 2 funcref)", {InstanceId{0}, "table"}, ErrorCode::import_mismatch},
    };
    const Host tells{{"env.tell", tell_pages()}};
    const auto kernel = value(try_compile(engine(), wasm_of(kKernel), tells));
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        if (row.name == "a larger table" && !can().linked_tables) continue;
        Host host;
        host.link("kernel.thing", row.to);
        const auto plugin =
            value(try_compile(engine(), wasm_of(R"((module (import "kernel" "thing" )" + row.type + "))"), host));
        const auto store = value(kernel.module->new_store(room_for(2)));
        ASSERT_THAT(store->instantiate(*kernel.module), IsOk());
        const auto id = store->instantiate(*plugin.module);
        EXPECT_THAT(id, FailsWith(row.code));
    }
}

TEST_P(Linking, Functions_of_an_instance_that_failed_live_on_in_a_shared_table_or_nothing_runs) {
    MORTISE_NEEDS(linked_tables);
    const auto first = value(try_compile(engine(), wasm_of(R"((module
        (table (export "table") 4 funcref)
        (func (export "call") (param i32) (result i32) local.get 0 call_indirect (result i32))))")));
    const auto store = value(first.module->new_store(room_for(3)));
    const auto id = value(store->instantiate(*first.module));
    const auto by_index = *store->function(id, "call");
    Host host{{"env.number", [](Store&, Caller, RawValue* slots) { return slots[0] = i32(42), Stop::done; }}};
    host.link("first.table", {.from = id, .name = "table"});
    {
        const auto second = value(try_compile(engine(), wasm_of(R"((module
            (import "first" "table" (table 4 funcref))
            (import "env" "number" (func $number (result i32)))
            (memory 1)
            (elem (i32.const 0) $mine $number)
            (func $mine (result i32) call $number i32.const 1 i32.add)
            (data (i32.const 65536) "one byte too many")))"), host));
        ASSERT_THAT(store->instantiate(*second.module), FailsWith(ErrorCode::trap));
    }
    RawValue slot = i32(0);
    const Stop stop = store->call(by_index, &slot, 1);
    if (stop == Stop::engine) return;  // the engine would not survive it, and so refuses
    // The specification has it so: what was written before the trap stays, whether or not the module is still there.
    EXPECT_EQ(stop, Stop::done);
    EXPECT_EQ(slot.i32, 43);
    EXPECT_EQ(call(*store, id, "call", {i32(1)}).i32(), 42);
    EXPECT_EQ(call(*store, id, "call", {i32(2)}).stop, Stop::trap);
}

TEST_P(Linking, Instances_count_against_the_limit) {
    const auto compiled = value(try_compile(engine(), wasm_of("(module)")));
    const auto store = value(compiled.module->new_store(room_for(2)));
    EXPECT_THAT(store->instantiate(*compiled.module), IsOk());
    EXPECT_THAT(store->instantiate(*compiled.module), IsOk());
    EXPECT_THAT(store->instantiate(*compiled.module), FailsWith(ErrorCode::memory_limit));
}

TEST_P(Linking, Module_compiled_with_other_options_is_refused) {
    CompileOptions other;
    other.interrupt = false;
    const auto a = value(try_compile(engine(), wasm_of("(module)")));
    const auto b = value(try_compile(engine(), wasm_of("(module)"), {}, other));
    const auto store = value(a.module->new_store(room_for(2)));
    EXPECT_THAT(store->instantiate(*b.module), FailsWith(ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace mortise::engine_tests
