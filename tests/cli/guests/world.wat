;; What a sandbox shows: files, clock, random numbers, arguments and environment, each as a number.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "in.txt")
  (data (i32.const 32) "new.txt")
  (func (export "arguments") (result i32) (drop (call $args_sizes (i32.const 0) (i32.const 4))) (i32.load (i32.const 0)))
  (func (export "variables") (result i32) (drop (call $environ_sizes (i32.const 0) (i32.const 4))) (i32.load (i32.const 0)))
  (func (export "time") (result i64) (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 0))) (i64.load (i32.const 0)))
  (func (export "random") (result i64) (drop (call $random (i32.const 0) (i32.const 8))) (i64.load (i32.const 0)))
  ;; The errno of opening in.txt for reading, and of making new.txt, in the first directory.
  (func (export "open") (result i32)
    (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)))
  (func (export "make") (result i32)
    (call $open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 7) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 64))))
