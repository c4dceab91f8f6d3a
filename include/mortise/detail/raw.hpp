#pragma once

#include <cstddef>
#include <cstdint>

namespace mortise::engine {

/// One Wasm value as engines pass it: 16 bytes, little-endian, without its type. Arguments come in and results go out in the
/// same array of slots. Laid out as Wasmtime's `wasmtime_val_raw_t`, so that it is passed and never converted.
union RawValue {
    std::int32_t i32;
    std::int64_t i64;
    std::uint32_t f32_bits;
    std::uint64_t f64_bits;
    float f32;
    double f64;
    std::uint8_t v128[16];
    void* ref;
};
static_assert(sizeof(RawValue) == 16 && alignof(RawValue) == 8);

/// Why guest code stopped. `done` is success, everything else ends the call; details are in the store's `StopInfo`.
enum class Stop : std::uint8_t {
    done,
    trap,          ///< the guest trapped; `StopInfo::trap` says how
    host_error,    ///< a host function failed; `StopInfo::error` is its error
    exit,          ///< the guest called `proc_exit`
    deadline,      ///< wall time is over
    cancelled,     ///< another thread interrupted
    fuel,          ///< the fuel is used up
    memory_limit,  ///< memory or tables at their cap, where a refused growth ends the call
    engine,        ///< the engine itself failed
};

/// Which instance of a store called a host function. Valid during that call.
struct Caller {
    void* opaque = nullptr;
};

class Store;

/// A host function as engines call it: `function` is what was registered with it, `slots` hold the arguments on entry and
/// take the results. It must not throw; whoever returns something else than `done` has left the reason with `Store::stop_with`.
using HostFunction = Stop (*)(const void* function, Store& store, Caller caller, RawValue* slots) noexcept;

}  // namespace mortise::engine
