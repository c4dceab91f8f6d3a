// Numbers in and out, and what does not fit.

#include <limits>

#include "guest.hpp"

namespace mortise::wasp_tests {
namespace {

using namespace std::string_literals;

std::string identity(std::string_view type) {
    const std::string t(type);
    return "(func (export \"" + t + "\") (param " + t + ") (result " + t + ") (local.get 0))";
}

const Guest kGuest{.more = identity("i32") + identity("i64") + identity("f32") + identity("f64") +
                           "(func (export \"nothing\")) (func (export \"two\") (result i32 i64) (i32.const 1) (i64.const 2))"
                           "(func (export \"add\") (param i32 i64 f32 f64) (result f64) (f64.add (f64.add (f64.convert_i32_s (local.get 0))"
                           "(f64.convert_i64_s (local.get 1))) (f64.add (f64.promote_f32 (local.get 2)) (local.get 3))))"
                           "(global (export \"global\") i32 (i32.const 1)) (func (export \"reference\") (param funcref))"};

TEST(WaspNumbers, OfEveryType_crossBothWays) {
    auto instance = start(kGuest);
    EXPECT_THAT(instance.call<std::int32_t>("i32", std::int32_t{-5}), Holds(-5));
    EXPECT_THAT(instance.call<std::uint32_t>("i32", std::uint32_t{0xFFFFFFFF}), Holds(0xFFFFFFFFu));
    EXPECT_THAT(instance.call<std::int64_t>("i64", std::numeric_limits<std::int64_t>::min()), Holds(std::numeric_limits<std::int64_t>::min()));
    EXPECT_THAT(instance.call<std::uint64_t>("i64", std::uint64_t{UINT64_MAX}), Holds(std::uint64_t{UINT64_MAX}));
    EXPECT_THAT(instance.call<float>("f32", 1.5f), Holds(1.5f));
    EXPECT_THAT(instance.call<double>("f64", -0.1), Holds(-0.1));
    EXPECT_THAT(instance.call<double>("f64", 1.5f), Holds(1.5));
    EXPECT_THAT(instance.call<bool>("i32", true), Holds(true));
    EXPECT_THAT(instance.call<double>("add", 1, std::int64_t{2}, 3.5f, 4.25), Holds(10.75));
}

TEST(WaspNumbers, OfAnotherWidth_areTakenIfTheyFit) {
    auto instance = start(kGuest);
    EXPECT_THAT(instance.call<std::int32_t>("i32", std::int64_t{-5}), Holds(-5));
    EXPECT_THAT(instance.call<std::uint32_t>("i32", std::uint64_t{0xFFFFFFFF}), Holds(0xFFFFFFFFu));
    EXPECT_THAT(instance.call<std::int64_t>("i64", std::int32_t{-5}), Holds(std::int64_t{-5}));
    EXPECT_THAT(instance.call<std::int64_t>("i64", std::uint32_t{0xFFFFFFFF}), Holds(std::int64_t{0xFFFFFFFF}));
    EXPECT_THAT(instance.call<std::int32_t>("i32", std::int64_t{1} << 32), FailsWith(ErrorCode::type_mismatch, "parameter 1 of \"i32\""));
    EXPECT_THAT(instance.call<std::int32_t>("i32", std::int64_t{INT32_MIN} - 1), FailsWith(ErrorCode::type_mismatch, "does not fit"));
}

TEST(WaspNumbers, AnyResult_isTheWasmOne) {
    auto instance = start(kGuest);
    EXPECT_THAT(instance.call<Value>("i32", 7), Holds(Value(std::int32_t{7})));
    EXPECT_THAT(instance.call<Value>("f64", 7.5), Holds(Value(7.5)));
    EXPECT_THAT(instance.call<Value>("nothing"), Holds(Value()));
    EXPECT_THAT(instance.call<Value>("two"), Holds(Value(Value::List{Value(std::int32_t{1}), Value(std::int64_t{2})})));
    EXPECT_THAT(instance.call<void>("i32", 7), IsOk());
    EXPECT_THAT(instance.call<void>("two"), IsOk());
}

TEST(WaspNumbers, BoundFunction_callsWithoutTheFrame) {
    auto instance = start(kGuest);
    auto twice = value(instance.function<std::int64_t(std::int64_t)>("i64"));
    EXPECT_THAT(twice(5), Holds(std::int64_t{5}));
    auto none = value(instance.function<void()>("nothing"));
    EXPECT_THAT(none(), IsOk());
}

TEST(WaspCall, OfWhatIsNotThere_isFunctionNotFound) {
    auto instance = start(kGuest);
    for (const char* name : {"missing", "", "memory", "global"}) {
        EXPECT_THAT(instance.call<int>(name), FailsWith(ErrorCode::function_not_found, name)) << name;
        EXPECT_THAT(instance.function<int()>(name), FailsWith(ErrorCode::function_not_found)) << name;
    }
}

TEST(WaspCall, WithWrongArguments_failsBeforeTheCall) {
    auto instance = start(kGuest);
    EXPECT_THAT(instance.call<int>("i32"), FailsWith(ErrorCode::type_mismatch, "takes 1 argument(s), got 0"));
    EXPECT_THAT(instance.call<int>("i32", 1, 2), FailsWith(ErrorCode::type_mismatch, "got 2"));
    EXPECT_THAT(instance.call<int>("i32", 1.5), FailsWith(ErrorCode::type_mismatch, "parameter 1 of \"i32\" is i32, got f64"));
    EXPECT_THAT(instance.call<float>("f32", 1.5), FailsWith(ErrorCode::type_mismatch, "is f32, got f64"));
    EXPECT_THAT(instance.call<double>("f64", 1), FailsWith(ErrorCode::type_mismatch, "is f64, got i32"));
    EXPECT_THAT(instance.call<std::int64_t>("i64", "text"), FailsWith(ErrorCode::type_mismatch, "is i64, got string"));
    EXPECT_THAT(instance.call<void>("reference", 1), FailsWith(ErrorCode::type_mismatch, "is funcref"));
    EXPECT_THAT(instance.call<int>("last_size"), Holds(0));
}

struct ResultRow {
    const char* name;
    const char* function;
    Kind wanted;
};

class WaspResult : public ::testing::TestWithParam<ResultRow> {};

TEST_P(WaspResult, OfAnotherKind_isAMismatch) {
    auto instance = start(kGuest);
    CallOutcome outcome;
    const ValueView number = GetParam().function == "i64"s ? ValueView(std::int64_t{1}) : GetParam().function == "f32"s ? ValueView(1.f) : ValueView(1);
    const bool takes = GetParam().function != "nothing"s && GetParam().function != "two"s;
    EXPECT_THAT(instance.perform({.name = GetParam().function, .arguments = std::span(&number, takes ? 1 : 0), .wanted = GetParam().wanted}, outcome),
                FailsWith(ErrorCode::type_mismatch, GetParam().function));
}

const ResultRow kResults[] = {
    {"text_of_nothing", "nothing", Kind::string},   {"bytes_of_nothing", "nothing", Kind::bytes},
    {"i32_of_nothing", "nothing", Kind::i32},       {"text_of_i64", "i64", Kind::string},
    {"bytes_of_f32", "f32", Kind::bytes},           {"i32_of_i64", "i64", Kind::i32},
    {"i64_of_i32", "i32", Kind::i64},               {"f64_of_i32", "i32", Kind::f64},
    {"text_of_several", "two", Kind::string},       {"i32_of_several", "two", Kind::i32},
};
INSTANTIATE_TEST_SUITE_P(Kinds, WaspResult, ::testing::ValuesIn(kResults), [](const auto& row) { return row.param.name; });

TEST(WaspCall, OfAModuleOfNumbersAlone_needsTheAbiByName) {
    const Guest numbers{.more = identity("i32"), .has_deallocate = false, .has_helpers = false};
    EXPECT_EQ(value(load(numbers)).abi().name, "plain");
    auto instance = start(numbers, with(abi::wasp::Options{}));
    EXPECT_THAT(instance.call<int>("i32", 4), Holds(4));
}

TEST(WaspCall, WithAPayload_namesWhatToUseInstead) {
    auto instance = start(kGuest);
    EXPECT_THAT(instance.invoke("i32", "payload"), FailsWith(ErrorCode::abi_unknown, "call"));
}

TEST(WaspCall, KeepsMemoryAndGlobalsBetweenCalls) {
    auto instance = start({.more = "(func (export \"f\") (param i32))"});
    value(instance.call<void>("f", "a"));
    value(instance.call<void>("f", "b"));
    EXPECT_EQ(freed(instance).size(), 2u);
    EXPECT_EQ(freed(instance)[1].first, 4112u);
}

}  // namespace
}  // namespace mortise::wasp_tests
