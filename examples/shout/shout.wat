;; A plugin of the ABI wasp, small enough to read: "shout" answers a text in capitals.
(module
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))

  (func $allocate (export "allocate") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (global.get $next) (local.get $size)))
    (local.get $at))

  (func (export "deallocate") (param $at i32) (param $size i32))

  (func $length (export "get_string_size") (param $text i32) (result i32)
    (local $n i32)
    (loop $more
      (if (i32.load8_u (i32.add (local.get $text) (local.get $n)))
        (then
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br $more))))
    (local.get $n))

  (func (export "shout") (param $text i32) (result i32)
    (local $out i32) (local $i i32) (local $n i32) (local $c i32)
    (local.set $n (call $length (local.get $text)))
    (local.set $out (call $allocate (i32.add (local.get $n) (i32.const 1))))
    (block $done
      (loop $more
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $c (i32.load8_u (i32.add (local.get $text) (local.get $i))))
        (if (i32.lt_u (i32.sub (local.get $c) (i32.const 97)) (i32.const 26))
          (then (local.set $c (i32.sub (local.get $c) (i32.const 32)))))
        (i32.store8 (i32.add (local.get $out) (local.get $i)) (local.get $c))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $more)))
    (i32.store8 (i32.add (local.get $out) (local.get $n)) (i32.const 0))
    (local.get $out))
)
