// Recognising aspects, instrumenting them, what they may use, their memory.

#include <algorithm>

#include "guest.hpp"

namespace mortise::aspect_tests {
namespace {

using abi::aspect::instrument;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::string_literals;

struct RecogniseRow {
    const char* name;
    Guest guest;
    const char* abi;
};

class AspectRecognition : public ::testing::TestWithParam<RecogniseRow> {};

TEST_P(AspectRecognition, GoesByTheMarks) {
    PluginOptions options;
    options.host.add("m", "n.f", [] {});
    options.host.add("m", "f", [] {});
    const auto plugin = load(GetParam().guest, std::move(options));
    ASSERT_THAT(plugin, IsOk());
    EXPECT_EQ(plugin->abi().name, GetParam().abi);
}

const RecogniseRow kModules[] = {
    {"usual", {}, "aspect"},
    {"start_section", {.start = "(func $s) (start $s)"}, "aspect"},
    {"with_imports", {.imports = "(import \"m\" \"n.f\" (func)) (import \"env\" \"abort\" (func (param i32 i32 i32 i32)))"}, "aspect"},
    {"without_start", {.start = ""}, "plain"},
    {"undotted_import", {.imports = "(import \"m\" \"f\" (func))"}, "plain"},
    {"get_string_size", {.more = "(func (export \"get_string_size\") (param i32) (result i32) (i32.const 0))", .start = "(func $s) (start $s)"}, "wasp"},
};
INSTANTIATE_TEST_SUITE_P(Modules, AspectRecognition, ::testing::ValuesIn(kModules), [](const auto& row) { return row.param.name; });

TEST(AspectRecognition, SaysWhy) {
    EXPECT_THAT(value(load({})).abi_reason(), HasSubstr("__aspect_start__"));
    EXPECT_THAT(value(load({.start = "(func $s) (start $s)"})).abi_reason(), HasSubstr("start section"));
}

TEST(AspectRecognition, OfWasiGuests_isNone) {
    PluginOptions options;
    const auto plugin = load({.imports = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))"}, std::move(options));
    ASSERT_THAT(plugin, IsOk());
    EXPECT_EQ(plugin->abi().name, "plain");
}

TEST(AspectInfo, SaysHowInstancesLive) {
    const AbiInfo info = value(load({})).abi();
    EXPECT_EQ(info.after_failure, AfterFailure::reuse);
    EXPECT_EQ(info.policy, InstancePolicy::kept);
    EXPECT_FALSE(info.nested_calls);
}

TEST(AspectStart, SectionOfTheSameFunctionAsTheExport_isTheExport) {
    auto instance = start({.start = "(func $s (export \"__aspect_start__\") nop) (start $s)"});
    EXPECT_EQ(gas_of(instance, "xyz"), 1116 + 1116);
}

TEST(AspectStart, SectionBesideAnExportOfAnotherFunction_isRefused) {
    EXPECT_THAT(load({.start = "(func $s) (start $s) (func (export \"__aspect_start__\"))"}),
                FailsWith(ErrorCode::instrumentation_failed, "__aspect_start__"));
}

TEST(AspectStart, SectionWithoutExportSection_isConverted) {
    const std::string wat = "(module (func $s) (start $s))";
    const auto plugin = value(testing::load_wat(runtime(), wat, with(abi::aspect::Options{})));
    auto instance = value(plugin.instantiate());
    EXPECT_THAT(call(instance, "f").value, FailsWith(ErrorCode::function_not_found));
}

TEST(AspectInstrumented, Module_isRefusedUnlessItIsToRun) {
    const Guest guest{.more = "(global $gas (export \"__gas_counter__\") (mut i64) (i64.const 0))"
                              "(func (export \"pay\") (result i32) (global.set $gas (i64.sub (global.get $gas) (i64.const 7))) (i32.const 0))"};
    EXPECT_THAT(load(guest), FailsWith(ErrorCode::instrumentation_failed, "__gas_counter__"));
    auto instance = start(guest, with({.instrumented = abi::aspect::Instrumented::run}));
    EXPECT_EQ(gas_of(instance, "pay"), 7);
    EXPECT_EQ(gas_of(instance, "xyz"), 0);
}

TEST(AspectInstrumented, ModuleWithAnotherExportOfThatName_isRefused) {
    for (const char* more : {"(func (export \"__gas_counter__\"))", "(global (export \"__gas_counter__\") i64 (i64.const 0))",
                             "(global (export \"__gas_counter__\") (mut i32) (i32.const 0))"}) {
        EXPECT_THAT(load({.more = more}, with({.instrumented = abi::aspect::Instrumented::run})), FailsWith(ErrorCode::export_mismatch)) << more;
        EXPECT_THAT(load({.more = more}), FailsWith(ErrorCode::instrumentation_failed)) << more;
    }
}

TEST(AspectInstrumented, OnceMore_isRefused) {
    const Bytes once = value(instrument(bytes_of(std::string_view("\0asm\1\0\0\0", 8))));
    EXPECT_THAT(instrument(once), FailsWith(ErrorCode::instrumentation_failed, "__gas_counter__"));
}

TEST(AspectInstrument, OfNoModule_isMalformed) {
    EXPECT_THAT(instrument({}), FailsWith(ErrorCode::malformed_module));
    EXPECT_THAT(instrument(bytes_of("no module")), FailsWith(ErrorCode::malformed_module));
}

// (module (func (export "f") i64.const 2^62, global.set 0)): without a global of its own the index would be the counter's.
TEST(AspectInstrument, OfAModuleThatReachesForTheCounter_isRefused) {
    const auto bytes = [](std::initializer_list<int> values) {
        Bytes out;
        for (const int one : values) out.push_back(static_cast<std::byte>(one));
        return out;
    };
    const Bytes set_counter = bytes({0, 'a', 's', 'm', 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 'f', 0, 0,
                                     10, 8, 1, 6, 0, 0x42, 1, 0x24, 0, 0x0B});
    EXPECT_THAT(instrument(set_counter), FailsWith(ErrorCode::malformed_module));
    const Bytes call_gas = bytes({0, 'a', 's', 'm', 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 'f', 0, 0,
                                  10, 8, 1, 6, 0, 0x42, 1, 0x10, 1, 0x0B});
    EXPECT_THAT(instrument(call_gas), FailsWith(ErrorCode::malformed_module));
}

struct FeatureRow {
    const char* name;
    const char* more;
};

class AspectFeature : public ::testing::TestWithParam<FeatureRow> {};

TEST_P(AspectFeature, WithoutAPrice_failsTheLoad) {
    EXPECT_THAT(load({.more = GetParam().more}), FailsWith(ErrorCode::instrumentation_failed));
}

const FeatureRow kFeatures[] = {
    {"bulk_memory", "(func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))"},
    {"saturating_truncation", "(func (drop (i32.trunc_sat_f32_s (f32.const 1))))"},
    {"simd", "(func (drop (i8x16.splat (i32.const 1))))"},
    {"reference_types", "(func (drop (ref.null func)))"},
    {"multi_value_function", "(func (result i32 i32) (i32.const 1) (i32.const 2))"},
    {"tail_call", "(func $t (return_call $t))"},
};
INSTANTIATE_TEST_SUITE_P(Proposals, AspectFeature, ::testing::ValuesIn(kFeatures), [](const auto& row) { return row.param.name; });

TEST(AspectFeature, FloatsAndSignExtension_run) {
    auto instance = start({.more = "(func (export \"f\") (result i32) (i32.mul (i32.extend8_s (i32.trunc_f64_s (f64.const 0.5))) (i32.const 1)))"});
    EXPECT_EQ(gas_of(instance, "f"), 1106 + 10 + 500 + 100 + 10 + 100);
}

struct MemoryRow {
    const char* name;
    const char* memory;
    int pages_ok;      ///< growth up to here works
    int pages_refused;
};

class AspectMemory : public ::testing::TestWithParam<MemoryRow> {};

TEST_P(AspectMemory, IsCappedByItsMinimum) {
    auto instance = start({.more = "(func (export \"grow\") (param i32) (result i32) (local $to i32)"
                                   "(local.set $to (i32.load (i32.add (local.get 0) (i32.const 6))))"
                                   "(if (result i32) (i32.eq (memory.grow (i32.sub (local.get $to) (memory.size))) (i32.const -1)) (then (i32.const 80)) (else (i32.const 96))))",
                           .memory = GetParam().memory});
    EXPECT_THAT(instance.call<bool>("grow", GetParam().pages_refused), Holds(false));
    EXPECT_THAT(instance.call<bool>("grow", GetParam().pages_ok), Holds(true));
}

const MemoryRow kMemories[] = {
    {"small", "(memory (export \"memory\") 1)", 160, 161},
    {"of_160", "(memory (export \"memory\") 160)", 160, 161},
    {"with_a_larger_maximum", "(memory (export \"memory\") 1 1000)", 160, 161},
    {"with_a_smaller_maximum", "(memory (export \"memory\") 1 4)", 4, 5},
    {"of_161", "(memory (export \"memory\") 161)", 512, 513},
    {"of_512", "(memory (export \"memory\") 512)", 512, 513},
};
INSTANTIATE_TEST_SUITE_P(Minima, AspectMemory, ::testing::ValuesIn(kMemories), [](const auto& row) { return row.param.name; });

TEST(AspectMemory, BeyondTheCapFromTheStart_isRefused) {
    EXPECT_THAT(load({.memory = "(memory (export \"memory\") 513)"}), FailsWith(ErrorCode::memory_limit));
}

TEST(AspectMemory, CapOfOnesOwn_holds) {
    EXPECT_THAT(load({.memory = "(memory (export \"memory\") 4)"}, with({.memory_pages = 3})), FailsWith(ErrorCode::memory_limit));
    EXPECT_THAT(load({.memory = "(memory (export \"memory\") 600)"}, with({.memory_pages = 600})), IsOk());
}

TEST(AspectOptions, OfAnotherType_areRefused) {
    PluginOptions options;
    options.abi = "aspect";
    options.abi_options = 7;
    EXPECT_THAT(load({}, std::move(options)), FailsWith(ErrorCode::invalid_argument, "aspect::Options"));
}

TEST(AspectOptions, Validate_refusesWhatTheChainWould) {
    EXPECT_THAT(load({}, with({.validate = true})), IsOk());
    EXPECT_THAT(load({.start = "(func $s) (start $s)"}, with({.validate = true})), FailsWith(ErrorCode::unsupported, "start section not allowed"));
}

}  // namespace
}  // namespace mortise::aspect_tests
