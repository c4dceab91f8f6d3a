// Metered modules run: the engine is the judge of whether they are valid, and of what the counter holds.

#include <cstdint>
#include <functional>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aspect_rules.hpp"
#include "engine/engine.hpp"
#include "engines/wasmtime/wasmtime_engine.hpp"
#include "module_builder.hpp"
#include "support/matchers.hpp"
#include "wasm/normalise.hpp"

namespace mortise::wasm {
namespace {

using engine::RawValue;
using engine::Stop;
using mortise::testing::FailsWith;
using mortise::testing::IsOk;
using testing::aspect_options;
using testing::fixture;
using testing::shared_file;

engine::Engine& wasmtime() {
    static const auto engine = value(engines::make_wasmtime());
    return *engine;
}

Bytes wasm_of(std::string_view text) { return value(wasmtime().parse_text(text)); }

using HostCode = std::function<Stop(engine::Store&, RawValue*)>;

Stop run_host_code(const void* function, engine::Store& store, engine::Caller, RawValue* slots) noexcept {
    return (*static_cast<const HostCode*>(function))(store, slots);
}

/// A module in a sandbox of its own, its imports bound to one host function by name, or to nothing.
class Sandboxed {
public:
    explicit Sandboxed(BytesView wasm, std::map<std::string, HostCode> host = {}) : host_(std::move(host)) {
        const auto info = value(read_module(wasm, no_load_limits()));
        std::vector<engine::Resolved> imports;
        for (const auto& import : info.imports) {
            const auto found = host_.find(import.name);
            imports.emplace_back(found == host_.end() ? engine::HostImport{}
                                                      : engine::HostImport{&run_host_code, &found->second});
        }
        module_ = value(wasmtime().compile({info, wasm, imports, {}}, {.interrupt = false}));
        store_ = value(module_->new_store({.memories = 10}));
        id_ = value(store_->instantiate(*module_));
    }

    Stop call(std::string_view name, std::int32_t argument = 0) {
        slots_[0].i32 = argument;
        const auto stop = store_->call(store_->function(id_, name).value(), slots_, std::size(slots_));
        if (stop != Stop::done) stop_ = store_->take_stop();
        return stop;
    }
    std::int32_t result() const { return slots_[0].i32; }
    TrapKind trap() const { return stop_.trap; }

    std::int64_t counter(std::string_view name = "__gas_counter__") {
        return store_->get(store_->global(id_, name).value()).i64;
    }
    void set_counter(std::int64_t units, std::string_view name = "__gas_counter__") {
        RawValue raw{};
        raw.i64 = units;
        store_->set(store_->global(id_, name).value(), raw);
    }
    engine::Store& store() { return *store_; }

private:
    std::map<std::string, HostCode> host_;
    std::shared_ptr<engine::Module> module_;
    std::unique_ptr<engine::Store> store_;
    engine::InstanceId id_;
    RawValue slots_[16]{};
    engine::StopInfo stop_;
};

constexpr std::int64_t kConstant = 1106, kMuch = 1'000'000'000'000;

/// What a call of "f" with this argument costs, and its result.
struct GoldenCase {
    const char* name;
    const char* text;
    std::int32_t argument;
    std::int32_t result;
    std::int64_t gas;
};

void PrintTo(const GoldenCase& c, std::ostream* out) { *out << c.name; }

class Golden : public ::testing::TestWithParam<GoldenCase> {};

TEST_P(Golden, Call_costs_what_was_worked_out_by_hand) {
    const auto& c = GetParam();
    Sandboxed run(value(add_gas(wasm_of(c.text), aspect_options())));
    run.set_counter(kMuch);
    ASSERT_EQ(run.call("f", c.argument), Stop::done);
    EXPECT_EQ(run.result(), c.result);
    EXPECT_EQ(kMuch - run.counter(), c.gas);

    // With exactly as much it passes, with one unit less it traps and the counter says -1.
    run.set_counter(c.gas);
    EXPECT_EQ(run.call("f", c.argument), Stop::done);
    EXPECT_EQ(run.counter(), 0);
    run.set_counter(c.gas - 1);
    EXPECT_EQ(run.call("f", c.argument), Stop::trap);
    EXPECT_EQ(run.trap(), TrapKind::unreachable);
    EXPECT_EQ(run.counter(), -1);
}

constexpr const char* kStraight = R"((module (func (export "f") (param i32) (result i32)
    local.get 0 i32.const 2 i32.mul)))";
constexpr const char* kIfElse = R"((module (func (export "f") (param i32) (result i32)
    local.get 0 if i32.const 1 local.set 0 else nop end local.get 0)))";
constexpr const char* kIfReturn = R"((module (func (export "f") (param i32) (result i32)
    local.get 0 if i32.const 9 return end i32.const 5)))";
constexpr const char* kLoop = R"((module (func (export "f") (param i32) (result i32)
    block loop local.get 0 i32.eqz br_if 1 local.get 0 i32.const 1 i32.sub local.set 0 br 0 end end i32.const 3)))";
constexpr const char* kGrow = R"((module (memory 1 3) (func (export "f") (param i32) (result i32)
    local.get 0 memory.grow)))";
constexpr const char* kRecursion = R"((module (func $f (export "f") (param i32) (result i32)
    local.get 0 i32.eqz if (result i32) i32.const 1 else
        local.get 0 i32.const 1 i32.sub call $f local.get 0 i32.mul end)))";
constexpr const char* kTable = R"((module (func (export "f") (param i32) (result i32)
    block block block local.get 0 br_table 0 1 2 end i32.const 10 return end i32.const 20 return end i32.const 30)))";
constexpr const char* kIndirect = R"((module (type $t (func (param i32) (result i32))) (table 2 funcref)
    (elem (i32.const 0) $one $two) (func $one (type $t) i32.const 1) (func $two (type $t) i32.const 2)
    (func (export "f") (type $t) i32.const 0 local.get 0 call_indirect (type $t))))";

INSTANTIATE_TEST_SUITE_P(
    ByHand, Golden,
    ::testing::Values(
        GoldenCase{"straight", kStraight, 21, 42, 40 + 10 + 100 + kConstant},
        // local.get 40, if 150, local.get 40 at the tail; then 10 + 80; else 10
        GoldenCase{"if_taken", kIfElse, 7, 1, 230 + kConstant + 90 + kConstant},
        GoldenCase{"else_taken", kIfElse, 0, 0, 230 + kConstant + 10 + kConstant},
        // local.get 40, if 150; then 10 + 100; tail 10
        GoldenCase{"return_taken", kIfReturn, 1, 9, 190 + kConstant + 110 + kConstant},
        GoldenCase{"return_not_taken", kIfReturn, 0, 5, 190 + kConstant + 10 + kConstant},
        // block 150, loop 150, tail 10: once; head 40 + 13 + 150: n + 1 times; rest 40 + 10 + 80 + 80 + 150: n times
        GoldenCase{"loop_of_none", kLoop, 0, 3, 310 + kConstant + (203 + kConstant)},
        GoldenCase{"loop_of_five", kLoop, 5, 3, 310 + kConstant + 6 * (203 + kConstant) + 5 * (360 + kConstant)},
        // local.get 40, memory.grow 435000, then the pages
        GoldenCase{"growth_by_none", kGrow, 0, 1, 435'040 + kConstant},
        GoldenCase{"growth_by_two", kGrow, 2, 1, 435'040 + kConstant + 2 * 14'336'000},
        GoldenCase{"growth_that_fails", kGrow, 3, -1, 435'040 + kConstant + 3 * 14'336'000},
        // local.get 40, eqz 13, if 150 at each of n + 1 calls; then 10 once; else 40 + 10 + 80 + 150 + 40 + 100 n times
        GoldenCase{"recursion", kRecursion, 5, 120, 6 * (203 + kConstant) + (10 + kConstant) + 5 * (420 + kConstant)},
        // three blocks 450, local.get 40, br_table 150 + 10 * 2; then 10 + 100, or 10 alone
        GoldenCase{"first_of_the_table", kTable, 0, 10, 660 + kConstant + 110 + kConstant},
        GoldenCase{"second_of_the_table", kTable, 1, 20, 660 + kConstant + 110 + kConstant},
        GoldenCase{"default_of_the_table", kTable, 77, 30, 660 + kConstant + 10 + kConstant},
        // i32.const 10, local.get 40, call_indirect 200; the callee 10
        GoldenCase{"indirect", kIndirect, 1, 2, 250 + kConstant + 10 + kConstant}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(GasRun, Growth_is_charged_before_the_memory_grows) {
    Sandboxed run(value(add_gas(wasm_of(kGrow), aspect_options())));
    run.set_counter(435'040 + kConstant + 14'336'000 - 1);
    EXPECT_EQ(run.call("f", 1), Stop::trap);
    EXPECT_EQ(run.counter(), -1);
    EXPECT_EQ(run.store().memory_bytes(), 65536u);
}

TEST(GasRun, Growth_by_more_pages_than_32_bits_of_gas_is_charged_in_full) {
    Sandboxed run(value(add_gas(wasm_of(kGrow), aspect_options())));
    run.set_counter(INT64_MAX);
    ASSERT_EQ(run.call("f", -1), Stop::done);  // 2^32 - 1 pages
    EXPECT_EQ(run.result(), -1);
    EXPECT_EQ(INT64_MAX - run.counter(), 435'040 + kConstant + std::int64_t{UINT32_MAX} * 14'336'000);
}

TEST(GasRun, Unused_rest_of_a_block_is_lost_by_a_trap) {
    Sandboxed run(value(add_gas(wasm_of(R"((module (func (export "f") unreachable nop nop)))"), aspect_options())));
    run.set_counter(kMuch);
    EXPECT_EQ(run.call("f"), Stop::trap);
    EXPECT_EQ(kMuch - run.counter(), 30 + kConstant);
}

TEST(GasRun, Host_sees_the_counter_with_the_block_paid) {
    std::int64_t seen = 0;
    Sandboxed* self = nullptr;
    Sandboxed run(
        value(add_gas(wasm_of(R"((module (import "env" "look" (func $look)) (func (export "f") call $look nop)))"),
                      aspect_options())),
        {{"look", [&](engine::Store&, RawValue*) {
              seen = self->counter();
              self->set_counter(5);
              return Stop::done;
          }}});
    self = &run;
    run.set_counter(kMuch);
    EXPECT_EQ(run.call("f"), Stop::done);
    EXPECT_EQ(kMuch - seen, 160 + kConstant);
    EXPECT_EQ(run.counter(), 5);
}

TEST(GasRun, Start_function_runs_only_when_called) {
    Sandboxed run(value(add_gas(wasm_of(R"((module (global $g (mut i32) (i32.const 1)) (start $s)
        (func $s i32.const 2 global.set $g) (func (export "f") (result i32) global.get $g)))"),
                                aspect_options())));
    run.set_counter(kMuch);
    ASSERT_EQ(run.call("f"), Stop::done);
    EXPECT_EQ(run.result(), 1);
    ASSERT_EQ(run.call("__aspect_start__"), Stop::done);
    ASSERT_EQ(run.call("f"), Stop::done);
    EXPECT_EQ(run.result(), 2);
    EXPECT_EQ(kMuch - run.counter(), 2 * (60 + kConstant) + (130 + kConstant));
}

/// A host that gives `slice` units whenever the guest asks, at most so often.
class Refill {
public:
    Refill(std::int64_t slice, int times) : slice_(slice), left_(times) {}
    std::map<std::string, HostCode> host() {
        return {{"check", [this](engine::Store& store, RawValue*) {
                     ++asked_;
                     if (left_-- <= 0) return store.stop_with(Stop::fuel, {});
                     run_->set_counter(slice_, "mortise:counter");
                     return Stop::done;
                 }}};
    }
    void watch(Sandboxed& run) { run_ = &run; }
    int asked() const { return asked_; }

private:
    std::int64_t slice_;
    int left_;
    int asked_ = 0;
    Sandboxed* run_ = nullptr;
};

TEST(ChecksRun, Endless_loop_ends_when_the_host_says_so) {
    Refill refill(1000, 5);
    Sandboxed run(value(add_checks(wasm_of(R"((module (func (export "f") loop br 0 end)))"))), refill.host());
    refill.watch(run);
    EXPECT_EQ(run.call("f"), Stop::fuel);
    EXPECT_EQ(refill.asked(), 6);
    EXPECT_EQ(run.counter("mortise:counter"), -1);
}

TEST(ChecksRun, Endless_recursion_of_tail_calls_ends_when_the_host_says_so) {
    Refill refill(1000, 5);
    Sandboxed run(value(add_checks(wasm_of(R"((module (func $f (export "f") return_call $f)))"))), refill.host());
    refill.watch(run);
    EXPECT_EQ(run.call("f"), Stop::fuel);
    EXPECT_EQ(refill.asked(), 6);
}

TEST(ChecksRun, Counter_goes_down_by_one_an_instruction) {
    Refill refill(1, 0);
    Sandboxed run(value(add_checks(wasm_of(kLoop))), refill.host());
    refill.watch(run);
    run.set_counter(1000, "mortise:counter");
    ASSERT_EQ(run.call("f", 5), Stop::done);
    EXPECT_EQ(run.result(), 3);
    // block, loop, i32.const; 6 heads of 3; 5 rests of 5
    EXPECT_EQ(1000 - run.counter("mortise:counter"), 3 + 6 * 3 + 5 * 5);
    EXPECT_EQ(refill.asked(), 0);
}

TEST(ChecksRun, Huge_growth_does_not_turn_the_counter_around) {
    CheckOptions options;
    options.rules.per_page = UINT32_MAX;
    Refill refill(1, 0);
    Sandboxed run(value(add_checks(wasm_of(kGrow), options)), refill.host());
    refill.watch(run);
    run.set_counter(1000, "mortise:counter");
    EXPECT_EQ(run.call("f", -1), Stop::fuel);
    EXPECT_LT(run.counter("mortise:counter"), 0);
}

struct SameCase {
    const char* name;
    const char* text;  ///< exports "f"
};

void PrintTo(const SameCase& c, std::ostream* out) { *out << c.name; }

class SameMeaning : public ::testing::TestWithParam<SameCase> {};

TEST_P(SameMeaning, Metered_module_answers_as_the_plain_one) {
    const auto plain = wasm_of(GetParam().text);
    auto gas = aspect_options();
    gas.rules.prices = PriceTable::uniform(1);
    gas.rules.refused.clear();
    CheckOptions paged;
    paged.rules.per_page = 10;
    const auto with_gas = add_gas(plain, gas);
    const auto with_checks = add_checks(plain, paged);
    ASSERT_THAT(with_gas, IsOk());
    ASSERT_THAT(with_checks, IsOk());
    const auto pass = [](engine::Store&, RawValue* slots) {
        slots[0].i32 += 1000;
        return Stop::done;
    };
    for (const int argument : {0, 1, 2, 7}) {
        Sandboxed expected(plain, {{"host", pass}});
        ASSERT_EQ(expected.call("f", argument), Stop::done);
        Sandboxed metered(*with_gas, {{"host", pass}});
        metered.set_counter(kMuch);
        ASSERT_EQ(metered.call("f", argument), Stop::done);
        EXPECT_EQ(metered.result(), expected.result());
        EXPECT_LT(metered.counter(), kMuch);

        Refill refill(3, 1'000'000);
        auto host = refill.host();
        host["host"] = pass;
        Sandboxed checked(*with_checks, host);
        refill.watch(checked);
        ASSERT_EQ(checked.call("f", argument), Stop::done);
        EXPECT_EQ(checked.result(), expected.result());
        EXPECT_GT(refill.asked(), 0);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Modules, SameMeaning,
    ::testing::Values(
        SameCase{"loop", kLoop}, SameCase{"recursion", kRecursion}, SameCase{"table", kTable}, SameCase{"grow", kGrow},
        SameCase{"indices_everywhere", R"((module
            (import "env" "host" (func $host (param i32) (result i32)))
            (table $t 4 funcref) (table $u 4 funcref) (global $g funcref (ref.func $b))
            (elem (table $t) (i32.const 0) func $a $b $host)
            (elem $p funcref (ref.func $b) (ref.null func) (ref.func $host))
            (elem declare func $c)
            (type $i (func (param i32) (result i32)))
            (func $a (type $i) local.get 0 i32.const 1 i32.add call $host)
            (func $b (type $i) local.get 0 i32.const 2 i32.mul)
            (func $c (type $i) local.get 0 i32.const 3 i32.sub)
            (func (export "f") (param i32) (result i32)
                (table.init $u $p (i32.const 0) (i32.const 0) (i32.const 3))
                (table.set $u (i32.const 1) (ref.func $c))
                (table.set $u (i32.const 3) (global.get $g))
                local.get 0
                i32.const 0 call_indirect $t (type $i)
                i32.const 1 call_indirect $t (type $i)
                i32.const 2 call_indirect $t (type $i)
                i32.const 0 call_indirect $u (type $i)
                i32.const 1 call_indirect $u (type $i)
                i32.const 2 call_indirect $u (type $i)
                i32.const 3 call_indirect $u (type $i)
                call $a)))"},
        SameCase{"blocks_with_parameters", R"((module (func (export "f") (param i32) (result i32)
            local.get 0 i32.const 5
            loop (param i32 i32) (result i32 i32) i32.const 1 i32.sub local.tee 0
                local.get 0 br_if 0 end
            block (param i32 i32) (result i32) i32.add end
            local.get 0 if (param i32) (result i32) i32.const 7 i32.add else i32.const 9 i32.mul end)))"},
        SameCase{"bulk_memory", R"((module (memory 1) (data $d "abcdef") (func (export "f") (param i32) (result i32)
            (memory.init $d (local.get 0) (i32.const 0) (i32.const 6)) (data.drop $d)
            (memory.copy (i32.const 100) (local.get 0) (i32.const 6))
            (memory.fill (i32.const 101) (i32.const 7) (local.get 0))
            (i32.load (i32.const 100)))))"},
        SameCase{"simd", R"((module (memory 1) (func (export "f") (param i32) (result i32)
            (v128.store (i32.const 0) (i32x4.add (i32x4.splat (local.get 0)) (v128.const i32x4 1 2 3 4)))
            (v128.store8_lane 3 (i32.const 5) (v128.load32_zero (i32.const 8)))
            (i8x16.extract_lane_u 9 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
                (v128.load (i32.const 0)) (v128.load64_splat (i32.const 4)))))))"},
        SameCase{"tail_calls",
                 R"((module (type $i (func (param i32) (result i32))) (table 1 funcref) (elem (i32.const 0) $down)
            (func $down (type $i) local.get 0 i32.eqz if i32.const 42 return end
                local.get 0 i32.const 1 i32.sub i32.const 0 return_call_indirect (type $i))
            (func (export "f") (type $i) local.get 0 return_call $down)))"},
        SameCase{"several_memories",
                 R"((module (memory $a 1) (memory $b 2 9) (func (export "f") (param i32) (result i32)
            (i32.store $b offset=65536 (i32.const 0) (local.get 0))
            (i32.add (memory.grow $b (local.get 0)) (memory.grow $a (i32.const 1)))
            (i32.add (i32.mul (memory.size $b) (i32.const 100)))
            (i32.add (i32.load $b (i32.const 65536))))))"},
        SameCase{"code_nobody_reaches", R"((module (func (export "f") (param i32) (result i32)
            block br 0 i32.add drop loop unreachable end end
            i32.const 1 return i32.mul if unreachable end unreachable)))"},
        SameCase{"long_body_of_nested_blocks", R"((module (func (export "f") (param i32) (result i32)
            block block block block local.get 0 br_table 3 2 1 0 end
            (local.set 0 (i32.const 11)) end (local.set 0 (i32.add (local.get 0) (i32.const 12))) br 1 end
            loop (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br_if 0 (i32.lt_s (local.get 0) (i32.const 20))) end
            end local.get 0)))"}),
    [](const auto& row) { return std::string(row.param.name); });

class RealPlugin : public ::testing::TestWithParam<const char*> {};

TEST_P(RealPlugin, Engine_accepts_what_metering_and_normalising_made) {
    const auto wasm = shared_file(std::string("plugins/wapc/") + GetParam());
    if (wasm.empty()) GTEST_SKIP() << "the real plugins are not beside the checkout";
    auto gas = aspect_options();
    gas.rules.prices = PriceTable::uniform(1);
    gas.rules.refused.clear();
    const auto compiled = [](BytesView bytes) -> Result<void> {
        auto info = read_module(bytes);
        if (!info) return fail(info.error());
        static const HostCode nothing = [](engine::Store&, RawValue*) { return Stop::done; };
        const std::vector<engine::Resolved> imports(info->imports.size(), engine::HostImport{&run_host_code, &nothing});
        auto module = wasmtime().compile({*info, bytes, imports, {}}, {});
        if (!module) return fail(module.error());
        return {};
    };
    EXPECT_THAT(compiled(wasm), IsOk());
    EXPECT_THAT(compiled(value(add_gas(wasm, gas))), IsOk());
    const auto checked = value(add_checks(wasm));
    EXPECT_THAT(compiled(checked), IsOk());
    // The names moved with the functions.
    const auto before = value(read_module(wasm)), after = value(read_module(checked));
    const FunctionNames old_names(before, wasm), new_names(after, checked);
    ASSERT_EQ(new_names.size(), old_names.size());
    const auto imported = before.imported(ExternKind::function);
    for (std::uint32_t i = 0; i < imported + before.functions.size(); ++i)
        EXPECT_EQ(new_names.function_name(i < imported ? i : i + 1), old_names.function_name(i));
    const auto normalised = value(normalise(before, wasm));
    if (normalised.changed) {
        EXPECT_THAT(compiled(normalised.wasm), IsOk());
    }
}

INSTANTIATE_TEST_SUITE_P(Wapc, RealPlugin,
                         ::testing::Values("assemblyscript_hello.wasm", "rust_basic.wasm", "rust_guest_test.wasm",
                                           "tinygo_hello_2020.wasm", "zig_hello.wasm", "zig_hello_2019.wasm"),
                         [](const auto& row) {
                             std::string name = row.param;
                             std::ranges::replace(name, '.', '_');
                             return name;
                         });

}  // namespace
}  // namespace mortise::wasm
