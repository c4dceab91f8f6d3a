// Native modules as users have them: loaded, instantiated and called through the public interface.

#include <mortise/native.hpp>

#include <atomic>
#include <chrono>
#include <stdexcept>

#include <mortise/mortise.hpp>

#include "support/matchers.hpp"

namespace mortise {
namespace {

using native::Context;
using testing::FailsWith;
using testing::Holds;
using testing::IsOk;

Runtime runtime_with(const native::Module& module) {
    return Runtime({.engine = "native", .engine_options = {.native = {.modules = {native::share(module)}}}});
}

Instance instance_of(const native::Module& module, PluginOptions options = {}) {
    const auto plugin = value(runtime_with(module).load_bytes(module.wasm(), std::move(options)));
    return value(plugin.instantiate());
}

native::Module calculator() {
    native::Module module("calculator");
    module.add("add", [](Context&, std::int32_t a, std::int32_t b) { return a + b; });
    module.add("wide", [](Context&, std::uint64_t a) { return a + 1; });
    module.add("half", [](Context&, double a, float b) { return a / 2 + static_cast<double>(b); });
    module.add("nothing", [](Context&) {});
    module.add("not", [](Context&, bool a) { return !a; });
    return module;
}

TEST(Native, Functions_of_every_number_type_are_called) {
    Instance instance = instance_of(calculator());
    EXPECT_THAT(instance.call<std::int32_t>("add", 40, 2), Holds(42));
    EXPECT_THAT(instance.call<std::uint64_t>("wide", std::uint64_t{1} << 40), Holds((std::uint64_t{1} << 40) + 1));
    EXPECT_THAT(instance.call<double>("half", 3.0, 0.25F), Holds(1.75));
    EXPECT_THAT(instance.call("nothing"), IsOk());
    EXPECT_THAT(instance.call<bool>("not", true), Holds(false));
    auto add = value(instance.function<std::int32_t(std::int32_t, std::int32_t)>("add"));
    EXPECT_THAT(add(1, -1), Holds(0));
    EXPECT_THAT(instance.call<std::int32_t>("subtract", 1, 2), FailsWith(ErrorCode::function_not_found));
    EXPECT_THAT(instance.call<std::int32_t>("add", 1), FailsWith(ErrorCode::type_mismatch));
}

TEST(Native, Plugin_is_described_like_any_other) {
    const native::Module module = calculator();
    EXPECT_EQ(module.wasm(), calculator().wasm()) << "the same description, the same bytes";
    const auto plugin = value(runtime_with(module).load_bytes(module.wasm()));
    EXPECT_EQ(plugin.abi().name, "plain");
    ASSERT_NE(plugin.module().exported_function("add"), nullptr);
    EXPECT_EQ(to_string(*plugin.module().exported_function("add")), "(i32 i32) -> i32");
    EXPECT_EQ(value(runtime_with(module).engine()).name, "native");
    EXPECT_THAT(runtime_with(module).can_run(module.wasm()), IsOk());
}

TEST(Native, Later_function_replaces_an_earlier_one_of_its_name) {
    native::Module module("m");
    module.add("f", [](Context&) { return 1; });
    module.add("f", [](Context&, std::int64_t x) { return x; });
    EXPECT_THAT(instance_of(module).call<std::int64_t>("f", std::int64_t{5}), Holds(std::int64_t{5}));
}

TEST(Native, What_is_not_registered_is_refused) {
    const native::Module module = calculator();
    native::Module other("other");
    EXPECT_THAT(runtime_with(other).load_bytes(module.wasm()), FailsWith(ErrorCode::not_found, "calculator"));
    const Bytes plain = copy_bytes(bytes_of(std::string_view("\0asm\1\0\0\0", 8)));
    EXPECT_THAT(runtime_with(module).load_bytes(plain), FailsWith(ErrorCode::unsupported, "native"));

    native::Module changed("calculator");
    changed.add("add", [](Context&, std::int64_t a) { return a; });
    EXPECT_THAT(runtime_with(changed).load_bytes(module.wasm()), FailsWith(ErrorCode::malformed_module, "add"));

    const Runtime twice({.engine = "native",
                         .engine_options = {.native = {.modules = {native::share(module), native::share(module)}}}});
    EXPECT_THAT(twice.load_bytes(module.wasm()), FailsWith(ErrorCode::invalid_argument, "calculator"));
    const Runtime null({.engine = "native", .engine_options = {.native = {.modules = {nullptr}}}});
    EXPECT_THAT(null.engine(), FailsWith(ErrorCode::invalid_argument));
}

TEST(Native, Exceptions_become_traps_and_the_instance_goes_on) {
    native::Module module("throws");
    module.add("standard", [](Context&) { throw std::runtime_error("the disk is green"); });
    module.add("odd", [](Context&) { throw 5; });
    module.add("trap", [](Context&) { Context::trap("no further"); });
    module.add("fine", [](Context&) { return 7; });
    Instance instance = instance_of(module);
    const auto thrown = instance.call("standard");
    EXPECT_THAT(thrown, FailsWith(ErrorCode::trap, "the disk is green"));
    EXPECT_THAT(instance.call("odd"), FailsWith(ErrorCode::trap));
    const auto trapped = instance.call("trap");
    ASSERT_THAT(trapped, FailsWith(ErrorCode::trap, "no further"));
    EXPECT_EQ(trapped.error().trap(), TrapKind::unreachable);
    EXPECT_THAT(instance.call<std::int32_t>("fine"), Holds(7));
}

TEST(Native, Memory_is_checked_at_every_access) {
    native::Module module("memory");
    module.memory(1);
    module.add("put", [](Context& guest, std::uint32_t at, std::uint64_t x) { guest.store(at, x); });
    module.add("get", [](Context& guest, std::uint32_t at) { return guest.load<std::uint64_t>(at); });
    module.add("bytes", [](Context& guest, std::uint32_t at, std::uint32_t n) {
        return static_cast<std::uint32_t>(guest.bytes(at, n).size());
    });
    Instance instance = instance_of(module);
    const auto put = [&](std::uint32_t at) { return instance.call("put", at, std::uint64_t{0x0102'0304'0506'0708}); };
    EXPECT_THAT(put(65'528), IsOk());
    EXPECT_THAT(instance.call<std::uint64_t>("get", 65'528U), Holds(std::uint64_t{0x0102'0304'0506'0708}));
    for (const std::uint32_t at : {65'529U, 65'536U, UINT32_MAX}) {
        const auto outside = put(at);
        ASSERT_THAT(outside, FailsWith(ErrorCode::trap)) << at;
        EXPECT_EQ(outside.error().trap(), TrapKind::memory_out_of_bounds);
    }
    EXPECT_THAT(instance.call<std::uint32_t>("bytes", 1U, UINT32_MAX), FailsWith(ErrorCode::trap));
    EXPECT_THAT(instance.call<std::uint32_t>("bytes", UINT32_MAX, 0U), Holds(0U)) << "nothing is inside wherever it is";
}

TEST(Native, Memory_limit_is_exact) {
    native::Module module("growing");
    module.memory(1, 8);
    module.add("grow", [](Context& guest, std::uint32_t pages) { return guest.grow(pages); });
    module.add("fill", [](Context& guest) {
        while (true) guest.put("0123456789abcdef");
    });
    PluginOptions options;
    options.limits.memory_bytes = 4 * 65'536;
    Instance instance = instance_of(module, options);
    EXPECT_THAT(instance.call<std::int32_t>("grow", 3U), Holds(1));
    EXPECT_THAT(instance.call<std::int32_t>("grow", 1U), Holds(-1));
    EXPECT_THAT(instance.call<std::int32_t>("grow", UINT32_MAX), Holds(-1));
    EXPECT_EQ(instance.usage().memory_bytes, 4U * 65'536);
    EXPECT_THAT(instance.call("fill"), FailsWith(ErrorCode::memory_limit));

    options.limits.memory_bytes = 65'535;
    EXPECT_THAT(runtime_with(module).load_bytes(module.wasm(), options), FailsWith(ErrorCode::memory_limit));
}

TEST(Native, Allocations_are_apart_and_aligned) {
    native::Module module("allocating");
    module.memory(1);
    module.add("allocate", [](Context& guest, std::uint32_t count) { return guest.allocate(count); });
    Instance instance = instance_of(module);
    const auto first = value(instance.call<std::uint32_t>("allocate", 13U));
    const auto second = value(instance.call<std::uint32_t>("allocate", 1U));
    EXPECT_NE(first, 0U);
    EXPECT_EQ(first % 8, 0U);
    EXPECT_EQ(second, first + 16);
    EXPECT_THAT(instance.call<std::uint32_t>("allocate", 10'000'000U), IsOk());
    EXPECT_THAT(instance.call<std::uint32_t>("allocate", 1'000'000'000U), FailsWith(ErrorCode::memory_limit));
}

TEST(Native, Each_instance_has_a_state_and_memory_of_its_own) {
    native::Module module("counting");
    module.add("count", [](Context& guest) { return ++guest.state<std::int32_t>(); });
    const auto plugin = value(runtime_with(module).load_bytes(module.wasm()));
    Instance a = value(plugin.instantiate()), b = value(plugin.instantiate());
    EXPECT_THAT(a.call<std::int32_t>("count"), Holds(1));
    EXPECT_THAT(a.call<std::int32_t>("count"), Holds(2));
    EXPECT_THAT(b.call<std::int32_t>("count"), Holds(1));
}

struct WithImport {
    native::Module module{"importing"};
    native::Import<std::int32_t(std::int32_t)> ask = module.import<std::int32_t(std::int32_t)>("env", "ask");
};

TEST(Native, Imports_are_called_with_types_and_must_be_provided) {
    WithImport with;
    with.module.add("run", [ask = with.ask](Context& guest, std::int32_t x) { return ask(guest, x) + 1; });
    EXPECT_THAT(runtime_with(with.module).load_bytes(with.module.wasm()), FailsWith(ErrorCode::missing_import, "ask"));
    PluginOptions options;
    options.host.add("env", "ask", [](std::int32_t x) { return x * 10; });
    EXPECT_THAT(instance_of(with.module, options).call<std::int32_t>("run", 4), Holds(41));
}

TEST(Native, Failing_host_function_ends_the_call_even_if_its_exception_is_swallowed) {
    WithImport with;
    std::atomic<int> after{0};
    with.module.memory(1);
    with.module.add("run", [ask = with.ask, &after](Context& guest, std::int32_t x) {
        std::int32_t got = 0;
        try {
            got = ask(guest, x);
        } catch (...) {
            ++after;
            guest.load<std::int32_t>(0);   // throws again: the call is over
            after += 100;
        }
        return got;
    });
    with.module.add("swallow", [ask = with.ask](Context& guest, std::int32_t x) {
        try {
            return ask(guest, x);
        } catch (...) {
            return -1;
        }
    });
    PluginOptions options;
    options.host.add("env", "ask", [](std::int32_t) -> Result<std::int32_t> { return fail(ErrorCode::io, "no disk"); });
    Instance instance = instance_of(with.module, options);
    EXPECT_THAT(instance.call<std::int32_t>("run", 1), FailsWith(ErrorCode::io, "no disk"));
    EXPECT_EQ(after, 1);
    EXPECT_THAT(instance.call<std::int32_t>("swallow", 1), FailsWith(ErrorCode::io, "no disk"));
}

TEST(Native, Host_function_may_call_the_instance_again) {
    native::Module module("nesting");
    const auto ask = module.import<std::int32_t(std::int32_t)>("env", "ask");
    module.add("run", [ask](Context& guest, std::int32_t x) { return ask(guest, x); });
    module.add("trap", [](Context&) { Context::trap("inside"); });
    PluginOptions options;
    options.host.add("env", "ask", [](const HostCall& call, std::int32_t x) -> Result<std::int32_t> {
        if (x == 0) return call.instance().call("trap").has_value() ? 1 : 2;
        return call.instance().call<std::int32_t>("run", x - 1);
    });
    Instance instance = instance_of(module, options);
    EXPECT_THAT(instance.call<std::int32_t>("run", 0), Holds(2));
    EXPECT_THAT(instance.call<std::int32_t>("run", 3), Holds(2));
}

TEST(Native, Time_limits_hold_wherever_the_context_is_used) {
    native::Module module("slow");
    module.memory(1);
    module.add("spin", [](Context& guest) {
        while (true) guest.check();
    });
    module.add("read", [](Context& guest) {
        while (true) guest.load<std::uint8_t>(0);
    });
    PluginOptions options;
    options.limits.call_time = std::chrono::milliseconds(30);
    Instance instance = instance_of(module, options);
    EXPECT_THAT(instance.call("spin"), FailsWith(ErrorCode::deadline_exceeded));
    EXPECT_THAT(instance.call("read"), FailsWith(ErrorCode::deadline_exceeded));
}

TEST(Native, Limits_that_nobody_can_keep_are_refused) {
    const native::Module module = calculator();
    const Runtime runtime = runtime_with(module);
    PluginOptions fuel;
    fuel.limits.fuel = 1000;
    EXPECT_THAT(runtime.load_bytes(module.wasm(), fuel), FailsWith(ErrorCode::unsupported));
    PluginOptions stack;
    stack.limits.stack_bytes = 100'000;
    EXPECT_THAT(runtime.load_bytes(module.wasm(), stack), FailsWith(ErrorCode::unsupported, "stack"));
}

TEST(Native, Any_name_may_stand_where_a_name_stands) {
    native::Module module(std::string("na\0me \xe2\x82\xac", 9));
    module.add("", [](Context&) { return 1; });
    module.add("\xf0\x9f\x98\x80", [](Context&) { return 2; });
    Instance instance = instance_of(module);
    EXPECT_THAT(instance.call<std::int32_t>(""), Holds(1));
    EXPECT_THAT(instance.call<std::int32_t>("\xf0\x9f\x98\x80"), Holds(2));
}

}  // namespace
}  // namespace mortise
