#pragma once

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "support/bare.hpp"

namespace bench {

/// The text of the wasp guest of the benchmarks. Its heap begins anew when nothing is allocated; `shout` returns a new text, `ask` the
/// host's answer, `add` a sum. It runs on wasp, too: it imports a function of WASI, without which wasp takes no module, and can do
/// with texts that wasp ends one byte too far, as long as all are equally long.
constexpr std::string_view kWaspGuest = R"((module
  (import "env" "raise_error" (func $raise (param i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  (import "env" "twice" (func $twice (param i32) (result i32)))
  (memory (export "memory") 4)
  (global $heap (mut i32) (i32.const 4096)) (global $live (mut i32) (i32.const 0))
  (func $allocate (export "allocate") (param i32) (result i32)
    (if (i32.eqz (global.get $live)) (then (global.set $heap (i32.const 4096))))
    (global.set $live (i32.add (global.get $live) (i32.const 1)))
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (local.get 0))))
  (func (export "deallocate") (param i32 i32) (global.set $live (i32.sub (global.get $live) (i32.const 1))))
  (func $size (export "get_string_size") (param $p i32) (result i32) (local $i i32)
    (loop $next
      (if (i32.load8_u (i32.add (local.get $p) (local.get $i)))
        (then (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $next))))
    (local.get $i))
  (func (export "shout") (param $p i32) (result i32) (local $n i32) (local $q i32)
    (local.set $n (i32.add (call $size (local.get $p)) (i32.const 1)))
    (local.set $q (call $allocate (local.get $n)))
    (memory.copy (local.get $q) (local.get $p) (local.get $n))
    (local.get $q))
  (func (export "ask") (param i32) (result i32) (call $twice (local.get 0)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
))";

/// A wasp host on the bare C API: allocate, write, call, measure, read, free, and nothing else.
class BareWasp : public Bare {
public:
    explicit BareWasp(const std::vector<std::uint8_t>& wasm) {
        define("env", "raise_error", {WASM_I32}, {}, raise_error, this);
        define("wasi_snapshot_preview1", "fd_write", {WASM_I32, WASM_I32, WASM_I32, WASM_I32}, {WASM_I32}, no_wasi, this);
        define("env", "twice", {WASM_I32}, {WASM_I32}, twice, this);
        start(wasm);
        memory_ = get("memory").of.memory;
        allocate_ = get("allocate").of.func;
        deallocate_ = get("deallocate").of.func;
        get_string_size_ = get("get_string_size").of.func;
    }

    wasmtime_func_t function(std::string_view name) { return get(name).of.func; }

    std::string call_text(const wasmtime_func_t& function, std::string_view text) {
        blocks_ = 0;
        raised_ = false;
        wasmtime_val_raw_t slot;
        slot.i32 = static_cast<std::int32_t>(place(text));
        call(function, &slot, 1);
        if (raised_) std::abort();
        std::string result = read(static_cast<std::uint32_t>(slot.i32));
        for (std::size_t i = 0; i < blocks_; ++i) {
            wasmtime_val_raw_t slots[2];
            slots[0].i32 = static_cast<std::int32_t>(addresses_[i]);
            slots[1].i32 = static_cast<std::int32_t>(sizes_[i]);
            call(deallocate_, slots, 2);
        }
        return result;
    }

private:
    void note(std::uint32_t address, std::uint32_t size) {
        for (std::size_t i = 0; i < blocks_; ++i) {
            if (addresses_[i] == address) {
                sizes_[i] = size;
                return;
            }
        }
        addresses_[blocks_] = address;
        sizes_[blocks_++] = size;
    }
    char* range(std::uint32_t at, std::size_t size) {
        if (std::uint64_t{at} + size > wasmtime_memory_data_size(context, &memory_)) std::abort();
        return reinterpret_cast<char*>(wasmtime_memory_data(context, &memory_)) + at;
    }
    std::uint32_t place(std::string_view text) {
        wasmtime_val_raw_t slot;
        slot.i32 = static_cast<std::int32_t>(text.size() + 1);
        call(allocate_, &slot, 1);
        const auto address = static_cast<std::uint32_t>(slot.i32);
        char* block = range(address, text.size() + 1);
        std::memcpy(block, text.data(), text.size());
        block[text.size()] = 0;
        note(address, static_cast<std::uint32_t>(text.size() + 1));
        return address;
    }
    std::string read(std::uint32_t address) {
        wasmtime_val_raw_t slot;
        slot.i32 = static_cast<std::int32_t>(address);
        call(get_string_size_, &slot, 1);
        if (slot.i32 < 0) std::abort();
        std::string text(range(address, static_cast<std::size_t>(slot.i32)), static_cast<std::size_t>(slot.i32));
        note(address, static_cast<std::uint32_t>(text.size()));
        return text;
    }
    static wasm_trap_t* raise_error(void* env, wasmtime_caller_t*, wasmtime_val_raw_t*, std::size_t) {
        static_cast<BareWasp*>(env)->raised_ = true;
        return nullptr;
    }
    static wasm_trap_t* no_wasi(void*, wasmtime_caller_t*, wasmtime_val_raw_t*, std::size_t) { std::abort(); }
    static wasm_trap_t* twice(void* env, wasmtime_caller_t*, wasmtime_val_raw_t* slots, std::size_t) {
        auto& self = *static_cast<BareWasp*>(env);
        const std::string text = self.read(static_cast<std::uint32_t>(slots[0].i32));
        slots[0].i32 = static_cast<std::int32_t>(self.place(text + text));
        return nullptr;
    }

    wasmtime_memory_t memory_{};
    wasmtime_func_t allocate_{}, deallocate_{}, get_string_size_{};
    std::array<std::uint32_t, 16> addresses_{}, sizes_{};
    std::size_t blocks_ = 0;
    bool raised_ = false;
};

}  // namespace bench
