#pragma once

#include <string_view>

namespace bench {

/// The text of the hookr guest of the benchmarks: it does what the waPC guest does, see wapc_guest.hpp.
constexpr std::string_view kHookrGuest = R"((module
  (import "hookr" "__plugin_request" (func $request (param i32 i32)))
  (import "hookr" "__plugin_response" (func $response (param i32 i32)))
  (import "hookr" "__host_call" (func $host_call (param i32 i32 i32 i32) (result i32)))
  (import "hookr" "__host_response_len" (func $host_response_len (result i32)))
  (import "hookr" "__host_response" (func $host_response (param i32)))
  (memory (export "memory") 4)
  (data (i32.const 0) "operation")
  (func (export "__plugin_call") (param $op i32) (param $n i32) (result i32)
    (call $request (i32.const 64) (i32.const 1024))
    (if (i32.eq (local.get $op) (i32.const 3))   ;; "ask"
      (then
        (drop (call $host_call (i32.const 0) (i32.const 9) (i32.const 1024) (local.get $n)))
        (call $host_response (i32.const 131072))
        (call $response (i32.const 131072) (call $host_response_len))
        (return (i32.const 1))))
    (call $response (i32.const 1024) (local.get $n))
    (i32.const 1))))";

}  // namespace bench
