// What the chain has around its runtime: container, hash, validator, gas rules, revert data.

#include <algorithm>

#include <brotli/encode.h>

#include <mortise/abi/aspect_pool.hpp>

#include "abi/aspect/container.hpp"
#include "guest.hpp"

namespace mortise::aspect_tests {
namespace {

using abi::aspect::keccak256;
using ::testing::HasSubstr;
using namespace std::string_literals;

std::string hex(BytesView bytes) {
    std::string out;
    for (const std::byte one : bytes) {
        out += "0123456789abcdef"[std::to_integer<int>(one) >> 4];
        out += "0123456789abcdef"[std::to_integer<int>(one) & 15];
    }
    return out;
}

TEST(Keccak256, OfPublishedInputs_isThePublishedDigest) {
    const std::pair<std::string, const char*> vectors[] = {
        {"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
        {"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
        {"testing", "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"},
        {"The quick brown fox jumps over the lazy dog", "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15"},
        {"transfer(address,uint256)", "a9059cbb2ab09eb219583f4a59a5d0623ade346d962bcd4e46b11da047c9049b"},
    };
    for (const auto& [text, digest] : vectors) EXPECT_EQ(hex(keccak256(bytes_of(text))), digest) << text;
}

TEST(Keccak256, AroundTheRateOf136Bytes_isRight) {
    const std::pair<std::size_t, const char*> vectors[] = {
        {135, "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446"},
        {136, "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e"},
        {137, "d869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39"},
    };
    for (const auto& [size, digest] : vectors) EXPECT_EQ(hex(keccak256(Bytes(size, std::byte{'a'}))), digest) << size;
}

TEST(RevertData, IsErrorOfStringAbiEncoded) {
    EXPECT_EQ(hex(abi::aspect::revert_data("Not enough Ether provided.")),
              "08c379a0"
              "0000000000000000000000000000000000000000000000000000000000000020"
              "000000000000000000000000000000000000000000000000000000000000001a"
              "4e6f7420656e6f7567682045746865722070726f76696465642e000000000000");
    EXPECT_EQ(abi::aspect::revert_data("").size(), 4u + 64);
    EXPECT_EQ(abi::aspect::revert_data(std::string(32, 'x')).size(), 4u + 64 + 32);
    EXPECT_EQ(abi::aspect::revert_data(std::string(33, 'x')).size(), 4u + 64 + 64);
}

TEST(ProductionImports, HaveTheRulesOfTheChain) {
    using abi::aspect::DynamicGas;
    using abi::aspect::production_gas;
    using abi::aspect::StaticGas;
    EXPECT_EQ(std::get<DynamicGas>(*production_gas("util-api", "__UtilApi__.sLog")), (DynamicGas{10000, 37500}));
    EXPECT_EQ(std::get<DynamicGas>(*production_gas("aspect-state-api", "__AspectStateApi__.set")), (DynamicGas{0, 156250}));
    EXPECT_EQ(std::get<StaticGas>(*production_gas("statedb-api", "__StateDbApi__.getNonce")), StaticGas{400000});
    EXPECT_EQ(std::get<StaticGas>(*production_gas("index", "__TraceApi__.queryCallTree")), StaticGas{10000000});
    EXPECT_FALSE(production_gas("util-api", "__StateDbApi__.getNonce"));
    EXPECT_FALSE(production_gas("util-api", "sLog"));
    EXPECT_EQ(abi::aspect::production_imports().size(), 28u);
}

Bytes compressed(BytesView bytes) {
    std::size_t size = BrotliEncoderMaxCompressedSize(bytes.size()) + 64;
    Bytes out(size);
    EXPECT_TRUE(BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()), &size,
                                      reinterpret_cast<std::uint8_t*>(out.data())));
    out.resize(size);
    return out;
}

Bytes container(BytesView payload, std::uint8_t algorithm = 1) {
    Bytes out{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{algorithm}};
    const auto digest = keccak256(payload);
    out.insert(out.end(), digest.begin(), digest.begin() + 4);
    out.insert(out.end(), payload.begin(), payload.end());
    return out;
}

// The smallest aspect: allocate, __aspect_start__, and f that gives no value.
Bytes small_aspect() {
    const std::string text("\0asm\1\0\0\0"
                           "\1\x0d\3\x60\1\x7f\1\x7f\x60\0\0\x60\0\1\x7f"
                           "\3\4\3\0\1\2"
                           "\7\x23\3\x08" "allocate\0\0\x10__aspect_start__\0\1\1f\0\2"
                           "\x0a\x0e\3\4\0\x41\x08\x0b\2\0\x0b\4\0\x41\0\x0b",
                           8 + 15 + 6 + 37 + 16);
    return copy_bytes(text);
}

TEST(AspectContainer, OfBrotli_isUnwrappedBeforeEverythingElse) {
    const Bytes packed = container(compressed(small_aspect()));
    const auto plugin = runtime().load_bytes(packed, {});
    ASSERT_THAT(plugin, IsOk());
    EXPECT_EQ(plugin->abi().name, "aspect");
    auto instance = value(plugin->instantiate());
    EXPECT_THAT(call(instance, "f").value, Holds(Value()));
}

TEST(AspectContainer, InAPool_isTheModuleInIt) {
    abi::aspect::RuntimePool pool(runtime(), {});
    auto plain = value(pool.acquire(small_aspect(), {}));
    const std::string key = plain.key();
    EXPECT_THAT(pool.give_back(key, std::move(plain)), IsOk());
    EXPECT_EQ(value(pool.acquire(container(compressed(small_aspect())), {})).key(), key);
    EXPECT_THAT(pool.acquire(container(compressed(small_aspect()), 2), {}), FailsWith(ErrorCode::unsupported));
}

TEST(AspectContainer, PlainModuleOrShortBytes_areNone) {
    EXPECT_EQ(value(abi::aspect::unwrap(small_aspect(), 1000)), std::nullopt);
    EXPECT_EQ(value(abi::aspect::unwrap({}, 1000)), std::nullopt);
    const Bytes whole = container(compressed(small_aspect()));
    EXPECT_EQ(value(abi::aspect::unwrap(BytesView(whole).first(7), 1000)), std::nullopt);
    EXPECT_EQ(value(abi::aspect::unwrap(Bytes(100), 1000)), std::nullopt);
}

TEST(AspectContainer, OfAnotherCompression_isNamed) {
    EXPECT_THAT(abi::aspect::unwrap(container(compressed(small_aspect()), 2), 1000), FailsWith(ErrorCode::unsupported, "unsupported compression algorithm: 2"));
    EXPECT_THAT(runtime().load_bytes(container(Bytes(5), 255), {}), FailsWith(ErrorCode::unsupported, "unsupported compression algorithm: 255"));
}

TEST(AspectContainer, Damaged_isMalformed) {
    const Bytes whole = container(compressed(small_aspect()));
    for (std::size_t i = 4; i < whole.size(); ++i) {
        Bytes damaged = whole;
        damaged[i] ^= std::byte{1};
        EXPECT_THAT(abi::aspect::unwrap(damaged, 1000), FailsWith(ErrorCode::malformed_module, "invalid checksum")) << i;
    }
    for (std::size_t size = 8; size < whole.size(); ++size) {
        EXPECT_THAT(abi::aspect::unwrap(container(BytesView(whole).subspan(8, size - 8)), 1000), FailsWith(ErrorCode::malformed_module)) << size;
    }
}

TEST(AspectContainer, WithTrailingOrOddBytes_isMalformed) {
    Bytes payload = compressed(small_aspect());
    payload.push_back(std::byte{0});
    EXPECT_THAT(abi::aspect::unwrap(container(payload), 1000), FailsWith(ErrorCode::malformed_module, "follow"));
    EXPECT_THAT(abi::aspect::unwrap(container(Bytes(20, std::byte{0xFF})), 1000), FailsWith(ErrorCode::malformed_module, "brotli"));
}

TEST(AspectContainer, ThatGrowsBeyondTheLimit_isRefused) {
    const Bytes bomb = container(compressed(Bytes(std::size_t{8} << 20)));
    EXPECT_LT(bomb.size(), 1000u);
    EXPECT_THAT(abi::aspect::unwrap(bomb, 1 << 20), FailsWith(ErrorCode::unsupported, "larger than the limit"));
    EXPECT_EQ(value(abi::aspect::unwrap(bomb, 8 << 20))->size(), std::size_t{8} << 20);
    PluginOptions options;
    options.load_limits.module_bytes = 5000;
    EXPECT_THAT(runtime().load_bytes(bomb, options), FailsWith(ErrorCode::unsupported, "5000 bytes (module_bytes)"));
    EXPECT_THAT(runtime().inspect(bomb, "aspect", options.load_limits), FailsWith(ErrorCode::unsupported, "5000 bytes (module_bytes)"));
}

struct ValidateRow {
    const char* name;
    const char* wat;
    ErrorCode code;
    const char* text;   ///< null: valid
};

class AspectValidate : public ::testing::TestWithParam<ValidateRow> {};

TEST_P(AspectValidate, SaysWhatTheChainSays) {
    const auto& row = GetParam();
    PluginOptions options = with({.validate = true});
    options.host.add("m", "n.f", [](std::string_view) {});
    const auto plugin = testing::load_wat(runtime(), row.wat, std::move(options));
    if (row.text == nullptr) {
        EXPECT_THAT(plugin, IsOk());
    } else {
        EXPECT_THAT(plugin, FailsWith(row.code, row.text));
    }
}

#define ENTRY "(func (export \"__aspect_start__\"))"
const ValidateRow kModules[] = {
    {"usual", "(module " ENTRY " (func (result i64) (i64.extend8_s (i64.const 1))) (memory 1) (table 1 funcref) (global (mut i32) (i32.const 1)))", {}, nullptr},
    {"mutable_global_exported", "(module " ENTRY " (global (export \"g\") (mut i64) (i64.const 1)))", {}, nullptr},
    {"start_section", "(module (func $s) (start $s) " ENTRY ")", ErrorCode::unsupported, "start section not allowed"},
    {"passive_elements_before_the_entry", "(module (table 1 funcref) (elem funcref) (func))", ErrorCode::unsupported, "bulk memory support is not enabled"},
    {"passive_data_before_the_entry", "(module (memory 1) (data \"x\"))", ErrorCode::unsupported, "bulk memory support is not enabled"},
    {"no_entry", "(module (func (export \"f\")))", ErrorCode::missing_export, "aspect entrypoint not exported"},
    {"entry_of_another_kind", "(module (memory (export \"__aspect_start__\") 1))", ErrorCode::missing_export, "aspect entrypoint not exported"},
    {"float_parameter", "(module (func (param f32)))", ErrorCode::unsupported, "floating-point support is disabled"},
    {"float_result", "(module " ENTRY " (func (result f64) (f64.const 1)))", ErrorCode::unsupported, "floating-point support is disabled"},
    {"float_local", "(module " ENTRY " (func (local f64)))", ErrorCode::unsupported, "floating-point support is disabled"},
    {"float_global", "(module " ENTRY " (global f32 (f32.const 1)))", ErrorCode::unsupported, "floating-point support is disabled"},
    {"float_instruction", "(module " ENTRY " (func (drop (f32.const 1))))", ErrorCode::unsupported, "floating-point support is disabled"},
    {"float_load", "(module " ENTRY " (memory 1) (func (drop (f64.load (i32.const 0)))))", ErrorCode::unsupported, "floating-point support is disabled"},
    {"float_block", "(module " ENTRY " (func (drop (block (result f32) unreachable))))", ErrorCode::unsupported, "floating-point support is disabled"},
    {"bulk_memory", "(module " ENTRY " (memory 1) (func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0))))", ErrorCode::unsupported, "bulk memory support is not enabled"},
    {"saturating", "(module " ENTRY " (func (drop (i32.trunc_sat_f32_s (f32.const 1)))))", ErrorCode::unsupported, "floating-point support is disabled"},
    {"simd", "(module " ENTRY " (func (param v128)))", ErrorCode::unsupported, "SIMD support is not enabled"},
    {"references", "(module " ENTRY " (func (drop (ref.null func))))", ErrorCode::unsupported, "reference types support is not enabled"},
    {"external_references", "(module " ENTRY " (func (param externref)))", ErrorCode::unsupported, "reference types support is not enabled"},
    {"tail_call", "(module " ENTRY " (func $t (return_call $t)))", ErrorCode::unsupported, "tail calls support is not enabled"},
    {"two_memories", "(module " ENTRY " (memory 1) (memory 1))", ErrorCode::unsupported, "multi-memory support is not enabled"},
    // sections first, then the entry point, then the bodies
    {"start_before_float_bodies", "(module (func $s (drop (f32.const 1))) (start $s))", ErrorCode::unsupported, "start section not allowed"},
    {"float_types_before_start", "(module (func $s) (start $s) (func (param f32)))", ErrorCode::unsupported, "floating-point"},
    {"entry_before_float_bodies", "(module (func (drop (f32.const 1))))", ErrorCode::missing_export, "entrypoint"},
};
INSTANTIATE_TEST_SUITE_P(Modules, AspectValidate, ::testing::ValuesIn(kModules), [](const auto& row) { return row.param.name; });

TEST(AspectValidate, OfBytesThatAreNoModule_isMalformed) {
    EXPECT_THAT(abi::aspect::validate({}), FailsWith(ErrorCode::malformed_module));
    EXPECT_THAT(abi::aspect::validate(bytes_of("text")), FailsWith(ErrorCode::malformed_module));
    EXPECT_THAT(abi::aspect::validate(small_aspect()), IsOk());
}

// Multiple values are valid, though instrumenting refuses them.
TEST(AspectValidate, MultipleValues_areValid) {
    const std::string text("\0asm\1\0\0\0" "\1\x09\2\x60\0\0\x60\0\2\x7f\x7f" "\3\3\2\0\1" "\7\x14\1\x10__aspect_start__\0\0" "\x0a\x0b\2\2\0\x0b\6\0\x41\0\x41\0\x0b",
                           8 + 11 + 5 + 22 + 13);
    EXPECT_THAT(abi::aspect::validate(bytes_of(text)), IsOk());
    EXPECT_THAT(abi::aspect::instrument(bytes_of(text)), FailsWith(ErrorCode::instrumentation_failed));
}

TEST(AspectValidate, ExportTwice_isNoticed) {
    const std::string text("\0asm\1\0\0\0" "\1\4\1\x60\0\0" "\3\2\1\0" "\7\x27\2\x10__aspect_start__\0\0\x10__aspect_start__\0\0" "\x0a\4\1\2\0\x0b", 8 + 6 + 4 + 41 + 6);
    EXPECT_THAT(abi::aspect::validate(bytes_of(text)), FailsWith(ErrorCode::malformed_module, "duplicate export"));
}

}  // namespace
}  // namespace mortise::aspect_tests
