// Every export that an ABI or mortise itself knows by its name, with a type that it must not have, and as something else than a
// function. Engines do not check what they are called with, so whoever calls must have looked.

#include <algorithm>

#include "attack.hpp"

namespace mortise::hostile {
namespace {

using enum ErrorCode;

struct NamedExport {
    std::string name;
    std::string function;   ///< "(param ...) (result ...) body"; empty: good guests have none
};

struct Target {
    std::string abi;
    std::string imports;
    std::vector<NamedExport> exports;
    std::function<Result<void>(Instance&)> call;
    std::string more{};
};

Result<void> send(Instance& instance, std::string_view name) {
    auto response = instance.invoke(name, "payload");
    if (!response) return fail(std::move(response).error());
    return {};
}

const std::vector<NamedExport> kStarts = {{"_start", ""}, {"_initialize", ""}, {"__wasm_call_ctors", ""}, {"hs_init", ""}, {"mortise:start", ""}};

const std::vector<Target> kTargets = {
    {"plain", "", {{"f", "(result i32) (i32.const 1)"}}, [](Instance& instance) -> Result<void> {
         auto value = instance.call<std::int32_t>("f");
         if (!value) return fail(std::move(value).error());
         return {};
     }},
    {"wapc", R"((import "wapc" "__guest_response" (func $response (param i32 i32))))",
     {{"__guest_call", "(param i32 i32) (result i32) (call $response (i32.const 0) (i32.const 4)) (i32.const 1)"}, {"wapc_init", ""}},
     [](Instance& instance) { return send(instance, "f"); }},
    {"hookr", R"((import "hookr" "__plugin_response" (func $response (param i32 i32))))",
     {{"__plugin_call", "(param i32 i32) (result i32) (call $response (i32.const 0) (i32.const 4)) (i32.const 1)"},
      {"hookr_init", ""}, {"__hookr_abi_version", ""}, {"__hookr_schema_hash", ""}, {"__hookr_capabilities", ""}, {"__hookr_methods", ""}},
     [](Instance& instance) { return send(instance, "f"); }},
    {"wasp", "",
     {{"allocate", "(param i32) (result i32) (i32.const 1024)"}, {"deallocate", "(param i32 i32)"},
      {"get_string_size", "(param i32) (result i32) (i32.const 4)"}, {"f", "(param i32) (result i32) (local.get 0)"}},
     [](Instance& instance) -> Result<void> {
         auto text = instance.call<std::string>("f", "some text");
         if (!text) return fail(std::move(text).error());
         return {};
     }},
    {"aspect", "",
     {{"allocate", "(param i32) (result i32) (i32.const 1024)"}, {"__aspect_start__", "(nop)"}, {"f", "(param i32) (result i32) (i32.const 0)"},
      {"__gas_counter__", ""}},
     [](Instance& instance) { return instance.call("f", "some text"); }},
    {"dataflow", "",
     {{"alloc", "(param i32) (result i32) (i32.const 4096)"}, {"dealloc", "(param i32 i32)"}, {"f", "(param i32 i32) (result i32) (i32.const 0)"}},
     [](Instance& instance) { return send(instance, "f"); }, R"((global (export "__dataflow_v1") i32 (i32.const 0)))"},
    {"w3bstream", R"((import "env" "ws_get_data" (func $data (param i32 i32 i32) (result i32))))",
     {{"alloc", "(param i32) (result i32) (i32.const 1024)"}, {"malloc", ""}, {"free", ""},
      {"start", "(param i32) (result i32) (drop (call $data (local.get 0) (i32.const 0) (i32.const 4))) (i32.const 0)"}},
     [](Instance& instance) { return send(instance, "start"); }},
};

std::string times(int n, std::string_view text) {
    std::string all;
    for (int i = 0; i < n; ++i) all += text;
    return all;
}

/// How an export of a name is something else than it should be.
struct Lie {
    std::string name;
    std::function<std::string(const std::string& exported)> text;
};

const std::vector<Lie> kLies = {
    {"many_results", [](const std::string& exported) {
         return "(func (export \"" + exported + "\") (result" + times(40, " i64") + ")" + times(40, "(i64.const 0x4141414141414141)") + ")";
     }},
    {"many_parameters", [](const std::string& exported) {
         // Anything but zeros and what was sent would be the host's.
         return "(func (export \"" + exported + "\") (param" + times(30, " i64") + ") (if (i64.ne (local.get 29) (i64.const 0)) (then unreachable)))";
     }},
    {"both", [](const std::string& exported) {
         return "(func (export \"" + exported + "\") (param" + times(9, " i64") + ") (result" + times(20, " i64") + ")" + times(20, "(i64.const -1)") + ")";
     }},
    {"one_more_result", [](const std::string& exported) {
         return "(func (export \"" + exported + "\") (param i32) (result i32 i32 i32) (i32.const 1) (i32.const 1) (i32.const 1))";
     }},
    {"other_types", [](const std::string& exported) {
         return "(func (export \"" + exported + "\") (param f64 v128) (result v128 funcref) (local.get 1) (ref.null func))";
     }},
    {"a_reference", [](const std::string& exported) { return "(func (export \"" + exported + "\") (param externref) (result externref) (local.get 0))"; }},
    {"a_global", [](const std::string& exported) { return "(global (export \"" + exported + "\") (mut f64) (f64.const 1))"; }},
    {"a_table", [](const std::string& exported) { return "(table (export \"" + exported + "\") 1 funcref)"; }},
    {"the_memory", [](const std::string& exported) { return "(export \"" + exported + "\" (memory 0))"; }},
};

std::string guest(const Target& target, const std::vector<NamedExport>& exports, std::string_view liar, const Lie& lie) {
    std::string text = "(module " + target.imports + " (memory (export \"memory\") 1)" + target.more;
    for (const NamedExport& exported : exports) {
        if (exported.name == liar) text += lie.text(exported.name);
        else if (!exported.function.empty()) text += "(func (export \"" + exported.name + "\") " + exported.function + ")";
    }
    return text + ")";
}

class HostileExports : public ::testing::TestWithParam<Target> {};

TEST_P(HostileExports, OfAWrongTypeOrKind_areNoWayOut) {
    const Target& target = GetParam();
    std::vector<NamedExport> exports = target.exports;
    exports.insert(exports.end(), kStarts.begin(), kStarts.end());
    for (const SnapshotUse snapshot : {SnapshotUse::off, SnapshotUse::when_safe}) {
        for (const NamedExport& liar : exports) {
            for (const Lie& lie : kLies) {
                Attack attack{liar.name + "_as_" + lie.name, target.abi, guest(target, exports, liar.name, lie), target.call};
                attack.ending = Ending::success();   // only to be run; see below
                attack.options = [snapshot](PluginOptions& options) { options.snapshot.use = snapshot; };
                const auto outcome = run(attack);
                if (outcome) continue;
                const ErrorCode code = outcome.error().code();
                EXPECT_TRUE(code != internal && code != io && code != trap) << attack.name << ": " << outcome.error().describe();
            }
        }
    }
    Attack good{"good", target.abi, guest(target, exports, "", kLies[0]), target.call};
    EXPECT_TRUE(run(good).has_value()) << run(good).error().describe();
    expect_neighbour_works();
}

template <class Signature>
void bind_and_call(Instance& instance, const std::string& name, auto... arguments) {
    const auto function = instance.function<Signature>(name);
    if (!function) return;
    const auto outcome = (*function)(arguments...);
    EXPECT_TRUE(outcome || outcome.error().code() != internal) << name << ": " << outcome.error().describe();
}

// A typed function has room for its signature: results that it does not ask for have none.
TEST_P(HostileExports, BoundToASignature_stayInside) {
    const Target& target = GetParam();
    for (const Lie& lie : kLies) {
        Attack attack{"typed_" + lie.name, target.abi, guest(target, target.exports, "f", lie), [](Instance& instance) -> Result<void> {
                          bind_and_call<void()>(instance, "f");
                          bind_and_call<void(int)>(instance, "f", 1);
                          bind_and_call<int(int)>(instance, "f", 1);
                          bind_and_call<void(float, double)>(instance, "f", 1.0F, 1.0);
                          if (instance.reset()) bind_and_call<void()>(instance, "f");
                          return {};
                      }};
        (void)run(attack);
    }
    const std::string many = "(module " + target.imports + "(memory (export \"memory\") 1)" + target.more + kLies[0].text("f") +
                             "(func (export \"g\") (param i32) (result i32 i32 i32) (i32.const 1) (i32.const 2) (i32.const 3)))";
    if (target.abi != "plain") return;
    PluginOptions options;
    options.abi = "plain";
    auto instance = value(value(testing::load_wat(runtime(), many, options)).instantiate());
    const auto first = instance.function<void(int)>("g");
    ASSERT_TRUE(first) << "results may be left";
    EXPECT_TRUE((*first)(1));
    const auto none = instance.function<void()>("f");
    ASSERT_TRUE(none);
    EXPECT_TRUE((*none)());
    EXPECT_THAT(instance.function<int(int)>("g"), testing::FailsWith(type_mismatch));
}

INSTANTIATE_TEST_SUITE_P(Abis, HostileExports, ::testing::ValuesIn(kTargets), [](const auto& test) { return test.param.abi; });

}  // namespace
}  // namespace mortise::hostile
