#include <bit>
#include <cmath>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise {
namespace {

using testing::FailsWith;
using testing::Holds;
using testing::instance_of;
using testing::IsOk;

constexpr std::string_view kNumbers = R"((module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "wide") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
  (func (export "half") (param f64) (result f64) (f64.mul (local.get 0) (f64.const 0.5)))
  (func (export "single") (param f32) (result f32) (local.get 0))
  (func (export "two") (result i32 i64) (i32.const 1) (i64.const 2))
  (func (export "nothing"))
  (func (export "vector") (param v128))
  (func (export "many") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 17)))
  (func (export "") (result i32) (i32.const 42))
  (global (export "state") (mut i32) (i32.const 0))
  (memory (export "memory") 1))
)";

class Call : public ::testing::Test {
protected:
    Runtime runtime_ = testing::runtime_under_test();
    Instance instance_ = instance_of(runtime_, kNumbers);
};

TEST_F(Call, NumbersOfEveryType_crossBothWays) {
    EXPECT_THAT(instance_.call<std::int32_t>("add", 2, 3), Holds(5));
    EXPECT_THAT(instance_.call<std::uint32_t>("add", 0xFFFFFFFFu, 2u), Holds(1u));
    EXPECT_THAT(instance_.call<bool>("add", true, false), Holds(true));
    EXPECT_THAT(instance_.call<std::int64_t>("wide", std::int64_t{1} << 40), Holds((std::int64_t{1} << 40) + 1));
    EXPECT_THAT(instance_.call<std::uint64_t>("wide", UINT64_MAX), Holds(std::uint64_t{0}));
    EXPECT_THAT(instance_.call<double>("half", 5.0), Holds(2.5));
    EXPECT_THAT(instance_.call<float>("single", 1.25f), Holds(1.25f));
    EXPECT_THAT(instance_.call("nothing"), IsOk());
}

TEST_F(Call, NarrowerInteger_widensToTheParameter) {
    EXPECT_THAT(instance_.call<std::int64_t>("wide", -2), Holds(std::int64_t{-1}));
    EXPECT_THAT(instance_.call<std::int64_t>("wide", 0xFFFFFFFFu), Holds(std::int64_t{0x100000000}));
    EXPECT_THAT(instance_.call<std::int32_t>("add", std::int64_t{7}, 1), Holds(8));
    EXPECT_THAT(instance_.call<double>("half", 3.0f), Holds(1.5));
}

TEST_F(Call, IntegerThatDoesNotFit_isTypeMismatch) {
    EXPECT_THAT(instance_.call<std::int32_t>("add", std::int64_t{1} << 33, 1), FailsWith(ErrorCode::type_mismatch, "parameter 1"));
    EXPECT_THAT(instance_.call<std::int32_t>("add", 1, UINT64_MAX), FailsWith(ErrorCode::type_mismatch, "parameter 2"));
}

TEST_F(Call, FloatsKeepTheirBits_alsoNaNPayloads) {
    const float quiet = std::bit_cast<float>(0x7FC12345u);
    auto same = instance_.call<float>("single", quiet);
    ASSERT_THAT(same, IsOk());
    EXPECT_EQ(std::bit_cast<std::uint32_t>(*same), 0x7FC12345u);
}

TEST_F(Call, SeveralResults_areAList) {
    auto both = instance_.call<Value>("two");
    ASSERT_THAT(both, IsOk());
    EXPECT_EQ(*both, Value(Value::List{Value(1), Value(std::int64_t{2})}));
    EXPECT_THAT(instance_.call<std::int32_t>("two"), FailsWith(ErrorCode::type_mismatch));
    EXPECT_THAT(instance_.call("two"), IsOk());
}

TEST_F(Call, EmptyNameAndManyParameters_work) {
    EXPECT_THAT(instance_.call<std::int32_t>(""), Holds(42));
    EXPECT_THAT(instance_.call<std::int32_t>("many", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5), Holds(6));
}

TEST_F(Call, WrongName_isFunctionNotFound) {
    EXPECT_THAT(instance_.call("no such"), FailsWith(ErrorCode::function_not_found, "no such"));
    EXPECT_THAT(instance_.call("memory"), FailsWith(ErrorCode::function_not_found));
    EXPECT_THAT(instance_.call("state"), FailsWith(ErrorCode::function_not_found));
}

TEST_F(Call, WrongArguments_areTypeMismatchNamingTheParameter) {
    EXPECT_THAT(instance_.call<std::int32_t>("add", 1), FailsWith(ErrorCode::type_mismatch, "takes 2 argument(s), got 1"));
    EXPECT_THAT(instance_.call<std::int32_t>("add", 1, 2, 3), FailsWith(ErrorCode::type_mismatch, "got 3"));
    EXPECT_THAT(instance_.call<std::int32_t>("add", 1, 2.0), FailsWith(ErrorCode::type_mismatch, "parameter 2"));
    EXPECT_THAT(instance_.call<double>("add", 1, 2), FailsWith(ErrorCode::type_mismatch, "f64"));
    EXPECT_THAT(instance_.call("vector", 1), FailsWith(ErrorCode::type_mismatch, "v128"));
}

TEST_F(Call, TextWithoutAnAbi_isAbiUnknownNamingTheOption) {
    EXPECT_THAT(instance_.call<std::int32_t>("add", "a", 1), FailsWith(ErrorCode::abi_unknown, "option abi"));
    EXPECT_THAT(instance_.call<std::string>("add", 1, 1), FailsWith(ErrorCode::abi_unknown, "option abi"));
    EXPECT_THAT(instance_.invoke("add", "x"), FailsWith(ErrorCode::abi_unknown, "option abi"));
}

TEST_F(Call, Errors_carryFunctionAndPlugin) {
    const auto failed = instance_.call("no such");
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().describe(), ::testing::HasSubstr("while calling \"no such\" of plugin \"plugin\""));
}

TEST_F(Call, BoundFunction_callsWithoutConversion) {
    auto add = instance_.function<int(int, int)>("add");
    ASSERT_THAT(add, IsOk());
    for (int i = 0; i < 1000; ++i) ASSERT_THAT((*add)(i, 1), Holds(i + 1));
    auto wide = value(instance_.function<std::int64_t(int)>("wide"));
    EXPECT_THAT(wide(-1), Holds(std::int64_t{0}));
    EXPECT_THAT(value(instance_.function<void()>("nothing"))(), IsOk());
    EXPECT_THAT(instance_.function<int(int)>("add"), FailsWith(ErrorCode::type_mismatch));
    EXPECT_THAT(instance_.function<int(int, double)>("add"), FailsWith(ErrorCode::type_mismatch, "parameter 2"));
    EXPECT_THAT(instance_.function<double(int, int)>("add"), FailsWith(ErrorCode::type_mismatch));
    EXPECT_THAT(instance_.function<int()>("no such"), FailsWith(ErrorCode::function_not_found));
}

}  // namespace
}  // namespace mortise
