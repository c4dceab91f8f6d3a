#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <mortise/abi/hookr.hpp>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise::hookr_tests {

using testing::FailsWith;
using testing::Holds;
using testing::IsOk;
using testing::Recorder;

/// One Runtime for the program: a vendor engine is costly, and shared in real use.
const Runtime& runtime();

/// A hookr guest in the text format around the code of a test. All nine imports are there as $request, $response, $error,
/// $host_call, $host_response_len, $host_response, $host_error_len, $host_error, $log; one page of memory with
///   16 "op"  32 "it broke"  64 "an answer"  96 the bytes ff fe  128 "a line"
/// and free space from 1024 on; and small functions: $fetch (operation to 1024, payload to 4096), $answer and $fail (ptr, len)
/// -> code, $ask (payload ptr, len) -> return code of a host call "op", $take -> code: answers with the host's response or
/// fails with its error text.
struct Guest {
    std::string plugin_call = "(i32.const 1)";  ///< body of `__plugin_call`, with $op and $n, the two lengths
    std::string more = "";                      ///< further definitions
    std::string imports = "";                   ///< further imports
    bool older_names = false;                   ///< generation 0

    std::string wat() const;
};

PluginOptions with(HostFunctions host, abi::hookr::Options options = {});
PluginOptions with(abi::hookr::Options options);

Result<Plugin> load(const Guest& guest, PluginOptions options = {});

/// An instance; a failure throws.
Instance start(const Guest& guest, PluginOptions options = {});

/// The code of a guest call that answers with its payload.
inline constexpr std::string_view kEcho = "(call $fetch) (call $answer (i32.const 4096) (local.get $n))";

/// The response as text.
Result<std::string> invoke(Instance& instance, std::string_view operation, std::string_view payload = "");

/// The error of something that must have failed.
template <class T>
Error error_of(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result ? Error(ErrorCode::internal, "did not fail") : result.error();
}

}  // namespace mortise::hookr_tests
