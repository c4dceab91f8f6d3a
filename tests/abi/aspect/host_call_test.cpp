// What aspects import: typed host functions, their gas rules, their failures.

#include <stdexcept>

#include "guest.hpp"

namespace mortise::aspect_tests {
namespace {

using abi::aspect::CustomGas;
using abi::aspect::DynamicGas;
using abi::aspect::GasRule;
using abi::aspect::HostContext;
using abi::aspect::kMaxGas;
using abi::aspect::StaticGas;
using abi::aspect::VmContext;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

// A guest that imports `m` `n.f` and calls it from `go` with the given arguments.
Guest calling(std::string_view type, std::string_view arguments, std::string_view more = "") {
    const bool gives = type.find("result") != std::string_view::npos;
    return {.imports = "(import \"m\" \"n.f\" (func $f " + std::string(type) + "))",
            .more = "(func (export \"go\") (result i32) (call $f " + std::string(arguments) + ")" + (gives ? "" : " (i32.const 0)") + ")" + std::string(more)};
}

template <class F>
HostFunctions host(F&& function, std::any rule = {}) {
    HostFunctions out;
    out.add("m", "n.f", std::forward<F>(function), std::move(rule));
    return out;
}

constexpr std::string_view kText = "(i32.const 16)";
constexpr std::int64_t kGo = 1106 + 10 + 150 + 10;        // of `go` with one argument and no result
constexpr std::int64_t kGoResult = 1106 + 10 + 150;       // with one argument and a result

TEST(AspectHost, TakesAndGivesValuesOfEveryType) {
    std::vector<std::string> seen;
    HostFunctions all;
    all.add("m", "a.text", [&](std::string_view v) { seen.emplace_back(v); return "text"s; });
    all.add("m", "a.bytes", [&](BytesView v) { seen.push_back(std::to_string(v.size())); return copy_bytes("b"); });
    all.add("m", "a.i32", [&](std::int32_t v) { seen.push_back(std::to_string(v)); return std::int32_t{-7}; });
    all.add("m", "a.i64", [&](std::int64_t v) { seen.push_back(std::to_string(v)); return std::int64_t{INT64_MIN}; });
    all.add("m", "a.u64", [&](std::uint64_t v) { seen.push_back(std::to_string(v)); return std::uint64_t{UINT64_MAX}; });
    all.add("m", "a.bool", [&](bool v) { seen.push_back(v ? "yes" : "no"); return !v; });
    all.add("m", "a.many", [&](std::string_view a, bool b, std::uint64_t c) -> Result<std::string> { return std::string(a) + (b ? "+" : "-") + std::to_string(c); });
    all.add("m", "a.none", [] { return true; });
    std::string imports, more;
    for (const auto& [name, address] : std::initializer_list<std::pair<const char*, const char*>>{
             {"text", "16"}, {"bytes", "32"}, {"i32", "48"}, {"u64", "64"}, {"bool", "80"}, {"i64", "112"}}) {
        imports += "(import \"m\" \"a."s + name + "\" (func $" + name + " (param i32) (result i32)))";
        more += "(func (export \"go_"s + name + "\") (result i32) (call $" + name + " (i32.const " + address + ")))";
    }
    imports += "(import \"m\" \"a.many\" (func $many (param i32 i32 i32) (result i32))) (import \"m\" \"a.none\" (func $none (result i32)))";
    more += "(func (export \"go_many\") (result i32) (call $many (i32.const 16) (i32.const 96) (i32.const 64))) (func (export \"go_none\") (result i32) (call $none))";
    auto instance = start({.imports = imports, .more = more}, with(std::move(all)));
    EXPECT_THAT(instance.call<std::string>("go_text"), Holds("text"s));
    EXPECT_THAT(instance.call<Bytes>("go_bytes"), Holds(copy_bytes("b")));
    EXPECT_THAT(instance.call<std::int32_t>("go_i32"), Holds(-7));
    EXPECT_THAT(instance.call<std::int64_t>("go_i64"), Holds(std::int64_t{INT64_MIN}));
    EXPECT_THAT(instance.call<std::uint64_t>("go_u64"), Holds(std::uint64_t{UINT64_MAX}));
    EXPECT_THAT(instance.call<bool>("go_bool"), Holds(true));
    EXPECT_THAT(instance.call<std::string>("go_many"), Holds("xyz+5"s));
    EXPECT_THAT(instance.call<bool>("go_none"), Holds(true));
    EXPECT_THAT(seen, ElementsAre("xyz", "1", "-2", "-1", "5", "no"));
}

TEST(AspectHost, HearsWhereItIsCalledFrom) {
    std::vector<std::string> seen;
    HostFunctions functions;
    functions.add("m", "outer.inner.f", [&](const HostCall& call, std::string_view) {
        seen = {std::string(call.module), std::string(call.name), std::string(call.space), std::string(call.operation)};
    });
    const auto heard = std::make_shared<Recorder>();
    PluginOptions options = with(std::move(functions));
    options.observer = heard;
    auto instance = start({.imports = "(import \"m\" \"outer.inner.f\" (func $f (param i32)))",
                           .more = "(func (export \"go\") (result i32) (call $f (i32.const 16)) (i32.const 0))"},
                          std::move(options));
    EXPECT_THAT(call(instance, "go").value, IsOk());
    EXPECT_THAT(seen, ElementsAre("m", "outer.inner.f", "outer.inner", "f"));
    EXPECT_THAT(heard->host_calls(), ElementsAre("m.outer.inner.f"));
}

struct ChargeRow {
    const char* name;
    GasRule rule;
    const char* argument;
    std::int64_t charge;
    abi::aspect::EmptyPayload empty = abi::aspect::EmptyPayload::free;
};

class AspectCharge : public ::testing::TestWithParam<ChargeRow> {};

TEST_P(AspectCharge, IsByTheRuleAndTheBytesOfTheBodies) {
    auto instance = start(calling("(param i32)", std::string("(i32.const ") + GetParam().argument + ")"),
                          with(host([](std::string_view) {}, GetParam().rule), {.empty_payload = GetParam().empty}));
    EXPECT_EQ(gas_of(instance, "go"), kGo + GetParam().charge);
}

const ChargeRow kCharges[] = {
    {"static_cost", StaticGas{2000}, "16", 2000},
    {"static_cost_of_nothing", StaticGas{2000}, "128", 0},
    {"static_cost_of_nothing_always", StaticGas{2000}, "128", 2000, abi::aspect::EmptyPayload::charged},
    {"dynamic_cost", DynamicGas{1000, 37500}, "16", 1000 + 3 * 37500},
    {"dynamic_cost_of_nothing", DynamicGas{1000, 37500}, "128", 0},
    {"dynamic_cost_of_nothing_always", DynamicGas{1000, 37500}, "128", 1000, abi::aspect::EmptyPayload::charged},
    {"custom_cost", CustomGas([](VmContext& vm, std::uint64_t bytes) { return vm.consume_wasm_gas(static_cast<std::int64_t>(bytes * bytes)); }), "16", 9},
};
INSTANTIATE_TEST_SUITE_P(Rules, AspectCharge, ::testing::ValuesIn(kCharges), [](const auto& row) { return row.param.name; });

TEST(AspectCharge, OfNoRule_isNothing) {
    auto instance = start(calling("(param i32)", kText), with(host([](std::string_view) {})));
    EXPECT_EQ(gas_of(instance, "go"), kGo);
}

TEST(AspectCharge, OfSeveralParameters_countsAllBodies) {
    auto instance = start(calling("(param i32 i32 i32)", "(i32.const 16) (i32.const 32) (i32.const 64)"),
                          with(host([](std::string_view, BytesView, std::uint64_t) {}, DynamicGas{7, 100})));
    EXPECT_EQ(gas_of(instance, "go"), kGo + 20 + 7 + 100 * (3 + 1 + 8));
}

TEST(AspectCharge, OfTheResult_isTheGuestsAllocate) {
    auto instance = start(calling("(param i32) (result i32)", kText), with(host([](std::string_view) { return "result"s; }, StaticGas{5})));
    EXPECT_EQ(gas_of(instance, "go"), kGoResult + 5 + kAllocateGas);
}

TEST(AspectCharge, WithPlainRuleTypes_isUnderstood) {
    HostFunctions functions;
    functions.add("m", "n.f", [](std::string_view) {}, StaticGas{3});
    auto instance = start(calling("(param i32)", kText), with(std::move(functions)));
    EXPECT_EQ(gas_of(instance, "go"), kGo + 3);
}

TEST(AspectCharge, BeyondWhatIsLeft_isOutOfGas) {
    bool called = false;
    auto instance = start(calling("(param i32)", kText), with(host([&](std::string_view) { called = true; }, StaticGas{10000})));
    const Outcome outcome = call(instance, "go", {}, 11);
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::out_of_gas));
    EXPECT_EQ(outcome.wasm_gas_left, 0);
    EXPECT_FALSE(called);
    EXPECT_THAT(call(instance, "go", {}, 12).value, IsOk());
}

TEST(AspectCharge, ThatNoNumberHolds_isOutOfGas) {
    auto instance = start(calling("(param i32)", kText), with(host([](std::string_view) {}, DynamicGas{INT64_MAX, INT64_MAX})));
    EXPECT_THAT(call(instance, "go").value, FailsWith(ErrorCode::out_of_gas));
}

TEST(AspectCharge, OfParametersThatCannotBeRead_isPaidFirst) {
    // the first is fine (3 bytes), the second's body is not inside memory (its length counts), the third is not looked at
    const Guest guest = calling("(param i32 i32 i32)", "(i32.const 16) (i32.const 1024) (i32.const -1)",
                                "(data (i32.const 1024) \"\\0b\\00\\00\\00\\10\\00\")");
    const auto make = [&](GasRule rule) { return start(guest, with(host([](std::string_view, BytesView, bool) {}, std::move(rule)))); };
    auto cheap = make(DynamicGas{100, 1});
    const Outcome outcome = call(cheap, "go", {}, 2000);
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::decode, "read params failed: parameter 2 of host function \"m\" \"n.f\""));
    EXPECT_EQ(outcome.wasm_gas_left, 2000000 - (kGo + 20) - (100 + 3 + 0x100000));
    auto dear = make(DynamicGas{100, 2});
    EXPECT_THAT(call(dear, "go", {}, 2000).value, FailsWith(ErrorCode::out_of_gas));
}

struct ParamRow {
    const char* name;
    const char* data;
    const char* text;
    std::int64_t bytes;   ///< charged before
};

class AspectParam : public ::testing::TestWithParam<ParamRow> {};

TEST_P(AspectParam, ThatIsWrong_isADecodeError) {
    bool called = false;
    auto instance = start(calling("(param i32)", "(i32.const 1024)", "(data (i32.const 1024) \"" + std::string(GetParam().data) + "\")"),
                          with(host([&](std::string_view) { called = true; }, DynamicGas{0, 1})));
    const Outcome outcome = call(instance, "go", {}, 100);
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::decode, GetParam().text));
    EXPECT_EQ(outcome.wasm_gas_left, 100000 - kGo - GetParam().bytes);
    EXPECT_FALSE(called);
}

const ParamRow kParams[] = {
    {"of_another_type", "\\0b\\00\\03\\00\\00\\00abc", "the value is bytes, declared as string", 3},
    {"of_a_number", "\\03\\00\\04\\00\\00\\00\\01\\00\\00\\00", "the value is i32, declared as string", 4},
    {"of_type_0", "\\00\\00\\00\\00\\00\\00", "type of index 0 is not valid", 0},
    {"of_an_unknown_type", "\\63\\00\\05\\00\\00\\00", "type of index 99 is not valid", 5},
    {"negative_length", "\\0a\\00\\ff\\ff\\ff\\ff", "length of -1", 0},
    {"lowest_length", "\\0a\\00\\00\\00\\00\\80", "length of -2147483648", 0},
};
INSTANTIATE_TEST_SUITE_P(Frames, AspectParam, ::testing::ValuesIn(kParams), [](const auto& row) { return row.param.name; });

TEST(AspectParam, AtAnAddressOutside_isADecodeError) {
    for (const char* address : {"65531", "65536", "0x7fffffff", "0x80000000", "-1"}) {
        auto instance = start(calling("(param i32)", "(i32.const "s + address + ")"), with(host([](std::string_view) {}, StaticGas{5})));
        const Outcome outcome = call(instance, "go", {}, 100);
        EXPECT_THAT(outcome.value, FailsWith(ErrorCode::decode, "not inside")) << address;
        EXPECT_EQ(outcome.wasm_gas_left, 100000 - kGo) << address;
    }
}

TEST(AspectContext, GasTaken_isTakenFromTheGuest) {
    std::int64_t seen = 0, seen_wasm = 0;
    auto instance = start(calling("(param i32)", kText), with(host([&](const HostCall& call, std::string_view) -> Result<void> {
                              auto* context = HostContext::of(call);
                              seen = context->gas();
                              seen_wasm = context->wasm_gas();
                              return context->consume(40);
                          },
                          StaticGas{500})));
    const Outcome outcome = call(instance, "go", {}, 100);
    EXPECT_THAT(outcome.value, IsOk());
    EXPECT_EQ(seen_wasm, 100000 - kGo - 500);
    EXPECT_EQ(seen, (100000 - kGo - 500) / 1000);
    // The part below one EVM gas is kept.
    EXPECT_EQ(outcome.wasm_gas_left, 100000 - kGo - 500 - 40000);
}

TEST(AspectContext, GasTakenByAFunctionThatFails_isTakenAllTheSame) {
    auto instance = start(calling("(param i32)", kText), with(host([](const HostCall& call, std::string_view) -> Result<void> {
                              auto* context = HostContext::of(call);
                              context->set_gas(context->gas() - 50);
                              return fail(ErrorCode::denied, "no entry");
                          })));
    const Outcome outcome = call(instance, "go", {}, 100);
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::host_function_failed, "host function \"m\" \"n.f\" failed: no entry"));
    EXPECT_EQ(outcome.wasm_gas_left, 100000 - kGo - 50000);
}

TEST(AspectContext, OutOfGasOfTheHost_keepsWhatIsLeft) {
    auto instance = start(calling("(param i32)", kText), with(host([](const HostCall& call, std::string_view) { return HostContext::of(call)->consume(1000); })));
    const Outcome outcome = call(instance, "go", {}, 100);
    EXPECT_THAT(outcome.value, FailsWith(ErrorCode::out_of_gas));
    EXPECT_EQ(outcome.wasm_gas_left, 100000 - kGo);
    auto by_text = start(calling("(param i32)", kText), with(host([](std::string_view) -> Result<void> { return fail(ErrorCode::io, "out of gas"); })));
    EXPECT_THAT(call(by_text, "go", {}, 100).value, FailsWith(ErrorCode::out_of_gas));
    EXPECT_EQ(call(by_text, "go", {}, 100).gas_left, 98);
}

TEST(AspectContext, GasThatNoCounterHolds_endsTheCall) {
    for (const std::int64_t gas : {std::int64_t{-1}, INT64_MIN, kMaxGas + 1, INT64_MAX}) {
        auto instance = start(calling("(param i32)", kText), with(host([gas](const HostCall& call, std::string_view) { HostContext::of(call)->set_gas(gas); })));
        EXPECT_THAT(call(instance, "go").value, FailsWith(ErrorCode::host_function_failed, "failed to update vm gas"));
    }
}

TEST(AspectContext, MostGasWithARemainderThatOverflows_endsTheCall) {
    auto instance = start(calling("(param i32)", kText), with(host([](const HostCall& call, std::string_view) {
                              EXPECT_GT(HostContext::of(call)->wasm_gas() % 1000, 807);
                              HostContext::of(call)->set_gas(kMaxGas);
                          },
                          StaticGas{812})));
    EXPECT_THAT(call(instance, "go", {}, 100).value, FailsWith(ErrorCode::host_function_failed, "failed to update vm gas"));
}

TEST(AspectContext, OutsideOfAspects_isNull) {
    HostCall call;
    EXPECT_EQ(HostContext::of(call), nullptr);
}

TEST(AspectCustomGas, SeesTheGuest) {
    HostFunctions functions = host([](std::string_view text) { return "got " + std::string(text); }, GasRule(CustomGas([](VmContext& vm, std::uint64_t bytes) -> Result<void> {
        EXPECT_EQ(bytes, 3u);
        EXPECT_EQ(text_of(value(vm.read_memory(22, 3))), "xyz");
        EXPECT_THAT(vm.write_memory(1024, bytes_of("seen")), IsOk());
        EXPECT_THAT(vm.read_memory(65535, 2), FailsWith(ErrorCode::bad_pointer));
        EXPECT_THAT(vm.write_memory(0xFFFFFFFF, bytes_of("x")), FailsWith(ErrorCode::bad_pointer));
        EXPECT_EQ(value(vm.gas()), value(vm.wasm_gas()) / 1000);
        EXPECT_THAT(vm.set_gas(-1), FailsWith(ErrorCode::invalid_argument));
        EXPECT_THAT(vm.set_gas(kMaxGas + 1), FailsWith(ErrorCode::invalid_argument));
        EXPECT_THAT(vm.set_wasm_gas(-1), FailsWith(ErrorCode::invalid_argument));
        EXPECT_THAT(vm.consume_wasm_gas(-1), FailsWith(ErrorCode::invalid_argument));
        EXPECT_THAT(vm.set_gas(50), IsOk());
        EXPECT_EQ(value(vm.wasm_gas()), 50000);
        EXPECT_THAT(vm.set_wasm_gas(30000), IsOk());
        const auto block = value(vm.allocate(64));
        EXPECT_EQ(value(vm.wasm_gas()), 30000 - kAllocateGas);
        // What the guest passed may be overwritten by now: it is copied before.
        EXPECT_THAT(vm.write_memory(16, Bytes(16)), IsOk());
        vm.log(LogLevel::info, "at " + std::to_string(block));
        return vm.consume_wasm_gas(1000);
    })));
    const auto heard = std::make_shared<Recorder>();
    PluginOptions options = with(std::move(functions));
    options.observer = heard;
    auto instance = start(calling("(param i32) (result i32)", kText), std::move(options));
    const Outcome outcome = call(instance, "go");
    EXPECT_THAT(outcome.value, Holds(Value("got xyz")));
    EXPECT_EQ(outcome.wasm_gas_left, 29000 - 2 * kAllocateGas);
    EXPECT_THAT(heard->logs(), ElementsAre("at 4096"));
}

TEST(AspectCustomGas, WhoseGuestCodeFails_endsAsThatDid) {
    Guest guest = calling("(param i32)", kText);
    guest.allocate = "unreachable";
    auto instance = start(guest, with(host([](std::string_view) {}, GasRule(CustomGas([](VmContext& vm, std::uint64_t) -> Result<void> {
        auto address = vm.allocate(5);
        if (!address) return fail(std::move(address).error());
        return {};
    })))));
    const Outcome outcome = call(instance, "go");
    ASSERT_THAT(outcome.value, FailsWith(ErrorCode::trap, "in the gas rule of host function"));
    EXPECT_EQ(outcome.value.error().trap(), TrapKind::unreachable);
}

TEST(AspectCustomGas, ThatFails_endsTheCall) {
    const auto outcome = [](CustomGas rule) {
        auto instance = start(calling("(param i32)", kText), with(host([](std::string_view) {}, GasRule(std::move(rule)))));
        return call(instance, "go", {}, 100);
    };
    const Outcome out = outcome([](VmContext& vm, std::uint64_t) { return vm.consume_wasm_gas(1000000); });
    EXPECT_THAT(out.value, FailsWith(ErrorCode::out_of_gas));
    EXPECT_EQ(out.wasm_gas_left, 0);
    EXPECT_THAT(outcome([](VmContext&, std::uint64_t) -> Result<void> { return fail(ErrorCode::io, "no rule today"); }).value,
                FailsWith(ErrorCode::host_function_failed, "no rule today"));
    EXPECT_THAT(outcome([](VmContext&, std::uint64_t) -> Result<void> { throw std::runtime_error("thrown"); }).value,
                FailsWith(ErrorCode::host_function_failed, "thrown"));
}

TEST(AspectHost, ThatThrows_failsTheCallWithItsText) {
    auto instance = start(calling("(param i32)", kText), with(host([](std::string_view) { throw std::runtime_error("thrown"); })));
    EXPECT_THAT(call(instance, "go").value, FailsWith(ErrorCode::host_function_failed, "thrown"));
    EXPECT_THAT(instance.call<std::string>("xyz"), Holds("xyz"s));
}

TEST(AspectHost, ThatAborts_isHostAbort) {
    auto instance = start(calling("(param i32)", kText), with(host([](std::string_view) -> Result<void> { return fail(ErrorCode::host_abort, "enough"); })));
    EXPECT_THAT(call(instance, "go").value, FailsWith(ErrorCode::host_abort, "enough"));
}

TEST(AspectHost, ThatGivesAnotherType_failsTheCall) {
    HostFunctions functions;
    functions.add_dynamic("m", "n.f", {Kind::string}, Kind::string, [](const HostCall&, std::span<const ValueView>) -> Result<Value> { return Value(std::int32_t{1}); });
    auto instance = start(calling("(param i32) (result i32)", kText), with(std::move(functions)));
    EXPECT_THAT(call(instance, "go").value, FailsWith(ErrorCode::host_function_failed, "gave a i32, declared as string"));
}

struct PlaceRow {
    const char* name;
    const char* allocate;
    ErrorCode code;
};

TEST(AspectHost, WhoseResultCannotBePlaced_failsTheCall) {
    const PlaceRow rows[] = {{"zero", "(i32.const 0)", ErrorCode::bad_pointer}, {"outside", "(i32.const 65535)", ErrorCode::bad_pointer}, {"trap", "unreachable", ErrorCode::trap}};
    for (const auto& row : rows) {
        Guest guest = calling("(param i32) (result i32)", kText);
        guest.allocate = row.allocate;
        auto instance = start(guest, with(host([](std::string_view) { return "x"s; })));
        EXPECT_THAT(call(instance, "go").value, FailsWith(row.code, "write params failed")) << row.name;
    }
}

TEST(AspectHost, WhoseResultIsPlacedWithTheLastGas_isOutOfGas) {
    auto instance = start(calling("(param i32) (result i32)", kText), with(host([](std::string_view) { return "x"s; })));
    EXPECT_THAT(call(instance, "go", {}, 3).value, FailsWith(ErrorCode::out_of_gas));
    EXPECT_THAT(call(instance, "go", {}, 5).value, IsOk());
}

TEST(AspectHost, ThatMovesTheMemory_isFollowed) {
    Guest guest = calling("(param i32) (result i32)", kText);
    guest.allocate = "(i32.shl (memory.grow (i32.const 8)) (i32.const 16))";
    auto instance = start(guest, with(host([](std::string_view text) { return std::string(text) + "!"; })));
    EXPECT_THAT(instance.call<std::string>("go"), Holds("xyz!"s));
}

TEST(AspectHost, CallingItsOwnInstance_isNotReentrant) {
    Error seen(ErrorCode::internal, "not called");
    auto instance = start(calling("(param i32)", kText), with(host([&](const HostCall& call, std::string_view) {
                              auto inner = call.instance().call<std::string>("xyz");
                              if (!inner) seen = inner.error();
                          })));
    EXPECT_THAT(call(instance, "go").value, IsOk());
    EXPECT_EQ(seen.code(), ErrorCode::not_reentrant);
}

TEST(AspectHost, CalledByTheGuestsOwnAllocateWithoutEnd_isStopped) {
    Guest guest = calling("(param i32) (result i32)", kText);
    guest.allocate = "(call $f (i32.const 16))";
    auto instance = start(guest, with(host([](std::string_view) { return "x"s; })));
    EXPECT_THAT(call(instance, "go").value, FailsWith(ErrorCode::not_reentrant));
}

TEST(AspectHost, OfTwoInstancesWithOneRegistry_workOnTheirOwnMemory) {
    const auto plugin = value(load({.imports = "(import \"m\" \"n.f\" (func $f (param i32) (result i32)))",
                                    .more = "(func (export \"go\") (param i32) (result i32) (call $f (local.get 0)))"},
                                   with(host([](std::string_view text) { return std::string(text) + "!"; }))));
    auto first = value(plugin.instantiate());
    auto second = value(plugin.instantiate());
    EXPECT_THAT(first.call<std::string>("go", "first"), Holds("first!"s));
    EXPECT_THAT(second.call<std::string>("go", "the second"), Holds("the second!"s));
    EXPECT_THAT(first.call<std::string>("go", "1"), Holds("1!"s));
}

struct ImportRow {
    const char* name;
    const char* imports;
    ErrorCode code;
    const char* text;
};

class AspectImport : public ::testing::TestWithParam<ImportRow> {};

TEST_P(AspectImport, ThatDoesNotFit_failsTheLoad) {
    HostFunctions functions;
    functions.add("m", "n.f", [](std::string_view) { return "x"s; });
    functions.add("m", "n.four", [](bool, bool, bool, bool) {});
    functions.add("m", "n.u32", [](std::uint32_t) {});
    functions.add("m", "n.gives_float", [] { return 1.5; });
    functions.add("m", "bare", [](std::string_view) {});
    functions.add("m", "n.odd_rule", [](std::string_view) {}, 5);
    functions.add("m", "n.negative_rule", [](std::string_view) {}, GasRule(StaticGas{-1}));
    functions.add("m", "n.empty_rule", [](std::string_view) {}, GasRule(CustomGas()));
    functions.add("env", "abort", [](bool, bool, bool) {});
    EXPECT_THAT(load({.imports = GetParam().imports}, with(std::move(functions))), FailsWith(GetParam().code, GetParam().text));
}

const ImportRow kImports[] = {
    {"unknown_method", "(import \"m\" \"n.g\" (func (param i32)))", ErrorCode::missing_import, "\"m\" \"n.g\""},
    {"unknown_module", "(import \"o\" \"n.f\" (func (param i32) (result i32)))", ErrorCode::missing_import, "\"o\" \"n.f\""},
    {"unknown_namespace", "(import \"m\" \"o.f\" (func (param i32) (result i32)))", ErrorCode::missing_import, "\"o.f\""},
    {"without_a_namespace", "(import \"m\" \"bare\" (func (param i32)))", ErrorCode::missing_import, "\"bare\""},
    {"without_its_result", "(import \"m\" \"n.f\" (func (param i32)))", ErrorCode::import_mismatch, "the host provides (i32) -> i32"},
    {"of_another_width", "(import \"m\" \"n.f\" (func (param i64) (result i32)))", ErrorCode::import_mismatch, "\"n.f\""},
    {"four_parameters", "(import \"m\" \"n.four\" (func (param i32 i32 i32 i32)))", ErrorCode::import_mismatch, "host function not supported"},
    {"a_kind_without_a_tag", "(import \"m\" \"n.u32\" (func (param i32)))", ErrorCode::import_mismatch, "takes a u32"},
    {"a_result_without_a_tag", "(import \"m\" \"n.gives_float\" (func (result i32)))", ErrorCode::import_mismatch, "gives a f64"},
    {"a_rule_that_is_none", "(import \"m\" \"n.odd_rule\" (func (param i32)))", ErrorCode::invalid_argument, "GasRule"},
    {"a_negative_rule", "(import \"m\" \"n.negative_rule\" (func (param i32)))", ErrorCode::invalid_argument, "negative"},
    {"an_empty_rule", "(import \"m\" \"n.empty_rule\" (func (param i32)))", ErrorCode::invalid_argument, "empty"},
    {"abort_of_another_type", "(import \"env\" \"abort\" (func (param i32 i32 i32)))", ErrorCode::import_mismatch, "abort"},
    {"seed", "(import \"env\" \"seed\" (func (result f64)))", ErrorCode::missing_import, "\"seed\""},
    {"table", "(import \"env\" \"table\" (table 1 funcref))", ErrorCode::missing_import, "\"table\""},
    {"wasi", "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))", ErrorCode::missing_import, "proc_exit"},
};
INSTANTIATE_TEST_SUITE_P(Kinds, AspectImport, ::testing::ValuesIn(kImports), [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace mortise::aspect_tests
