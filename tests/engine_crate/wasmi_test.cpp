#include <bit>
#include <cstring>

#include "engine_crate/support.hpp"

namespace mortise::test {
namespace {

TEST(WasmiShim, Version_is_the_locked_one) { EXPECT_STREQ(mortise_wasmi_version(), "2.0.0"); }

TEST(WasmiShim, Call_with_numbers_returns_the_result) {
    Wasmi wasmi(R"((module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))))");
    EXPECT_EQ(wasmi.call("add", {40, 2}).status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, 42);
}

TEST(WasmiShim, Call_of_every_type_keeps_every_bit) {
    Wasmi wasmi(R"((module (func (export "same") (param i32 i64 f32 f64 v128) (result v128 f64 f32 i64 i32)
        (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0))))");
    mortise_wasmi_value_t slots[5]{};
    slots[0].i32 = INT32_MIN;
    slots[1].i64 = INT64_MIN;
    slots[2].f32_bits = 0x7fa0'1234;
    slots[3].f64_bits = 0xfff4'0000'dead'beef;
    std::memset(slots[4].v128, 0xa5, 16);
    EXPECT_EQ(Ended(mortise_wasmi_call(wasmi.store.get(), wasmi.function("same"), slots, 5)).status, MORTISE_DONE);
    EXPECT_EQ(slots[4].i32, INT32_MIN);
    EXPECT_EQ(slots[3].i64, INT64_MIN);
    EXPECT_EQ(slots[2].f32_bits, 0x7fa0'1234U);
    EXPECT_EQ(slots[1].f64_bits, 0xfff4'0000'dead'beef);
    for (std::uint8_t byte : slots[0].v128) EXPECT_EQ(byte, 0xa5);
}

TEST(WasmiShim, Call_of_many_values_works) {
    std::string text = "(module (func (export \"sum\") (param";
    for (int i = 0; i < 18; ++i) text += " i64";
    text += ") (result i64) (local.get 0)";
    for (int i = 1; i < 18; ++i) text += " (i64.add (local.get " + std::to_string(i) + "))";
    Wasmi wasmi(text + "))");
    EXPECT_EQ(wasmi.call("sum", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}).status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i64, 171);
}

TEST(WasmiShim, Call_with_too_few_slots_fails) {
    Wasmi wasmi(R"((module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))))");
    mortise_wasmi_value_t slot{};
    Ended ended(mortise_wasmi_call(wasmi.store.get(), wasmi.function("add"), &slot, 1));
    EXPECT_EQ(ended.status, MORTISE_FAILED);
    EXPECT_NE(ended.text.find("1 slots for a function that needs 2"), std::string::npos) << ended.text;
    EXPECT_EQ(Ended(mortise_wasmi_call(wasmi.store.get(), 77, &slot, 1)).status, MORTISE_FAILED);
}

TEST(WasmiShim, Host_function_gets_arguments_and_env_and_memory) {
    struct Seen {
        std::int64_t sum = 0;
        std::string text;
    } seen;
    auto host = [](const void* env, mortise_wasmi_store_t* store, mortise_wasmi_caller_t* caller,
                   std::uint32_t instance, mortise_wasmi_value_t* slots) -> std::int32_t {
        auto* out = static_cast<Seen*>(const_cast<void*>(env));
        std::uint8_t* data = nullptr;
        std::size_t size = 0;
        EXPECT_EQ(instance, 0U);
        EXPECT_TRUE(mortise_wasmi_caller_memory(store, caller, "memory", 6, &data, &size));
        EXPECT_EQ(size, 65'536U);
        out->text.assign(reinterpret_cast<const char*>(data) + slots[0].i32, 5);
        out->sum = slots[0].i32 + slots[1].i64;
        slots[0].f64_bits = std::bit_cast<std::uint64_t>(2.5);
        return 0;
    };
    Wasmi wasmi(R"((module (import "env" "host" (func $host (param i32 i64) (result f64))) (memory (export "memory") 1)
        (data (i32.const 8) "hello")
        (func (export "go") (result f64) (call $host (i32.const 8) (i64.const 34)))))",
                {host_function(host, &seen)});
    EXPECT_EQ(wasmi.call("go").status, MORTISE_DONE);
    EXPECT_EQ(std::bit_cast<double>(wasmi.slots[0].f64_bits), 2.5);
    EXPECT_EQ(seen.sum, 42);
    EXPECT_EQ(seen.text, "hello");
}

TEST(WasmiShim, Host_function_that_stops_ends_the_call_with_its_code) {
    auto host = [](const void*, mortise_wasmi_store_t*, mortise_wasmi_caller_t*, std::uint32_t,
                   mortise_wasmi_value_t*) -> std::int32_t { return 4711; };
    Wasmi wasmi(
        R"((module (import "" "" (func $host)) (export "direct" (func $host)) (func (export "go") (call $host))))",
        {host_function(host)});
    for (const char* name : {"go", "direct"}) {
        Ended ended = wasmi.call(name);
        EXPECT_EQ(ended.status, MORTISE_HOST_STOPPED) << name << ended.text;
        EXPECT_EQ(ended.code, 4711);
    }
}

/// fib by calls from the guest to the host and back, some of which trap at the bottom.
TEST(WasmiShim, Host_function_calls_back_into_the_same_instance) {
    auto host = [](const void*, mortise_wasmi_store_t* store, mortise_wasmi_caller_t* caller, std::uint32_t instance,
                   mortise_wasmi_value_t* slots) -> std::int32_t {
        std::uint32_t function = 0;
        EXPECT_TRUE(mortise_wasmi_function(store, instance, "fib", 3, &function));
        Ended ended(mortise_wasmi_call(store, function, slots, 1));
        std::uint8_t* data = nullptr;
        std::size_t size = 0;
        EXPECT_TRUE(mortise_wasmi_caller_memory(store, caller, "memory", 6, &data, &size));
        return ended.status == MORTISE_DONE ? 0 : 9;
    };
    Wasmi wasmi(R"((module (import "" "fib" (func $again (param i32) (result i32))) (memory (export "memory") 1)
        (func (export "fib") (param i32) (result i32)
            (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
                (then (if (result i32) (memory.grow (i32.const 0)) (then (local.get 0)) (else (unreachable))))
                (else (i32.add (call $again (i32.sub (local.get 0) (i32.const 1)))
                               (call $again (i32.sub (local.get 0) (i32.const 2)))))))
        (func (export "trap_below") (result i32) (call $again (i32.const -1)))))",
                {host_function(host)}, {.slice = 50});
    EXPECT_EQ(wasmi.call("fib", {15}).status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, 610);
}

TEST(WasmiShim, Trap_in_a_nested_call_leaves_the_outer_call_alive) {
    auto host = [](const void*, mortise_wasmi_store_t* store, mortise_wasmi_caller_t*, std::uint32_t instance,
                   mortise_wasmi_value_t* slots) -> std::int32_t {
        std::uint32_t function = 0;
        EXPECT_TRUE(mortise_wasmi_function(store, instance, "trap", 4, &function));
        slots[0].i32 = Ended(mortise_wasmi_call(store, function, slots, 1)).code;
        return 0;
    };
    Wasmi wasmi(R"((module (import "" "" (func $host (result i32)))
        (func (export "trap") (unreachable))
        (func (export "go") (result i32) (i32.add (call $host) (call $host)))))",
                {host_function(host)});
    EXPECT_EQ(wasmi.call("go").status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, 2 * MORTISE_TRAP_UNREACHABLE);
}

TEST(WasmiShim, Module_that_is_refused_says_why) {
    Wasmi wasmi("(module)");
    struct Row {
        const char* name;
        std::vector<std::uint8_t> wasm;
        const char* text;
    };
    const Row rows[] = {
        {"empty", {}, "unexpected end"},
        {"not wasm", {'h', 'e', 'l', 'l', 'o', '!', '!', '!'}, "magic"},
        {"start section", wasm_of("(module (func $f) (start $f))"), "start"},
        {"memory64", wasm_of("(module (memory i64 1))"), "memory64"},
        {"invalid body", wasm_of("(module (func (result i32)))"), "type mismatch"},
    };
    for (const Row& row : rows) {
        mortise_text_t error{};
        EXPECT_EQ(mortise_wasmi_compile(wasmi.engine.get(), row.wasm.data(), row.wasm.size(), &error), nullptr)
            << row.name;
        const std::string text = take(error);
        EXPECT_NE(text.find(row.text), std::string::npos) << row.name << ": " << text;
    }
}

TEST(WasmiShim, Instances_are_linked_by_position_whatever_the_names) {
    Wasmi wasmi(R"((module (memory (export "m") 1) (global (export "g") (mut i32) (i32.const 5))
        (table (export "t") 3 funcref) (func (export "f") (result i32) (i32.const 7))))");
    auto user = wasmi.compile(R"((module (import "" "" (global (mut i32))) (import "" "" (memory 1))
        (import "" "" (func $f (result i32))) (import "" "" (table 1 funcref)) (import "" "" (func $g (result i32)))
        (func (export "go") (result i32)
            (i32.store8 (i32.const 0) (i32.const 1))
            (i32.add (i32.add (call $f) (call $g)) (i32.add (global.get 0) (table.size 0))))))");
    auto eleven = [](const void*, mortise_wasmi_store_t*, mortise_wasmi_caller_t*, std::uint32_t,
                     mortise_wasmi_value_t* slots) -> std::int32_t {
        slots[0].i32 = 11;
        return 0;
    };
    const std::vector<mortise_wasmi_import_t> imports = {
        linked(MORTISE_GLOBAL, 0, "g"), linked(MORTISE_MEMORY, 0, "m"),   host_function(eleven),
        linked(MORTISE_TABLE, 0, "t"),  linked(MORTISE_FUNCTION, 0, "f"),
    };
    Ended made = wasmi.add(*user, imports);
    ASSERT_EQ(made.status, MORTISE_DONE) << made.text;
    EXPECT_EQ(wasmi.instance, 1U);
    EXPECT_EQ(wasmi.call("go").status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, 11 + 7 + 5 + 3);
    std::uint32_t memory = 0;
    ASSERT_TRUE(mortise_wasmi_memory(wasmi.store.get(), 0, "m", 1, &memory));
    std::uint8_t* data = nullptr;
    std::size_t size = 0;
    ASSERT_TRUE(mortise_wasmi_memory_view(wasmi.store.get(), memory, &data, &size));
    EXPECT_EQ(data[0], 1);
    EXPECT_FALSE(mortise_wasmi_memory_view(wasmi.store.get(), 99, &data, &size));
    EXPECT_EQ(data, nullptr);
}

TEST(WasmiShim, Imports_that_do_not_fit_are_refused) {
    Wasmi wasmi(R"((module (func (export "f") (param i32))))");
    auto user = wasmi.compile(R"((module (import "a" "b" (func (param i64)))))");
    auto memory = wasmi.compile(R"((module (import "a" "b" (memory 1))))");
    const mortise_wasmi_import_t wrong_type = linked(MORTISE_FUNCTION, 0, "f");
    const mortise_wasmi_import_t no_export = linked(MORTISE_FUNCTION, 0, "nothing");
    const mortise_wasmi_import_t no_instance = linked(MORTISE_FUNCTION, 6, "f");
    EXPECT_EQ(wasmi.add(*user, {}).status, MORTISE_FAILED);
    EXPECT_EQ(wasmi.add(*user, {&wrong_type, 1}).status, MORTISE_FAILED);
    EXPECT_EQ(wasmi.add(*user, {&no_export, 1}).status, MORTISE_FAILED);
    EXPECT_EQ(wasmi.add(*user, {&no_instance, 1}).status, MORTISE_FAILED);
    EXPECT_EQ(wasmi.add(*memory, {&wrong_type, 1}).status, MORTISE_FAILED);
}

TEST(WasmiShim, Exports_are_found_by_kind_and_keep_their_number) {
    Wasmi wasmi(R"((module (memory (export "m") 1) (global (export "g") (mut i64) (i64.const -3))
        (global (export "c") i32 (i32.const 1)) (table (export "t") 3 funcref) (func (export "f"))))");
    mortise_wasmi_store_t* store = wasmi.store.get();
    std::uint32_t number = 0, again = 1;
    EXPECT_TRUE(mortise_wasmi_function(store, 0, "f", 1, &number) && mortise_wasmi_function(store, 0, "f", 1, &again));
    EXPECT_EQ(number, again);
    EXPECT_FALSE(mortise_wasmi_function(store, 0, "m", 1, &number));
    EXPECT_FALSE(mortise_wasmi_memory(store, 0, "f", 1, &number));
    EXPECT_FALSE(mortise_wasmi_memory(store, 1, "m", 1, &number));
    EXPECT_FALSE(mortise_wasmi_function(store, 0, "\xff", 1, &number));
    std::uint64_t elements = 0;
    EXPECT_TRUE(mortise_wasmi_table_size(store, 0, "t", 1, &elements));
    EXPECT_EQ(elements, 3U);

    ASSERT_TRUE(mortise_wasmi_global(store, 0, "g", 1, &number));
    mortise_wasmi_value_t value{};
    EXPECT_TRUE(mortise_wasmi_global_get(store, number, &value));
    EXPECT_EQ(value.i64, -3);
    value.i64 = 1LL << 40;
    EXPECT_TRUE(mortise_wasmi_global_set(store, number, &value));
    value = {};
    EXPECT_TRUE(mortise_wasmi_global_get(store, number, &value));
    EXPECT_EQ(value.i64, 1LL << 40);
    ASSERT_TRUE(mortise_wasmi_global(store, 0, "c", 1, &number));
    EXPECT_FALSE(mortise_wasmi_global_set(store, number, &value));
}

TEST(WasmiShim, References_go_through_the_guest_and_back) {
    Wasmi wasmi(R"((module (table $t 1 funcref) (func $f (export "f") (result i32) (i32.const 9)) (elem declare func $f)
        (func (export "get") (result funcref) (ref.func $f))
        (func (export "use") (param funcref) (result i32)
            (table.set $t (i32.const 0) (local.get 0)) (call_indirect $t (result i32) (i32.const 0)))
        (func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0)))))");
    EXPECT_EQ(wasmi.call("get").status, MORTISE_DONE);
    const std::uint64_t function = wasmi.slots[0].ref;
    EXPECT_NE(function, 0U);
    EXPECT_EQ(wasmi.call("use", {static_cast<std::int64_t>(function)}).status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, 9);
    EXPECT_EQ(wasmi.call("use", {0}).code, MORTISE_TRAP_INDIRECT_CALL_TO_NULL);
    EXPECT_EQ(wasmi.call("is_null", {0}).status, MORTISE_DONE);
    EXPECT_EQ(wasmi.slots[0].i32, 1);
}

TEST(WasmiShim, Panic_of_the_engine_becomes_a_status_and_ends_the_store) {
    Wasmi wasmi(R"((module (func (export "take") (param funcref)) (func (export "f"))))");
    // A handle of a store that does not exist makes the crate panic: the only panic that can be had on purpose.
    EXPECT_EQ(wasmi.call("take", {0x7777'0000'0001}).status, MORTISE_PANICKED);
    std::uint32_t number = 0;
    EXPECT_FALSE(mortise_wasmi_function(wasmi.store.get(), 0, "f", 1, &number));
    EXPECT_EQ(Ended(mortise_wasmi_call(wasmi.store.get(), 0, wasmi.slots, 1)).status, MORTISE_PANICKED);
}

}  // namespace
}  // namespace mortise::test
