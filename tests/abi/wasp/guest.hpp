#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mortise/abi/wasp.hpp>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise::wasp_tests {

using testing::FailsWith;
using testing::Holds;
using testing::IsOk;
using testing::Recorder;

/// One Runtime for the program: a vendor engine is costly, and shared in real use.
const Runtime& runtime();

/// A wasp guest in the text format: a bump allocator from 4096 on that never frees but remembers what it was asked to free
/// (and what was allocated last), a strlen, and the texts
///   16 "hello"  32 "text %s %n"  64 ""  96 the bytes 02 00 00 00 10 20  128 "first"  144 "second"  160 "ab\0"
/// Exports beside those of wasp: `byte`(at) -> i32, `last_size`() -> i32, `frees`() -> i32, `freed_address`(i), `freed_size`(i).
struct Guest {
    std::string imports = "";
    std::string more = "";                       ///< functions and their exports
    std::string allocate = "(call $bump (local.get $n))";
    std::string deallocate = "(call $remember (local.get $p) (local.get $n))";
    bool has_deallocate = true;
    std::string get_string_size = "(call $strlen (local.get $p))";
    bool has_helpers = true;                     ///< allocate and get_string_size, the marks of the ABI
    std::string memory = "(memory (export \"memory\") 2)";

    std::string wat() const;
};

PluginOptions with(HostFunctions host, abi::wasp::Options options = {});
PluginOptions with(abi::wasp::Options options);

Result<Plugin> load(const Guest& guest, PluginOptions options = {});

/// An instance; a failure throws.
Instance start(const Guest& guest, PluginOptions options = {});

/// What the guest was asked to free so far, sorted by address.
using Freed = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
Freed freed(Instance& instance);

/// Bytes of the guest's memory.
std::string peek(Instance& instance, std::uint32_t at, std::uint32_t count);

}  // namespace mortise::wasp_tests
