#include "engine_crate/support.hpp"

namespace mortise::test {
namespace {

class WasmtimeLimiter : public testing::Test {
protected:
    void start(std::string_view text) {
        mortise_wasmtime_store_limiter(store_.get(), &limiter_);
        const std::vector<std::uint8_t> wasm = wasm_of(text);
        wasmtime_module_t* module = nullptr;
        ASSERT_EQ(wasmtime_module_new(engine_.get(), wasm.data(), wasm.size(), &module), nullptr);
        module_.reset(module);
        ASSERT_TRUE(add());
    }

    bool add() {
        wasm_trap_t* trap = nullptr;
        wasmtime_error_t* error = wasmtime_instance_new(context_, module_.get(), nullptr, 0, &instance_, &trap);
        if (error != nullptr) wasmtime_error_delete(error);
        return error == nullptr && trap == nullptr;
    }

    /// What the guest's growth instruction answers; -2 if the call ended instead.
    int grow(std::string_view name, int pages) {
        wasmtime_extern_t item{};
        EXPECT_TRUE(wasmtime_instance_export_get(context_, &instance_, name.data(), name.size(), &item)) << name;
        wasmtime_val_t argument{.kind = WASMTIME_I32, .of = {.i32 = pages}}, result{};
        wasm_trap_t* trap = nullptr;
        wasmtime_error_t* error = wasmtime_func_call(context_, &item.of.func, &argument, 1, &result, 1, &trap);
        if (trap != nullptr) wasm_trap_delete(trap);
        if (error != nullptr) wasmtime_error_delete(error);
        return error == nullptr && trap == nullptr ? result.of.i32 : -2;
    }

    mortise_limiter_t limiter_ = generous_limits();
    std::unique_ptr<wasm_engine_t, Freed<wasm_engine_delete>> engine_{wasm_engine_new()};
    std::unique_ptr<wasmtime_module_t, Freed<wasmtime_module_delete>> module_;
    std::unique_ptr<wasmtime_store_t, Freed<wasmtime_store_delete>> store_{
        wasmtime_store_new(engine_.get(), nullptr, nullptr)};
    wasmtime_context_t* context_ = wasmtime_store_context(store_.get());
    wasmtime_instance_t instance_{};
};

constexpr std::string_view kGrower = R"((module (memory (export "a") 1) (memory (export "b") 1 8) (table $t 2 funcref)
    (func (export "grow_a") (param i32) (result i32) (memory.grow 0 (local.get 0)))
    (func (export "grow_b") (param i32) (result i32) (memory.grow 1 (local.get 0)))
    (func (export "grow_table") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))))";

TEST_F(WasmtimeLimiter, Version_is_that_of_the_headers) { EXPECT_STREQ(mortise_wasmtime_version(), WASMTIME_VERSION); }

TEST_F(WasmtimeLimiter, Memory_limit_covers_all_memories) {
    limiter_.memory_limit = 4 << 16;
    start(kGrower);
    EXPECT_EQ(limiter_.memory_used, 2U << 16);
    EXPECT_EQ(grow("grow_a", 1), 1);
    EXPECT_EQ(grow("grow_b", 2), -1);
    EXPECT_EQ(limiter_.growth_refused, MORTISE_REFUSED_BY_LIMIT);
    EXPECT_EQ(grow("grow_b", 1), 1);
    EXPECT_EQ(limiter_.memory_used, 4U << 16);
    EXPECT_EQ(limiter_.memory_peak, 4U << 16);
}

/// A guest that could make the limiter forget memory could have more than its limit.
TEST_F(WasmtimeLimiter, Growth_beyond_what_the_memory_allows_changes_no_count) {
    start(kGrower);
    EXPECT_EQ(grow("grow_a", 10), 1);
    for (int pages : {65'536, 65'535, 100'000, -1}) EXPECT_EQ(grow("grow_a", pages), -1);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(grow("grow_b", 8), -1);
    EXPECT_EQ(limiter_.memory_used, 12U << 16);
}

TEST_F(WasmtimeLimiter, Table_limit_is_kept) {
    limiter_.table_limit = 100;
    start(kGrower);
    EXPECT_EQ(grow("grow_table", 98), 2);
    EXPECT_EQ(grow("grow_table", 1), -1);
    EXPECT_EQ(limiter_.table_refused, MORTISE_REFUSED_BY_LIMIT);
    EXPECT_EQ(limiter_.table_used, 100U);
}

TEST_F(WasmtimeLimiter, Refused_growth_ends_the_call_where_asked) {
    limiter_.memory_limit = 4 << 16;
    limiter_.refused_growth_ends_call = 1;
    start(kGrower);
    EXPECT_EQ(grow("grow_a", 3), -2);
    EXPECT_EQ(limiter_.growth_refused, MORTISE_REFUSED_BY_LIMIT);
    EXPECT_EQ(grow("grow_a", 2), 1);
}

TEST_F(WasmtimeLimiter, Second_instance_counts_too) {
    limiter_.memory_limit = 5 << 16;
    start(kGrower);
    EXPECT_TRUE(add());
    EXPECT_EQ(limiter_.memory_used, 4U << 16);
    EXPECT_EQ(grow("grow_a", 2), -1);
    EXPECT_FALSE(add());
    EXPECT_NE(limiter_.growth_refused, 0);
}

TEST_F(WasmtimeLimiter, Instances_are_limited_in_number) {
    limiter_.instances_limit = 1;
    start(kGrower);
    EXPECT_FALSE(add());
}

}  // namespace
}  // namespace mortise::test
