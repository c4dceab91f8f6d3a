// Allocators that lie. The host asks the guest for a place to put what it hands over (wasp, aspect, W3bstream, dataflow) and must
// believe nothing about the answer.

#include <any>

#include <mortise/abi/w3bstream.hpp>

#include "attack.hpp"

namespace mortise::hostile {
namespace {

using enum ErrorCode;

/// What an allocator does, `$n` being how many bytes are asked for, and how a call ends that needs it.
struct Allocator {
    std::string name;
    std::string body;
    Ending ending;              ///< of a call whose argument or payload it was to place
    bool applet_goes_on = true; ///< W3bstream: the guest is told by a number, its call goes on
};

// `$grow_and_point` hands out the page that it just got.
const Allocator kAllocators[] = {
    {"returns_0", "(i32.const 0)", {bad_pointer}},
    {"returns_the_end", "(i32.const 65536)", {bad_pointer}},
    {"returns_the_last_byte", "(i32.const 65535)", {bad_pointer}},
    {"returns_astride_the_end", "(i32.sub (i32.const 65537) (local.get $n))", {bad_pointer}},
    {"returns_all_ones", "(i32.const -1)", {bad_pointer}},
    {"returns_what_wraps", "(i32.sub (i32.const 0) (local.get $n))", {bad_pointer}},
    {"returns_half_way", "(i32.const 0x80000000)", {bad_pointer}},
    {"returns_one_live_buffer_for_all", "(i32.const 1024)", Ending::success()},
    {"returns_a_buffer_inside_the_last", "(global.set $heap (i32.add (global.get $heap) (i32.const 1))) (global.get $heap)", Ending::success()},
    {"returns_the_guests_own_data", "(i32.const 16)", Ending::success()},
    {"up_to_the_end", "(i32.sub (i32.const 65536) (local.get $n))", Ending::success()},
    {"traps", "unreachable", {trap}},
    {"divides_by_zero", "(i32.div_u (local.get $n) (i32.const 0))", {trap}},
    {"grows_memory", "(i32.shl (memory.grow (i32.const 1)) (i32.const 16))", Ending::success()},
    {"grows_by_the_byte", "(drop (memory.grow (i32.const 1))) (i32.sub (i32.shl (memory.size) (i32.const 16)) (local.get $n))", Ending::success()},
    {"grows_beyond_the_cap_and_returns_0", "(drop (memory.grow (i32.const 1000))) (i32.const 0)", {memory_limit, bad_pointer}},
    {"grows_beyond_the_cap_and_traps", "(drop (memory.grow (i32.const 1000))) unreachable", {memory_limit}},
    {"runs_for_ever", "(loop $l (br $l)) (i32.const 0)", {deadline_exceeded}, false},
    {"recurses_for_ever", "(i32.add (call $allocate (local.get $n)) (i32.const 1))", {stack_overflow}},
    {"calls_the_host", "(call $host) (i32.const 1024)", Ending::success()},
};

std::string allocator(const Allocator& which, const std::string& name) {
    return "(global $heap (mut i32) (i32.const 4096)) (func $allocate (export \"" + name + "\") (param $n i32) (result i32) " + which.body + ")";
}
constexpr std::string_view kHost = R"((import "host" "n.touch" (func $host)))";

Attack on_wasp(const Allocator& which) {
    return {"wasp_" + which.name, "wasp",
            "(module " + std::string(kHost) + "(memory (export \"memory\") 1) (data (i32.const 16) \"data\")" + allocator(which, "allocate") +
                R"((func (export "deallocate") (param i32 i32)) (func (export "get_string_size") (param i32) (result i32) (i32.const 4))
                   (func (export "take") (param i32 i32)))",
            [](Instance& instance) { return instance.call("take", "some text", copy_bytes("some bytes")); }, which.ending};
}

Attack on_aspect(const Allocator& which) {
    return {"aspect_" + which.name, "aspect",
            "(module " + std::string(kHost) + "(memory (export \"memory\") 1) (data (i32.const 16) \"data\")" + allocator(which, "allocate") +
                R"((func (export "__aspect_start__")) (func (export "take") (param i32 i32) (result i32) (i32.const 0)))",
            [](Instance& instance) { return instance.call("take", "some text", copy_bytes("some bytes")); }, which.ending};
}

Attack on_dataflow(const Allocator& which) {
    // Blocks have 4096 bytes at least.
    return {"dataflow_" + which.name, "dataflow",
            "(module " + std::string(kHost) + "(memory (export \"memory\") 1) (data (i32.const 16) \"data\")" + allocator(which, "alloc") +
                R"((global (export "__dataflow_v1") i32 (i32.const 0)) (func (export "take") (param i32 i32) (result i32) (i32.const 0)))",
            [](Instance& instance) -> Result<void> {
                auto done = instance.invoke("take", "some bytes");
                if (!done) return fail(std::move(done).error());
                return {};
            },
            which.ending};
}

// The guest learns by a number that nothing was delivered; here it makes that its own failure.
Attack on_w3bstream(const Allocator& which) {
    return {"w3bstream_" + which.name, "w3bstream",
            R"((module (import "env" "ws_get_data" (func $get_data (param i32 i32 i32) (result i32))))" + std::string(kHost) +
                "(memory (export \"memory\") 1) (data (i32.const 16) \"data\")" + allocator(which, "alloc") +
                R"((func (export "start") (param i32) (result i32)
                    (i32.sub (i32.const 0) (i32.ne (i32.const 0) (call $get_data (local.get 0) (i32.const 512) (i32.const 516))))))",
            [](Instance& instance) -> Result<void> {
                auto done = instance.invoke("start", "some bytes");
                if (!done) return fail(std::move(done).error());
                return {};
            },
            which.ending.allows(Result<void>{}) ? Ending::success() : which.applet_goes_on ? Ending(guest_error) : which.ending};
}

Attack finished(Attack attack) {
    attack.guest += ")";
    attack.options = [](PluginOptions& options) { options.host.add("host", "n.touch", [] {}); };
    return attack;
}

TEST(HostileAllocators, OfWasp_endTheCall) {
    std::vector<Attack> table;
    for (const Allocator& which : kAllocators) table.push_back(finished(on_wasp(which)));
    expect_endings(table);
}

TEST(HostileAllocators, OfAspects_endTheCall) {
    std::vector<Attack> table;
    for (const Allocator& which : kAllocators) table.push_back(finished(on_aspect(which)));
    expect_endings(table);
}

TEST(HostileAllocators, OfDataflow_endTheCall) {
    std::vector<Attack> table;
    for (const Allocator& which : kAllocators) table.push_back(finished(on_dataflow(which)));
    expect_endings(table);
}

TEST(HostileAllocators, OfW3bstream_areToldToTheGuest) {
    std::vector<Attack> table;
    for (const Allocator& which : kAllocators) table.push_back(finished(on_w3bstream(which)));
    expect_endings(table);
}

// wasp asks the guest for the length of every text, and tells it when a block is done with.
TEST(HostileAllocators, SizesAndFreesOfWasp_areNotBelieved) {
    const auto guest = [](const std::string& size, const std::string& free) {
        return R"((module (import "env" "raise_error" (func $raise (param i32))) (memory (export "memory") 1)
            (global $heap (mut i32) (i32.const 4096))
            (func (export "allocate") (param i32) (result i32)
                (global.set $heap (i32.add (global.get $heap) (local.get 0))) (i32.sub (global.get $heap) (local.get 0)))
            (func $size (export "get_string_size") (param i32) (result i32) )" + size + ")" +
               "(func $free (export \"deallocate\") (param i32 i32) " + free + R"()
            (func (export "text") (result i32) (i32.const 64))
            (func (export "raise") (call $raise (i32.const 64)))))";
    };
    const auto text = [](Instance& instance) -> Result<void> {
        auto got = instance.call<std::string>("text");
        if (!got) return fail(std::move(got).error());
        return {};
    };
    const auto raise = [](Instance& instance) { return instance.call("raise"); };
    expect_endings({
        {"size_all_ones", "wasp", guest("(i32.const -1)", ""), text, bad_pointer},
        {"size_of_all_memory", "wasp", guest("(i32.const 65536)", ""), text, bad_pointer},
        {"size_up_to_the_end", "wasp", guest("(i32.const 65472)", ""), text, Ending::success()},
        {"size_one_beyond_the_end", "wasp", guest("(i32.const 65473)", ""), text, bad_pointer},
        {"size_wraps", "wasp", guest("(i32.const 0xffffffc1)", ""), text, bad_pointer},
        {"size_traps", "wasp", guest("unreachable", ""), text, trap},
        {"size_runs_for_ever", "wasp", guest("(loop $l (br $l)) (i32.const 0)", ""), text, deadline_exceeded},
        {"size_grows_memory", "wasp", guest("(drop (memory.grow (i32.const 1))) (i32.const 4)", ""), text, Ending::success()},
        {"size_raises_an_error_that_has_a_size", "wasp", guest("(call $raise (i32.const 64)) (i32.const 4)", ""), text, {not_reentrant, stack_overflow}},
        {"raised_size_all_ones", "wasp", guest("(i32.const -1)", ""), raise, bad_pointer},
        {"raised_size_traps", "wasp", guest("unreachable", ""), raise, trap},
        {"free_traps", "wasp", guest("(i32.const 4)", "unreachable"), text, Ending::either(trap)},
        {"free_runs_for_ever", "wasp", guest("(i32.const 4)", "(loop $l (br $l))"), text, {deadline_exceeded}},
        {"free_recurses", "wasp", guest("(i32.const 4)", "(call $free (local.get 0) (local.get 1))"), text, Ending::either(stack_overflow)},
        {"free_raises_an_error", "wasp", guest("(i32.const 4)", "(call $raise (i32.const 64))"), text, Ending::either(guest_error)},
    });
}

// A block of dataflow goes back to the guest when the host is done with it.
TEST(HostileAllocators, FreesOfDataflow_endTheCall) {
    const auto guest = [](const std::string& free) {
        return R"((module (memory (export "memory") 1) (global (export "__dataflow_v1") i32 (i32.const 0))
            (func (export "alloc") (param i32) (result i32) (i32.const 4096))
            (func $free (export "dealloc") (param i32 i32) )" + free + R"()
            (func (export "take") (param i32 i32) (result i32) (i32.const 0))))";
    };
    const auto take = [](Instance& instance) -> Result<void> {
        auto done = instance.invoke("take", "some bytes");
        if (!done) return fail(std::move(done).error());
        return {};
    };
    expect_endings({
        {"free_traps", "dataflow", guest("unreachable"), take, trap},
        {"free_runs_for_ever", "dataflow", guest("(loop $l (br $l))"), take, deadline_exceeded},
        {"free_recurses", "dataflow", guest("(call $free (local.get 0) (local.get 1))"), take, stack_overflow},
        {"free_grows_memory", "dataflow", guest("(drop (memory.grow (i32.const 1)))"), take, Ending::success()},
    });
}

}  // namespace
}  // namespace mortise::hostile
