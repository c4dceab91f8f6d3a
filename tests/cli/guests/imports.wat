;; A plain module that needs its host.
(module
  (import "env" "twice" (func $twice (param i32) (result i32)))
  (import "env" "note" (func $note (param i32 f64)))
  (import "db" "get" (func $get (param i64) (result f64)))
  (func (export "twice") (param i32) (result i32) (call $twice (local.get 0)))
  (func (export "note") (param i32 f64) (call $note (local.get 0) (local.get 1)))
  (func (export "get") (param i64) (result f64) (call $get (local.get 0))))
