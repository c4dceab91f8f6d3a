#pragma once

// The standard C API of WebAssembly engines, wasm.h, as far as it is used here: written from the published header, so that
// no engine's own copy is needed and nothing of it has linkage.

#include <cstddef>
#include <cstdint>

namespace mortise::engines::wasm_c_api {

/// The objects of the API, known by their address alone.
namespace c {
struct Engine;
struct Store;
struct ValueType;
struct FunctionType;
struct Module;
struct SharedModule;
struct Instance;
struct Trap;
struct Extern;
struct Function;
struct Global;
struct Table;
struct Memory;

inline constexpr std::uint8_t kI32 = 0, kI64 = 1, kF32 = 2, kF64 = 3;  // value kinds
inline constexpr std::uint8_t kExternFunction = 0, kExternGlobal = 1, kExternTable = 2, kExternMemory = 3;

struct Value {
    std::uint8_t kind;
    union {
        std::int32_t i32;
        std::int64_t i64;
        std::uint32_t f32_bits;
        std::uint64_t f64_bits;
        void* reference;
    } of;
};
static_assert(sizeof(Value) == 16 && offsetof(Value, of) == 8);

/// A vector of the API. The standard has the first two members; one known library has three more, so there is room for
/// what it writes, and what it reads is right.
template <class T>
struct Vec {
    std::size_t size = 0;
    T* data = nullptr;
    std::size_t elements = 0;
    std::size_t element_size = sizeof(T);
    void* lock = nullptr;

    Vec() = default;
    Vec(std::size_t count, T* items) noexcept : size(count), data(items), elements(count) {}
};

using Callback = Trap* (*)(void* env, const Vec<Value>* arguments, Vec<Value>* results);
using Finalizer = void (*)(void* env);
}  // namespace c

// X(name without wasm_, result, parameters)
#define MORTISE_WASM_C_API_FUNCTIONS(X)                                                                               \
    X(engine_new, c::Engine*, ())                                                                                     \
    X(engine_delete, void, (c::Engine*))                                                                              \
    X(store_new, c::Store*, (c::Engine*))                                                                             \
    X(store_delete, void, (c::Store*))                                                                                \
    X(byte_vec_delete, void, (c::Vec<char>*))                                                                         \
    X(valtype_new, c::ValueType*, (std::uint8_t kind))                                                                \
    X(valtype_vec_new, void, (c::Vec<c::ValueType*>*, std::size_t, c::ValueType* const*))                             \
    X(functype_new, c::FunctionType*, (c::Vec<c::ValueType*>* params, c::Vec<c::ValueType*>* results))                \
    X(functype_delete, void, (c::FunctionType*))                                                                      \
    X(module_new, c::Module*, (c::Store*, const c::Vec<char>*))                                                       \
    X(module_validate, bool, (c::Store*, const c::Vec<char>*))                                                        \
    X(module_delete, void, (c::Module*))                                                                              \
    X(instance_new, c::Instance*, (c::Store*, const c::Module*, const c::Vec<c::Extern*>*, c::Trap**))                \
    X(instance_delete, void, (c::Instance*))                                                                          \
    X(instance_exports, void, (const c::Instance*, c::Vec<c::Extern*>*))                                              \
    X(extern_vec_delete, void, (c::Vec<c::Extern*>*))                                                                 \
    X(extern_kind, std::uint8_t, (const c::Extern*))                                                                  \
    X(extern_as_func, c::Function*, (c::Extern*))                                                                     \
    X(extern_as_global, c::Global*, (c::Extern*))                                                                     \
    X(extern_as_table, c::Table*, (c::Extern*))                                                                       \
    X(extern_as_memory, c::Memory*, (c::Extern*))                                                                     \
    X(func_new_with_env, c::Function*, (c::Store*, const c::FunctionType*, c::Callback, void* env, c::Finalizer))     \
    X(func_delete, void, (c::Function*))                                                                              \
    X(func_as_extern, c::Extern*, (c::Function*))                                                                     \
    X(func_call, c::Trap*, (const c::Function*, const c::Vec<c::Value>*, c::Vec<c::Value>*))                          \
    X(global_get, void, (const c::Global*, c::Value*))                                                                \
    X(global_set, void, (c::Global*, const c::Value*))                                                                \
    X(table_size, std::uint32_t, (const c::Table*))                                                                   \
    X(memory_data, char*, (c::Memory*))                                                                               \
    X(memory_data_size, std::size_t, (const c::Memory*))                                                              \
    X(trap_new, c::Trap*, (c::Store*, const c::Vec<char>* message))                                                   \
    X(trap_delete, void, (c::Trap*))                                                                                  \
    X(trap_message, void, (const c::Trap*, c::Vec<char>*))

// What some libraries lack: without it a module is compiled anew for each store.
#define MORTISE_WASM_C_API_OPTIONAL(X)                                  \
    X(module_share, c::SharedModule*, (const c::Module*))               \
    X(module_obtain, c::Module*, (c::Store*, const c::SharedModule*))   \
    X(shared_module_delete, void, (c::SharedModule*))

/// The functions of one library. Each library that is open has a table of its own: the names are nowhere linked against.
struct Api {
#define MORTISE_FUNCTION(name, result, parameters) result(*name) parameters = nullptr;
    MORTISE_WASM_C_API_FUNCTIONS(MORTISE_FUNCTION)
    MORTISE_WASM_C_API_OPTIONAL(MORTISE_FUNCTION)
#undef MORTISE_FUNCTION

    bool shares_modules() const noexcept {
        return module_share != nullptr && module_obtain != nullptr && shared_module_delete != nullptr;
    }
};

}  // namespace mortise::engines::wasm_c_api
