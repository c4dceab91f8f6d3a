;; A WASI command that looks at its sandbox. The first letter of its first argument says at what; the answer is its exit status.
(module
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "in.txt")
  (data (i32.const 32) "new.txt")
  (func $is (param $letter i32) (result i32) (i32.eq (local.get $letter) (i32.load8_u (i32.load (i32.const 1028)))))
  (func $deep (result i32) (i32.add (call $deep) (i32.const 1)))
  (func (export "_start")
    (drop (call $args (i32.const 1024) (i32.const 2048)))
    ;; o, m: the errno of opening in.txt for reading, and of making new.txt, in the first directory
    (if (call $is (i32.const 111)) (then (call $exit
      (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)))))
    (if (call $is (i32.const 109)) (then (call $exit
      (call $open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 7) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 64)))))
    ;; a, e: how many arguments and variables there are
    (if (call $is (i32.const 97)) (then
      (drop (call $args_sizes (i32.const 0) (i32.const 4))) (call $exit (i32.load (i32.const 0)))))
    (if (call $is (i32.const 101)) (then
      (drop (call $environ_sizes (i32.const 0) (i32.const 4))) (call $exit (i32.load (i32.const 0)))))
    ;; t: 1 if it is 2022, 2 if it is later
    (if (call $is (i32.const 116)) (then
      (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 0)))
      (call $exit (i32.add (i32.const 1) (i64.gt_u (i64.load (i32.const 0)) (i64.const 1700000000000000000))))))
    ;; r: a random number of 0 to 99
    (if (call $is (i32.const 114)) (then
      (drop (call $random (i32.const 0) (i32.const 4))) (call $exit (i32.rem_u (i32.load (i32.const 0)) (i32.const 100)))))
    ;; w: waits for an hour
    (if (call $is (i32.const 119)) (then
      (i32.store (i32.const 272) (i32.const 1)) (i64.store (i32.const 280) (i64.const 3600000000000))
      (call $exit (call $poll (i32.const 256) (i32.const 512) (i32.const 1) (i32.const 768)))))
    ;; g, d: 9 if 100 pages more are refused, or an end by that; s: an end by too deep a recursion; l: a loop without end
    (if (call $is (i32.const 103)) (then
      (call $exit (i32.mul (i32.const 9) (i32.eq (memory.grow (i32.const 100)) (i32.const -1))))))
    (if (call $is (i32.const 100)) (then (if (i32.eq (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable))))
    (if (call $is (i32.const 115)) (then (call $exit (call $deep))))
    (if (call $is (i32.const 108)) (then (loop $l (br $l))))))
