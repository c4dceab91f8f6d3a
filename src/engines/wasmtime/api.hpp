#pragma once

// The one file that includes the vendor's headers, with owners for what they hand out.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <wasm.h>
#include <wasmtime.h>

#include <mortise/bytes.hpp>
#include <mortise/error.hpp>
#include <mortise/module_info.hpp>

namespace mortise::engines::wasmtime {

template <auto kDelete>
struct Deleter {
    template <class T>
    void operator()(T* thing) const noexcept {
        kDelete(thing);
    }
};
template <class T, auto kDelete>
using Owned = std::unique_ptr<T, Deleter<kDelete>>;

using ConfigPtr = Owned<wasm_config_t, wasm_config_delete>;
using EnginePtr = Owned<wasm_engine_t, wasm_engine_delete>;
using ModulePtr = Owned<wasmtime_module_t, wasmtime_module_delete>;
using LinkerPtr = Owned<wasmtime_linker_t, wasmtime_linker_delete>;
using InstancePrePtr = Owned<wasmtime_instance_pre_t, wasmtime_instance_pre_delete>;
using StorePtr = Owned<wasmtime_store_t, wasmtime_store_delete>;
using ErrorPtr = Owned<wasmtime_error_t, wasmtime_error_delete>;
using TrapPtr = Owned<wasm_trap_t, wasm_trap_delete>;
using FunctionTypePtr = Owned<wasm_functype_t, wasm_functype_delete>;
using ValueTypePtr = Owned<wasm_valtype_t, wasm_valtype_delete>;

/// A byte vector of the C API, freed at the end of its scope.
class ByteVec {
public:
    ByteVec() noexcept { wasm_byte_vec_new_empty(&vec_); }
    ByteVec(const ByteVec&) = delete;
    ByteVec& operator=(const ByteVec&) = delete;
    ~ByteVec() { wasm_byte_vec_delete(&vec_); }

    wasm_byte_vec_t* out() noexcept { return &vec_; }
    std::string_view text() const noexcept {
        return vec_.size == 0 ? std::string_view{} : std::string_view(vec_.data, vec_.size);
    }
    BytesView bytes() const noexcept { return std::as_bytes(std::span(text())); }

private:
    wasm_byte_vec_t vec_;
};

/// Wasmtime's functions on modules. Null if all is well; where the engines are our own build, a panic is an error, too, and
/// `panicked` tells it apart. What a module makes a compiler do must not end the process.
ErrorPtr new_module(wasm_engine_t* engine, BytesView wasm, ModulePtr& module, bool& panicked);
ErrorPtr validate_module(wasm_engine_t* engine, BytesView wasm);
ErrorPtr load_module(wasm_engine_t* engine, BytesView code, ModulePtr& module);

/// The engine's words on one line: a cause follows what it caused after a colon.
std::string message_of(const wasmtime_error_t& error);
std::string message_of(const wasm_trap_t& trap);

/// Frames of the guest at the failure, innermost first.
std::vector<WasmFrame> backtrace_of(const wasmtime_error_t& error);
std::vector<WasmFrame> backtrace_of(const wasm_trap_t& trap);

/// A value type; null for `other`. Built from our own description: reading kinds back from the C API aborts on some
/// types.
ValueTypePtr make_value_type(ValType type) noexcept;

/// A function type; null if it has a type that the C API cannot be given.
FunctionTypePtr make_function_type(const FunctionType& type);

/// True if the engine's type is ours.
bool same_type(const wasm_functype_t& theirs, const FunctionType& ours);

}  // namespace mortise::engines::wasmtime
