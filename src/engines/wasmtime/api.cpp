#include "engines/wasmtime/api.hpp"

#include <span>

#if MORTISE_WASMTIME_OWN
#include <mortise_engines.h>
#endif

#include "engine/words.hpp"

namespace mortise::engines::wasmtime {
namespace {

std::vector<WasmFrame> take_frames(wasm_frame_vec_t& frames) {
    std::vector<WasmFrame> taken;
    taken.reserve(frames.size);
    for (const wasm_frame_t* frame : std::span(frames.data, frames.size)) {
        const wasm_name_t* name = wasmtime_frame_func_name(frame);
        const std::size_t offset = wasm_frame_module_offset(frame);
        taken.push_back(
            {.function = wasm_frame_func_index(frame),
             .name = name != nullptr && name->size != 0 ? std::string(name->data, name->size) : std::string(),
             .offset = offset == SIZE_MAX ? UINT64_MAX : offset});
    }
    wasm_frame_vec_delete(&frames);
    return taken;
}

bool make_types(std::span<const ValType> types, wasm_valtype_vec_t& out) {
    std::vector<ValueTypePtr> made;
    made.reserve(types.size());
    for (const ValType type : types) {
        made.push_back(make_value_type(type));
        if (!made.back()) return false;
    }
    wasm_valtype_vec_new_uninitialized(&out, made.size());
    for (std::size_t i = 0; i < made.size(); ++i) out.data[i] = made[i].release();
    return true;
}

bool same_types(const wasm_valtype_vec_t& theirs, std::span<const ValType> ours) {
    if (theirs.size != ours.size()) return false;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        const ValueTypePtr type = make_value_type(ours[i]);
        if (!type || !wasmtime_wasm_valtype_equal(theirs.data[i], type.get())) return false;
    }
    return true;
}

const std::uint8_t* data_of(BytesView bytes) noexcept { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

}  // namespace

ErrorPtr new_module(wasm_engine_t* engine, BytesView wasm, ModulePtr& module, bool& panicked) {
    wasmtime_module_t* made = nullptr;
    panicked = false;
#if MORTISE_WASMTIME_OWN
    ErrorPtr error(mortise_wasmtime_module_new(engine, data_of(wasm), wasm.size(), &made, &panicked));
#else
    ErrorPtr error(wasmtime_module_new(engine, data_of(wasm), wasm.size(), &made));
#endif
    module.reset(made);
    return error;
}

ErrorPtr validate_module(wasm_engine_t* engine, BytesView wasm) {
#if MORTISE_WASMTIME_OWN
    return ErrorPtr(mortise_wasmtime_module_validate(engine, data_of(wasm), wasm.size()));
#else
    return ErrorPtr(wasmtime_module_validate(engine, data_of(wasm), wasm.size()));
#endif
}

ErrorPtr load_module(wasm_engine_t* engine, BytesView code, ModulePtr& module) {
    wasmtime_module_t* made = nullptr;
#if MORTISE_WASMTIME_OWN
    ErrorPtr error(mortise_wasmtime_module_deserialize(engine, data_of(code), code.size(), &made));
#else
    ErrorPtr error(wasmtime_module_deserialize(engine, data_of(code), code.size(), &made));
#endif
    module.reset(made);
    return error;
}

std::string message_of(const wasmtime_error_t& error) {
    ByteVec text;
    wasmtime_error_message(&error, text.out());
    return engine::on_one_line(text.text());
}

std::string message_of(const wasm_trap_t& trap) {
    ByteVec text;
    wasm_trap_message(&trap, text.out());
    auto view = text.text();
    while (view.ends_with('\0')) view.remove_suffix(1);
    return engine::on_one_line(view);
}

std::vector<WasmFrame> backtrace_of(const wasmtime_error_t& error) {
    wasm_frame_vec_t frames;
    wasm_frame_vec_new_empty(&frames);
    wasmtime_error_wasm_trace(&error, &frames);
    return take_frames(frames);
}

std::vector<WasmFrame> backtrace_of(const wasm_trap_t& trap) {
    wasm_frame_vec_t frames;
    wasm_frame_vec_new_empty(&frames);
    wasm_trap_trace(&trap, &frames);
    return take_frames(frames);
}

ValueTypePtr make_value_type(ValType type) noexcept {
    switch (type) {
        case ValType::i32: return ValueTypePtr(wasm_valtype_new(WASM_I32));
        case ValType::i64: return ValueTypePtr(wasm_valtype_new(WASM_I64));
        case ValType::f32: return ValueTypePtr(wasm_valtype_new(WASM_F32));
        case ValType::f64: return ValueTypePtr(wasm_valtype_new(WASM_F64));
        case ValType::v128: return ValueTypePtr(wasmtime_wasm_valtype_v128());
        case ValType::funcref: return ValueTypePtr(wasm_valtype_new(WASM_FUNCREF));
        case ValType::externref: return ValueTypePtr(wasm_valtype_new(WASM_EXTERNREF));
        case ValType::other: break;
    }
    return nullptr;
}

FunctionTypePtr make_function_type(const FunctionType& type) {
    wasm_valtype_vec_t params;
    wasm_valtype_vec_t results;
    if (!make_types(type.params, params)) return nullptr;
    if (!make_types(type.results, results)) {
        wasm_valtype_vec_delete(&params);
        return nullptr;
    }
    return FunctionTypePtr(wasm_functype_new(&params, &results));
}

bool same_type(const wasm_functype_t& theirs, const FunctionType& ours) {
    return same_types(*wasm_functype_params(&theirs), ours.params) &&
           same_types(*wasm_functype_results(&theirs), ours.results);
}

}  // namespace mortise::engines::wasmtime
