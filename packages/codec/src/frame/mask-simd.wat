;; XORs the first `end` bytes of its memory with the key, 64 bytes at a step; what `end` cuts of the last step is XORed too.
(module
  (memory (export "memory") 1)
  (func (export "mask") (param $end i32) (param $key i32)
    (local $at i32)
    (local $keys v128)
    (local.set $keys (i32x4.splat (local.get $key)))
    (loop $steps
      (v128.store (local.get $at)
        (v128.xor (v128.load (local.get $at)) (local.get $keys)))
      (v128.store offset=16 (local.get $at)
        (v128.xor (v128.load offset=16 (local.get $at)) (local.get $keys)))
      (v128.store offset=32 (local.get $at)
        (v128.xor (v128.load offset=32 (local.get $at)) (local.get $keys)))
      (v128.store offset=48 (local.get $at)
        (v128.xor (v128.load offset=48 (local.get $at)) (local.get $keys)))
      (br_if $steps
        (i32.lt_u
          (local.tee $at (i32.add (local.get $at) (i32.const 64)))
          (local.get $end))))))
