#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <mortise/abi/wapc.hpp>

#include "support/matchers.hpp"
#include "support/plugins.hpp"

namespace mortise::wapc_tests {

using testing::FailsWith;
using testing::Holds;
using testing::IsOk;
using testing::Recorder;

/// One Runtime for the program: a vendor engine is costly, and shared in real use.
const Runtime& runtime();

/// A waPC guest in the text format around the code of a test. All nine imports are there as $request, $response, $error,
/// $host_call, $host_response_len, $host_response, $host_error_len, $host_error, $log; one page of memory with
///   0 "bd"  8 "ns"  16 "op"  32 "it broke"  64 "an answer"  96 the bytes ff fe  128 "a line"
/// and free space from 1024 on; and small functions: $fetch (operation to 1024, payload to 4096), $answer and $fail (ptr, len)
/// -> code, $ask (payload ptr, len) -> return code of a host call with "bd", "ns", "op", $take -> code: answers with the
/// host's response or fails with its error text.
struct Guest {
    std::string module = "wapc";                ///< what the imports come from
    std::string guest_call = "(i32.const 1)";   ///< body of `__guest_call`, with $op and $n, the two lengths
    std::string more = "";                      ///< further definitions
    std::string imports = "";                   ///< further imports
    std::string pages = "1";                    ///< of the memory

    std::string wat() const;
};

/// Options of a plugin with its host functions and ABI options.
PluginOptions with(HostFunctions host, abi::wapc::Options options = {});
PluginOptions with(abi::wapc::Options options);

Result<Plugin> load(const Guest& guest, PluginOptions options = {});

/// An instance; a failure throws.
Instance start(const Guest& guest, PluginOptions options = {});

/// The code of a guest call that answers with its payload.
inline constexpr std::string_view kEcho = "(call $fetch) (call $answer (i32.const 4096) (local.get $n))";

/// The response as text.
Result<std::string> invoke(Instance& instance, std::string_view operation, std::string_view payload = "");

/// A result whose text has this part.
MATCHER_P(HoldsPart, part, std::string("holds a text with \"") + part + "\"") {
    if (!arg.has_value()) {
        *result_listener << "failed: " << arg.error().describe();
        return false;
    }
    return arg->find(part) != std::string::npos;
}

/// The error of something that must have failed.
template <class T>
Error error_of(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result ? Error(ErrorCode::internal, "did not fail") : result.error();
}

}  // namespace mortise::wapc_tests
