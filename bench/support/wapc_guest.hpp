#pragma once

#include <string>

namespace bench {

/// The text of the waPC guest of the benchmarks: "echo" answers with the payload, "ask" (told apart by its length) with what a host
/// call answers to the payload. Payloads lie from 1 KiB on, answers of the host from 128 KiB on, so that `pages` of 64 KiB have to be
/// enough for what is sent.
inline std::string wapc_guest(unsigned pages = 4) {
    return R"((module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__host_call" (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wapc" "__host_response_len" (func $host_response_len (result i32)))
  (import "wapc" "__host_response" (func $host_response (param i32)))
  (memory (export "memory") )" + std::to_string(pages) + R"()
  (data (i32.const 0) "binding") (data (i32.const 16) "namespace") (data (i32.const 32) "operation")
  (func (export "__guest_call") (param $op i32) (param $n i32) (result i32)
    (call $request (i32.const 64) (i32.const 1024))
    (if (i32.eq (local.get $op) (i32.const 3))   ;; "ask"
      (then
        (drop (call $host_call (i32.const 0) (i32.const 7) (i32.const 16) (i32.const 9) (i32.const 32) (i32.const 9)
                               (i32.const 1024) (local.get $n)))
        (call $host_response (i32.const 131072))
        (call $response (i32.const 131072) (call $host_response_len))
        (return (i32.const 1))))
    (call $response (i32.const 1024) (local.get $n))
    (i32.const 1))))";
}

}  // namespace bench
