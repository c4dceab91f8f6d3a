#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <mortise/abi/aspect.hpp>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise::aspect_tests {

using testing::FailsWith;
using testing::Holds;
using testing::IsOk;
using testing::Recorder;

/// One Runtime for the program: a vendor engine is costly, and shared in real use.
const Runtime& runtime();

/// An aspect in the text format: a bump allocator from 4096 on, `__aspect_start__`, and marshalled values at
///   16 "xyz"  32 bytes 09  48 i32 -2  64 u64 5  80 false  96 true  112 i64 -1  128 ""  144 no bytes
/// Exports beside those of aspects: `echo`(value) -> value, `xyz` ... `none` (see guest.cpp): one of those values each.
struct Guest {
    std::string imports = "";
    std::string more = "";
    std::string allocate = "(call $bump (local.get $n))";
    std::string start = "(func (export \"__aspect_start__\"))";
    std::string memory = "(memory (export \"memory\") 1)";

    std::string wat() const;
};

/// Wasm gas of an `allocate` of that guest.
inline constexpr std::int64_t kAllocateGas = 1106 + 40 + 150 + 1106 + 60 + 60 + 40 + 80 + 120;

PluginOptions with(HostFunctions host, abi::aspect::Options options = {});
PluginOptions with(abi::aspect::Options options);

Result<Plugin> load(const Guest& guest, PluginOptions options = {});

/// An instance; a failure throws.
Instance start(const Guest& guest, PluginOptions options = {});

/// A call with a given amount of EVM gas: what came of it, and the Wasm gas left. Without a report the gas is -1.
struct Outcome {
    Result<Value> value;
    std::int64_t wasm_gas_left = -1;
    std::int64_t gas_left = -1;
};
Outcome call(Instance& instance, std::string_view method, std::vector<ValueView> arguments = {},
             std::int64_t gas = abi::aspect::kMaxGas, Kind wanted = Kind::any);

/// The Wasm gas that a call used.
std::int64_t gas_of(Instance& instance, std::string_view method, std::vector<ValueView> arguments = {});

}  // namespace mortise::aspect_tests
